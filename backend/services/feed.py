"""The change feed (sync.md, section 6): every service that changes what a phone can see calls `touch`.

The edge of the request or job flushes once, as the last statements before COMMIT, so that numbers become visible
in the order in which they were given.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import event, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.models import ServerMeta, StreamAccess, StreamHead
from backend.services import household_rows
from backend.services.sql import run, uuids

_TOUCHED = "gocua_touched"

# `who`: who sees a household now, and who has seen it (they will read a tombstone), and what belongs to one stream.
# The heads are locked in ascending order, all of them before any number is given; a missing head fails on NOT NULL.
_NUMBER = """
    WITH who AS (
      SELECT 'team:' || a.team_id AS audience, 'household' AS kind, a.household_id AS id FROM assignment a
      WHERE a.household_id = ANY(%(ids)s::uuid[]) AND a.started_at IS NOT NULL AND a.ended_at IS NULL
      UNION
      SELECT 'team:' || m.team_id, 'household', h.id FROM household h
      JOIN membership m ON m.account_id = h.added_by AND m.team_id IS NOT NULL AND m.valid_to IS NULL
      WHERE h.id = ANY(%(ids)s::uuid[]) AND h.stub
      UNION
      SELECT f.audience, f.kind, f.entity_id FROM change_feed f
      WHERE f.kind = 'household' AND f.entity_id = ANY(%(ids)s::uuid[])
      UNION
      SELECT * FROM unnest(%(audiences)s::text[], %(kinds)s::text[], %(others)s::uuid[])
    ), k AS (
      SELECT audience, count(*) AS n FROM who GROUP BY audience
    ), heads AS (
      SELECT h.audience FROM stream_head h WHERE h.audience IN (SELECT k.audience FROM k)
      ORDER BY h.audience FOR NO KEY UPDATE
    ), moved AS (
      UPDATE stream_head h SET n = h.n + k.n FROM heads JOIN k USING (audience) WHERE h.audience = heads.audience
      RETURNING h.audience, h.n - k.n AS before
    )
    INSERT INTO change_feed (audience, kind, entity_id, seq)
    SELECT w.audience, w.kind, w.id,
           m.before + row_number() OVER (PARTITION BY w.audience ORDER BY w.kind, w.id)
    FROM who w LEFT JOIN moved m ON m.audience = w.audience
    ON CONFLICT (audience, kind, entity_id) DO UPDATE SET seq = EXCLUDED.seq, changed_at = EXCLUDED.changed_at
"""


def team_stream(team_id: UUID) -> str:
    """The audience of a team's shared work."""
    return f"team:{team_id}"


def user_stream(account_id: UUID) -> str:
    """The audience of what concerns one person."""
    return f"user:{account_id}"


def touch(session: Session, kind: str, entity_id: UUID, *, audience: str | None = None) -> None:
    """Note that an entity changed; `audience` only for kinds that belong to one stream (stream, event)."""
    session.info.setdefault(_TOUCHED, set()).add((kind, entity_id, audience))


def touch_households(session: Session, household_ids: Iterable[UUID]) -> None:
    """Note that these households changed, or that who sees them changed."""
    for household_id in household_ids:
        touch(session, "household", household_id)


def flush_touches(session: Session) -> None:
    """Number everything touched in this transaction; called by the edge right before COMMIT."""
    touched: set[tuple[str, UUID, str | None]] = session.info.pop(_TOUCHED, set())
    if not touched:
        return
    session.flush()
    households = sorted({entity_id for kind, entity_id, _ in touched if kind == "household"})
    if households:
        household_rows.rewrite(session, households, changed=True)
    others = [(audience, kind, id_) for kind, id_, audience in touched if audience is not None]
    run(
        session,
        _NUMBER,
        ids=uuids(households),
        audiences=[audience for audience, _, _ in others],
        kinds=[kind for _, kind, _ in others],
        others=[id_ for _, _, id_ in others],
    )


def open_stream(session: Session, audience: str, ward_id: UUID) -> None:
    """Create a stream with its team or account; a missing head would fail the flush loudly."""
    session.execute(
        insert(StreamHead).values(audience=audience, ward_id=ward_id, n=0, horizon=0).on_conflict_do_nothing()
    )


def grant_stream(session: Session, account_id: UUID, audience: str, role: str, ward_id: UUID) -> None:
    """Give an account a stream, or change its rights there as a whole: `gen` grows and its phones start over."""
    statement = insert(StreamAccess).values(
        user_id=account_id, audience=audience, ward_id=ward_id, role=role, gen=1, ended_at=None
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "audience"],
            set_={"role": role, "gen": StreamAccess.gen + 1, "ended_at": None},
        )
    )
    touch(session, "stream", stream_entity(audience), audience=user_stream(account_id))


def end_stream(session: Session, account_id: UUID, audience: str) -> None:
    """Take a stream away; the account's phones read a tombstone and drop its rows."""
    session.execute(
        text(
            "UPDATE stream_access SET ended_at = now() WHERE user_id = :u AND audience = :a AND ended_at IS NULL"
        ),
        {"u": account_id, "a": audience},
    )
    touch(session, "stream", stream_entity(audience), audience=user_stream(account_id))


def stream_entity(audience: str) -> UUID:
    """The entity id of a stream in a `user:` feed: the id of its team or account."""
    return UUID(audience.partition(":")[2])


def live_history(session: Session) -> tuple[int, int]:
    """System identifier and timeline of the cluster as it is now (sync.md, section 12)."""
    row = session.execute(text(LIVE_HISTORY)).one()
    return int(row[0]), int(row[1])


LIVE_HISTORY = (
    "SELECT (SELECT system_identifier FROM pg_control_system()), "
    "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"
)


def check_epoch(session: Session) -> tuple[UUID, bool]:
    """The epoch, and whether the cluster was found to be another one: then a new epoch is committed at once."""
    row = run(session, _EPOCH).one_or_none()
    if row is not None and (row.system_id, row.timeline) == (row.live_system, row.live_timeline):
        return row.epoch, False
    session.rollback()
    epoch = ensure_epoch(session).epoch
    session.commit()
    return epoch, True


_EPOCH = f"""
    SELECT m.epoch, m.system_id, m.timeline, live.*
    FROM server_meta m CROSS JOIN ({LIVE_HISTORY}) AS live(live_system, live_timeline)
"""  # noqa: S608  # constants only


def ensure_epoch(session: Session) -> ServerMeta:
    """The server's history; a new random epoch when there is none or the cluster is not the one it was made on."""
    system_id, timeline = live_history(session)
    meta = session.get(ServerMeta, True, with_for_update=True)
    if meta is None:
        meta = ServerMeta(epoch=uuid4(), epoch_since=now(), system_id=system_id, timeline=timeline)
        session.add(meta)
    elif (meta.system_id, meta.timeline) != (system_id, timeline):
        meta.epoch, meta.epoch_since = uuid4(), now()
        meta.system_id, meta.timeline = system_id, timeline
    session.flush()
    return meta


def rotate_epoch(session: Session) -> ServerMeta:
    """Begin another history: after a restore, or when a disk was put back behind the server's back."""
    meta = ensure_epoch(session)
    meta.epoch, meta.epoch_since = uuid4(), now()
    session.flush()
    return meta


@event.listens_for(Session, "after_rollback")
def _forget_touches(session: Session, *_: Any) -> None:
    session.info.pop(_TOUCHED, None)


work.before_commit.append(flush_touches)
