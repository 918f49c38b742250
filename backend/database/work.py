"""A unit of work outside a request: one session, one commit at its end, the feed flushed last."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

# Called with the session as the last statements before COMMIT (the services register the feed's flush here,
# so that this room need not know them).
before_commit: list[Callable[[Session], None]] = []


def commit(session: Session) -> None:
    """Commit once, after everything that must be the last word of the transaction has been said."""
    for hook in before_commit:
        hook(session)
    if session.in_transaction():
        session.commit()


@contextmanager
def unit_of_work(engine: Engine) -> Iterator[Session]:
    """A session that commits at the end of the block and rolls back on any exception."""
    with Session(engine, expire_on_commit=False) as session:
        try:
            yield session
            commit(session)
        except BaseException:
            session.rollback()
            raise
