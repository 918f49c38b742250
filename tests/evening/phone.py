"""A volunteer's phone as reliability/sync.md describes it, written from that text and not from the server's code.

It keeps a cache per stream, an outbox of sealed events, and believes only replies that are whole.
"""

import base64
import hashlib
import http.client
import json
import random
import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

VIETNAM = timezone(timedelta(hours=7))
_STATES = ("done_with_help", "does_alone", "shown", "blocked", "keeps_old_way")
_OUTCOMES = (
    ("helped",) * 12 + ("not_home",) * 5 + ("no_need", "refused", "rescheduled", "no_access", "moved_away")
)
_KEPT = frozenset(("accepted", "accepted_out_of_scope", "accepted_redacted"))


class NoReply(Exception):
    """Cut, lost, or not from our server: as if nothing had been answered."""


@dataclass(frozen=True)
class Event:
    """A sealed event: what is sent again and again, byte for byte, until it is answered."""

    id: str
    sha256: str
    core: str
    household: str


@dataclass
class Stream:
    """The cache of one stream and where the phone stands in it."""

    name: str
    gen: int | None = None
    epoch: str | None = None
    cursor: int | None = None
    snapshot_head: int | None = None
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    shadow: dict[str, dict[str, Any]] | None = None
    count: int | None = None
    digest: str | None = None

    def own_digest(self) -> tuple[int, str]:
        """The scope digest over what the phone holds (section 9)."""
        text = "".join(f"{row['kind']}\t{key}\t{row['v']}\n" for key, row in sorted(self.rows.items()))
        return len(self.rows), hashlib.sha256(text.encode()).hexdigest()

    @property
    def agrees(self) -> bool:
        """True when the phone holds exactly what the server said it should."""
        return self.own_digest() == (self.count, self.digest)


