"""Positive controls: the protocol with one rule broken at a time, in the real server code or in the simulated phone.

Each names the rule, what must notice it, and where. A control that nothing notices fails the build: then the tests
would let the same mistake pass.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.refusal import Refusal
from backend.database import work
from backend.services import (
    derive,
    erasure,
    event_core,
    event_doors,
    event_store,
    events,
    feed,
    household_rows,
    people,
    pull,
    walks_live,
)
from backend.services.event_payload import BadEvent
from tests.sync.world import world as world_module
from tests.sync.world.phone import Answer, Event, Profile, Pull, Push, Stream
from tests.sync.world.world import World

Patch = pytest.MonkeyPatch
Break = Callable[[Patch], None]


@dataclass(frozen=True)
class Control:
    """`story`: the directed history that must go wrong; `breaks`: the invariants, of which one must be named there."""

    name: str
    story: str
    breaks: str
    phone: type[Profile] = Profile
    server: Break = lambda _patch: None


# --- phones that break a rule ---


class DeleteOnSend(Profile):
    def next_push(self, limit: int = 50) -> Push | None:
        push = super().next_push(limit)
        for item in push.items if push else ():
            del self.outbox[item.id]
        return push


class AckAllOnAny200(Profile):
    def take_push(self, push: Push, answer: Answer | None) -> str:
        if answer is not None and answer.status == 200:
            self.server_time = self.clock()
            for item in push.items:
                if item.id in self.outbox:
                    self.keep(self.outbox.pop(item.id), "accepted")
            return "taken"
        return super().take_push(push, answer)


class TakesAnyKind(Profile):
    """Looks at the status and not at what the answer is: a captive portal's page empties the outbox."""

    def take_push(self, push: Push, answer: Answer | None) -> str:
        if answer is not None and answer.status == 200 and answer.read() is None and b"<" in answer.body:
            self.outbox.clear()
            return "taken"
        return super().take_push(push, answer)


class CountUnchecked(Profile):
    """Does not compare n and ids: what the answer does not name counts as accepted."""

    def is_whole(self, push: Push, told: Any) -> bool:
        if not isinstance(told, dict) or "results" not in told:
            return False
        named = {result["id"] for result in told["results"]}
        told["results"] += [{"id": one.id, "code": "accepted"} for one in push.items if one.id not in named]
        return True


class AckOfAnyEpoch(Profile):
    def is_of_now(self, epoch: str) -> bool:
        return True


class NothingRetained(Profile):
    def keep(self, event: Event, code: str) -> None:
        if code == "accepted_redacted":
            super().keep(event, code)


class StaleRows(Profile):
    """A late page overwrites rows and leaves the higher cursor."""

    def is_latest(self, stream: Stream, pull: Pull) -> bool:
        return True

    def apply(self, stream: Stream, page: dict[str, Any]) -> None:
        if stream.cursor is not None and page["next_cursor"] < stream.cursor and not page["reset"]:
            self.write_rows(stream, page)
        else:
            super().apply(stream, page)


class EpochPerPhone(Profile):
    """One epoch for all profiles: the first to meet a new one takes it for the others, too."""

    phone: dict[str, str] = {}  # noqa: RUF012

    @property
    def epoch(self) -> str:
        return self.phone["epoch"]

    @epoch.setter
    def epoch(self, value: str) -> None:
        self.phone["epoch"] = value


class CursorBeforeRows(Profile):
    """The cursor is written, the phone dies, the rows are not."""

    died = False

    def write_rows(self, stream: Stream, page: dict[str, Any]) -> None:
        if page["rows"] and not self.died:
            self.died = True
            return
        super().write_rows(stream, page)


class RowsWithoutCursor(Profile):
    def apply(self, stream: Stream, page: dict[str, Any]) -> None:
        before = (stream.cursor, stream.snapshot_head)
        super().apply(stream, page)
        if page["more"]:
            stream.cursor, stream.snapshot_head = before


class HeadAsCursor(Profile):
    """Goes on from the head instead of from the last row that came."""

    def apply(self, stream: Stream, page: dict[str, Any]) -> None:
        super().apply(stream, page)
        stream.cursor = page["snapshot_head"] or page["next_cursor"]


class TombstoneIgnored(Profile):
    def write_rows(self, stream: Stream, page: dict[str, Any]) -> None:
        kept = [row for row in page["rows"] if not row.get("deleted")]
        super().write_rows(stream, page | {"rows": kept})


