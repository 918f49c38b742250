"""A phone of the campaign: the simulated phone on a bad line, with its own memory of the truth."""

import random
import time
from typing import Any

from tests.campaign.ward import Paired
from tests.phone_model.online import Line, OnlinePhone
from tests.phone_model.profile import Profile

_OUTCOMES = ("not_home", "no_need", "refused", "helped", "rescheduled", "no_access")


class Phone(OnlinePhone):
    """`truth`: every event a volunteer was told is saved, by id, with its hash. `acked`: those that were acknowledged."""

    def __init__(self, paired: Paired, host: str, line: int, seed: int) -> None:
        self.dice = random.Random(seed)
        profile = Profile(paired.account, paired.device, paired.epoch, self.dice)
        super().__init__(profile, Line(line, host, f"gocua_device={paired.token}"))
        self.truth: dict[str, bytes] = {}
        self.acked: set[str] = set()
        self.corrected = 0
        self.last_ack = time.monotonic()

    def tap(self, n: int) -> int:
        """Log up to `n` events at doors in the cache, now and then a correction; returns how many were saved."""
        doors = sorted(self.profile.doors)
        if not doors:
            return 0
        made = 0
        first = self.dice.randrange(len(doors))
        while made < n:
            door = doors[(first + made // 3) % len(doors)]
            outcome = self.dice.choice(_OUTCOMES)
            event = self.profile.log(door, {"outcome": outcome} | self._help(door, outcome))
            self.truth[event.id] = bytes.fromhex(event.sha256)
            made += 1
            if made < n and self.dice.random() < 0.04:
                change = {"void": True} if self.dice.random() < 0.3 else {"outcome": "no_need"}
                put_right = self.profile.log(door, change, "correction", corrects=event.id)
                self.truth[put_right.id] = bytes.fromhex(put_right.sha256)
                self.corrected += 1
                made += 1
        return made

    def _help(self, door: str, outcome: str) -> dict[str, Any]:
        if outcome != "helped":
            return {}
        person = self.profile.row("household", door)["people"][0]["id"]
        state = self.dice.choice(("done_with_help", "does_alone", "shown"))
        return {"results": [{"resident": person, "service": "eid_level_2", "state": state}]}

    def push(self) -> bool:
        """One batch; true when it was answered."""
        push = self.profile.next_push(self.dice.choice((50, 50, 50, 50, 50, 20, 1)))
        if push is None:
            return True
        before = set(self.profile.retained)
        told = self.send(push)
        if told == "epoch":
            return self.pull()
        fresh = self.profile.retained.keys() - before
        if fresh:
            self.last_ack = time.monotonic()
        self.acked |= fresh
        return told == "taken"

    def settle_down(self, rounds: int = 40) -> bool:
        """Sync cycles until nothing waits and all streams agree; false when it does not come to that."""
        for _ in range(rounds):
            if not self.pull():
                continue
            while self.profile.outbox and self.push():
                pass
            if not self.profile.outbox and self.pull() and self.agrees:
                return True
        return False

    def age(self) -> None:
        """Thirty days pass: what was acknowledged is no longer kept (only once no restore is to come)."""
        self.profile.retained.clear()
