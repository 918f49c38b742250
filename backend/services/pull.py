"""What phones pull (sync.md, section 8): one page of one stream, loaded through the scoped query now.

Two statements, one when there is nothing new. The transaction is REPEATABLE READ and READ ONLY (the door
sets it up), so that page, head and digest are of one moment. Rows are stored ready for the wire and never parsed.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.core.refusal import Refusal
from backend.services import feed, household_rows
from backend.services.actor import Actor
from backend.services.phone_scope import ALIVE, VISIBLE, parameters
from backend.services.sql import run

PROTO = 1
DEFAULT_LIMIT, MAX_LIMIT = 200, 500
# A phone's word about itself is written when it changed, and every so often as a sign of life.
_SIGN_OF_LIFE = timedelta(minutes=5)

_SEEN = f"""
    SELECT h.id, h.v, seen.walk_id, seen.position
    FROM ({VISIBLE}) seen JOIN household h ON h.id = seen.household_id WHERE {ALIVE}
"""  # noqa: S608  # constants only
_STREAMS = """
    SELECT split_part(audience, ':', 2)::uuid AS id, gen AS v, role FROM stream_access
    WHERE user_id = %(user)s AND ended_at IS NULL AND audience = ANY(%(streams)s::text[])
"""
_DIGEST = """
    SELECT count(*) || ' ' || encode(sha256(convert_to(COALESCE(
      string_agg('{kind}' || chr(9) || id || chr(9) || v || chr(10), '' ORDER BY id), ''), 'UTF8')), 'hex')
    FROM ({visible}) one
"""
# `scope` only where nothing is new. A snapshot has a statement of its own without it: a plan that serves both is never
# cheaper than one made for each pull, so PostgreSQL would make one for each pull.
_SCOPE = """
    CASE WHEN h.n = %(cursor)s AND m.epoch = %(epoch)s AND a.gen = %(gen)s THEN ({digest}) END
"""
_HEADER = """
    SELECT m.epoch, m.system_id, m.timeline, m.min_pull_schema, m.remind_pull_schema, live.*, h.n, h.horizon, a.gen,
           d.last_seen_at, d.app_build, d.persisted, d.installed, d.waiting, d.dead, d.oldest_waiting_s, d.app_schema,
           {scope} AS scope
    FROM server_meta m
    CROSS JOIN ({live}) AS live(live_system, live_timeline)
    LEFT JOIN stream_head h ON h.audience = %(audience)s
    LEFT JOIN ({access}) a ON true
    LEFT JOIN device d ON d.id = %(device)s
"""
_TEAM_ACCESS = """
    SELECT gen FROM stream_access WHERE user_id = %(user)s AND audience = %(audience)s AND ended_at IS NULL
"""
# A person's own stream is never taken away and its rights never change.
_USER_ACCESS = "SELECT 1 AS gen"
# The last row of a page has no number: it holds the digest, when the page covers all there is.
_TEAM_PAGE = f"""
    WITH seen AS ({_SEEN}), page AS (
      SELECT f.seq, f.kind, f.entity_id, s.v, s.walk_id, s.position
      FROM seen s JOIN change_feed f ON f.audience = %(audience)s AND f.kind = 'household' AND f.entity_id = s.id
      WHERE f.seq > %(cursor)s
      UNION ALL
      SELECT f.seq, f.kind, f.entity_id, NULL, NULL, NULL FROM change_feed f
      WHERE f.audience = %(audience)s AND f.seq > %(floor)s
        AND NOT EXISTS (SELECT FROM seen s WHERE s.id = f.entity_id AND f.kind = 'household')
      ORDER BY seq LIMIT %(limit)s
    )
    SELECT page.seq, page.kind, page.entity_id::text, page.v, page.walk_id::text, page.position, w.row_enc,
           NULL AS scope
    FROM page LEFT JOIN household_view w ON w.household_id = page.entity_id AND page.v IS NOT NULL
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           CASE WHEN (SELECT count(*) FROM page) < %(limit)s THEN ({_DIGEST.format(kind="household", visible="SELECT * FROM seen")}) END
    ORDER BY seq NULLS LAST
