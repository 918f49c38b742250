"""The sums behind the board: equal to a plain recount whatever happened, whoever folds, whatever is deleted."""

from random import Random
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Assignment, Household, Resident, ResidentState
from backend.services import board, events, feed, merging, recount, tally_sums
from backend.services.event_core import Item, compose
from tests import factories as make
from tests.people import People, acting
from tests.recounted import figures, recounted
from tests.sync.kit import on_device, result, visit

_SERVICES = ["eid_level_2", "ehealth_book", "cashless"]
_STATES = ("done_with_help", "does_alone", "shown", "blocked", "keeps_old_way")
_OUTCOMES = ("helped", "not_home", "refused", "no_need", "rescheduled", "moved_away", "no_access")


class History:
    """Two neighbourhoods of one ward and everything that may happen in them, at random."""

    def __init__(self, session: Session, people: People, random: Random) -> None:
        self.session, self.people, self.random = session, people, random
        self.elsewhere = make.create_neighbourhood(session, people.ward, "Tổ dân phố 8")
        self.campaign = make.create_campaign(session, people.ward.id, tuple(_SERVICES))
        self.doors = [
            make.create_household(
                session,
                random.choice((people.neighbourhood, self.elsewhere)),
                address=f"Số {number} ngõ 34",
                people=random.randint(0, 4),
                birth_year=random.choice((None, 1950, 1990, 2015)),
            ).id
            for number in range(12)
        ]
        walked = [session.get_one(Household, id_) for id_ in self.doors[:8]]
        self.walk = make.create_walk(session, people.team, [people.minh], walked)
        self.pushed: list[Item] = []
        work.commit(session)

    def step(self) -> None:
        acts = [self.push] * 6 + [self.correct, self.move, self.person, self.delete, self.take_off, self.fold]
        self.random.choice([*acts, self.merge, self.rebirth])()
        work.commit(self.session)
        self.session.expire_all()

    def push(self) -> None:
        items = [self._visit(self.random.choice(self.doors)) for _ in range(self.random.randint(1, 4))]
        self._store(items)
        self.pushed += items

    def correct(self) -> None:
        if not self.pushed:
            return
        wrong = self.random.choice(self.pushed)
        door = self.random.choice(self.doors)
        payload = (
            {"outcome": self.random.choice(_OUTCOMES[1:4])} if self.random.random() < 0.7 else {"void": True}
        )
        author = self.people.minh.id
        self._store([compose(author, door, "correction", payload, corrects=wrong.id)])

    def move(self) -> None:
        place = self.random.choice((self.people.neighbourhood.id, self.elsewhere.id, None))
        household = self._door()
        household.neighbourhood_id, household.code = place, f"X{self.random.random()}"
        feed.touch_households(self.session, [household.id])

    def person(self) -> None:
        person = self.session.scalars(select(Resident).order_by(Resident.id)).all()
        if person:
            one = self.random.choice(person)
            one.state = self.random.choice(list(ResidentState))
            feed.touch_households(self.session, [one.household_id])

    def rebirth(self) -> None:
        household = self._door()
        household.state = self.random.choice(("active", "vacant", "moved_away"))
        household.stub = self.random.random() < 0.5
        feed.touch_households(self.session, [household.id])

    def delete(self) -> None:
        """As an import that is undone deletes them."""
        made = make.create_household(self.session, self.people.neighbourhood, address="Số 99")
        work.commit(self.session)
        self.session.execute(delete(Resident).where(Resident.household_id == made.id))
        self.session.execute(delete(Household).where(Household.id == made.id))

    def take_off(self) -> None:
        assignment = self.session.scalars(
            select(Assignment).where(Assignment.ended_at.is_(None)).order_by(Assignment.id)
        ).first()
        if assignment is not None:
            assignment.ended_at = assignment.started_at
            feed.touch_households(self.session, [assignment.household_id])

    def merge(self) -> None:
        alive = [
            id_ for id_ in self.doors if self.session.get_one(Household, id_).neighbourhood_id is not None
        ]
        if len(alive) > 4:
            old, new = self.random.sample(alive, 2)
            merging.merge_households(self.session, acting(self.session, self.people.officer), old, new)
            self.doors.remove(old)

    def fold(self) -> None:
        tally_sums.fold(self.session, age=0)

    def _door(self) -> Household:
        return self.session.get_one(Household, self.random.choice(self.doors))

    def _store(self, items: list[Item]) -> None:
        phone = on_device(self.session, self.people.minh, self.people.minh_device)
        codes = {answer.code for answer in events.store(self.session, phone, items)}
        assert codes <= {"accepted", "accepted_out_of_scope", "duplicate"}, codes

    def _visit(self, door: UUID) -> Item:
        outcome = self.random.choice(_OUTCOMES)
        more: dict[str, object] = {}
        people = self.session.scalars(select(Resident.id).where(Resident.household_id == door)).all()
        if outcome == "helped" and people:
            state = self.random.choice(_STATES)
            reason = [self.random.choice(("no_smartphone", "data_mismatch"))] if state == "blocked" else []
            more["results"] = [result(self.random.choice(people), "eid_level_2", state, *reason)]
        if outcome == "rescheduled":
            more["appointment"] = {"on": self.random.choice(("2026-12-01", str(board.now().date())))}
        return visit(self.people.minh.id, door, outcome, **more)


@pytest.mark.parametrize("seed", range(4))
def test_any_history_sums_to_a_recount(session: Session, people: People, app: object, seed: int) -> None:
    history = History(session, people, Random(seed))
    officer = acting(session, people.officer)
    for _ in range(25):
        history.step()
        for place in (None, history.elsewhere.id):
            shown = board.board(session, officer, place, history.campaign.id)
            ids = [one.id for one in shown.neighbourhoods]
            assert figures(shown) == recounted(session, ids, _SERVICES, shown.at)
    assert tally_sums.drift(session, people.ward.id) == []
    assert recount.in_ward(session, people.ward.id) == []


def test_folding_changes_no_figure_and_leaves_few_rows(session: Session, people: People) -> None:
    for number in range(5):
        make.create_household(session, people.neighbourhood, address=f"Số {number}")
        work.commit(session)
    officer = acting(session, people.officer)
    before = figures(board.board(session, officer, None, None))
    rows = session.execute(text("SELECT count(*) FROM tally_change")).scalar_one()
    assert tally_sums.fold(session, age=0) > 0
    assert figures(board.board(session, officer, None, None)) == before
    assert session.execute(text("SELECT count(*) FROM tally_change")).scalar_one() == 0
    assert session.execute(text("SELECT count(*) FROM tally")).scalar_one() < rows
    assert tally_sums.fold(session, age=0) == 0


def test_what_cancels_out_leaves_nothing(session: Session, people: People) -> None:
    door = make.create_household(session, people.neighbourhood)
    work.commit(session)
    tally_sums.fold(session, age=0)
    session.execute(delete(Resident).where(Resident.household_id == door.id))
    session.execute(delete(Household).where(Household.id == door.id))
    tally_sums.fold(session, age=0)
    assert session.execute(text("SELECT count(*) FROM tally")).scalar_one() == 0


def test_a_door_that_says_the_same_changes_no_sum(session: Session, people: People) -> None:
    door = make.create_household(session, people.neighbourhood)
    work.commit(session)
    tally_sums.fold(session, age=0)
    feed.touch_households(session, [door.id])
    work.commit(session)
    assert session.execute(text("SELECT count(*) FROM tally_change")).scalar_one() == 0
