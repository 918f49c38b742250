"""The derived state is the same for every order in which the same events arrive (I12, D22)."""

from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, today
from backend.core.ids import uuid7
from backend.database import work
from backend.models import Adoption, Household, HouseholdView, Resident, Visit
from backend.services import derive, events, household_rows
from backend.services.derive import Fact, Offer, Person
from backend.services.event_core import Item, compose
from backend.services.offers import offered
from tests import factories as make
from tests.people import People
from tests.sync.kit import on_device, result, visit

BEGIN = datetime(2026, 11, 1, 19, tzinfo=VIETNAM)
OFFERS = (
    Offer("eid_level_2", 14, None, None, False),
    Offer("merchant_qr", 18, None, "business_household", True),
    Offer("young", None, 30, None, False),
    Offer("all", None, None, None, False),
)
PERSON = Person(UUID(int=7), 1958, True, True)


def fact(
    number: int,
    state: str | None = None,
    *,
    outcome: str | None = "helped",
    author: int = 1,
    corrects: int | None = None,
    minute: int | None = None,
    service: str = "eid_level_2",
) -> Fact:
    results = [result(PERSON.id, service, state)] if state else []
    return Fact(
        UUID(int=number),
        UUID(int=author),
        "visit" if corrects is None else "correction",
        BEGIN + timedelta(minutes=number if minute is None else minute),
        None if corrects is None else UUID(int=corrects),
        outcome,
        results,
    )


def state_of(facts: list[Fact], service: str = "eid_level_2") -> str:
    effective = derive.standing(facts).effective
    counted = [each for each in facts if each.id in effective]
    return derive.adoption([PERSON], "household", counted, OFFERS, 2026)[PERSON.id, service].state


def test_done_beats_not_done_whatever_came_last() -> None:
    assert state_of([fact(1, "done_with_help"), fact(2, "blocked")]) == "done_with_help"
    assert state_of([fact(1, "does_alone"), fact(2, "done_with_help")]) == "does_alone"
    assert state_of([fact(1, "done_with_help"), fact(2, "keeps_old_way")]) == "done_with_help"


def test_of_the_rest_the_newest_wins_and_on_a_tie_the_higher_id() -> None:
    assert state_of([fact(1, "blocked"), fact(2, "shown")]) == "shown"
    assert state_of([fact(1, "keeps_old_way", minute=9), fact(2, "shown")]) == "keeps_old_way"
    assert state_of([fact(1, "blocked", minute=5), fact(2, "shown", minute=5)]) == "shown"


def test_done_is_dated_by_the_first_event_that_reached_it() -> None:
    facts = [fact(3, "done_with_help"), fact(1, "done_with_help"), fact(2, "shown")]
    step = derive.adoption([PERSON], "household", facts, OFFERS, 2026)[PERSON.id, "eid_level_2"]
    assert step.event_id == UUID(int=1)


def test_level_2_brings_level_1_with_it() -> None:
    offers = (Offer("eid_level_1", 14, None, None, False), *OFFERS)

    def level_1(facts: list[Fact]) -> derive.Step:
        effective = derive.standing(facts).effective
        counted = [each for each in facts if each.id in effective]
        return derive.adoption([PERSON], "household", counted, offers, 2026)[PERSON.id, "eid_level_1"]

    done = fact(2, "done_with_help")
    blocked = fact(3, "blocked", service="eid_level_1")
    for facts in permutations([done, blocked]):
        assert level_1(list(facts))[0] == "done_with_help"
    assert level_1([done]).event_id == UUID(int=2)
    assert level_1([fact(1, "does_alone", service="eid_level_1"), done]).event_id == UUID(int=1)
    assert level_1([fact(1, "shown"), blocked]).state == "blocked"
    # Taken back, it takes level 1 back with it.
    assert level_1([done, fact(4, outcome=None, corrects=2)]).state == "not_started"


def test_corrections_chain_to_the_newest() -> None:
    visit_, first, second = (
        fact(1, "done_with_help"),
        fact(2, "shown", corrects=1),
        fact(3, "blocked", corrects=2),
    )
    assert state_of([visit_, first, second]) == "blocked"
    assert derive.standing([visit_, first, second]).effective == {UUID(int=3)}
    assert derive.standing([visit_, fact(2, outcome=None, corrects=1)]).effective == set()