class Phone:
    """One phone on a bad line. `server`: the port for pairing; `line`: the port of the bad line."""

    def __init__(self, enrol_url: str, *, server: int, line: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.streams: dict[str, Stream] = {}
        self.outbox: list[Event] = []
        self.tapped: dict[str, Event] = {}
        self.answered: dict[str, Event] = {}
        self.dead: list[tuple[str, str]] = []
        self.duplicates = self.lost_replies = self.out_of_scope = 0
        self.visited: set[str] = set()
        self._line = line
        self._host = urlsplit(enrol_url).netloc
        self._cookie = ""
        self._clock = datetime.now(VIETNAM) - timedelta(hours=2)
        token = enrol_url.rpartition("/")[2]
        me = self._ask("POST", "/api/v1/enrol", {"token": token, "label": "Máy thử"}, port=server)
        self.account, self.device, self.epoch = me["account_id"], me["device_id"], me["epoch"]
        self._own = me["streams"][0]
        self._reasons = {
            one["code"]: [reason["code"] for reason in one["reasons"]]
            for one in self._ask("GET", "/api/v1/reference", None, port=server)["services"]
        }

    # --- what the volunteer does ---

    def to_do(self) -> list[str]:
        """Tonight's doors that were not tapped yet, in walking order."""
        doors = [
            (row["data"].get("walk", ""), row["data"].get("pos", 0), key)
            for stream in self.streams.values()
            for key, row in stream.rows.items()
            if row["kind"] == "household" and key not in self.visited
        ]
        return [key for _, _, key in sorted(doors)]

    def visit(self, household: str) -> None:
        """Knock, help, tap; now and then put right what was tapped before."""
        self.visited.add(household)
        outcome = self.random.choice(_OUTCOMES)
        payload: dict[str, Any] = {"outcome": outcome}
        if outcome == "helped":
            payload["results"] = self._results(household)
        first = self._seal(household, "visit", payload)
        if self.random.random() < 0.05:
            void = self.random.random() < 0.3
            change: dict[str, Any] = (
                {"void": True} if void else {"outcome": self.random.choice(_OUTCOMES[12:])}
            )
            self._seal(household, "correction", change, corrects=first.id)

    def _results(self, household: str) -> list[dict[str, Any]]:
        row = next(s.rows[household] for s in self.streams.values() if household in s.rows)
        results = []
        for person in row["data"].get("people", []):
            for state, services in person.get("services", {}).items():
                for service in services:
                    if state not in ("done_with_help", "does_alone") and self.random.random() < 0.3:
                        results.append(self._result(person["id"], service))
        return results[:40]

    def _result(self, resident: str, service: str) -> dict[str, Any]:
        state = self.random.choice(_STATES)
        result = {"resident": resident, "service": service, "state": state}
        if state == "blocked":
            result["reason"] = self.random.choice(self._reasons[service])
        return result

    def _seal(self, household: str, kind: str, payload: dict[str, Any], corrects: str | None = None) -> Event:
        self._clock = min(self._clock + timedelta(seconds=self.random.randint(30, 90)), datetime.now(VIETNAM))
        core: dict[str, Any] = {
            "schema": 1,
            "author": self.account,
            "household": household,
            "kind": kind,
            "device_time": self._clock.isoformat(timespec="milliseconds"),
            "tz": "Asia/Ho_Chi_Minh",
            "mono_ms": int(time.monotonic() * 1000),
            "offset_ms": 0,
            "offset_age_s": 5,
            "base_v": None,
            "salt": base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="),
            "payload": payload,
        }
        if corrects:
            core["corrects"] = corrects
        text = json.dumps(core, ensure_ascii=False)
        event = Event(_uuid7(), hashlib.sha256(text.encode()).hexdigest(), text, household)
        self.tapped[event.id] = event
        self.outbox.append(event)
        return event

    # --- what the phone does ---

    def push(self) -> None:
        """Send a batch: shuffled, with a few that were answered before; believe the reply only when it is whole."""
        batch = self.outbox[: self.random.randint(2, 12)]
        old = list(self.answered.values())
        if old and self.random.random() < 0.3:
            batch += self.random.sample(old, min(len(old), 3))
        if batch and self.random.random() < 0.1:
            batch.append(batch[0])
        if not batch:
            return
        self.random.shuffle(batch)
        body = {
            "proto": 1,
            "epoch": self.epoch,
            "device": self.device,
            "device_now": datetime.now(VIETNAM).isoformat(),
            "schema": 1,
            "n": len(batch),
            "items": [{"id": e.id, "sha256": e.sha256, "core": e.core} for e in batch],
        }
        try:
            reply = self._ask("POST", "/api/v1/sync/push", body)
            self._check(reply, batch)
        except NoReply:
            self.lost_replies += 1
            return
        for result in reply["results"]:
            self._take(result)

    def _check(self, reply: dict[str, Any], batch: list[Event]) -> None:
        whole = (
            reply.get("proto") == 1
            and reply.get("n") == len(batch)
            and reply.get("epoch") == self.epoch
            and {result["id"] for result in reply["results"]} == {event.id for event in batch}
        )
        if not whole:
            raise NoReply

    def _take(self, result: dict[str, Any]) -> None:
        code = result["code"]
        if code == "duplicate":
            self.duplicates += 1
            code = result["was"]
        if code in _KEPT:
            self.out_of_scope += code == "accepted_out_of_scope"
            self.answered[result["id"]] = self.tapped[result["id"]]
        elif code != "retry_later":
            self.dead.append((result["id"], result.get("reason", code)))
        else:
            return
        self.outbox = [event for event in self.outbox if event.id != result["id"]]

    def pull(self) -> None:
        """Every stream to its end, the own one first; a cut reply leaves everything where it was."""
        try:
            self._pull_stream(self._own)
            named = {row["data"]["stream"] for row in self.streams[self._own].rows.values()}
            for gone in self.streams.keys() - named - {self._own}:
                del self.streams[gone]
            for name in sorted(named):
                self._pull_stream(name)
        except NoReply:
            self.lost_replies += 1

    def _pull_stream(self, name: str) -> None:
        stream = self.streams.setdefault(name, Stream(name))
        while True:
            body = {
                "proto": 1,
                "schema": 1,
                "stream": name,
                "gen": stream.gen,
                "epoch": stream.epoch,
                "cursor": stream.cursor,
                "snapshot_head": stream.snapshot_head,
                "limit": 40,
                "device": {"build": "evening", "waiting": len(self.outbox), "dead": len(self.dead)},
            }
            page = self._ask("POST", "/api/v1/sync/pull", body)
            if page.get("proto") != 1 or page.get("stream") != name:
                raise NoReply
            self._apply(stream, page)
            if not page["more"]:
                return

    def _apply(self, stream: Stream, page: dict[str, Any]) -> None:
        if page["reset"]:
            stream.shadow = {}
        rows = stream.rows if stream.shadow is None else stream.shadow
        for row in page["rows"]:
            if row.get("deleted"):
                rows.pop(row["id"], None)
            else:
                rows[row["id"]] = row
        stream.gen, stream.epoch = page["gen"], page["epoch"]
        stream.cursor, stream.snapshot_head = page["next_cursor"], page["snapshot_head"]
        if not page["more"]:
            if stream.shadow is not None:
                stream.rows, stream.shadow = stream.shadow, None
            stream.count, stream.digest = page["scope_count"], page["scope_digest"]

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None, *, port: int | None = None
    ) -> dict[str, Any]:
        """One request on a connection of its own. Raises NoReply; any other status than 200 or 201 is a failure."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self._line, timeout=60)
        headers = {"Host": self._host, "X-Gocua-Client": "evening", "Connection": "close"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            raise NoReply from None
        finally:
            connection.close()
        if answer.getheader("Content-Type", "").partition(";")[0] != "application/json":
            raise NoReply
        if answer.status not in (200, 201):
            raise AssertionError(f"{path} answered {answer.status}: {text[:300]!r}")
        if cookie := answer.getheader("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError:
            raise NoReply from None
        return found


def _uuid7() -> str:
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))