"""  # noqa: S608
# The phone begins a snapshot with an empty list, but its sent events stay: what was erased is named to it each time.
_USER_PAGE = f"""
    WITH page AS (
      SELECT f.seq, f.kind, f.entity_id::text, s.v, s.role FROM change_feed f
      LEFT JOIN ({_STREAMS}) s ON f.kind = 'stream' AND s.id = f.entity_id
      WHERE f.audience = %(audience)s AND f.seq > %(cursor)s AND (s.id IS NOT NULL OR f.seq > %(floor)s OR f.kind = 'event')
      ORDER BY f.seq LIMIT %(limit)s
    )
    SELECT *, NULL AS scope FROM page
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL,
           CASE WHEN (SELECT count(*) FROM page) < %(limit)s THEN ({_DIGEST.format(kind="stream", visible=_STREAMS)}) END
    ORDER BY seq NULLS LAST
"""  # noqa: S608
_TEAM_DIGEST = _DIGEST.format(kind="household", visible=_SEEN)
_USER_DIGEST = _DIGEST.format(kind="stream", visible=_STREAMS)


class AnotherHistory(Exception):
    """The cluster is not the one that the epoch was made on: give it a new epoch, then ask again."""


@dataclass(frozen=True)
class Telemetry:
    """What a phone says of itself."""

    app_build: str | None = None
    persisted: bool | None = None
    installed: bool | None = None
    waiting: int | None = None
    dead: int | None = None
    oldest_waiting_s: int | None = None
    app_schema: int | None = None


@dataclass(frozen=True)
class Ask:
    """Which page of which stream; `cursor` None asks for a snapshot."""

    stream: str
    schema: int
    gen: int | None = None
    epoch: UUID | None = None
    cursor: int | None = None
    snapshot_head: int | None = None
    limit: int = DEFAULT_LIMIT
    device: Telemetry = Telemetry()


@dataclass(frozen=True)
class Page:
    """The reply as JSON text, and whether the phone's word about itself is due to be written down."""

    text: str
    device_due: bool


@dataclass(frozen=True)
class _Kind:
    """How one kind of stream is read: `begin` and `header` before the page, of a snapshot and of what is new."""

    begin: str
    header: str
    page: str


def _kind(access: str, page: str, digest: str) -> _Kind:
    begin, header = (
        _HEADER.format(scope=scope, live=feed.LIVE_HISTORY, access=access)
        for scope in ("NULL", _SCOPE.format(digest=digest))
    )
    return _Kind(begin, header, page)


_TEAM = _kind(_TEAM_ACCESS, _TEAM_PAGE, _TEAM_DIGEST)
_USER = _kind(_USER_ACCESS, _USER_PAGE, _USER_DIGEST)


def pull(session: Session, actor: Actor, ask: Ask) -> Page:
    """One page. Raises Refusal stream_gone (404) or upgrade (426), AnotherHistory for the door to heal."""
    kind, values = _stream(actor, ask)
    snapshot = ask.cursor is None or ask.snapshot_head is not None
    head = run(session, kind.begin if snapshot else kind.header, **values).one_or_none()
    if head is None:
        raise AnotherHistory
    if (head.system_id, head.timeline) != (head.live_system, head.live_timeline):
        raise AnotherHistory
    if head.min_pull_schema > ask.schema:
        raise Refusal("upgrade", status=426)
    if head.n is None or head.gen is None:
        raise Refusal("stream_gone", status=404)
    reply: dict[str, Any] = {
        "proto": PROTO,
        "epoch": str(head.epoch),
        "server_time": server_time(),
        "stream": ask.stream,
        "gen": head.gen,
        "reset": False,
        "reset_reason": None,
    }
    if head.remind_pull_schema > ask.schema:
        reply["outdated"] = True
    page, end = ("", _last(head.n, head.scope)) if head.scope else _page(session, kind, values, ask, head)
    reply |= end
    text = json.dumps(reply, separators=(",", ":"))
    return Page(f'{text[:-1]},"rows":[{page}]}}', _device_due(head, ask))


