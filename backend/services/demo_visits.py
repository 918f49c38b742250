"""What happened at a made-up door on a made-up evening. Pure: a random source in, event payloads out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from backend.models import Outcome

_FIRST_KNOCK = {
    Outcome.HELPED: 58,
    Outcome.NOT_HOME: 21,
    Outcome.NO_NEED: 8,
    Outcome.RESCHEDULED: 6,
    Outcome.REFUSED: 4,
    Outcome.NO_ACCESS: 2,
    Outcome.MOVED_AWAY: 1,
}
# How far people come, by whether they are old: done_with_help, does_alone, shown, blocked, keeps_old_way.
_STATES = ("done_with_help", "does_alone", "shown", "blocked", "keeps_old_way")
_YOUNG, _OLD = (48, 36, 7, 8, 1), (48, 4, 15, 23, 10)
_NOTES = (
    "Hẹn con gái cùng về làm.",
    "Bà muốn xem lại lần nữa.",
    "Gọi cửa trước khi vào.",
    "Nhà có chó, chờ ở cổng.",
)


@dataclass(frozen=True)
class Client:
    """A person of a door and the services the campaign offers this person, in their order."""

    id: UUID
    old: bool
    services: tuple[str, ...]


def outcome(random: Random, *, again: bool = False) -> Outcome:
    """What came of knocking; a second visit finds more people at home."""
    weights = dict(_FIRST_KNOCK)
    if again:
        weights[Outcome.NOT_HOME] = 8
    return random.choices(tuple(weights), tuple(weights.values()))[0]


def payload(
    random: Random,
    result: Outcome,
    clients: Sequence[Client],
    reasons: Mapping[str, Sequence[str]],
    at: datetime,
) -> dict[str, Any]:
    """The payload of one visit at `at` with outcome `result`; `reasons`: why a service may be stuck."""
    told: dict[str, Any] = {"outcome": result}
    if result == Outcome.HELPED:
        told["results"] = [
            step
            for client in clients
            if random.random() < 0.92
            for service in client.services
            if random.random() < 0.9
            for step in [_step(random, client, service, reasons)]
        ]
    if result == Outcome.RESCHEDULED:
        day = at.date() + timedelta(days=random.randint(1, 12))
        told["appointment"] = {"on": day.isoformat(), "at": random.choice(("19:00", "19:30", "20:00"))}
    if random.random() < 0.06 and result in (Outcome.HELPED, Outcome.RESCHEDULED):
        told["note"] = random.choice(_NOTES)
    return told


def evening(random: Random, first: datetime, place: int, of: int, evenings: int) -> datetime:
    """When door `place` of `of` was reached: walks go on evening by evening from `first` (a day), 19:00 to 20:50."""
    day = first + timedelta(days=place * evenings // max(of, 1))
    return day.replace(hour=19, minute=0, second=0, microsecond=0) + timedelta(
        seconds=random.randint(0, 6600)
    )


def _step(
    random: Random, client: Client, service: str, reasons: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    state = random.choices(_STATES, _OLD if client.old else _YOUNG)[0]
    step = {"resident": str(client.id), "service": service, "state": state}
    if state == "blocked" and reasons[service]:
        # The first reasons of a service are the common ones.
        place = min(int(random.expovariate(0.6)), len(reasons[service]) - 1)
        step["reason"] = reasons[service][place]
    return step
