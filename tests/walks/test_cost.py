"""Statements per act: the same few for ten doors as for three hundred."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from backend.models import Account
from backend.services import walks, walks_live, walks_read
from backend.services.actor import Actor
from tests.people import People
from tests.walks.conftest import Settle
from tests.walks.test_walks import all_doors, walks_of

Crew = Callable[[int], list[Account]]


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    seen: list[str] = []

    def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            seen.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", count)
    yield seen
    event.remove(connection, "before_cursor_execute", count)


@pytest.fixture
def costs(
    session: Session, people: People, lan: Actor, settle: Settle, crew: Crew
) -> Callable[[int], dict[str, int]]:
    one, two = (account.id for account in crew(2))

    def measure(alleys: int) -> dict[str, int]:
        settle([f"Số {n} ngõ {alleys}/{alley} Láng" for alley in range(alleys) for n in range(1, 7)])
        found = {}
        with statements(session) as seen:
            plan = walks.draft(session, lan, all_doors(people), [[one], [two]])
        found["draft"] = len(seen)
        first, second = walks_of(session, plan)
        for name, act in (
            ("effects", lambda: walks_live.effects(session, lan, plan)),
            ("plan", lambda: walks_read.plan_page(session, lan, plan)),
            ("publish", lambda: walks_live.publish(session, lan, plan)),
            ("page", lambda: walks_read.walk_page(session, lan, first.id)),
            ("list", lambda: walks_read.list_walks(session, lan)),
            ("hand over", lambda: walks_live.hand_over(session, lan, first.id, second.id)),
            ("close", lambda: walks_live.close(session, lan, second.id)),
        ):
            session.expire_all()
            with statements(session) as seen:
                act()
            found[name] = len(seen)
        return found

    return measure


def test_the_number_of_statements_does_not_grow_with_the_doors(
    costs: Callable[[int], dict[str, int]],
) -> None:
    few, many = costs(2), costs(50)
    assert few == many
    assert max(few.values()) <= 30