def server_time() -> str:
    """The server's clock as it goes over the wire: UTC, milliseconds."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def _stream(actor: Actor, ask: Ask) -> tuple[_Kind, dict[str, Any]]:
    values: dict[str, Any] = {
        "audience": ask.stream,
        "cursor": ask.cursor,
        "epoch": ask.epoch,
        "gen": ask.gen,
        "device": actor.device_id,
    }
    if ask.stream == feed.user_stream(actor.account_id):
        values |= {"user": actor.account_id, "streams": [feed.team_stream(team) for team in actor.teams]}
        return _USER, values
    for team in actor.teams:
        if ask.stream == feed.team_stream(team):
            return _TEAM, values | parameters(actor, team)
    raise Refusal("stream_gone", status=404)


def _page(
    session: Session, kind: _Kind, values: dict[str, Any], ask: Ask, head: Any
) -> tuple[str, dict[str, Any]]:
    """The rows of the page as JSON text, and the end of the reply."""
    reason = _reset_reason(ask, head)
    cursor = ask.cursor if reason is None and ask.cursor is not None else 0
    snapshot_head = head.n if reason else ask.snapshot_head
    values |= {
        "cursor": cursor,
        # The phone starts a snapshot empty: what is gone since before it needs no tombstone.
        "floor": max(cursor, snapshot_head or 0),
        "limit": ask.limit + 1,
    }
    *found, last = run(session, kind.page, **values)
    more = len(found) > ask.limit
    rows = found[: ask.limit]
    end: dict[str, Any] = {"reset": reason is not None, "reset_reason": reason}
    if more:
        end |= {
            "next_cursor": rows[-1].seq,
            "snapshot_head": snapshot_head,
            "more": True,
            "scope_count": None,
            "scope_digest": None,
        }
    else:
        # All that the stream holds at this moment is covered, so its number of this same moment is reached.
        end |= _last(head.n, last.scope)
    wire = _household(keyring().open) if kind is _TEAM else _stream_row
    return ",".join([_tombstone(row) if row.v is None else wire(row) for row in rows]), end


def _last(cursor: int, scope: str) -> dict[str, Any]:
    count, _, digest = scope.partition(" ")
    return {
        "next_cursor": cursor,
        "snapshot_head": None,
        "more": False,
        "scope_count": int(count),
        "scope_digest": digest,
    }


def _reset_reason(ask: Ask, head: Any) -> str | None:
    if ask.cursor is None:
        return "first"
    if ask.epoch != head.epoch:
        return "epoch"
    if ask.gen != head.gen:
        return "gen"
    if ask.cursor > head.n:
        return "ahead"
    known = ask.cursor if ask.snapshot_head is None else ask.snapshot_head
    return "horizon" if known < head.horizon else None


def _tombstone(row: Any) -> str:
    return f'{{"kind":"{row.kind}","id":"{row.entity_id}","deleted":true}}'


def _household(open_: Callable[[bytes, str], bytes]) -> Callable[[Any], str]:
    def wire(row: Any) -> str:
        data = open_(row.row_enc, household_rows.CONTEXT).decode()
        place = f'"walk":"{row.walk_id}","pos":{row.position},' if row.walk_id else ""
        return f'{{"kind":"household","id":"{row.entity_id}","v":{row.v},"data":{{{place}{data[1:]}}}'

    return wire


def _stream_row(row: Any) -> str:
    data = f'{{"stream":"team:{row.entity_id}","role":"{row.role}","gen":{row.v}}}'
    return f'{{"kind":"stream","id":"{row.entity_id}","v":{row.v},"data":{data}}}'


def _device_due(head: Any, ask: Ask) -> bool:
    if head.last_seen_at is None or now() - head.last_seen_at > _SIGN_OF_LIFE:
        return True
    return any(
        value is not None and value != getattr(head, name) for name, value in ask.device.__dict__.items()
    )
