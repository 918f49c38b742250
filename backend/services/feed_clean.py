"""Old rows of the feed go (sync.md, section 6): of what nobody can see any more, 60 days after it last changed.

A phone that was away for longer reads in `horizon` that it must take a snapshot; whoever was here since then is past it.
"""

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.services.phone_scope import ALIVE
from backend.services.sql import run

# More than a phone's lease and the 30 days for which it keeps what it has sent.
KEPT = timedelta(days=60)
BATCH = 500
# Wider than what any one phone sees (phone_scope.VISIBLE): a row of what somebody sees must never go. Events are
# tombstones only, of what was erased.
_SEEN = f"""CASE f.kind
    WHEN 'household' THEN EXISTS (
      SELECT FROM household h WHERE h.id = f.entity_id AND {ALIVE} AND (h.stub OR EXISTS (
        SELECT FROM assignment a WHERE a.household_id = h.id AND 'team:' || a.team_id = f.audience
          AND a.started_at IS NOT NULL AND a.ended_at IS NULL)))
    WHEN 'stream' THEN EXISTS (
      SELECT FROM stream_access s WHERE s.ended_at IS NULL AND s.audience = 'team:' || f.entity_id
        AND f.audience = 'user:' || s.user_id)
    ELSE false END"""  # noqa: S608  # constants only
_STREAMS = "SELECT audience FROM stream_head ORDER BY audience"
_OLD = f"""
    SELECT f.kind, f.entity_id FROM change_feed f
    WHERE f.audience = %(audience)s AND f.changed_at < %(before)s AND NOT {_SEEN} ORDER BY f.seq LIMIT %(batch)s
"""  # noqa: S608
_ANYTHING = f"SELECT EXISTS ({_OLD})"
# A push that is at this stream right now goes first: its rows come the next night.
_LOCK = "SELECT n FROM stream_head WHERE audience = %(audience)s FOR NO KEY UPDATE SKIP LOCKED"
_CLEAN = f"""
    WITH old AS ({_OLD}), gone AS (
      DELETE FROM change_feed f USING old
      WHERE f.audience = %(audience)s AND f.kind = old.kind AND f.entity_id = old.entity_id RETURNING f.seq
    ), raised AS (
      UPDATE stream_head SET horizon = GREATEST(horizon, (SELECT max(seq) FROM gone))
      WHERE audience = %(audience)s AND EXISTS (SELECT FROM gone)
    )
    SELECT count(*) FROM gone
"""  # noqa: S608


def clean(engine: Engine) -> int:
    """Delete what is old and unseen, stream by stream, at most BATCH rows in a transaction; returns how many."""
    with work.unit_of_work(engine) as session:
        audiences = [row.audience for row in run(session, _STREAMS)]
    values = {"before": now() - KEPT, "batch": BATCH}
    deleted = 0
    for audience in audiences:
        while True:
            with work.unit_of_work(engine) as session:
                found = _batch(session, {"audience": audience, **values})
            deleted += found
            if found < BATCH:
                break
    return deleted


def _batch(session: Session, values: dict[str, object]) -> int:
    """One batch of one stream; 0 also where somebody else holds its head.

    What became visible before the head was ours is seen by the last statement, which begins after it; what becomes
    visible later waits for the head and then gets a new row.
    """
    if not run(session, _ANYTHING, **values).scalar() or not run(session, _LOCK, **values):
        return 0
    return int(run(session, _CLEAN, **values).scalar())
