"""The state of doors told once more from the raw events, by another way than derive.py: a plain fold in time.

Slow on purpose: each core is decrypted and read, each event applied in the order of its estimated time. What this
says and what the tables say must be the same; recount.py compares them.
"""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, today
from backend.core.crypto import keyring
from backend.models import Household, Resident, Service, VisitEvent, VisitReview


@dataclass
class ToldVisit:
    """One visit or correction as its core tells it."""

    author: UUID
    outcome: str
    est_time: datetime
    results: list[dict[str, Any]]
    appointment_at: datetime | None
    flagged: bool
    counts: bool = False


@dataclass
class Told:
    """One door as its events tell it. `steps`: (resident, service) to (state, reason, time, event)."""

    neighbourhood_id: UUID | None
    state: str
    residents: int
    visits: dict[UUID, ToldVisit] = field(default_factory=dict)
    steps: dict[tuple[UUID, str], tuple[str, str | None, datetime | None, UUID | None]] = field(
        default_factory=dict
    )
    consents: set[tuple[UUID, str, bool]] = field(default_factory=set)

    @property
    def counted(self) -> list[tuple[UUID, ToldVisit]]:
        """The visits that count, oldest first."""
        found = [(id_, visit) for id_, visit in self.visits.items() if visit.counts]
        return sorted(found, key=lambda each: (each[1].est_time, each[0]))


def tell(session: Session, ward_id: UUID, only: Collection[UUID] | None = None) -> dict[UUID, Told]:
    """Every door of a ward (or those of `only`) as the raw events tell it.

    A big ward is folded for minutes: until the end of its transaction the session has no time limits.
    """
    for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
        session.execute(text(f"SET LOCAL {limit} = 0"))
    doors = select(Household).where(Household.ward_id == ward_id)
    people = select(Resident).where(Resident.ward_id == ward_id)
    raw = select(VisitEvent).where(VisitEvent.ward_id == ward_id, VisitEvent.core_enc.is_not(None))
    if only is not None:
        doors = doors.where(Household.id.in_(only))
        people = people.where(Resident.household_id.in_(only))
        raw = raw.where(VisitEvent.household_link.in_(only))
    services = list(session.scalars(select(Service)))
    residents: dict[UUID, list[Resident]] = defaultdict(list)
    for resident in session.scalars(people.execution_options(populate_existing=True)):
        residents[resident.household_id].append(resident)
    seen = select(VisitReview.event_id).where(VisitReview.event_id.in_(raw.with_only_columns(VisitEvent.id)))
    looked_at = frozenset(session.scalars(seen))
    events: dict[UUID, list[tuple[VisitEvent, dict[str, Any]]]] = defaultdict(list)
    for event in session.scalars(raw.order_by(VisitEvent.est_time, VisitEvent.id)):
        if event.household_link is not None and event.core_enc is not None:
            core = json.loads(keyring().open(event.core_enc, "event.core"))
            events[event.household_link].append((event, core))
    return {
        door.id: _tell_door(door, residents[door.id], events[door.id], services, looked_at)
        for door in session.scalars(doors.execution_options(populate_existing=True))
    }


def _tell_door(
    door: Household,
    residents: list[Resident],
    events: list[tuple[VisitEvent, dict[str, Any]]],
    services: list[Service],
    looked_at: Collection[UUID],
) -> Told:
    told = Told(door.neighbourhood_id, door.state, 0)
    for event, core in events:
        payload = core["payload"]
        for consent in payload.get("consents", ()):
            told.consents.add((event.id, consent["purpose"], consent["given"]))
        if "outcome" in payload:
            told.visits[event.id] = ToldVisit(
                event.author,
                payload["outcome"],
                event.est_time,
                payload.get("results", []),
                _appointment(payload.get("appointment")),
                bool(event.flags) and event.id not in looked_at,
            )
    _let_corrections_act(told, events)
    _tell_state(told)
    living = [r for r in residents if r.state in ("active", "away_for_work")]
    told.residents = len(living) if told.state == "active" else 0
    if told.state == "active":
        for resident in living:
            for service in services:
                _begin(told, resident, door.kind, service)
        _climb(told, {each.id: each.same_as_id for each in residents if each.same_as_id})
    return told


def _let_corrections_act(told: Told, events: list[tuple[VisitEvent, dict[str, Any]]]) -> None:
    """Each chain of corrections by one author ends at a visit; the last of the chain speaks for it."""
    by_id = {event.id: event for event, _ in events}
    speaker: dict[UUID, UUID] = {event.id: event.id for event, _ in events if event.kind == "visit"}
    leads_to: dict[UUID, UUID] = {id_: id_ for id_ in speaker}
    changed = True
    while changed:  # a correction is placed once its target is; those that never are have no effect
        changed = False
        for event, _ in events:
            target = event.corrects
            if event.id in leads_to or target not in leads_to or by_id[target].author != event.author:
                continue
            leads_to[event.id] = leads_to[target]
            changed = True
    for event, _ in events:  # oldest first, so the newest correction speaks last
        if event.id in leads_to and event.kind == "correction":
            speaker[leads_to[event.id]] = event.id
    for spoken in speaker.values():
        if spoken in told.visits:
            told.visits[spoken].counts = True


def _tell_state(told: Told) -> None:
    if told.state in ("vacant", "merged", "withdrawn"):
        return
    for _, visit in told.counted:
        if visit.outcome == "moved_away":
            told.state = "moved_away"
        elif visit.outcome in ("helped", "refused", "rescheduled", "no_need"):
            told.state = "active"


def _begin(told: Told, resident: Resident, kind: str, service: Service) -> None:
    if service.household_kind not in (None, kind) or (service.head_only and not resident.is_head):
        return
    state = "not_started"
    if service.min_age is not None or service.max_age is not None:
        if resident.birth_year is None:
            state = "unknown"
        else:
            age = today().year - resident.birth_year
            if not (service.min_age or 0) <= age <= (service.max_age or 999):
                return
    told.steps[resident.id, service.code] = (state, None, None, None)


def _climb(told: Told, same: dict[UUID, UUID]) -> None:
    """Apply each result in time: what is done stays done, alone stays alone, the rest follows the last word."""
    finished = {"done_with_help": 1, "does_alone": 2}
    for id_, visit in told.counted:
        for result in visit.results:
            person = UUID(result["resident"])
            key = (same.get(person, person), result["service"])
            if key not in told.steps:
                continue
            before, after = finished.get(told.steps[key][0], 0), finished.get(result["state"], 0)
            if after > before or (after == before == 0):
                told.steps[key] = (result["state"], result.get("reason"), visit.est_time, id_)
    for person, service in list(told.steps):  # the second level of VNeID cannot be had without the first
        step, below = told.steps[person, service], told.steps.get((person, "eid_level_1"))
        if service == "eid_level_2" and step[0] in finished and below and below[0] not in finished:
            told.steps[person, "eid_level_1"] = step


def _appointment(value: dict[str, str] | None) -> datetime | None:
    if not value:
        return None
    return datetime.strptime(f"{value['on']} {value.get('at', '00:00')}", "%Y-%m-%d %H:%M").replace(
        tzinfo=VIETNAM
    )