def test_a_correction_waits_for_its_target_and_is_its_authors_only() -> None:
    assert derive.standing([fact(2, "shown", corrects=1)]).effective == set()
    foreign = derive.standing([fact(1, "shown"), fact(2, "does_alone", corrects=1, author=2)])
    assert foreign.effective == {UUID(int=1)}
    assert foreign.foreign == {UUID(int=2)}


def test_corrections_in_a_circle_have_no_effect() -> None:
    assert derive.standing([fact(1, corrects=2), fact(2, corrects=1), fact(3, corrects=3)]).effective == set()


def test_eligibility() -> None:
    def services(person: Person, kind: str = "household") -> dict[str, str]:
        return {
            service: step.state
            for (_, service), step in derive.adoption([person], kind, [], OFFERS, 2026).items()
        }

    assert services(PERSON) == {"eid_level_2": "not_started", "all": "not_started"}
    assert services(PERSON, "business_household")["merchant_qr"] == "not_started"
    assert "merchant_qr" not in services(PERSON._replace(is_head=False), "business_household")
    assert services(PERSON._replace(birth_year=2012))["eid_level_2"] == "not_started"
    assert "eid_level_2" not in services(PERSON._replace(birth_year=2013))
    assert services(PERSON._replace(birth_year=None)) == {
        "eid_level_2": "unknown",
        "young": "unknown",
        "all": "not_started",
    }
    assert services(PERSON._replace(counts=False)) == {}


def test_an_unknown_age_gives_way_to_what_a_visit_saw() -> None:
    person = PERSON._replace(birth_year=None)
    steps = derive.adoption([person], "household", [fact(1, "does_alone")], OFFERS, 2026)
    assert steps[person.id, "eid_level_2"].state == "does_alone"


def test_the_newest_word_about_the_door_decides() -> None:
    away, home = fact(1, outcome="moved_away"), fact(2, outcome="not_home")
    assert derive.household_state("active", [away, home]) == "moved_away"
    assert derive.household_state("moved_away", [away, fact(3, outcome="refused")]) == "active"
    assert derive.household_state("active", [home]) == "active"
    assert derive.household_state("vacant", [away]) == "vacant"
    assert derive.household_state("merged", [fact(3)]) == "merged"


