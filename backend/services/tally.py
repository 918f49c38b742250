"""What one door adds to the sums of its neighbourhood, as words. Pure; household_rows keeps them beside the door.

A door says each word as often as it counts, with commas between; its parts are kind, what, state, detail:

    person                                   somebody lives there
    step <service> <state> [reason]          one person's place on the ladder of a service
    door untouched | closed | visited <open> somebody lives there; closed: refused, needs no help;
                                             open: the services in which somebody is not done, with + between
    stub · loose                             waits for the leader · is on no walk
    day <date> <outcome>                     a visit that counts
    day <date> door | flagged                the door was visited that day · a visit needs a look
    meet <date>                              an appointment was made for that day

Triggers on household_view keep the sums of these words per neighbourhood (models/tally.py); board_sql reads them.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from backend.core.clock import local
from backend.models import OPEN, Outcome

PERSON = "person"
CLOSING = (Outcome.REFUSED, Outcome.NO_NEED)


@lru_cache(maxsize=4096)
def person(states: tuple[tuple[str, str], ...]) -> str:
    """The words of a person with these (service, state) pairs, none of them blocked for a reason."""
    return of_person(states, {})


def of_person(states: Iterable[tuple[str, str]], reasons: Mapping[str, str]) -> str:
    """The words of a person; `reasons`: service to why it is blocked."""
    said = [PERSON]
    for service, state in states:
        reason = reasons.get(service)
        said.append(f"step {service} {state} {reason}" if reason else f"step {service} {state}")
    return ",".join(said)


@lru_cache(maxsize=4096)
def open_services(states: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The services that still are to be done, of (service, state) pairs."""
    return frozenset(service for service, state in states if state in OPEN)


def of_door(
    household: Any, active: bool, people: Sequence[str], still_open: Iterable[str], visits: Sequence[Any]
) -> str:
    """Everything a door adds. `visits`: those that count, newest first; `people`: the words of each person."""
    said: list[str] = []
    if active:
        said += people
        if not visits:
            said.append("door untouched")
        elif visits[0].outcome in CLOSING:
            said.append("door closed")
        else:
            said.append(f"door visited {'+'.join(sorted(still_open))}".rstrip())
        if household.stub:
            said.append("stub")
        if not household.on_walk:
            said.append("loose")
    if visits:
        said += _visits(visits)
    return ",".join(said)


def _visits(visits: Sequence[Any]) -> Iterable[str]:
    days, meetings = set(), set()
    for visit in visits:
        day = local(visit.est_time).date()
        days.add(day)
        yield f"day {day} {visit.outcome}"
        if any(flag != "foreign_correction" for flag in visit.flags):
            yield f"day {day} flagged"
        if visit.appointment_at:
            meetings.add(local(visit.appointment_at).date())
    yield from (f"day {day} door" for day in sorted(days))
    yield from (f"meet {day}" for day in sorted(meetings))
