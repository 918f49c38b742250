"""A volunteer and the simulated phone in their hand: pairing, knocking, tapping, sending in batches that nobody would choose."""

import random
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tests.phone_model.online import Line, OnlinePhone
from tests.phone_model.outbox import VIETNAM
from tests.phone_model.profile import Profile
from tests.phone_model.wire import Event, Push

_STATES = ("done_with_help", "does_alone", "shown", "blocked", "keeps_old_way")
_OUTCOMES = (
    ("helped",) * 12 + ("not_home",) * 5 + ("no_need", "refused", "rescheduled", "no_access", "moved_away")
)
# Another word would keep an event on the phone for ever; here it must fail the evening at once.
_EXPECTED = frozenset(
    ("accepted", "accepted_out_of_scope", "accepted_redacted", "duplicate", "invalid", "retry_later")
)


class Phone(OnlinePhone):
    """`server`: the port for pairing; `line`: the port of the bad line. `tapped`: the phone's memory of the truth."""

    def __init__(self, enrol_url: str, *, server: int, line: int, seed: int) -> None:
        self.random = random.Random(seed)
        address = urlsplit(enrol_url)
        pairing = Line(server, address.netloc)
        me = _told(pairing, "enrol", {"token": address.path.rpartition("/")[2], "label": "Máy thử"})
        self._reasons = {
            one["code"]: [reason["code"] for reason in one["reasons"]]
            for one in _told(pairing, "reference")["services"]
        }
        profile = Profile(
            me["account_id"], me["device_id"], me["epoch"], self.random, page=40, build="evening"
        )
        super().__init__(profile, Line(line, address.netloc, pairing.cookie))
        self.tapped: dict[str, Event] = {}
        self.visited: set[str] = set()
        self._clock = datetime.now(VIETNAM) - timedelta(hours=2)

    # --- what the volunteer does ---

    def to_do(self) -> list[str]:
        """Tonight's doors that were not tapped yet, in walking order."""
        doors = [(door, self.profile.row("household", door)) for door in self.profile.doors - self.visited]
        return [
            door
            for door, _ in sorted(
                doors, key=lambda one: (one[1].get("walk", ""), one[1].get("pos", 0), one[0])
            )
        ]

    def visit(self, household: str) -> None:
        """Knock, help, tap; now and then put right what was tapped before."""
        self.visited.add(household)
        outcome = self.random.choice(_OUTCOMES)
        payload: dict[str, Any] = {"outcome": outcome}
        if outcome == "helped":
            payload["results"] = self._results(household)
        first = self._tap(household, payload)
        if self.random.random() < 0.05:
            void = self.random.random() < 0.3
            change = {"void": True} if void else {"outcome": self.random.choice(_OUTCOMES[12:])}
            self._tap(household, change, "correction", corrects=first.id)

    def _results(self, household: str) -> list[dict[str, Any]]:
        results = []
        for person in self.profile.row("household", household).get("people", []):
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

    def _tap(self, household: str, payload: dict[str, Any], kind: str = "visit", **more: Any) -> Event:
        self._clock = min(self._clock + timedelta(seconds=self.random.randint(30, 90)), datetime.now(VIETNAM))
        event = self.profile.log(household, payload, kind, at=self._clock, **more)
        self.tapped[event.id] = event
        return event

    # --- what its phone does ---

    def push(self) -> None:
        """A batch as no real phone sends it: shuffled, with some that were answered before, and one of them twice."""
        batch = list(self.profile.outbox.values())[: self.random.randint(2, 12)]
        old = [kept.event for kept in self.profile.retained.values()]
        if old and self.random.random() < 0.3:
            batch += self.random.sample(old, min(len(old), 3))
        if batch and self.random.random() < 0.1:
            batch.append(batch[0])
        if not batch:
            return
        self.random.shuffle(batch)
        self.send(Push(self.profile.epoch, self.profile.device, tuple(batch), self.profile.clock()))
        self._expect()

    def pull(self) -> bool:
        """Every stream to its end; false when the line broke."""
        done = super().pull()
        self._expect()
        return done

    def _expect(self) -> None:
        """On this server nothing is restored and nobody is shut out: no reply may be a refusal."""
        assert not self.refused, self.refused
        assert self.codes.keys() <= _EXPECTED, self.codes


def _told(line: Line, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = line.ask(path, body)
    assert answer is not None, f"no answer from {path}"
    assert answer.status in (200, 201), f"{path} answered {answer.status}: {answer.body[:300]!r}"
    return answer.read()