def test_the_newest_consent_counts() -> None:
    words = [("a", BEGIN, UUID(int=1), True), ("a", BEGIN + timedelta(1), UUID(int=0), False)]
    assert derive.consents(words) == derive.consents(reversed(words)) == {"a": False}


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Up to eight events of two authors, corrections pointing anywhere, also at nothing and at each other."""
    count = draw(st.integers(1, 8))
    found = []
    for number in range(1, count + 1):
        found.append(
            fact(
                number,
                draw(
                    st.sampled_from(
                        [None, "shown", "done_with_help", "does_alone", "blocked", "keeps_old_way"]
                    )
                ),
                outcome=draw(st.sampled_from(["helped", "not_home", "refused", "moved_away", None])),
                author=draw(st.integers(1, 2)),
                corrects=draw(st.none() | st.integers(1, count + 1)),
                minute=draw(st.integers(0, 3)),
                service=draw(st.sampled_from(["eid_level_2", "all"])),
            )
        )
    return [
        each._replace(outcome="helped") if each.corrects is None and not each.outcome else each
        for each in found
    ]


def derived(facts: list[Fact]) -> tuple[Any, ...]:
    standing = derive.standing(facts)
    counted = [each for each in facts if each.id in standing.effective]
    return (
        standing,
        derive.adoption([PERSON], "household", counted, OFFERS, 2026),
        derive.household_state("active", counted),
    )


@settings(max_examples=300, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_every_order_gives_the_same(facts: list[Fact], random: Any) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert derived(facts) == derived(shuffled)


def test_all_120_orders_through_the_database(session: Session, people: People) -> None:
    """D22: visit, activated, correction, refused, household_add of one new door, in all 120 orders."""
    actor = on_device(session, people.minh, people.minh_device)
    found = set()
    for order in permutations(range(5)):
        house = uuid7()
        items = _five(actor.account_id, house, uuid7())
        for place in order:
            [answer] = events.store(session, actor, [items[place]])
            assert answer.code == "accepted"
        found.add(_picture(session, house))
    work.commit(session)
    assert len(found) == 1, found


def _five(author: UUID, house: UUID, person: UUID) -> list[Item]:
    def at(minute: int) -> datetime:
        return BEGIN + timedelta(minutes=minute)

    wrong = visit(author, house, "moved_away", at=at(0))
    return [
        wrong,
        visit(author, house, "helped", at=at(1), results=[result(person, "eid_level_2", "done_with_help")]),
        compose(author, house, "correction", {"outcome": "not_home"}, device_time=at(2), corrects=wrong.id),
        visit(author, house, "refused", at=at(3), results=[result(person, "eid_level_2", "blocked")]),
        compose(
            author,
            house,
            "household_add",
            {"address": "Số 9 ngõ 34", "residents": [{"id": str(person), "birth_year": 1958}]},
            device_time=at(4),
        ),
    ]


def _picture(session: Session, house: UUID) -> tuple[Any, ...]:
    session.expire_all()
    home = session.get_one(Household, house)
    view = session.get_one(HouseholdView, house)
    visits = session.scalars(select(Visit).where(Visit.household_id == house).order_by(Visit.est_time))
    steps = session.execute(
        select(Adoption.service_code, Adoption.state, Adoption.reason)
        .where(Adoption.household_id == house)
        .order_by(Adoption.service_code)
    )
    people = session.execute(
        select(Resident.ordinal, Resident.birth_year).where(Resident.household_id == house)
    )
    return (
        home.state,
        home.address,
        (view.open_count, view.done_count, view.blocked_count, view.visit_count, view.last_outcome),
        tuple((each.outcome, each.effective) for each in visits),
        tuple(map(tuple, steps)),
        tuple(map(tuple, people)),
    )


def test_the_database_begins_with_the_same_services(session: Session, people: People) -> None:
    """household_rows writes the untouched rows by SQL: held to derive.beginnings over ages, heads and kinds."""
    year = today().year
    years = [None, *(year - age for age in (0, 13, 14, 15, 17, 18, 60, 120))]
    expected, ids = {}, []
    for kind in ("household", "business_household"):
        home = make.create_household(session, people.neighbourhood, people=0)
        home.kind = kind
        ids.append(home.id)
        for ordinal, born in enumerate(years * 2, 1):
            resident = Resident(
                ward_id=home.ward_id,
                household_id=home.id,
                ordinal=ordinal,
                birth_year=born,
                is_head=ordinal > len(years),
            )
            session.add(resident)
            session.flush()
            begin = derive.beginnings(kind, born, resident.is_head, offered(session).offers, year)
            expected |= {(resident.id, code): state for code, state in begin}
    household_rows.rewrite(session, ids)
    rows = session.execute(
        select(Adoption.resident_id, Adoption.service_code, Adoption.state).where(
            Adoption.household_id.in_(ids)
        )
    )
    assert {(row.resident_id, row.service_code): row.state for row in rows} == expected


def test_a_new_year_decides_anew(session: Session, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A door whose visits decide nothing is left out of the adoption statement, but not when its people come of age."""
    year = today().year
    home = make.create_household(session, people.neighbourhood, people=1, birth_year=year - 13)

    def begun() -> set[str]:
        rows = select(Adoption.service_code).where(Adoption.household_id == home.id)
        return set(session.scalars(rows))

    def due(now: int) -> set[str]:
        offers = offered(session).offers
        return {code for code, _ in derive.beginnings("household", year - 13, True, offers, now)}

    household_rows.rewrite(session, [home.id])
    assert begun() == due(year) != due(year + 1)
    monkeypatch.setattr(household_rows, "today", lambda: date(year + 1, 1, 2))
    household_rows.rewrite(session, [home.id])
    assert begun() == due(year + 1)
