"""The JSON of a door as phones read it; what is empty or usual is left out. No database, no clock.

Fields: code, address, alley?, kind?, state?, stub?, mark?, head?, phone? (its last three digits), people (id, n, name?,
born?, relation?, state?, services: state to codes), visits? (the last five: at, by, outcome), appointment?,
help? (what the door asked for and no visit has answered yet: id, at, suits, services?, place?, phone?, on?).
Pull adds walk and pos, which belong to the assignment and not to the door.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Any, NamedTuple

from backend.core.clock import VIETNAM, local
from backend.core.crypto import keyring
from backend.models import ANSWERING, DONE, OPEN, AdoptionState, HouseholdKind, HouseholdState, ResidentState

LAST_VISITS = 5


class Services(NamedTuple):
    """A person's services as JSON text ({state: [codes]}, None when there are none) and their counts."""

    text: str | None
    open: int
    done: int
    blocked: int


class People(NamedTuple):
    """Residents with their services' text, the counts over all of them, and what they add to the sums (tally.py)."""

    residents: Sequence[tuple[Any, str | None]]
    open: int
    done: int
    blocked: int
    words: Sequence[str]
    still_open: Collection[str]


@lru_cache(maxsize=4096)
def services_of(states: tuple[tuple[str, str], ...]) -> Services:
    """(code, state) pairs as they go over the wire; most people of a ward share a handful of them."""
    by_state: dict[str, list[str]] = {}
    for code, state in states:
        by_state.setdefault(state, []).append(code)
    counts = {state: len(codes) for state, codes in by_state.items()}
    return Services(
        _text(by_state) if by_state else None,
        sum(counts.get(state, 0) for state in OPEN),
        sum(counts.get(state, 0) for state in DONE),
        counts.get(AdoptionState.BLOCKED, 0),
    )


def door_row(
    household: Any, state: str, people: People, events: Sequence[Any], first_name: Callable[[Any], str]
) -> str:
    """The row of one door. `events`: the visits that count, newest first."""
    ring = keyring()
    row: dict[str, Any] = {"code": household.code, "address": household.address}
    if household.alley:
        row["alley"] = household.alley
    if household.kind != HouseholdKind.HOUSEHOLD:
        row["kind"] = household.kind
    if state != HouseholdState.ACTIVE:
        row["state"] = state
    if household.stub:
        row["stub"] = True
    if household.mark:
        row["mark"] = household.mark
    if household.head_name:
        row["head"] = ring.open(household.head_name, "household.head_name").decode()
    if household.phone:
        row["phone"] = "•••" + ring.open(household.phone, "household.phone").decode()[-3:]
    if events:
        row["visits"] = [
            {
                "at": f"{local(event.est_time):%Y-%m-%dT%H:%M}",
                "by": first_name(event),
                "outcome": event.outcome,
            }
            for event in events[:LAST_VISITS]
        ]
        if events[0].appointment_at:
            row["appointment"] = f"{local(events[0].appointment_at):%Y-%m-%dT%H:%M}"
    if household.help and (asked := _unanswered(household.help, events)):
        row["help"] = asked
    persons = ",".join([_person(resident, services) for resident, services in people.residents])
    return f'{_text(row)[:-1]},"people":[{persons}]}}'


def _unanswered(asked: Sequence[Sequence[Any]], events: Sequence[Any]) -> list[dict[str, Any]]:
    """The requests that no visit answered that was made after them."""
    answered = max((e.est_time.timestamp() for e in events if e.outcome in ANSWERING), default=0.0)
    ring = keyring()
    found = []
    for id_, at, services, suits, place, phone, planned_on in asked:
        if at <= answered:
            continue
        told = {"id": id_, "at": f"{datetime.fromtimestamp(at, VIETNAM):%Y-%m-%dT%H:%M}", "suits": suits}
        more = {
            "services": services,
            "place": place and ring.open(bytes.fromhex(place), "help_request.place").decode(),
            "phone": phone and ring.open(bytes.fromhex(phone), "help_request.phone").decode(),
            "on": planned_on,
        }
        found.append(told | {name: value for name, value in more.items() if value})
    return found


def _person(resident: Any, services: str | None) -> str:
    text = f'{{"id":"{resident.id}","n":{resident.ordinal}'
    if resident.full_name:
        name = keyring().open(resident.full_name, "resident.full_name").decode()
        text += f',"name":{_quoted(name)}'
    if resident.birth_year:
        text += f',"born":{resident.birth_year}'
    if resident.relation:
        text += f',"relation":{_quoted(resident.relation)}'
    if resident.state != ResidentState.ACTIVE:
        text += f',"state":{_quoted(resident.state)}'
    return f'{text},"services":{services}}}' if services else text + "}"


_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