class AbsenceRemoves(Profile):
    """What a page does not name is taken for gone."""

    def write_rows(self, stream: Stream, page: dict[str, Any]) -> None:
        if stream.shadow is None and page["rows"]:
            stream.rows.clear()
        super().write_rows(stream, page)


class LogOutClears(Profile):
    def log_out(self) -> None:
        self.outbox.clear()


class PurgedByPhoneClock(Profile):
    def purge_clock(self) -> datetime:
        return self.clock()


class NotScrubbed(Profile):
    def settle(self, result: dict[str, Any]) -> None:
        codes = {"accepted_redacted": "accepted"}
        told = {name: codes.get(result[name], result[name]) for name in ("code", "was") if name in result}
        super().settle(result | told)

    def scrub(self, id_: str) -> None:
        """Nothing."""


class OneOutboxForAll(Profile):
    """The outbox is the phone's, not the profile's: whoever is logged in sends it."""

    phone: dict[str, Event] = {}  # noqa: RUF012

    @property
    def outbox(self) -> dict[str, Event]:
        return self.phone

    @outbox.setter
    def outbox(self, value: dict[str, Event]) -> None:
        self.phone.clear()


# --- servers that break a rule ---


def _sql(patch: Patch, room: Any, name: str, old: str, new: str) -> None:
    """Change one statement of the product; the old words must be there."""
    statement = getattr(room, name)
    assert old in statement, f"{room.__name__}.{name} no longer says {old!r}"
    patch.setattr(room, name, statement.replace(old, new))


def _page_sql(patch: Patch, old: str, new: str) -> None:
    assert old in pull._TEAM.page, f"the page no longer says {old!r}"
    patch.setattr(pull, "_TEAM", replace(pull._TEAM, page=pull._TEAM.page.replace(old, new)))


def _deaf(patch: Patch, room: Any, **instead: Any) -> None:
    """`room` calls the feed as before, but for what stands here instead."""
    names = {name: getattr(feed, name) for name in dir(feed) if not name.startswith("__")}
    patch.setattr(room, "feed", SimpleNamespace(**(names | instead)))


def poison_blocks(patch: Patch) -> None:
    read = event_core.read

    def strict(*args: Any) -> Any:
        try:
            return read(*args)
        except BadEvent:
            raise Refusal("bad_request", status=400) from None

    patch.setattr(events.event_core, "read", strict)
    patch.setattr(
        events, "read_item", lambda session, actor, item: strict(item, events.offered(session).catalogue)
    )


def no_tombstone(patch: Patch) -> None:
    _page_sql(patch, "AND f.seq > %(floor)s", "AND false AND f.seq > %(floor)s")


def no_dedupe(patch: Patch) -> None:
    _sql(
        patch,
        event_store,
        "_INSERT",
        "SELECT e.id, %(ward)s, decode",
        "SELECT CASE WHEN EXISTS (SELECT FROM visit_event x WHERE x.id = e.id) THEN gen_random_uuid()"
        " ELSE e.id END, %(ward)s, decode",
    )


def dedupe_by_content(patch: Patch) -> None:
    """The same outcome at the same door is "surely the same visit"."""
    _sql(
        patch,
        event_store,
        "_INSERT",
        "FROM e ON CONFLICT",
        "FROM e WHERE NOT EXISTS (SELECT FROM visit v WHERE v.household_id = e.link AND v.outcome = e.outcome)"
        " ON CONFLICT",
    )
    known = event_store._duplicates

    def answered(session: Any, actor: Any, cores: Any) -> Any:
        found = {core.id: {"code": "duplicate", "was": "accepted", "v": 1} for core in cores}
        return found | known(session, actor, cores)

    patch.setattr(event_store, "_duplicates", answered)


def hashes_not_compared(patch: Patch) -> None:
    def lenient(session: Any, actor: Any, cores: Any) -> Any:
        return {core.id: {"code": "duplicate", "was": "accepted", "v": 1} for core in cores}

    patch.setattr(event_store, "_duplicates", lenient)


def ids_forgotten(patch: Patch) -> None:
    old = "WHERE x.id = e.id AND x.received_at < now() - interval '7 days'"
    _sql(
        patch,
        event_store,
        "_INSERT",
        "SELECT e.id, %(ward)s, decode",
        f"SELECT CASE WHEN EXISTS (SELECT FROM visit_event x {old}) THEN gen_random_uuid() ELSE e.id END,"
        " %(ward)s, decode",
    )


def cursor_is_head(patch: Patch) -> None:
    page = pull._page

    def eager(session: Any, kind: Any, values: Any, ask: Any, head: Any) -> Any:
        rows, end = page(session, kind, values, ask, head)
        return rows, end | {"next_cursor": head.n}

    patch.setattr(pull, "_page", eager)


