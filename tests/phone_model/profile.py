"""A volunteer's phone without a line: it says what it would send, and is told what came back (or that nothing did).

A port of the phone's own rules (mobile_api/pwa/src/protocol and storage), written so that one small method holds one
rule: the positive controls replace them one at a time. tests/vectors/sync holds both languages to the same answers.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from tests.phone_model.outbox import Outbox
from tests.phone_model.stream import Stream
from tests.phone_model.wire import Answer, Pull

RETAIN = timedelta(days=30)


class Profile(Outbox):
    """One user on one phone: the outbox, and a cache per stream that may be lost at any time.

    `page`: rows asked for at once. `build`: the app's, told with every pull; None: a phone that says nothing of itself.
    """

    def __init__(
        self,
        account: str,
        device: str,
        epoch: str,
        dice: random.Random,
        *,
        page: int = 200,
        build: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(account, device, epoch, dice, **more)
        self.page, self.build = page, build
        self.streams: dict[str, Stream] = {}

    # --- storage ---

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
        told = (
            {"build": self.build, "waiting": len(self.outbox), "dead": len(self.dead)} if self.build else {}
        )
        return Pull(name, s.gen, s.epoch, s.cursor, s.snapshot_head, s.rev, self.page, told)

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

    def row(self, kind: str, id_: str) -> dict[str, Any]:
        """What the cache says of one thing."""
        key = (kind, id_)
        data: dict[str, Any] = next(s.rows[key]["data"] for s in self.streams.values() if key in s.rows)
        return data

    @property
    def doors(self) -> set[str]:
        """The households in the cache."""
        return {id_ for s in self.streams.values() for kind, id_ in s.rows if kind == "household"}
