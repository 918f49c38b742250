"""Plain SQL for the hot paths: the driver's own cursor, its parameters (`%(name)s`), prepared after a few uses.

SQLAlchemy keeps the connection and the transaction; only its result and compilation layers are left out, which cost
more than most of these statements. A request that only reads (`begin_reading`) leaves out its transaction, too.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.orm import Session

_HERE, _READING = "gocua_connection", "gocua_reading"
_BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


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


class _Line(NamedTuple):
    """A connection, the driver's own below it, and who is told of each statement."""

    connection: Any
    raw: Any
    listeners: Any


def run(session: Session, statement: str, **values: Any) -> Rows:
    """Execute a constant `statement` in the session's transaction; nothing is flushed first.

    Raises DBAPIError as SQLAlchemy does; a connection that died is thrown away.
    """
    line = _line(session)
    cursor: Any = psycopg.Cursor(line.raw, row_factory=namedtuple_row)
    for listener in line.listeners:  # the tests count statements
        listener(None, cursor, statement, values, None, False)
    try:
        cursor.execute(statement, values, binary=True)
        return Rows(cursor.fetchall()) if cursor.pgresult.nfields else Rows()
    except psycopg.Error as error:
        dead = bool(line.raw.closed)
        if dead:
            line.connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=dead
        ) from error
    finally:
        cursor.close()


def begin_reading(session: Session) -> None:
    """Let every `run` from here to `end_reading` read one snapshot, on a connection past the session.

    The session's own transaction would cost more than such a request reads. Not where somebody brought a connection
    along in a transaction of their own: its isolation is theirs.
    """
    engine = session.get_bind()
    if not isinstance(engine, Engine):
        return
    try:
        connection = engine.raw_connection()
        raw: Any = connection.dbapi_connection
        session.info[_READING] = _Line(connection, raw, engine.dispatch.before_cursor_execute)
        begun = raw.pgconn.exec_(_BEGIN)
        if begun.status != ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(begun.get_error_message())
    except psycopg.Error as error:
        raise DBAPIError.instance(_BEGIN.decode(), None, error, psycopg.Error, hide_parameters=True) from error


def end_reading(session: Session) -> None:
    """Give the connection of `begin_reading` back, where there is one."""
    line: _Line | None = session.info.pop(_READING, None)
    if line is not None:
        # Not left to the pool, whose ROLLBACK makes the driver forget its prepared statements.
        if line.raw.pgconn.transaction_status == TransactionStatus.INTRANS:
            line.raw.pgconn.exec_(b"COMMIT")
        line.connection.close()


def table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as one JSON parameter for json_to_recordset, far cheaper to send than an array per column.

    UUIDs and times become text, bytes hexadecimal: say `decode(column, 'hex')` for those.
    """
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=_plain)


def _line(session: Session) -> _Line:
    """The session's connection and the driver's below it, looked up once per transaction."""
    reading: _Line | None = session.info.get(_READING)
    if reading is not None:
        return reading
    # A savepoint is made when the session is first asked for its connection inside of it: so that is asked again.
    known: tuple[Any, _Line] | None = session.info.get(_HERE)
    inside = session.get_nested_transaction() or session.get_transaction()
    if known is not None and known[0] is inside and not known[1].connection.invalidated:
        return known[1]
    connection = session.connection()
    found = _Line(
        connection, connection.connection.dbapi_connection, connection.dispatch.before_cursor_execute
    )
    session.info[_HERE] = (session.get_nested_transaction() or session.get_transaction(), found)
    return found


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
