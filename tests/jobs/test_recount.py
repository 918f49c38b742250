"""Counting again beside a ward at work: in batches, by itself after an upgrade, and without losing what arrives meanwhile."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from backend.database import work
from backend.jobs import clock
from backend.jobs.app import Means
from backend.models import Household, HouseholdView, ServerMeta, Visit
from backend.services import derive, events, recount, tally
from backend.services.derive import Fact, Offer
from tests import factories as make
from tests.people import People
from tests.sync.kit import on_device, visit


@pytest.fixture
def doors(own_engine: Engine, living: People) -> list[UUID]:
    """Five doors of Minh's, a visit at each."""
    with work.unit_of_work(own_engine) as session:
        found = [make.create_household(session, living.neighbourhood).id for _ in range(5)]
    _visit(own_engine, living, found)
    return found


def _visit(engine: Engine, people: People, doors: list[UUID]) -> None:
    with work.unit_of_work(engine) as session:
        device, _ = make.create_device(session, people.minh)
        minh = on_device(session, people.minh, device)
        for answer in events.store(session, minh, [visit(people.minh.id, door) for door in doors]):
            assert answer.code.startswith("accepted")


def _damage(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount


def test_batches_find_and_mend_what_one_look_does(
    doors: list[UUID], means: Means, living: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    _damage(means.engine, "UPDATE household_view SET visit_count = 7")
    _damage(means.engine, "UPDATE tally_change SET n = n + 1 WHERE kind = 'day'")
    with Session(means.engine) as session:
        told = [str(each) for each in recount.in_ward(session, living.ward.id)]
    assert len(told) > len(doors)
    for size in (1, 2, 5, 500):
        monkeypatch.setattr(recount, "BATCH", size)
        assert [str(each) for each in recount.check(means.engine)] == told
    monkeypatch.setattr(recount, "AT_ONCE", 2)
    assert recount.mend(means.engine) == 5
    assert list(recount.check(means.engine)) == []


def test_a_visit_that_comes_in_the_middle_of_a_repair_stays(
    doors: list[UUID], means: Means, living: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    _damage(means.engine, "UPDATE visit SET outcome = 'refused'")
    real, arrived = recount.tell, []

    def tell(session: Session, ward_id: UUID, only: Any = None) -> Any:
        told = real(session, ward_id, only)
        if not arrived:
            arrived.append(True)
            _visit(means.engine, living, doors)
        return told

    monkeypatch.setattr(recount, "tell", tell)
    assert recount.mend(means.engine) == 5
    with Session(means.engine) as session:
        assert len(session.scalars(select(Visit)).all()) == 10
    assert list(recount.check(means.engine)) == []


def test_after_an_upgrade_it_happens_by_itself_and_once(
    doors: list[UUID], means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.count_again(means)
    _damage(means.engine, "UPDATE household_view SET visit_count = 7")
    clock.count_again(means)
    assert _counts(means) == {7}  # the rules are the same: nobody pays for a look at every door
    monkeypatch.setattr(recount, "RULES", recount.RULES + 1)
    versions = _versions(means)
    clock.count_again(means)
    assert _counts(means) == {1}
    assert all(after == versions[door] + 1 for door, after in _versions(means).items())  # the phones are told
    clock.count_again(means)
    assert all(after == versions[door] + 1 for door, after in _versions(means).items())


def test_in_a_new_year_people_come_of_age_by_themselves(
    doors: list[UUID], means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.count_again(means)
    with Session(means.engine) as session:
        known = session.get_one(ServerMeta, True).derived_by
    monkeypatch.setattr(recount, "today", lambda: date(2031, 1, 1))
    clock.count_again(means)
    with Session(means.engine) as session:
        assert session.get_one(ServerMeta, True).derived_by == known - known % 10_000 + 2031


def test_one_counts_at_a_time(doors: list[UUID], means: Means) -> None:
    _damage(means.engine, "UPDATE server_meta SET derived_by = 0")
    with means.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": recount._LOCK})
        assert recount.catch_up(means.engine) is None
        other.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": recount._LOCK})
    assert recount.catch_up(means.engine) == 0


def _counts(means: Means) -> set[int]:
    with Session(means.engine) as session:
        return set(session.scalars(select(HouseholdView.visit_count)))


def _versions(means: Means) -> dict[UUID, int]:
    with Session(means.engine) as session:
        return dict(session.execute(select(Household.id, Household.v)).all())


# What the rules say of one evening; a new line here whenever RULES is raised.
SAID = {1: "63e5bcc66dccf3ef5d4c087da342f24480a08fa0a236366dcc3da505f82f6a75"}


def test_rules_that_say_something_else_have_another_number() -> None:
    """Whoever changes what the same events mean raises derive.RULES, so that wards at work are counted again."""
    me, other = UUID(int=1), UUID(int=2)
    people = [UUID(int=10), UUID(int=11)]
    start = datetime(2026, 11, 21, 12, tzinfo=UTC)
    outcomes = ("helped", "not_home", "moved_away", "helped", "refused", None, "helped")
    states = ("blocked", "shown", "done_with_help", "does_alone", "keeps_old_way")
    facts = [
        Fact(
            id=UUID(int=100 + n),
            author=me if n % 3 else other,
            kind="correction" if n >= 5 else "visit",
            est_time=start + timedelta(minutes=n),
            corrects=UUID(int=100 + n - 1) if n >= 5 else None,
            outcome=outcome,
            results=[
                {
                    "resident": str(people[n % 2]),
                    "service": "eid_level_2",
                    "state": states[n % 5],
                    "reason": None,
                }
            ]
            if outcome == "helped"
            else [],
        )
        for n, outcome in enumerate(outcomes)
    ]
    offers = tuple(
        Offer(code, low, None, None, False) for code, low in (("eid_level_1", 14), ("eid_level_2", 14))
    )
    said: list[Any] = []
    for end in range(1, len(facts) + 1):
        standing = derive.standing(facts[:end])
        counted = [fact for fact in facts[:end] if fact.id in standing.effective]
        steps = derive.decide(counted)
        said += [
            sorted(map(str, standing.effective)),
            sorted(map(str, standing.foreign)),
            derive.household_state("active", counted),
            sorted((str(key), str(step)) for key, step in steps.items()),
        ]
    for year, born in ((2026, 2012), (2026, 2013), (2026, None)):
        begin = derive.beginnings("household", born, False, offers, year)
        said += [begin, tally.person(begin), sorted(tally.open_services(begin))]
    digest = hashlib.sha256(repr(said).encode()).hexdigest()
    assert digest == SAID[derive.RULES], (
        "the rules say something else: raise derive.RULES, add its line to SAID"
    )
