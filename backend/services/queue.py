"""Put work off until after the request: a job in the same database, in the same transaction."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session


def defer(session: Session, task: str, *, after: timedelta | None = None, **args: object) -> int:
    """Defer the job `task` (a name under backend/jobs) with `args`, not before `after`; returns its number.

    The job row belongs to the session's transaction: a worker sees it after COMMIT, a rollback takes it away.
    `args`: JSON values; UUIDs become text. Ids only, never personal data: the queue is not encrypted.
    """
    # Only those who defer pay for the import, and the web process seldom does.
    from procrastinate import App, PsycopgConnector

    # Never opened: the statement runs on the session's own connection.
    app = App(connector=PsycopgConnector())
    session.flush()
    deferrer = app.configure_task(
        task,
        allow_unknown=True,
        connection=session.connection().connection.driver_connection,
        schedule_in={"seconds": int(after.total_seconds())} if after else None,
    )
    return deferrer.defer(
        **{key: str(value) if isinstance(value, UUID) else value for key, value in args.items()}  # type: ignore[arg-type]  # JSON by contract
    )
