"""What a phone keeps and what goes over the line: events, requests, and what came back."""

import base64
import hashlib
import json
import random
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any


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
    device: dict[str, Any]

    def body(self) -> dict[str, Any]:
        """As it goes over the wire."""
        asked = ("stream", "gen", "epoch", "cursor", "snapshot_head", "limit", "device")
        return {"proto": 1, "schema": 1} | {name: getattr(self, name) for name in asked}


def seal(id_: str, core: dict[str, Any]) -> Event:
    """An event whose words are fixed from now on."""
    text = json.dumps(core, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Event(id_, digest, text, core["author"], core["household"])


def salt(dice: random.Random) -> str:
    """16 random bytes, so that nobody finds an erased core again by its hash."""
    return base64.urlsafe_b64encode(dice.randbytes(16)).decode().rstrip("=")


def uuid7(moment: datetime, dice: random.Random) -> str:
    """A UUID of version 7."""
    value = int(moment.timestamp() * 1000) << 80 | dice.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))
