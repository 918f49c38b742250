"""The half of a phone that must never lose anything: events from the tap to the acknowledgement, and after."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.phone_model.wire import Answer, Event, Push, salt, seal, uuid7

VIETNAM = timezone(timedelta(hours=7))
MAX_ITEMS = 50
_RETAINED = frozenset(("accepted", "accepted_out_of_scope", "quarantined"))


@dataclass(frozen=True)
class Kept:
    """An acknowledged event, kept so that phones can heal a restored server. `at`: server time."""

    event: Event
    code: str
    at: datetime


class Outbox:
    """One user's outbox, retained events and dead letters on one phone, with an epoch of their own."""

    def __init__(
        self,
        account: str,
        device: str,
        epoch: str,
        dice: random.Random,
        clock: Callable[[], datetime] = lambda: datetime.now(VIETNAM),
    ) -> None:
        self.account, self.device, self.epoch = account, device, epoch
        self.dice, self.clock = dice, clock
        self.outbox: dict[str, Event] = {}
        self.retained: dict[str, Kept] = {}
        self.dead: dict[str, tuple[Event, str]] = {}
        self.server_time: datetime | None = None

    # --- what the volunteer does ---

    def log(
        self,
        household: str,
        payload: dict[str, Any],
        kind: str = "visit",
        *,
        corrects: str | None = None,
        at: datetime | None = None,
    ) -> Event:
        """Seal an event and save it; from now on it must never be lost."""
        core: dict[str, Any] = {
            "schema": 1,
            "author": self.account,
            "household": household,
            "kind": kind,
            "device_time": (at or self.clock()).isoformat(timespec="milliseconds"),
            "tz": "Asia/Ho_Chi_Minh",
            "mono_ms": 41_250,
            "offset_ms": 0,
            "offset_age_s": 5,
            "base_v": None,
            "salt": salt(self.dice),
            "payload": payload,
        }
        if corrects is not None:
            core["corrects"] = corrects
        event = seal(self.new_id(), core)
        self.outbox[event.id] = event
        return event

    def new_id(self) -> str:
        """A UUIDv7; the phone's random bits, never a counter."""
        return uuid7(self.clock(), self.dice)

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

    # --- another history, and what was erased ---

    def meet_epoch(self, epoch: str) -> None:
        """The server tells another history: offer it everything again that the old one had."""
        if epoch != self.epoch:
            self.epoch = epoch
            self.offer_again()

    def offer_again(self) -> None:
        """Retained events go back to the outbox; of a scrubbed one, what keeps its credit."""
        for id_ in list(self.retained):
            self.outbox[id_] = self.retained.pop(id_).event

    def scrub(self, id_: str) -> None:
        """Erased on the server: id, hash, author and times stay, the content goes."""
        kept = self.retained.get(id_)
        if kept is not None:
            self.retained[id_] = Kept(kept.event.scrubbed(), kept.code, kept.at)
