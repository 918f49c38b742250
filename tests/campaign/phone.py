"""A phone of the campaign: the simulated phone of tests/sync/world on a real line, with its own memory of the truth."""

import http.client
import json
import random
import time
from typing import Any

from tests.campaign.ward import Paired
from tests.sync.world.phone import Answer, Profile

_OUTCOMES = ("not_home", "no_need", "refused", "helped", "rescheduled", "no_access")
_SECONDS = 30


class Phone:
    """`truth`: every event a volunteer was told is saved, by id, with its hash. `acked`: those that were acknowledged."""

    def __init__(self, paired: Paired, host: str, line: int, seed: int) -> None:
        self.dice = random.Random(seed)
        self.profile = Profile(paired.account, paired.device, paired.epoch, self.dice)
        self.truth: dict[str, bytes] = {}
        self.acked: set[str] = set()
        self.duplicates = self.out_of_scope = self.unanswered = self.corrected = 0
        self.last_ack = self.last_answer = time.monotonic()
        self._token, self._host, self._line = paired.token, host, line

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
        rows = (s.rows.get(("household", door)) for s in self.profile.streams.values())
        row = next(row for row in rows if row)
        person = row["data"]["people"][0]["id"]
        state = self.dice.choice(("done_with_help", "does_alone", "shown"))
        return {"results": [{"resident": person, "service": "eid_level_2", "state": state}]}

    def push(self) -> bool:
        """One batch; true when it was answered."""
        push = self.profile.next_push(self.dice.choice((50, 50, 50, 50, 50, 20, 1)))
        if push is None:
            return True
        before = set(self.profile.retained)
        answer = self._ask("/api/v1/sync/push", push.body())
        told = self.profile.take_push(push, answer)
        if told == "epoch":
            return self.pull()
        if told != "taken":
            self.unanswered += 1
            return False
        fresh = self.profile.retained.keys() - before
        if fresh:
            self.last_ack = time.monotonic()
        self.acked |= fresh
        assert answer is not None
        for result in answer.read()["results"]:
            self.duplicates += result["code"] == "duplicate"
            self.out_of_scope += result["code"] == "accepted_out_of_scope"
        return True

    def pull(self) -> bool:
        """Every stream to its end, the own one first; false when the line broke."""
        for name in self._streams():
            while True:
                pull = self.profile.next_pull(name)
                told = self.profile.take_pull(pull, self._ask("/api/v1/sync/pull", pull.body()))
                if told in ("done", "gone", "differs"):
                    break
                if told != "more":
                    self.unanswered += 1
                    return False
        self.profile.forget_streams()
        return True

    def _streams(self) -> Any:
        yield self.profile.own_stream
        yield from self.profile.named()

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

    @property
    def agrees(self) -> bool:
        """True when the phone holds exactly what the server said it should, in every stream."""
        streams = self.profile.streams
        return bool(streams) and all(stream.agrees for stream in streams.values())

    def age(self) -> None:
        """Thirty days pass: what was acknowledged is no longer kept (only once no restore is to come)."""
        self.profile.retained.clear()

    def _ask(self, path: str, body: dict[str, Any]) -> Answer | None:
        """One request on a connection of its own; None when no whole answer came."""
        connection = http.client.HTTPConnection("127.0.0.1", self._line, timeout=_SECONDS)
        headers = {
            "Host": self._host,
            "X-Gocua-Client": "campaign",
            "Connection": "close",
            "Cookie": f"gocua_device={self._token}",
            "Content-Type": "application/json",
        }
        try:
            connection.request("POST", path, json.dumps(body, ensure_ascii=False).encode(), headers)
            answer = connection.getresponse()
            self.last_answer = time.monotonic()
            return Answer(answer.status, answer.getheader("Content-Type", ""), answer.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
