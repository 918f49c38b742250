"""What must not grow: statements per request, bytes per door (performance.md, P2, P3, P5)."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Household, Resident
from backend.services import household_rows
from tests import factories as make
from tests.sync.conftest import Team
from tests.sync.kit import Phone, push_body, result, visit

_AUTHENTICATION = 1
_NOT_OURS = ("SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    """The statements that run on `connection` inside the block, without savepoints."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().startswith(_NOT_OURS):
            seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", note)


@pytest.fixture
def street(team: Team, session: Session) -> list[Household]:
    """65 doors on Minh's walk, as on the longest evening, residents as the import makes them."""
    doors = [
        make.create_household(session, team.people.neighbourhood, address=f"Số {n} ngõ 36") for n in range(65)
    ]
    make.create_walk(session, team.people.team, [team.people.minh], doors)
    work.commit(session)
    return doors


def test_a_push_costs_the_same_number_of_statements(
    team: Team, phone: Phone, street: list[Household], session: Session, connection: Connection
) -> None:
    people = {
        row.household_id: row.id for row in session.scalars(select(Resident).where(Resident.ordinal == 1))
    }

    def push(count: int) -> int:
        items = [
            visit(
                phone.account.id,
                door.id,
                "helped",
                results=[result(people[door.id], "cashless", "done_with_help")],
                consents=[{"purpose": "store_name", "given": True, "text_version": "1", "how": "spoken"}],
            )
            for door in street[:count]
        ]
        with counted(connection) as seen:
            answers = phone.push(*items)
        assert {answer["code"] for answer in answers} == {"accepted"}
        return len(seen)

    push(1)  # warms what is read once a minute
    # The second visit of a door decides nothing new; the first of others does: the bound is the same.
    costs = {count: push(count) for count in (1, 10, 50)}
    assert max(costs.values()) <= 9 + _AUTHENTICATION, costs
    assert costs[50] <= costs[10] <= costs[1] + 1, costs
    # Nobody was at home: no person's step changes, so adoption is not even looked at.
    with counted(connection) as seen:
        phone.push(*[visit(phone.account.id, door.id) for door in street[:10]])
    assert len(seen) <= 8 + _AUTHENTICATION, seen


def test_a_repeated_push_costs_less(phone: Phone, street: list[Household], connection: Connection) -> None:
    items = [visit(phone.account.id, door.id) for door in street[:50]]
    phone.push(*items)
    with counted(connection) as seen:
        phone.push(*items)
    assert len(seen) <= 4 + _AUTHENTICATION


def test_a_pull_costs_two_statements_and_nothing_new_one(
    team: Team, phone: Phone, street: list[Household], connection: Connection
) -> None:
    phone.pull(phone.own_stream)
    for limit in (1, 10, 200):
        with counted(connection) as seen:
            phone.ask(team.stream, limit)
        assert len(seen) == 2 + _AUTHENTICATION, limit
    phone.pull(team.stream)
    with counted(connection) as seen:
        assert phone.ask(team.stream).json["rows"] == []
    assert len(seen) == 1 + _AUTHENTICATION


def test_rewriting_costs_the_same_for_one_door_and_for_all(
    street: list[Household], session: Session, connection: Connection
) -> None:
    costs = []
    for ids in ([street[0].id], [door.id for door in street]):
        with counted(connection) as seen:
            household_rows.rewrite(session, ids)
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 8


def test_bytes(team: Team, phone: Phone, street: list[Household]) -> None:
    answer = phone.ask(team.stream)
    packed = len(gzip.compress(answer.data, 6, mtime=0))
    doors = len(answer.json["rows"])
    assert doors == 65 + len(team.doors)
    # A door is one random id, whose 74 bits cannot be squeezed; its people's ids stand beside it.
    assert packed / doors <= 50, packed
    items = [visit(phone.account.id, door.id) for door in street[:10]]
    body = phone.client.application.json.dumps(push_body(phone.epoch, phone.device.id, items))
    print("pull of", doors, packed, "push of 10", len(body), len(gzip.compress(body.encode(), 6)))
