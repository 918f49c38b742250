"""Plain SQL for the hot paths: no compilation, psycopg's own parameters (`%(name)s`), prepared after a few uses."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session


def run(session: Session, statement: str, **values: Any) -> CursorResult[Any]:
    """Execute a constant `statement` in the session's transaction; nothing is flushed first."""
    return session.connection().exec_driver_sql(statement, values)


def table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as one JSON parameter for json_to_recordset, far cheaper to send than an array per column.

    UUIDs and times become text, bytes hexadecimal: say `decode(column, 'hex')` for those.
    """
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
