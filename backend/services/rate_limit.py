"""Slow down guessing: attempts per window, counted where all processes see them."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete
from sqlalchemy.dialects.postgresql import insert

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.core.refusal import Refusal
from backend.models import RateLimit


def hit(engine: Engine, what: str, who: str, *, limit: int, window: timedelta) -> None:
    """Count one attempt of `who` at `what`; the count stays even when the request is rolled back.

    Raises Refusal("too_many", status 429) above `limit` in the current window. Only a keyed hash is stored.
    """
    key = keyring().blind(f"{what}\0{who}", "rate_limit")
    moment = now()
    start = datetime.fromtimestamp(
        moment.timestamp() // window.total_seconds() * window.total_seconds(), tz=moment.tzinfo
    )
    statement = (
        insert(RateLimit)
        .values(key=key, window_start=start, n=1)
        .on_conflict_do_update(
            index_elements=[RateLimit.key, RateLimit.window_start], set_={"n": RateLimit.n + 1}
        )
        .returning(RateLimit.n)
    )
    # engine.engine: a connection of its own, even where a test has put its one connection in the engine's place.
    with engine.engine.begin() as connection:
        count = connection.execute(statement).scalar_one()
    if count > limit:
        minutes = max(1, round((start + window - moment).total_seconds() / 60))
        raise Refusal("too_many", status=429, minutes=minutes)


def forget_old(engine: Engine, *, older_than: timedelta = timedelta(days=1)) -> None:
    """Delete windows that are over; a daily job calls it."""
    with engine.begin() as connection:
        connection.execute(delete(RateLimit).where(RateLimit.window_start < now() - older_than))
