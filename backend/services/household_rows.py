"""A household as phones see it: derived, encrypted, one row per door, rewritten whenever the door changes.

`rewrite` brings everything derived from the events of a household up to date: which visits count, the adoption per
resident and service, the state of the door, and the row that phones pull. Only what differs is written.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import local, today
from backend.core.crypto import keyring
from backend.models import (
    DONE,
    OPEN,
    Adoption,
    AdoptionState,
    HouseholdKind,
    HouseholdState,
    HouseholdView,
    ResidentState,
    Visit,
)
from backend.services import derive
from backend.services.derive import Fact, Person, Step
from backend.services.offers import offered
from backend.services.sql import run

CONTEXT = "household.row"
LAST_VISITS = 5
_CHUNK = 2000
_HERE = (ResidentState.ACTIVE, ResidentState.AWAY_FOR_WORK)
_DEFAULTS = {"kind": HouseholdKind.HOUSEHOLD, "state": HouseholdState.ACTIVE}

_HOUSEHOLDS = """
    SELECT h.id, h.ward_id, h.code, h.kind, h.state, h.address, h.head_name, h.phone, h.stub, a.name AS alley
    FROM household h LEFT JOIN area_unit a ON a.id = h.alley_id
    WHERE h.id = ANY(%(ids)s::uuid[]) ORDER BY h.id
"""
_RESIDENTS = """
    SELECT id, household_id, ordinal, full_name, birth_year, relation, is_head, state
    FROM resident WHERE household_id = ANY(%(ids)s::uuid[]) ORDER BY household_id, ordinal
"""
_FACTS = """
    SELECT e.household_link, e.id, e.author, e.kind, e.est_time, e.corrects,
           v.outcome, v.results, v.effective, v.flags, v.appointment_at
    FROM visit_event e LEFT JOIN visit v ON v.event_id = e.id
    WHERE e.household_link = ANY(%(ids)s::uuid[]) AND e.redacted_at IS NULL AND e.kind IN ('visit', 'correction')
"""
_AUTHORS = "SELECT id, full_name FROM account WHERE id = ANY(%(ids)s::uuid[])"
_ADOPTION = """
    SELECT household_id, resident_id, service_code, state, reason, changed_at, event_id
    FROM adoption WHERE household_id = ANY(%(ids)s::uuid[])
"""
_WRITE_ADOPTION = """
    INSERT INTO adoption (resident_id, service_code, ward_id, household_id, state, reason, changed_at, event_id)
    SELECT * FROM unnest(%(residents)s::uuid[], %(services)s::text[], %(wards)s::uuid[], %(households)s::uuid[],
                         %(states)s::text[], %(reasons)s::text[], %(times)s::timestamptz[], %(events)s::uuid[])
    ON CONFLICT (resident_id, service_code) DO UPDATE SET household_id = EXCLUDED.household_id,
        state = EXCLUDED.state, reason = EXCLUDED.reason, changed_at = EXCLUDED.changed_at,
        event_id = EXCLUDED.event_id
"""
_DELETE_ADOPTION = """
    DELETE FROM adoption a USING unnest(%(residents)s::uuid[], %(services)s::text[]) AS gone(resident, service)
    WHERE a.resident_id = gone.resident AND a.service_code = gone.service
"""
_WRITE_VISITS = """
    UPDATE visit SET effective = new.effective, flags = string_to_array(new.flags, ',')
    FROM unnest(%(ids)s::uuid[], %(effective)s::boolean[], %(flags)s::text[]) AS new(id, effective, flags)
    WHERE event_id = new.id
"""
_WRITE_STATES = """
    UPDATE household h SET state = new.state FROM unnest(%(ids)s::uuid[], %(states)s::text[]) AS new(id, state)
    WHERE h.id = new.id
