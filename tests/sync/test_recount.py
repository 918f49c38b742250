"""`gocua recount`: the tables and the board against the raw events, and a repair of what was damaged."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.core.ids import uuid7
from backend.database import work
from backend.models import Resident
from backend.services import board, recount
from backend.services.event_core import compose
from tests.people import acting
from tests.sync.conftest import Team
from tests.sync.kit import Phone, result, visit


@pytest.fixture
def evening(team: Team, phone: Phone, session: Session) -> Team:
    """A little of everything: done, blocked, moved, corrected, a new door, consents, an appointment."""
    me = phone.account.id
    first, second = session.scalars(
        select(Resident).where(Resident.household_id == team.doors[0].id).order_by(Resident.ordinal)
    )
    wrong = visit(me, team.doors[1].id, "moved_away")
    person = uuid7()
    phone.push(
        visit(
            me,
            team.doors[0].id,
            "helped",
            results=[
                result(first.id, "eid_level_2", "done_with_help"),
                result(second.id, "eid_level_2", "blocked", "no_smartphone"),
            ],
            consents=[{"purpose": "store_name", "given": True, "text_version": "1", "how": "spoken"}],
        ),
        visit(me, team.doors[0].id, "helped", results=[result(first.id, "eid_level_2", "does_alone")]),
        wrong,
        compose(me, team.doors[1].id, "correction", {"outcome": "not_home"}, corrects=wrong.id),
        visit(me, team.doors[2].id, "rescheduled", appointment={"on": "2026-12-01"}),
        compose(me, uuid7(), "household_add", {"address": "Số 9", "residents": [{"id": str(person)}]}),
    )
    return team


def test_all_is_equal(evening: Team, session: Session) -> None:
    lan = acting(session, evening.people.lan)
    shown = board.board(session, lan, evening.people.neighbourhood.id, None)
    assert shown.tonight.visits == 4
    assert recount.differences(session, lan, shown, evening.people.neighbourhood.id) == []
    assert recount.in_ward(session, evening.people.ward.id) == []


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE adoption SET state = 'not_started' WHERE state = 'does_alone'", "adoption"),
        ("DELETE FROM adoption WHERE state = 'blocked'", "adoption"),
        ("UPDATE visit SET effective = NOT effective WHERE outcome = 'not_home'", "visit"),
        ("DELETE FROM visit WHERE outcome = 'rescheduled'", "visit"),
        ("UPDATE visit SET outcome = 'refused' WHERE outcome = 'rescheduled'", "visit"),
        ("UPDATE household_view SET visit_count = visit_count + 1 WHERE visit_count = 2", "household_view"),
        ("UPDATE consent SET given = false", "consent"),
        ("UPDATE household_view SET tally = replace(tally, 'helped', 'refused')", "tally"),
        ("UPDATE household_view SET neighbourhood_id = NULL", "household_view"),
        ("DELETE FROM tally_change", "sum"),
        ("UPDATE tally_change SET n = n + 1 WHERE kind = 'step'", "sum"),
        (
            "UPDATE household SET state = 'moved_away' WHERE id IN "
            "(SELECT household_id FROM visit WHERE outcome = 'helped')",
            "household.state",
        ),
    ],
)
def test_damage_is_seen_and_repaired(evening: Team, session: Session, damage: str, what: str) -> None:
    session.execute(text(damage))
    found = recount.in_ward(session, evening.people.ward.id)
    assert what in {each.what for each in found}
    assert (recount.repair(session, evening.people.ward.id) >= 1) == (what != "sum")
    work.commit(session)
    session.expire_all()
    assert recount.in_ward(session, evening.people.ward.id) == []


def test_a_wrong_board_is_seen(evening: Team, session: Session) -> None:
    lan = acting(session, evening.people.lan)
    place = evening.people.neighbourhood.id
    shown = board.board(session, lan, place, None)
    session.execute(text("UPDATE tally_change SET n = n + 1 WHERE kind = 'step'"))
    wrong = board.board(session, lan, place, None)
    assert wrong != shown
    assert any(each.where.startswith("board") for each in recount.differences(session, lan, wrong, place))


def test_a_difference_names_no_person(evening: Team, session: Session) -> None:
    session.execute(text("UPDATE adoption SET state = 'shown' WHERE state = 'does_alone'"))
    [line] = [
        str(each)
        for each in recount.in_ward(session, evening.people.ward.id)
        if each.what == "adoption" and "eid_level_2" in each.where
    ]
    assert "shown" in line
    assert "does_alone" in line
    assert "Nguyễn" not in line


def test_a_big_ward_may_take_its_time(evening: Team, session: Session) -> None:
    """A ward of 100,000 visits is folded for longer than the budgets that guard the web's transactions."""
    recount.in_ward(session, evening.people.ward.id)
    for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
        assert session.execute(text(f"SHOW {limit}")).scalar_one() == "0"
