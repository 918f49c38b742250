"""A volunteer's phone without a line: it says what it would send, and is told what came back (or that nothing did).

A port of the phone's own rules (mobile_api/pwa/src/protocol and storage), written so that one small method holds one
rule: the positive controls replace them one at a time. tests/vectors/sync holds both languages to the same answers.
"""

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

VIETNAM = timezone(timedelta(hours=7))
MAX_ITEMS = 50
RETAIN = timedelta(days=30)
_RETAINED = frozenset(("accepted", "accepted_out_of_scope", "quarantined"))


@dataclass(frozen=True)
class Event:
    """A sealed event: sent byte for byte until it is answered.

    `core` is None once it was scrubbed; `trace` is then what keeps the volunteer's credit.
    """

    id: str
    sha256: str
    core: str | None
    author: str
    household: str
    trace: dict[str, Any] | None = None

    def wire(self) -> dict[str, Any]:
        """As an item of a push."""
        left = {"core": self.core} if self.core is not None else {"redacted": self.trace}
        return {"id": self.id, "sha256": self.sha256, **left}

    def scrubbed(self) -> "Event":
        """The same event without its words."""
        if self.core is None:
            return self
        core = json.loads(self.core)
        trace = {name: core[name] for name in ("author", "kind", "device_time", "tz", "offset_ms")}
        return Event(self.id, self.sha256, None, self.author, self.household, trace)


@dataclass(frozen=True)
class Kept:
    """An acknowledged event, kept so that phones can heal a restored server. `at`: server time."""

    event: Event
    code: str
    at: datetime


@dataclass(frozen=True)
class Answer:
    """What came back over the line; whether it is a reply is the phone's to judge."""

    status: int
    kind: str
    body: bytes

    def read(self) -> Any:
        """The body as JSON, or None when it is none."""
        if self.kind.partition(";")[0].strip() != "application/json":
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Push:
    """A request to store these events."""

    epoch: str
    device: str
    items: tuple[Event, ...]
    device_now: datetime

    def body(self) -> dict[str, Any]:
        """As it goes over the wire."""
        return {
            "proto": 1,
            "epoch": self.epoch,
            "device": self.device,
            "device_now": self.device_now.isoformat(timespec="milliseconds"),
            "schema": 1,
            "n": len(self.items),
            "items": [one.wire() for one in self.items],
        }


@dataclass(frozen=True)
class Pull:
    """A request for a page, made from one state of its stream."""

    stream: str
    gen: int | None
    epoch: str | None
    cursor: int | None
    snapshot_head: int | None
    rev: int
    limit: int

    def body(self) -> dict[str, Any]:
        """As it goes over the wire."""
        asked = ("stream", "gen", "epoch", "cursor", "snapshot_head", "limit")
        return {"proto": 1, "schema": 1} | {name: getattr(self, name) for name in asked}


Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass
class Stream:
    """One stream's cache and where the phone stands in it; `shadow`: a snapshot that is being built."""

    name: str
    gen: int | None = None
    epoch: str | None = None
    cursor: int | None = None
    snapshot_head: int | None = None
    rev: int = 0
    rows: Rows = field(default_factory=dict)
    shadow: Rows | None = None
    count: int | None = None
    digest: str | None = None
    done: bool = False
    forced: int = 0
    trail: list[tuple[str | None, int | None]] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """True when the phone holds exactly what the server said it should."""
        return (len(self.rows), scope_digest(self.rows.values())) == (self.count, self.digest)


def scope_digest(rows: Iterable[dict[str, Any]]) -> str:
    """One hash over everything a phone holds of a stream (section 9)."""
    lines = sorted((row["kind"], row["id"], row["v"]) for row in rows)
    return hashlib.sha256("".join(f"{k}\t{i}\t{v}\n" for k, i, v in lines).encode()).hexdigest()