"""
_WRITE_VIEWS = """
    INSERT INTO household_view (household_id, ward_id, row_enc, open_count, done_count, blocked_count, visit_count,
                                last_outcome, last_visit_at)
    SELECT * FROM unnest(%(ids)s::uuid[], %(wards)s::uuid[], %(rows)s::bytea[], %(open)s::int[], %(done)s::int[],
                         %(blocked)s::int[], %(visits)s::int[], %(outcomes)s::text[], %(times)s::timestamptz[])
    ON CONFLICT (household_id) DO UPDATE SET row_enc = EXCLUDED.row_enc, open_count = EXCLUDED.open_count,
        done_count = EXCLUDED.done_count, blocked_count = EXCLUDED.blocked_count,
        visit_count = EXCLUDED.visit_count, last_outcome = EXCLUDED.last_outcome,
        last_visit_at = EXCLUDED.last_visit_at
"""

# A step as it is compared and stored, in the order of the adoption table.
_Stored = tuple[str, str | None, datetime | None, UUID | None]


def rewrite(session: Session, household_ids: Sequence[UUID]) -> None:
    """Bring everything derived of these households up to date, in a fixed number of statements per 2,000.

    The caller holds their row locks; ids that do not exist are skipped.
    """
    session.flush()
    ids = sorted(set(household_ids))
    for start in range(0, len(ids), _CHUNK):
        _rewrite_chunk(session, ids[start : start + _CHUNK])
    # What was written here went past the session: objects it holds shall not show the old values.
    for instance in session.identity_map.values():
        if isinstance(instance, Visit | Adoption | HouseholdView):
            session.expire(instance)


def _rewrite_chunk(session: Session, ids: list[UUID]) -> None:
    offers, year = offered(session).offers, today().year
    residents, facts = _grouped(session, _RESIDENTS, ids), _grouped(session, _FACTS, ids)
    households = run(session, _HOUSEHOLDS, ids=ids).all()
    stored: dict[UUID, dict[tuple[UUID, str], _Stored]] = defaultdict(dict)
    for row in run(session, _ADOPTION, ids=ids):
        step = (row.state, row.reason, row.changed_at, row.event_id)
        stored[row.household_id][row.resident_id, row.service_code] = step
    out = _Written()
    counted = {}
    for household in households:
        events = facts.get(household.id, ())
        chosen = [
            Fact(e.id, e.author, e.kind, e.est_time, e.corrects, e.outcome, e.results or ()) for e in events
        ]
        standing = derive.standing(chosen)
        out.visits(events, standing)
        effective = [fact for fact in chosen if fact.id in standing.effective]
        state = derive.household_state(household.state, effective)
        if state != household.state:
            out.states.append((household.id, state))
        people = [
            Person(r.id, r.birth_year, r.is_head, r.state in _HERE) for r in residents.get(household.id, ())
        ]
        lived_in = people if state == HouseholdState.ACTIVE else []
        steps = derive.adoption(lived_in, household.kind, effective, offers, year)
        out.adoption(household, steps, stored[household.id])
        counted[household.id] = (state, steps, [e for e in events if e.id in standing.effective])
    names = _first_names(session, counted.values())
    for household in households:
        out.view(household, *counted[household.id], residents.get(household.id, ()), names)
    out.write(session)


class _Written:
    """What differs, gathered for one statement per table."""

    def __init__(self) -> None:
        self.states: list[tuple[UUID, str]] = []
        self._visits: list[tuple[Any, ...]] = []
        self._steps: list[tuple[Any, ...]] = []
        self._gone: list[tuple[UUID, str]] = []
        self._views: list[tuple[Any, ...]] = []

    def visits(self, events: Iterable[Any], standing: derive.Standing) -> None:
        for event in events:
            if event.outcome is None:
                continue
            flags = [flag for flag in event.flags if flag != "foreign_correction"]
            if event.id in standing.foreign:
                flags.append("foreign_correction")
            effective = event.id in standing.effective
            if effective != event.effective or flags != event.flags:
                self._visits.append((event.id, effective, ",".join(flags)))

    def adoption(
        self,
        household: Any,
        steps: dict[tuple[UUID, str], Step],
        stored: dict[tuple[UUID, str], _Stored],
    ) -> None:
        for key, step in steps.items():
            if stored.get(key) != step:
                self._steps.append((*key, household.ward_id, household.id, *step))
        self._gone += stored.keys() - steps.keys()

    def view(
        self,
        household: Any,
        state: str,
        steps: dict[tuple[UUID, str], Step],
        events: list[Any],
        residents: Iterable[Any],
        names: dict[UUID, str],
    ) -> None:
        events.sort(key=lambda event: (event.est_time, event.id), reverse=True)
        row = json.dumps(
            _row(household, state, steps, events, residents, names),
            ensure_ascii=False,
            separators=(",", ":"),
        )
        states = [step.state for step in steps.values()]
        self._views.append(
            (
                household.id,
                household.ward_id,
                keyring().seal(row.encode(), CONTEXT),
                sum(states.count(one) for one in OPEN),
                sum(states.count(one) for one in DONE),
                states.count(AdoptionState.BLOCKED),
                len(events),
                events[0].outcome if events else None,
                events[0].est_time if events else None,
            )
        )

    def write(self, session: Session) -> None:
        for statement, names, rows in (
            (_WRITE_VISITS, ("ids", "effective", "flags"), self._visits),
            (_WRITE_STATES, ("ids", "states"), self.states),
            (_DELETE_ADOPTION, ("residents", "services"), self._gone),
            (
                _WRITE_ADOPTION,
                ("residents", "services", "wards", "households", "states", "reasons", "times", "events"),
                self._steps,
            ),
            (
                _WRITE_VIEWS,
                ("ids", "wards", "rows", "open", "done", "blocked", "visits", "outcomes", "times"),
                self._views,
            ),
        ):
            if rows:
                columns = map(list, zip(*rows, strict=True))
                run(session, statement, **dict(zip(names, columns, strict=True)))


def _row(
    household: Any,
    state: str,
    steps: dict[tuple[UUID, str], Step],
    events: list[Any],
    residents: Iterable[Any],
    names: dict[UUID, str],
) -> dict[str, Any]:
    """The wire shape (mobile_api/schemas.py, HouseholdData); what is empty or usual is left out."""
    ring = keyring()
    row: dict[str, Any] = {"code": household.code, "address": household.address}
    if household.alley:
        row["alley"] = household.alley
    row |= {
        name: value
        for name, value in (("kind", household.kind), ("state", state))
        if value != _DEFAULTS[name]
    }
    if household.stub:
        row["stub"] = True
    if household.head_name:
        row["head"] = ring.open(household.head_name, "household.head_name").decode()
    if household.phone:
        row["phone"] = "•••" + ring.open(household.phone, "household.phone").decode()[-3:]
    by_person: dict[UUID, dict[str, list[str]]] = defaultdict(dict)
    for (resident, service), step in steps.items():
        by_person[resident].setdefault(step.state, []).append(service)
    row["people"] = [_person(resident, by_person.get(resident.id)) for resident in residents]
    if events:
        row["visits"] = [
            {
                "at": f"{local(event.est_time):%Y-%m-%dT%H:%M}",
                "by": names.get(event.author, ""),
                "outcome": event.outcome,
            }
            for event in events[:LAST_VISITS]
        ]
        if events[0].appointment_at:
            row["appointment"] = f"{local(events[0].appointment_at):%Y-%m-%dT%H:%M}"
    return row


def _person(resident: Any, states: dict[str, list[str]] | None) -> dict[str, Any]:
    person: dict[str, Any] = {"id": str(resident.id), "n": resident.ordinal}
    if resident.full_name:
        person["name"] = keyring().open(resident.full_name, "resident.full_name").decode()
    if resident.birth_year:
        person["born"] = resident.birth_year
    if resident.relation:
        person["relation"] = resident.relation
    if resident.state != ResidentState.ACTIVE:
        person["state"] = resident.state
    if states:
        person["services"] = states
    return person


def _grouped(session: Session, statement: str, ids: list[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in run(session, statement, ids=ids):
        found[row.household_id if statement is _RESIDENTS else row.household_link].append(row)
    return found


def _first_names(session: Session, counted: Iterable[tuple[Any, Any, list[Any]]]) -> dict[UUID, str]:
    """The given name (the last word) of everybody whose visit counts."""
    authors = {event.author for _, _, events in counted for event in events}
    if not authors:
        return {}
    ring = keyring()
    return {
        row.id: ring.open(row.full_name, "account.full_name").decode().split()[-1]
        for row in run(session, _AUTHORS, ids=list(authors))
    }
