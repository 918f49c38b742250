"""Plain SQL for the hot paths: the driver's own cursor, its parameters (`%(name)s`), prepared after a few uses.

SQLAlchemy keeps the connection and the transaction; only its result and compilation layers are left out, which cost
more than most of these statements. A request that only reads (`begin_reading`) leaves out its transaction, too.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.orm import Session

_HERE, _READING = "gocua_connection", "gocua_reading"
# Left to itself PostgreSQL makes a plan for each use of statements like these, which costs it more than running them.
GENERIC = "plan_cache_mode", "force_generic_plan"
_READ = f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL {GENERIC[0]} = {GENERIC[1]}"


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
    """A connection, the driver's cursor on it, and who is told of each statement."""

    connection: Any
    cursor: Any
    listeners: Any


def run(session: Session, statement: str, **values: Any) -> Rows:
    """Execute a constant `statement` in the session's transaction; nothing is flushed first.

    Raises DBAPIError as SQLAlchemy does; a connection that died is thrown away.
    """
    line = _line(session)
    cursor = line.cursor
    for listener in line.listeners:  # the tests count statements
        listener(None, cursor, statement, values, None, False)
    try:
        cursor.execute(statement, values, binary=True)
        return Rows(cursor.fetchall()) if cursor.pgresult.nfields else Rows()
    except psycopg.Error as error:
        dead = bool(cursor.connection.closed)
        if dead:
            line.connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=dead
        ) from error


def say(session: Session, command: str) -> None:
    """Execute a `command` without parameters and rows (SAVEPOINT …), past what the driver does for statements.

    Raises DBAPIError.
    """
    line = _line(session)
    for listener in line.listeners:
        listener(None, line.cursor, command, {}, None, False)
    try:
        _tell(line.cursor, command)
    except psycopg.Error as error:
        raise DBAPIError.instance(command, None, error, psycopg.Error, hide_parameters=True) from error


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
        cursor = _cursor(connection, connection.dbapi_connection)
        session.info[_READING] = _Line(connection, cursor, engine.dispatch.before_cursor_execute)
        _tell(cursor, _READ)
    except psycopg.Error as error:
        raise DBAPIError.instance(_READ, None, error, psycopg.Error, hide_parameters=True) from error


def end_reading(session: Session) -> None:
    """Give the connection of `begin_reading` back, where there is one."""
    line: _Line | None = session.info.pop(_READING, None)
    if line is not None:
        # Not left to the pool, whose ROLLBACK makes the driver forget its prepared statements.
        if line.cursor.connection.pgconn.transaction_status == TransactionStatus.INTRANS:
            _tell(line.cursor, "COMMIT")
        line.connection.close()


def uuids(ids: Iterable[UUID]) -> str:
    """Ids as one parameter for `::uuid[]`, far cheaper to send than a list; made once for several statements."""
    return "{" + ",".join([str(id_) for id_ in ids]) + "}"


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
    cursor = _cursor(connection, connection.connection.dbapi_connection)
    found = _Line(connection, cursor, connection.dispatch.before_cursor_execute)
    session.info[_HERE] = (session.get_nested_transaction() or session.get_transaction(), found)
    return found


def _tell(cursor: Any, command: str) -> None:
    """Execute a command on the cursor's connection, in a transaction. Raises psycopg's errors."""
    server = cursor.connection.pgconn
    if server.transaction_status == TransactionStatus.IDLE:
        command = f"BEGIN; {command}"
    result = server.exec_(command.encode())
    if result.status != ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(result, cursor.connection.info.encoding)


def _cursor(connection: Any, raw: Any) -> Any:
    """The one cursor of a connection: it remembers how each type of parameter is written."""
    cursor = connection.info.get(_HERE)
    if cursor is None or cursor.connection is not raw:
        cursor = connection.info[_HERE] = psycopg.Cursor(raw, row_factory=namedtuple_row)
    return cursor


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
