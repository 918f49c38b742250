"""A day sheet typed in: ordinary visits of its volunteer, never doubled, and every book equal afterwards."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import local, today
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import (
    Adoption,
    AuditEntry,
    ChangeFeed,
    Consent,
    HouseholdView,
    PaperSheet,
    Visit,
    VisitEvent,
    Walk,
    WalkMember,
)
from backend.services import paper, paper_print, recount
from backend.services.actor import Actor
from backend.services.paper import Entry
from tests import factories as make
from tests.people import People, acting

Steps = Callable[[UUID], list[tuple[UUID, str]]]


def events_of(session: Session, sheet: PaperSheet) -> list[VisitEvent]:
    return list(session.scalars(select(VisitEvent).where(VisitEvent.paper_sheet_id == sheet.id)))


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as said:
        act()
    return said.value.code


def test_a_row_is_a_visit_of_the_volunteer_typed_by_the_leader(
    session: Session, people: People, lan: Actor, sheet: PaperSheet
) -> None:
    row = paper.enter(session, lan, sheet.id, 3, Entry("not_home"), rev=0)
    work.commit(session)
    assert (row.rev, row.entry) == (1, Entry("not_home"))
    event = events_of(session, sheet)[0]
    assert (event.author, event.entered_by, event.device_id) == (people.minh.id, people.lan.id, None)
    assert event.household_link == sheet.doors[2]
    visit = session.scalars(select(Visit)).one()
    assert (visit.author, visit.outcome, visit.effective, visit.flags) == (
        people.minh.id,
        "not_home",
        True,
        [],
    )
    assert local(visit.est_time).date() == today()
    view = session.get_one(HouseholdView, sheet.doors[2])
    assert (view.visit_count, view.last_outcome) == (1, "not_home")


def test_a_helped_row_moves_the_board_and_the_phones(
    session: Session, people: People, lan: Actor, sheet: PaperSheet, open_steps: Steps
) -> None:
    steps = open_steps(sheet.doors[0])
    results = {steps[0]: ("done_with_help", None), steps[1]: ("does_alone", None)}
    before = session.scalar(select(func.max(ChangeFeed.seq)))
    entry = Entry("helped", results, consent=True)
    paper.enter(session, lan, sheet.id, 1, entry, rev=0)
    work.commit(session)
    states = dict(
        session.execute(
            select(Adoption.service_code, Adoption.state).where(
                Adoption.household_id == sheet.doors[0], Adoption.resident_id == steps[0][0]
            )
        ).all()
    )
    assert states[steps[0][1]] == "done_with_help"
    assert session.scalars(select(Consent.how)).one() == "paper"
    assert (session.scalar(select(func.max(ChangeFeed.seq))) or 0) > (before or 0)
    shown = paper.sheet_page(session, lan, sheet.id).rows[0]
    assert shown.entry == entry
    assert not recount.differences(session, lan)


@pytest.mark.parametrize("times", [2, 5])
def test_the_same_row_again_changes_nothing(
    session: Session, lan: Actor, sheet: PaperSheet, times: int
) -> None:
    for _ in range(times):
        paper.enter(session, lan, sheet.id, 1, Entry("refused"), rev=0)
        work.commit(session)
    assert len(events_of(session, sheet)) == 1


def test_two_tabs_with_different_words_are_told_and_nothing_is_doubled(
    session: Session, lan: Actor, sheet: PaperSheet
) -> None:
    paper.enter(session, lan, sheet.id, 1, Entry("refused"), rev=0)
    assert refused(lambda: paper.enter(session, lan, sheet.id, 1, Entry("no_need"), rev=0)) == "paper_changed"
    row = paper.enter(session, lan, sheet.id, 1, Entry("no_need"), rev=1)
    assert (row.rev, row.entry) == (2, Entry("no_need"))
    work.commit(session)
    effective = session.scalars(select(Visit.outcome).where(Visit.effective)).all()
    assert effective == ["no_need"]


def test_taken_back_and_typed_anew(session: Session, people: People, lan: Actor, sheet: PaperSheet) -> None:
    paper.enter(session, lan, sheet.id, 1, Entry("moved_away"), rev=0)
    gone = paper.enter(session, lan, sheet.id, 1, None, rev=1)
    assert (gone.rev, gone.entry) == (2, None)
    work.commit(session)
    assert session.get_one(HouseholdView, sheet.doors[0]).visit_count == 0
    tomorrow = today() + timedelta(days=1)
    again = paper.enter(session, lan, sheet.id, 1, Entry("rescheduled", on=tomorrow), rev=2)
    work.commit(session)
    assert again.entry == Entry("rescheduled", on=tomorrow)
    assert session.get_one(HouseholdView, sheet.doors[0], populate_existing=True).visit_count == 1
    assert not recount.differences(session, lan)


def test_doors_that_went_to_somebody_else_are_still_the_sheets(
    session: Session, people: People, lan: Actor, sheet: PaperSheet, walk: Walk
) -> None:
    for member in session.scalars(select(WalkMember).where(WalkMember.walk_id == walk.id)):
        session.delete(member)
    session.flush()
    paper.enter(session, lan, sheet.id, 1, Entry("not_home"), rev=0)
    assert events_of(session, sheet)[0].flags == []


def test_what_does_not_fit_together_is_refused(
    session: Session, lan: Actor, sheet: PaperSheet, open_steps: Steps
) -> None:
    step = open_steps(sheet.doors[0])[0]

    def enter(entry: Entry, place: int = 1) -> Callable[[], object]:
        return lambda: paper.enter(session, lan, sheet.id, place, entry, rev=0)

    assert refused(enter(Entry("not_home", {step: ("shown", None)}))) == "paper_results"
    assert refused(enter(Entry("rescheduled"))) == "paper_when"
    assert refused(enter(Entry("moved_away", on=today()))) == "paper_when"
    for place in (0, 9, -1):
        with pytest.raises(NotFound):
            enter(Entry("not_home"), place)()
    assert not events_of(session, sheet)


def test_whose_and_when_can_change_until_the_first_row(
    session: Session, people: People, lan: Actor, sheet: PaperSheet, walk: Walk
) -> None:
    second = make.create_account(session, people.ward.id, "Vũ Thị Mai", team=people.team)
    assert refused(lambda: paper.set_head(session, lan, sheet.id, second.id, today())) == "not_in_team"
    session.add(WalkMember(ward_id=walk.ward_id, walk_id=walk.id, account_id=second.id))
    session.flush()
    yesterday = today() - timedelta(days=1)
    tomorrow = today() + timedelta(days=1)
    assert refused(lambda: paper.set_head(session, lan, sheet.id, second.id, tomorrow)) == "paper_day"
    paper.set_head(session, lan, sheet.id, second.id, yesterday)
    paper.enter(session, lan, sheet.id, 1, Entry("not_home"), rev=0)
    visit = session.scalars(select(Visit)).one()
    assert (visit.author, local(visit.est_time).date()) == (second.id, yesterday)
    assert refused(lambda: paper.set_head(session, lan, sheet.id, people.minh.id, today())) == "paper_begun"
    paper.enter(session, lan, sheet.id, 1, None, rev=1)
    paper.set_head(session, lan, sheet.id, people.minh.id, today())
    row = paper.enter(session, lan, sheet.id, 1, Entry("no_need"), rev=2)
    assert (row.rev, row.entry) == (3, Entry("no_need"))
    work.commit(session)
    effective = session.execute(select(Visit.author, Visit.outcome).where(Visit.effective)).all()
    assert [tuple(one) for one in effective] == [(people.minh.id, "no_need")]
    assert not recount.differences(session, lan)


def test_a_sheet_of_tomorrow_waits(session: Session, lan: Actor, walk: Walk) -> None:
    paper_print.day_sheets(session, lan, [walk.id], today() + timedelta(days=1), "https://abcd.vn")
    sheet = session.scalars(select(PaperSheet)).one()
    assert refused(lambda: paper.enter(session, lan, sheet.id, 1, Entry("not_home"), rev=0)) == "paper_early"


def test_a_sheet_is_found_by_its_code_however_typed(session: Session, lan: Actor, sheet: PaperSheet) -> None:
    typed = f" {sheet.token[:5].lower()}-{sheet.token[5:]} "
    assert paper.sheet_by_code(session, lan, typed) == sheet.id
    for wrong in ("", "123", "00000-00000", "x" * 500, "Ngõ 34"):
        assert refused(lambda wrong=wrong: paper.sheet_by_code(session, lan, wrong)) == "paper_code"  # type: ignore[misc]


def test_another_wards_sheet_does_not_exist(session: Session, people: People, sheet: PaperSheet) -> None:
    hoa = acting(session, people.hoa)
    assert refused(lambda: paper.sheet_by_code(session, hoa, sheet.token)) == "paper_code"
    for act in (
        lambda: paper.sheet_page(session, hoa, sheet.id),
        lambda: paper.enter(session, hoa, sheet.id, 1, Entry("not_home"), rev=0),
        lambda: paper.set_head(session, hoa, sheet.id, people.minh.id, today()),
        lambda: paper_print.day_sheets(session, hoa, [sheet.walk_id], today(), "https://abcd.vn"),
    ):
        with pytest.raises(NotFound):
            act()
    minh = acting(session, people.minh)
    with pytest.raises(Refusal):
        paper.enter(session, minh, sheet.id, 1, Entry("not_home"), rev=0)


def test_reading_and_printing_are_audited(session: Session, lan: Actor, sheet: PaperSheet) -> None:
    paper.sheet_page(session, lan, sheet.id)
    session.flush()
    found = dict(session.execute(select(AuditEntry.action, AuditEntry.count)).all())
    assert found["paper.export"] == found["paper.read"] == 8
