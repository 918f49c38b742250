"""The world of one history: phones, a line with faults, and the server's own code behind it.

Everything happens on one connection in a transaction that is undone at the end. What a phone does goes through the HTTP
interface; what a leader does, through the services.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.edge import access
from tests import factories as make
from tests.phone_model import cycle
from tests.phone_model.profile import Profile
from tests.phone_model.wire import Answer, Event, Pull, Push
from tests.sync.kit import HEADERS
from tests.sync.world.ground import Ground, Paired
from tests.sync.world.leader import Leader
from tests.sync.world.server import Server

FAULTS = (
    "fine",
    "request lost",
    "reply lost",
    "twice",
    "late request",
    "late reply",
    "cut",
    "portal",
    "crash",
)
PULL_FAULTS = tuple(fault for fault in FAULTS if fault not in ("crash", "late request"))
PULL_FAULTS = tuple(fault for fault in FAULTS if fault not in ("crash", "late request"))
_PORTAL = Answer(200, "text/html", b"<h1>Wifi mien phi</h1>")


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Seat:
    """One profile on a phone, and its way to the server."""

    name: str
    profile: Profile
    client: FlaskClient

    @property
    def account(self) -> UUID:
        """Who is logged in there."""
        return UUID(self.profile.account)


@dataclass(frozen=True)
class Late:
    """Something still on its way: a push that the phone gave up on, or a reply."""

    seat: Seat
    request: Push | Pull
    reply: Answer | None


@dataclass
class Saved:
    """A line of the ledger of truth: this event was called saved.

    `by`: who was logged in. `bad`: it can never succeed. `held`: it waits for a leader's word.
    """

    event: Event
    seat: Seat
    by: str
    bad: bool = False
    held: bool = False


class World:
    """`ledger`: by hash, every event a volunteer was told is saved. `wrong`: what was found broken on the way.

    `page`: rows in a page, so few that paging happens always. `active`: who is logged in on the phone of Mai and Nam.
    """

    def __init__(self, ground: Ground, phone: type[Profile] = Profile, page: int = 2) -> None:
        self.ground, self.doors = ground, ground.doors
        self.leader, self.server = Leader(ground), Server(ground)
        self.ledger: dict[str, Saved] = {}
        self.late: list[Late] = []
        self.wrong: list[str] = []
        self.skew = timedelta()
        self.active = "mai"
        self.seats = {one.name: self._seat(n, one, phone, page) for n, one in enumerate(ground.paired)}

    def _seat(self, number: int, paired: Paired, phone: type[Profile], page: int) -> Seat:
        client = self.ground.app.test_client()
        client.set_cookie("gocua_device", paired.token)
        profile = phone(
            paired.account,
            paired.device,
            self.ground.epoch,
            random.Random(number),
            page=page,
            clock=lambda: make.now() + self.skew,
        )
        return Seat(paired.name, profile, client)

    def __getitem__(self, name: str) -> Seat:
        return self.seats[name]

    # --- volunteers ---

    def log(self, seat: str, door: str, outcome: str = "not_home", **more: Any) -> Event:
        """A visit that the volunteer is told is saved; its note is a canary."""
        payload = more.pop("payload", None) or {"outcome": outcome, "note": f"canary-{len(self.ledger)}"}
        return self.save(seat, door, payload, "visit", **more)

    def save(
        self, seat: str, door: str, payload: dict[str, Any], kind: str, *, bad: bool = False, **more: Any
    ) -> Event:
        """Any event, written down in the ledger."""
        event = self[seat].profile.log(door, payload, kind, **more)
        self.ledger[event.sha256] = Saved(event, self[seat], str(self[seat].account), bad)
        return event

    # --- cycles ---

    def sync(self, name: str) -> None:
        """One cycle on a good line."""
        cycle.cycle(self[name].profile, lambda: self.push(name), lambda stream: self.pull(name, stream))

    def pull_all(self, name: str) -> None:
        """Every stream to its end."""
        if cycle.pull_all(self[name].profile, lambda stream: self.pull(name, stream)) == "more":
            self.wrong.append(f"I4: {name} never comes to the end of a stream")

    def heal(self) -> None:
        """The faults are over: what is late arrives, then three rounds for everybody, and a last look."""
        while self.late:
            self.deliver()
        for _ in range(3):
            before = self._standing()
            for name in self.seats:
                self.sync(name)
            if self._standing() == before:
                return  # nobody has anything new to say: another round would be the same one
        for name in self.seats:
            self.pull_all(name)

    def _standing(self) -> list[Any]:
        """Where every phone stands."""
        return [
            (
                seat.profile.epoch,
                list(seat.profile.outbox),
                list(seat.profile.retained),
                [
                    (one.name, one.epoch, one.gen, one.cursor, one.digest)
                    for one in seat.profile.streams.values()
                ],
            )
            for seat in self.seats.values()
        ]

    # --- the line ---

    def post(self, seat: Seat, path: str, body: dict[str, Any]) -> Answer:
        """One request, answered."""
        reply = seat.client.post(f"/api/v1/sync/{path}", json=body, headers=HEADERS)
        return Answer(reply.status_code, reply.content_type, reply.data)

    def push(self, name: str, fault: str = "fine", limit: int = 50, cut: int = 50) -> str:
        """One push over the line; the faults are those of `FAULTS`. `cut`: how many percent of a cut reply arrive."""
        seat = self[name]
        push = seat.profile.next_push(limit)
        if push is None:
            return "nothing"
        reply = self._carry(seat, push, "push", fault, cut)
        if reply is not None and fault == "late reply":
            self.late.append(Late(seat, push, reply))
            reply = None
        told = seat.profile.take_push(push, reply)
        if told == "revoked":
            seat.profile.shut_out()
        if told == "taken":
            self._no_good_one_waits(seat, push, reply)
        return told

    def quarantine(self, name: str) -> str:
        """A phone that was shut out hands over what it has."""
        seat = self[name]
        push = seat.profile.next_push()
        if push is None:
            return "nothing"
        return seat.profile.take_push(push, self.post(seat, "quarantine", push.body()))

    def pull(self, name: str, stream: str, fault: str = "fine", cut: int = 50) -> str:
        """One page over the line."""
        seat = self[name]
        pull = seat.profile.next_pull(stream)
        reply = self._carry(seat, pull, "pull", fault, cut)
        if reply is not None and fault == "late reply":
            self.late.append(Late(seat, pull, reply))
            reply = None
        return seat.profile.take_pull(pull, reply)

    def _carry(self, seat: Seat, request: Push | Pull, path: str, fault: str, cut: int) -> Answer | None:
        if fault == "request lost":
            return None
        if fault == "portal":
            return _PORTAL
        if fault == "late request":
            self.late.append(Late(seat, request, None))
            return None
        if fault == "crash":
            with self.crashing():
                return self._send(seat, request, path)
        reply = self._send(seat, request, path)
        if fault == "reply lost":
            return None
        if fault == "twice":
            reply = self._send(seat, request, path)
        if fault == "cut" and reply is not None:
            return Answer(reply.status, reply.kind, reply.body[: len(reply.body) * cut // 100])
        return reply

    def _send(self, seat: Seat, request: Push | Pull, path: str) -> Answer | None:
        try:
            reply = self.post(seat, path, request.body())
        except Crash:
            return None
        if isinstance(request, Pull):
            self._only_visible(seat, reply)
            self._nothing_passed(seat, request, reply)
        return reply

    @contextmanager
    def crashing(self) -> Iterator[None]:
        """Within: the server dies right before COMMIT."""

        def die(_session: Session) -> None:
            raise Crash

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(access.work, "commit", die)
            yield

    def deliver(self, at: int = 0) -> None:
        """One delayed message arrives: a push at the server, or a reply at a phone that has long given up."""
        late = self.late.pop(at)
        if late.reply is None:
            self._send(late.seat, late.request, "push" if isinstance(late.request, Push) else "pull")
        elif isinstance(late.request, Push):
            late.seat.profile.take_push(late.request, late.reply)
        else:
            late.seat.profile.take_pull(late.request, late.reply)

    # --- what is judged at once ---

    def _only_visible(self, seat: Seat, reply: Answer) -> None:
        page = reply.read()
        if reply.status != 200 or page is None:
            return
        allowed = self.ground.rights(seat.account)
        for row in page["rows"]:
            if row["kind"] == "household" and not row.get("deleted") and row["id"] not in allowed:
                self.wrong.append(f"I5: {seat.name} was told of a door that is not theirs")

    def _nothing_passed(self, seat: Seat, pull: Pull, reply: Answer) -> None:
        page = reply.read()
        if reply.status != 200 or page is None:
            return
        span = {"a": pull.stream, "from": 0 if page["reset"] else pull.cursor, "to": page["next_cursor"]}
        due = self.ground.connection.execute(text(_SPAN), span).scalars()
        told = {row["id"] for row in page["rows"]}
        if (set(due) & self.ground.rights(seat.account)) - told:
            self.wrong.append(f"I8: a cursor of {seat.name} passed a row that was not returned")

    def _no_good_one_waits(self, seat: Seat, push: Push, reply: Answer | None) -> None:
        body = reply.read() if reply is not None else None
        if body is None or {item.id for item in push.items} != {one["id"] for one in body["results"]}:
            self.wrong.append(f"I1: {seat.name} took for an answer what is none")
            return
        told = {result["id"]: result["code"] for result in body["results"]}
        for item in push.items:
            if not self.ledger[item.sha256].bad and told[item.id] in ("invalid", "retry_later"):
                self.wrong.append(f"I9: a good item of {seat.name} was answered {told[item.id]}")


_SPAN = """
    SELECT entity_id::text FROM change_feed WHERE audience = :a AND seq > :from AND seq <= :to AND kind = 'household'
"""