class Profile:
    """One user on one phone: outbox, retained, dead letters, an epoch of its own, and a cache per stream."""

    def __init__(
        self,
        account: str,
        device: str,
        epoch: str,
        dice: random.Random,
        *,
        page: int = 200,
        clock: Callable[[], datetime] = lambda: datetime.now(VIETNAM),
    ) -> None:
        self.account, self.device, self.epoch, self.page = account, device, epoch, page
        self.dice, self.clock = dice, clock
        self.outbox: dict[str, Event] = {}
        self.retained: dict[str, Kept] = {}
        self.dead: dict[str, tuple[Event, str]] = {}
        self.streams: dict[str, Stream] = {}
        self.server_time: datetime | None = None
        self.offset_ms: int | None = 0

    # --- what the volunteer does ---

    def log(
        self,
        household: str,
        payload: dict[str, Any],
        kind: str = "visit",
        *,
        corrects: str | None = None,
        at: datetime | None = None,
        base_v: int | None = None,
        schema: int = 1,
    ) -> Event:
        """Seal an event and save it; from now on it must never be lost."""
        core: dict[str, Any] = {
            "schema": schema,
            "author": self.author(),
            "household": household,
            "kind": kind,
            "device_time": (at or self.clock()).isoformat(timespec="milliseconds"),
            "tz": "Asia/Ho_Chi_Minh",
            "mono_ms": 41_250,
            "offset_ms": self.offset_ms,
            "offset_age_s": None if self.offset_ms is None else 5,
            "base_v": base_v,
            "salt": base64.urlsafe_b64encode(self.dice.randbytes(16)).decode().rstrip("="),
            "payload": payload,
        }
        if corrects is not None:
            core["corrects"] = corrects
        text = json.dumps(core, ensure_ascii=False, separators=(",", ":"))
        event = Event(self.new_id(), sha256(text), text, core["author"], household)
        self.outbox[event.id] = event
        return event

    def author(self) -> str:
        """Who is logged in."""
        return self.account

    def new_id(self) -> str:
        """A UUIDv7; the phone's random bits, never a counter."""
        value = int(self.clock().timestamp() * 1000) << 80 | self.dice.getrandbits(80)
        value = value & ~(0xF << 76) | 0x7 << 76
        return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))

    def log_out(self) -> None:
        """With something waiting, logging out only locks (section 20): nothing is removed."""
        self.evict()

    def lose_everything(self) -> None:
        """The phone fell into the canal, or its storage was wiped: a new profile on a new database."""
        self.outbox.clear()
        self.retained.clear()
        self.dead.clear()
        self.streams.clear()

    def shut_out(self) -> None:
        """The server said "revoked": cache away, the outbox goes to quarantine."""
        self.streams.clear()

    def wipe(self) -> bool:
        """All was taken: outbox and retained go; false while something still waits."""
        if self.outbox:
            return False
        self.retained.clear()
        return True

    def evict(self) -> None:
        """The system took the cache; the outbox is another database."""
        self.streams.clear()

    # --- up ---

    def next_push(self, limit: int = MAX_ITEMS) -> Push | None:
        """What to send now, oldest first; None when nothing waits."""
        items = tuple(self.outbox.values())[:limit]
        return Push(self.epoch, self.device, items, self.clock()) if items else None

    def take_push(self, push: Push, answer: Answer | None) -> str:
        """What came back: "taken", or why everything stays where it is."""
        if answer is None:
            return self.unanswered(push, "no reply")
        told = answer.read()
        if answer.status != 200:
            code = told.get("code") if isinstance(told, dict) else None
            return self.unanswered(push, str(code or answer.status))
        if not self.is_whole(push, told):
            return self.unanswered(push, "no reply")
        if not self.is_of_now(told["epoch"]):
            return "old history"
        self.server_time = datetime.fromisoformat(told["server_time"])
        for result in told["results"]:
            self.settle(result)
        return "taken"

    def unanswered(self, push: Push, why: str) -> str:
        """A request without a proper reply: every item stays; the only item of a batch lets the others go first."""
        if len(push.items) == 1 and push.items[0].id in self.outbox:
            self.outbox[push.items[0].id] = self.outbox.pop(push.items[0].id)
        return why

    def is_whole(self, push: Push, told: Any) -> bool:
        """A reply counts only when it is complete and about exactly what was sent."""
        if not isinstance(told, dict) or told.get("proto") != 1 or told.get("n") != len(push.items):
            return False
        results = told.get("results")
        if not isinstance(results, list) or "epoch" not in told or "server_time" not in told:
            return False
        ids = [one.get("id") for one in results if isinstance(one, dict) and isinstance(one.get("code"), str)]
        return len(ids) == len(results) == len(push.items) and set(ids) == {item.id for item in push.items}

    def is_of_now(self, epoch: str) -> bool:
        """An acknowledgement of another history is none: it would mark as safe what this server never saw."""
        return epoch == self.epoch

    def settle(self, result: dict[str, Any]) -> None:
        """Move one item by its code; codes of a newer server keep it."""
        event = self.outbox.get(result["id"])
        if event is None:
            return
        code = result["code"]
        if code == "duplicate":
            code = result.get("was", "accepted")
        if code in _RETAINED:
            self.keep(event, code)
        elif code == "accepted_redacted":
            self.keep(event.scrubbed(), code)
        elif code == "invalid":
            self.dead[event.id] = (event, result.get("reason", ""))
        elif code == "id_conflict":
            renamed = replace(event, id=self.new_id())
            self.outbox[renamed.id] = renamed
        else:
            self.outbox[event.id] = self.outbox.pop(event.id)  # later; the others go first
            return
        del self.outbox[event.id]

    def keep(self, event: Event, code: str) -> None:
        """Acknowledged: kept for 30 days of the server's time."""
        assert self.server_time is not None
        self.retained[event.id] = Kept(event, code, self.server_time)

    def purge(self) -> None:
        """Drop what was acknowledged long ago, by the server's clock alone; only after a cycle of equal digests."""
        if self.server_time is None or not all(stream.agrees for stream in self.streams.values()):
            return
        self.retained = {
            id_: kept for id_, kept in self.retained.items() if self.purge_clock() - kept.at <= RETAIN
        }

    def purge_clock(self) -> datetime:
        """The clock by which retained events age."""
        assert self.server_time is not None
        return self.server_time

    # --- down ---

    @property
    def own_stream(self) -> str:
        """The stream of what concerns this person alone; it names the others."""
        return f"user:{self.account}"

    def named(self) -> list[str]:
        """The streams that the own one names."""
        own = self.streams.get(self.own_stream)
        rows = own.rows.values() if own else ()
        return sorted(row["data"]["stream"] for row in rows if row["kind"] == "stream")

    def forget_streams(self) -> None:
        """Drop the cache of streams that are no longer named."""
        for gone in self.streams.keys() - set(self.named()) - {self.own_stream}:
            del self.streams[gone]

    def next_pull(self, name: str) -> Pull:
        """The request for the next page of a stream."""
        s = self.streams.setdefault(name, Stream(name))
        return Pull(name, s.gen, s.epoch, s.cursor, s.snapshot_head, s.rev, self.page)

    def take_pull(self, pull: Pull, answer: Answer | None) -> str:
        """What came back: "more", "done", or why nothing was applied."""
        if answer is None:
            return "no reply"
        page = answer.read()
        if answer.status != 200:
            code = page.get("code") if isinstance(page, dict) else None
            if answer.status == 404 and code == "stream_gone":
                self.streams.pop(pull.stream, None)
                return "gone"
            return str(code or answer.status)
        if not self.is_page(pull, page):
            return "no reply"
        stream = self.streams.get(pull.stream)
        if stream is None or not self.is_latest(stream, pull):
            return "stale"
        self.server_time = datetime.fromisoformat(page["server_time"])
        self.meet_epoch(page["epoch"])
        self.apply(stream, page)
        return self.finish(stream, page)

    def is_page(self, pull: Pull, page: Any) -> bool:
        """A page counts only when it is one, of the stream that was asked for."""
        return isinstance(page, dict) and page.get("proto") == 1 and page.get("stream") == pull.stream

    def is_latest(self, stream: Stream, pull: Pull) -> bool:
        """A page is applied only onto the state it was asked from: rows and cursor belong together."""
        return stream.rev == pull.rev

    def meet_epoch(self, epoch: str) -> None:
        """The server tells another history: offer it everything again that the old one had."""
        if epoch != self.epoch:
            self.epoch = epoch
            self.offer_again()

    def offer_again(self) -> None:
        """Retained events go back to the outbox; of a scrubbed one, what keeps its credit."""
        for id_ in list(self.retained):
            self.outbox[id_] = self.retained.pop(id_).event

    def apply(self, stream: Stream, page: dict[str, Any]) -> None:
        """Rows, tombstones and cursor in one step."""
        if page["reset"]:
            stream.shadow = {}
            stream.trail.clear()
        self.write_rows(stream, page)
        stream.gen, stream.epoch = page["gen"], page["epoch"]
        stream.cursor, stream.snapshot_head = page["next_cursor"], page["snapshot_head"]
        stream.rev += 1
        stream.trail.append((stream.epoch, stream.cursor))

    def write_rows(self, stream: Stream, page: dict[str, Any]) -> None:
        """Put rows, take tombstoned ones away; only a tombstone or a whole snapshot removes."""
        rows = stream.rows if stream.shadow is None else stream.shadow
        for row in page["rows"]:
            key = (row["kind"], row["id"])
            if row.get("deleted"):
                rows.pop(key, None)
                if row["kind"] == "event":
                    self.scrub(row["id"])
            else:
                rows[key] = row

    def scrub(self, id_: str) -> None:
        """Erased on the server: id, hash, author and times stay, the content goes."""
        kept = self.retained.get(id_)
        if kept is not None:
            self.retained[id_] = Kept(kept.event.scrubbed(), kept.code, kept.at)

    def finish(self, stream: Stream, page: dict[str, Any]) -> str:
        """After the last page: swap a snapshot in, compare digests, take a snapshot when they differ."""
        if page.get("reset_reason") == "ahead":
            self.offer_again()
        if page["more"]:
            return "more"
        if stream.shadow is not None:
            stream.rows, stream.shadow = stream.shadow, None
        stream.count, stream.digest = page["scope_count"], page["scope_digest"]
        if stream.agrees:
            stream.done = True
            return "done"
        stream.done = False
        if stream.forced < 2:
            stream.forced += 1
            stream.cursor = stream.snapshot_head = None
            stream.rev += 1
            self.offer_again()
            return "more"
        return "differs"

    @property
    def doors(self) -> set[str]:
        """The households in the cache."""
        return {id_ for s in self.streams.values() for kind, id_ in s.rows if kind == "household"}


def sha256(text: str) -> str:
    """Lower-case hex over the UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()