def author_of_session(patch: Patch) -> None:
    def lenient(session: Any, actor: Any, item: Any) -> Any:
        core = event_core.read(item, events.offered(session).catalogue)
        return replace(core, author=actor.account_id)

    patch.setattr(events, "read_item", lenient)


def answer_before_commit(patch: Patch) -> None:
    @contextmanager
    def crashing(_world: World) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(work, "commit", lambda session: session.rollback())
            yield

    patch.setattr(world_module.World, "crashing", crashing)


def epoch_not_rotated(patch: Patch) -> None:
    patch.setattr(world_module.World, "rotate", lambda _world: None)


def timeline_not_checked(patch: Patch) -> None:
    def trusting(session: Any) -> Any:
        return session.execute(text("SELECT epoch FROM server_meta")).scalar_one(), False

    patch.setattr(feed, "check_epoch", trusting)
    patch.setattr(
        pull,
        "_USER",
        replace(
            pull._USER, header=pull._USER.header.replace("m.timeline,", "live.live_timeline AS timeline,")
        ),
    )
    patch.setattr(
        pull,
        "_TEAM",
        replace(
            pull._TEAM, header=pull._TEAM.header.replace("m.timeline,", "live.live_timeline AS timeline,")
        ),
    )


def content_without_a_check(patch: Patch) -> None:
    """Whatever stands in a team's feed goes to everybody who has the stream."""
    everything = (
        "SELECT entity_id AS household_id, NULL::uuid AS walk_id, NULL::int AS position"
        " FROM change_feed WHERE audience = %(audience)s"
    )
    _page_sql(patch, pull.VISIBLE, everything)


def reassignment_not_touched(patch: Patch) -> None:
    _deaf(patch, walks_live, touch_households=lambda *_: None)


def ledger_not_replayed(patch: Patch) -> None:
    patch.setattr(erasure, "replay", lambda _session: 0)


def authors_not_told(patch: Patch) -> None:
    def touch(session: Any, kind: str, id_: Any, *, audience: str | None = None) -> None:
        if kind != "event":
            feed.touch(session, kind, id_, audience=audience)

    _deaf(patch, erasure, touch=touch)


def horizon_ignored(patch: Patch) -> None:
    reason = pull._reset_reason
    patch.setattr(
        pull, "_reset_reason", lambda ask, head: None if reason(ask, head) == "horizon" else reason(ask, head)
    )


def order_of_arrival(patch: Patch) -> None:
    """The time of arrival instead of the time of the visit."""
    arrive = event_store._arrive
    patch.setattr(
        event_store,
        "_arrive",
        lambda core, link, arrival: replace(arrive(core, link, arrival), est_time=arrival.at),
    )


def counted_up(patch: Patch) -> None:
    """Counters that go up with every event instead of a recount."""
    standing = household_rows._standing

    def all_of_them(events_: Any, changed: Any) -> Any:
        _, facts = standing(events_, changed)
        return [event for event in events_ if event.outcome is not None or event.kind == "correction"], facts

    patch.setattr(household_rows, "_standing", all_of_them)


def generation_ignored(patch: Patch) -> None:
    def quiet(session: Any, account: Any, audience: str, role: str, _ward: Any) -> None:
        session.execute(
            text("UPDATE stream_access SET role = :r WHERE user_id = :u AND audience = :a"),
            {"r": role, "u": account, "a": audience},
        )

    _deaf(patch, people, grant_stream=quiet)


def wards_not_kept_apart(patch: Patch) -> None:
    _sql(patch, event_doors, "_OPEN", "h.id = w.id AND h.ward_id = %(ward)s", "h.id = w.id")


def corrections_act_at_once(patch: Patch) -> None:
    """A correction whose visit has not come yet is forgotten."""
    standing = derive.standing
    forgotten: set[Any] = set()

    def impatient(facts: Any) -> Any:
        # Not by the place in `facts`: rows come in no order, and standing() needs none.
        told = list(facts)
        here = {fact.id for fact in told}
        forgotten.update(fact.id for fact in told if fact.corrects is not None and fact.corrects not in here)
        return standing([fact for fact in told if fact.id not in forgotten])

    patch.setattr(derive, "standing", impatient)


def merged_not_followed(patch: Patch) -> None:
    _sql(patch, event_doors, "_OPEN", "WHERE w.step < 8", "WHERE false")


