"""Plain SQL for the hot paths: no compilation, psycopg's own parameters (`%(name)s`), prepared after a few uses."""

from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session


def run(session: Session, statement: str, **values: Any) -> CursorResult[Any]:
    """Execute a constant `statement` in the session's transaction; nothing is flushed first."""
    return session.connection().exec_driver_sql(statement, values)
