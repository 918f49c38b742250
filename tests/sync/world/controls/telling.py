"""Servers that break one rule of what phones are told, or of the history it belongs to."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from backend.services import (
    erasure,
    feed,
    people,
    pull,
    walks_live,
)
from tests.sync.world.controls.patching import Patch, deaf
from tests.sync.world.server import Server


def no_tombstone(patch: Patch) -> None:
    _page_sql(patch, "AND f.seq > %(floor)s", "AND false AND f.seq > %(floor)s")


def cursor_is_head(patch: Patch) -> None:
    page = pull._page

    def eager(session: Any, kind: Any, values: Any, ask: Any, head: Any) -> Any:
        rows, end = page(session, kind, values, ask, head)
        return rows, end | {"next_cursor": head.n}

    patch.setattr(pull, "_page", eager)


def epoch_not_rotated(patch: Patch) -> None:
    patch.setattr(Server, "rotate", lambda _server: None)


def timeline_not_checked(patch: Patch) -> None:
    def trusting(session: Any) -> Any:
        return session.execute(text("SELECT epoch FROM server_meta")).scalar_one(), False

    def of_today(header: str) -> str:
        assert "m.timeline," in header
        return header.replace("m.timeline,", "live.live_timeline AS timeline,")

    patch.setattr(feed, "check_epoch", trusting)
    for name in ("_USER", "_TEAM"):
        kind = getattr(pull, name)
        patch.setattr(pull, name, replace(kind, begin=of_today(kind.begin), header=of_today(kind.header)))


def content_without_a_check(patch: Patch) -> None:
    """Whatever stands in a team's feed goes to everybody who has the stream."""
    everything = (
        "SELECT entity_id AS household_id, NULL::uuid AS walk_id, NULL::int AS position"
        " FROM change_feed WHERE audience = %(audience)s"
    )
    _page_sql(patch, pull.VISIBLE, everything)


def reassignment_not_touched(patch: Patch) -> None:
    deaf(patch, walks_live, touch_households=lambda *_: None)


def ledger_not_replayed(patch: Patch) -> None:
    patch.setattr(erasure, "replay", lambda _session: 0)


def authors_not_told(patch: Patch) -> None:
    def touch(session: Any, kind: str, id_: Any, *, audience: str | None = None) -> None:
        if kind != "event":
            feed.touch(session, kind, id_, audience=audience)

    deaf(patch, erasure, touch=touch)


def horizon_ignored(patch: Patch) -> None:
    reason = pull._reset_reason
    patch.setattr(
        pull, "_reset_reason", lambda ask, head: None if reason(ask, head) == "horizon" else reason(ask, head)
    )


def generation_ignored(patch: Patch) -> None:
    def quiet(session: Any, account: Any, audience: str, role: str, _ward: Any) -> None:
        session.execute(
            text("UPDATE stream_access SET role = :r WHERE user_id = :u AND audience = :a"),
            {"r": role, "u": account, "a": audience},
        )

    deaf(patch, people, grant_stream=quiet)


def _page_sql(patch: Patch, old: str, new: str) -> None:
    assert old in pull._TEAM.page, f"the page no longer says {old!r}"
    patch.setattr(pull, "_TEAM", replace(pull._TEAM, page=pull._TEAM.page.replace(old, new)))
