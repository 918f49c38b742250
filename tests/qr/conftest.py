"""What the tests of codes share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event

Counting = Callable[[], "contextmanager[list[str]]"]


@pytest.fixture
def statements(connection: Connection) -> Callable[[], contextmanager]:  # type: ignore[type-arg]
    """`with statements() as seen:` collects the SQL sent, savepoints left out."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            if "SAVEPOINT" not in statement:
                seen.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(connection, "before_cursor_execute", note)

    return counting