def old_apps_refused(patch: Patch) -> None:
    check = feed.check_epoch

    def demanding(session: Any) -> Any:
        if session.execute(text("SELECT min_pull_schema FROM server_meta")).scalar_one() > 1:
            raise Refusal("upgrade", status=426)
        return check(session)

    patch.setattr(feed, "check_epoch", demanding)


def quarantine_refused(patch: Patch) -> None:
    from backend.services import sessions

    def closed(*_: Any, **__: Any) -> Any:
        raise Refusal("revoked", status=403)

    patch.setattr(sessions, "actor_of_left_device", closed)


CONTROLS = (
    Control("S1 poison blocks the batch", "D8 poison", "I9", server=poison_blocks),
    Control("S2 no tombstone", "D3 reassign offline", "I4", server=no_tombstone),
    Control("S3 no dedupe", "D6 lost reply", "I2", server=no_dedupe),
    Control("S4 delete on send", "D6 lost reply", "I1", DeleteOnSend),
    Control("S5 cursor = head", "D16 killed first sync", "I8", server=cursor_is_head),
    Control("S5b the phone goes on from the head", "D16 killed first sync", "I4", HeadAsCursor),
    Control("S6 author of the session", "D17 shared phone", "I7", OneOutboxForAll, author_of_session),
    Control("S7 acknowledge all on any 200", "D9 captive portal", "I1", AckAllOnAny200),
    Control("S7b captive portal accepted", "D9 captive portal", "I1", TakesAnyKind),
    Control("S7c n and ids not checked", "D9b an answer to something else", "I1", CountUnchecked),
    Control(
        "S8 epoch not rotated", "D14b the new history looks like the old one", "I3", server=epoch_not_rotated
    ),
    Control("S8b timeline not checked", "D14 failover", "I3", server=timeline_not_checked),
    Control("S9 answer before commit", "D7 crash mid-batch", "I1", server=answer_before_commit),
    Control("S11 nothing retained", "D11 restore", "I1", NothingRetained),
    Control("S12 stale rows", "D1 stale reply", "I8", StaleRows),
    Control("S13 hashes not compared", "D2 reused id", "I1", server=hashes_not_compared),
    Control("S14 epoch per phone", "D13 two profiles, one restore", "I3", EpochPerPhone),
    Control("S15 acknowledgement of another epoch", "D12 late ack across epochs", "I3", AckOfAnyEpoch),
    Control("S16 cursor before rows", "D16 killed first sync", "I4", CursorBeforeRows),
    Control("S16b rows without cursor", "D16 killed first sync", "I4", RowsWithoutCursor),
    Control("S17 content without a check", "D16 killed first sync", "I5", server=content_without_a_check),
    Control("S18 reassignment not touched", "D3 reassign offline", "I4", server=reassignment_not_touched),
    Control("S19 erasure ledger not replayed", "D21 consent", "I6", server=ledger_not_replayed),
    Control("S20 horizon ignored", "D30 cleaned feed", "I4", server=horizon_ignored),
    Control("S21 ids forgotten after 7 days", "D35 known for ever", "I2", server=ids_forgotten),
    Control("S22 author not told of an erasure", "D21 consent", "I6", server=authors_not_told),
    Control("S22b phone does not scrub", "D21 consent", "I6", NotScrubbed),
    Control("S23 log-out clears the outbox", "D18 log-out with waiting items", "I11", LogOutClears),
    Control("S24 purged by the phone's clock", "D27 clocks", "I3", PurgedByPhoneClock),
    Control(
        "S25 order of arrival",
        "D22 the later word wins, whichever came first",
        "I12",
        server=order_of_arrival,
    ),
    Control(
        "S25b a correction forgotten",
        "D22b a correction before its visit",
        "",
        server=corrections_act_at_once,
    ),
    Control("S26 generation ignored", "D28 role change", "I4", server=generation_ignored),
    Control("S27 tombstone ignored", "D5 cross-team move", "", TombstoneIgnored),
    Control("S28 absence removes", "D1 stale reply", "I4", AbsenceRemoves),
    Control("S29 counters that only go up", "D22b a correction before its visit", "", server=counted_up),
    Control("S30 dedupe by content", "D34 two volunteers at one door", "I2", server=dedupe_by_content),
    Control(
        "S31 an oracle across wards",
        "D33 another ward's door is an unknown door",
        "I5",
        server=wards_not_kept_apart,
    ),
    Control("S32 merged doors not followed", "D23 duplicate households", "", server=merged_not_followed),
    Control("S33 old apps may not push", "D24 old client", "", server=old_apps_refused),
    Control("S34 revoked phones may not hand over", "D20 revoked", "", server=quarantine_refused),
)
