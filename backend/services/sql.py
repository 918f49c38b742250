"""Plain SQL for the hot paths: the driver's own cursor, its parameters (`%(name)s`), prepared after a few uses.

SQLAlchemy keeps the connection and the transaction; only its result and compilation layers are left out, which cost
more than most of these statements.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.orm import Session

_HERE = "gocua_connection"


class Rows(list[Any]):
    """The rows of a statement, each with its columns as attributes."""

    def all(self) -> "Rows":
        """All of them."""
        return self

    def one(self) -> Any:
        """The only row. Raises NoResultFound, MultipleResultsFound."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound
        return row

    def one_or_none(self) -> Any:
        """The only row, or None. Raises MultipleResultsFound."""
        if len(self) > 1:
            raise MultipleResultsFound
        return self[0] if self else None

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self[0][0] if self else None


def run(session: Session, statement: str, **values: Any) -> Rows:
    """Execute a constant `statement` in the session's transaction; nothing is flushed first.

    Raises DBAPIError as SQLAlchemy does; a connection that died is thrown away.
    """
    connection, raw = _connection(session)
    cursor: Any = psycopg.Cursor(raw, row_factory=namedtuple_row)
    for listener in connection.dispatch.before_cursor_execute:  # the tests count statements
        listener(connection, cursor, statement, values, None, False)
    try:
        cursor.execute(statement, values, binary=True)
        return Rows(cursor.fetchall()) if cursor.description is not None else Rows()
    except psycopg.Error as error:
        dead = bool(raw.closed)
        if dead:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=dead
        ) from error
    finally:
        cursor.close()


def table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as one JSON parameter for json_to_recordset, far cheaper to send than an array per column.

    UUIDs and times become text, bytes hexadecimal: say `decode(column, 'hex')` for those.
    """
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=_plain)


def _connection(session: Session) -> tuple[Connection, Any]:
    """The session's connection and the driver's below it, looked up once per transaction."""
    # A savepoint is made when the session is first asked for its connection inside of it: so that is asked again.
    known = session.info.get(_HERE)
    inside = session.get_nested_transaction() or session.get_transaction()
    if known is not None and known[0] is inside and not known[1].invalidated:
        return known[1], known[2]
    connection = session.connection()
    raw: Any = connection.connection.dbapi_connection
    session.info[_HERE] = (session.get_nested_transaction() or session.get_transaction(), connection, raw)
    return connection, raw


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
