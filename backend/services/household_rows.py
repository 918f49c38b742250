"""Everything derived of a household, brought up to date whenever the household changes.

`rewrite` decides which visits count, the adoption per resident and service, the state of the door, and writes the
row that phones pull: encrypted, one per door. Only what differs is written. A whole ward goes through here at an
import, ten doors at a push, so what is the same for most doors is left to one SQL statement or made once; a door whose
adoption would come out as it did last time (most visits decide nothing) is left out of that statement.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.crypto import keyring
from backend.models import Adoption, HouseholdState, HouseholdView, Outcome, ResidentState, Visit
from backend.services import derive, tally
from backend.services.derive import Fact, Offer, Step
from backend.services.household_wire import People, door_row, services_of
from backend.services.offers import offered
from backend.services.sql import run, table, uuids

CONTEXT = "household.row"
_CHUNK = 2000
_HERE = (ResidentState.ACTIVE, ResidentState.AWAY_FOR_WORK)

# What residents of the door asked for and no leader has closed; which of it a visit answered is decided here.
_HELP = """(
      SELECT json_agg(json_build_array(r.id, extract(epoch FROM r.created_at), r.services, r.suits,
                      encode(r.place, 'hex'), encode(r.phone, 'hex'), r.planned_on) ORDER BY r.created_at, r.id)
      FROM help_request r WHERE r.household_id = h.id AND r.closed_at IS NULL) AS help"""
_ON_WALK = """EXISTS (SELECT FROM assignment w WHERE w.household_id = h.id AND w.started_at IS NOT NULL
                   AND w.ended_at IS NULL) AS on_walk"""
_BASIS = "(SELECT w.basis FROM household_view w WHERE w.household_id = h.id) AS basis"
_HOUSEHOLDS = f"""
    SELECT h.id, h.ward_id, h.code, h.kind, h.state, h.address, h.head_name, h.phone, h.stub, h.mark,
           a.name AS alley, h.neighbourhood_id, {_ON_WALK}, {_HELP}, {_BASIS}
    FROM household h LEFT JOIN area_unit a ON a.id = h.alley_id
    WHERE h.id = ANY(%(ids)s::uuid[]) ORDER BY h.id
"""  # noqa: S608  # constants only
_CHANGED = f"""
    UPDATE household h SET v = h.v + 1 WHERE h.id = ANY(%(ids)s::uuid[])
    RETURNING h.id, h.ward_id, h.code, h.kind, h.state, h.address, h.head_name, h.phone, h.stub, h.mark,
              (SELECT a.name FROM area_unit a WHERE a.id = h.alley_id) AS alley, h.neighbourhood_id, {_ON_WALK}, {_HELP},
              {_BASIS}
"""  # noqa: S608
_RESIDENTS = """
    SELECT household_id, id, ordinal, full_name, birth_year, relation, is_head, state, same_as_id
    FROM resident WHERE household_id = ANY(%(ids)s::uuid[]) ORDER BY household_id, ordinal
"""
_FACTS = """
    SELECT e.household_link, e.id, e.author, e.kind, e.est_time, e.corrects,
           v.outcome, NULLIF(v.results, '[]') AS results, v.effective, v.flags, v.appointment_at, a.full_name AS author_name
    FROM visit_event e LEFT JOIN visit v ON v.event_id = e.id JOIN account a ON a.id = e.author
    WHERE e.household_link = ANY(%(ids)s::uuid[]) AND e.redacted_at IS NULL AND e.kind IN ('visit', 'correction')
"""
# The eligibility of derive.beginnings once more, so that the rows where nothing happened yet (nearly all) never leave
# the database; a test holds the two together. What visits told comes in as arrays.
_ADOPTION = """
    WITH told AS (
      SELECT * FROM json_to_recordset(%(told)s::json)
               AS t(resident uuid, service text, state text, reason text, changed_at timestamptz, event_id uuid)
    ), due AS (
      SELECT r.id AS resident, s.code AS service, h.ward_id, h.id AS household,
             COALESCE(t.state, CASE WHEN r.birth_year IS NULL AND (s.min_age IS NOT NULL OR s.max_age IS NOT NULL)
                                    THEN 'unknown' ELSE 'not_started' END) AS state,
             t.reason, t.changed_at, t.event_id
      FROM household h
      JOIN resident r ON r.household_id = h.id AND r.state IN ('active', 'away_for_work')
      JOIN service s ON (s.household_kind IS NULL OR s.household_kind = h.kind) AND (NOT s.head_only OR r.is_head)
        AND (r.birth_year IS NULL
             OR %(year)s - r.birth_year BETWEEN COALESCE(s.min_age, -1000) AND COALESCE(s.max_age, 1000))
      LEFT JOIN told t ON t.resident = r.id AND t.service = s.code
      WHERE h.id = ANY(%(ids)s::uuid[]) AND h.state = 'active'
    ), gone AS (
      DELETE FROM adoption a WHERE a.household_id = ANY(%(ids)s::uuid[])
        AND NOT EXISTS (SELECT FROM due d WHERE d.resident = a.resident_id AND d.service = a.service_code)
    )
    INSERT INTO adoption (resident_id, service_code, ward_id, household_id, state, reason, changed_at, event_id)
    SELECT d.* FROM due d LEFT JOIN adoption a ON a.resident_id = d.resident AND a.service_code = d.service
    WHERE a.resident_id IS NULL OR (a.household_id, a.state, a.reason, a.changed_at, a.event_id)
          IS DISTINCT FROM (d.household, d.state, d.reason, d.changed_at, d.event_id)
    ON CONFLICT (resident_id, service_code) DO UPDATE SET household_id = EXCLUDED.household_id,
        ward_id = EXCLUDED.ward_id, state = EXCLUDED.state, reason = EXCLUDED.reason,
        changed_at = EXCLUDED.changed_at, event_id = EXCLUDED.event_id
"""
_TOLD = ("resident", "service", "state", "reason", "changed_at", "event_id")
_WRITE_VISITS = """
    UPDATE visit SET effective = new.effective, flags = string_to_array(new.flags, ',')
    FROM json_to_recordset(%(rows)s::json) AS new(id uuid, effective boolean, flags text)
    WHERE event_id = new.id
"""
_WRITE_STATES = """
    UPDATE household h SET state = new.state FROM json_to_recordset(%(rows)s::json) AS new(id uuid, state text)
    WHERE h.id = new.id
"""
_WRITE_VIEWS = """
    INSERT INTO household_view (household_id, ward_id, row_enc, open_count, done_count, blocked_count, visit_count,
                                last_outcome, last_visit_at, neighbourhood_id, tally, basis)
    SELECT id, ward, decode(row, 'hex'), open, done, blocked, visits, outcome, at, place, tally, decode(basis, 'hex')
    FROM json_to_recordset(%(rows)s::json)
         AS new(id uuid, ward uuid, row text, open int, done int, blocked int, visits int, outcome text,
                at timestamptz, place uuid, tally text, basis text)
    ON CONFLICT (household_id) DO UPDATE SET row_enc = EXCLUDED.row_enc, open_count = EXCLUDED.open_count,
        done_count = EXCLUDED.done_count, blocked_count = EXCLUDED.blocked_count,
        visit_count = EXCLUDED.visit_count, last_outcome = EXCLUDED.last_outcome,
        last_visit_at = EXCLUDED.last_visit_at, neighbourhood_id = EXCLUDED.neighbourhood_id,
        tally = EXCLUDED.tally, basis = EXCLUDED.basis
"""
_VIEW = ("id", "ward", "row", "open", "done", "blocked", "visits", "outcome", "at", "place", "tally", "basis")


def rewrite(session: Session, household_ids: Sequence[UUID], *, changed: bool = False) -> None:
    """Bring everything derived of these households up to date, in a fixed number of statements per 2,000.

    `changed`: their version grows by one with it.

    The caller holds their row locks; ids that do not exist are skipped.
    """
    session.flush()
    ids = sorted(set(household_ids))
    for start in range(0, len(ids), _CHUNK):
        _rewrite_chunk(session, ids[start : start + _CHUNK], _CHANGED if changed else _HOUSEHOLDS)
    # What was written here went past the session: objects it holds shall not show the old values.
    for instance in session.identity_map.values():
        if isinstance(instance, Visit | Adoption | HouseholdView):
            session.expire(instance)


def _rewrite_chunk(session: Session, ids: list[UUID], households: str) -> None:
    offers, year = offered(session).offers, today().year
    listed = uuids(ids)
    residents, facts = _grouped(session, _RESIDENTS, listed), _grouped(session, _FACTS, listed)
    visits: list[tuple[Any, ...]] = []
    states: list[tuple[UUID, str]] = []
    told: list[tuple[Any, ...]] = []
    decided: list[UUID] = []
    views: list[tuple[Any, ...]] = []
    names = _Names()
    for household in run(session, households, ids=listed):
        events = facts.get(household.id, [])
        state, steps = household.state, {}
        everybody = residents.get(household.id, [])
        living, same = _same_people(everybody)
        if events:
            said_gone = any(e.effective and e.outcome == Outcome.MOVED_AWAY for e in events)
            events, effective = _standing(events, visits)
            if same:
                effective = [derive.speaking_of(fact, same) for fact in effective]
            state = derive.household_state(household.state, effective, said_gone=said_gone)
            if state != household.state:
                states.append((household.id, state))
            steps = derive.decide(effective)
        basis = _basis(_rules(household.kind, state, offers, year), everybody, steps)
        if basis != household.basis:
            decided.append(household.id)
            told += [(*key, *step) for key, step in steps.items()]
        people = _people(living, household.kind, state, steps, offers, year)
        views.append((*_view(household, state, people, events, names), basis))
    for statement, columns, rows in (
        (_WRITE_VISITS, ("id", "effective", "flags"), visits),
        (_WRITE_STATES, ("id", "state"), states),
        (_WRITE_VIEWS, _VIEW, views),
    ):
        if rows:
            run(session, statement, rows=table(columns, rows))
    if decided:
        run(session, _ADOPTION, ids=uuids(decided), year=year, told=table(_TOLD, told))


@lru_cache(maxsize=64)
def _rules(kind: str, state: str, offers: tuple[Offer, ...], year: int) -> bytes:
    """What decides about adoption and is the same for many doors."""
    return f"{kind} {state} {year} {offers}".encode()


def _basis(rules: bytes, residents: Iterable[Any], steps: Mapping[tuple[UUID, str], Step]) -> bytes:
    """A fingerprint of all that the adoption rows of a door follow from: while it stays, so do they."""
    found = blake2b(rules, digest_size=8)
    for one in residents:
        found.update(f"{one.id.hex} {one.birth_year} {one.is_head} {one.state}\n".encode())
    for (resident, service), step in sorted(steps.items()):
        told = f"{resident.hex} {service} {step.state} {step.reason}"
        found.update(f"{told} {step.event_id and step.event_id.hex}\n".encode())
    return found.digest()


class _Names:
    """The given name (the last word) of who visited, each opened once."""

    def __init__(self) -> None:
        self._known: dict[UUID, str] = {}

    def of(self, event: Any) -> str:
        if event.author not in self._known:
            name = keyring().open(event.author_name, "account.full_name").decode()
            self._known[event.author] = name.split()[-1]
        return self._known[event.author]


def _standing(events: list[Any], changed: list[tuple[Any, ...]]) -> tuple[list[Any], list[Fact]]:
    """The events that count, newest first, and their facts; visits whose standing changed go into `changed`."""
    facts = [Fact(e.id, e.author, e.kind, e.est_time, e.corrects, e.outcome, e.results or ()) for e in events]
    standing = derive.standing(facts)
    for event in events:
        if event.outcome is None:
            continue
        flags = [flag for flag in event.flags if flag != "foreign_correction"]
        if event.id in standing.foreign:
            flags.append("foreign_correction")
        effective = event.id in standing.effective
        if effective != event.effective or flags != event.flags:
            changed.append((event.id, effective, ",".join(flags)))
    counted = [event for event in events if event.id in standing.effective]
    counted.sort(key=lambda event: (event.est_time, event.id), reverse=True)
    return counted, [fact for fact in facts if fact.id in standing.effective]


def _same_people(residents: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """Residents without those that a merge found twice, and the id that each of these speaks for."""
    same = {str(one.id): str(one.same_as_id) for one in residents if one.same_as_id is not None}
    return ([one for one in residents if one.same_as_id is None] if same else residents), same


def _people(
    residents: Iterable[Any],
    kind: str,
    state: str,
    told: dict[tuple[UUID, str], Step],
    offers: tuple[Offer, ...],
    year: int,
) -> People:
    """Each resident with the states of their services as JSON text, and the counts over all of them."""
    found: list[tuple[Any, str | None]] = []
    total = [0, 0, 0]
    words: list[str] = []
    still_open: set[str] = set()
    steps: dict[UUID, dict[str, Step]] = {}
    for (id_, code), step in told.items():
        steps.setdefault(id_, {})[code] = step
    for resident in residents:
        if state != HouseholdState.ACTIVE or resident.state not in _HERE:
            found.append((resident, None))
            continue
        begin = derive.beginnings(kind, resident.birth_year, resident.is_head, offers, year)
        if mine := steps.get(resident.id):
            begin = tuple([(code, mine[code].state if code in mine else first) for code, first in begin])
            reasons = {code: step.reason for code, step in mine.items() if step.reason}
            words.append(tally.of_person(begin, reasons))
        else:
            words.append(tally.person(begin))
        still_open |= tally.open_services(begin)
        services = services_of(begin)
        found.append((resident, services.text))
        total[0] += services.open
        total[1] += services.done
        total[2] += services.blocked
    return People(found, total[0], total[1], total[2], words, still_open)


def _view(household: Any, state: str, people: People, events: list[Any], names: _Names) -> tuple[Any, ...]:
    row = door_row(household, state, people, events, names.of)
    last = events[0] if events else None
    return (
        household.id,
        household.ward_id,
        keyring().seal(row.encode(), CONTEXT),
        people.open,
        people.done,
        people.blocked,
        len(events),
        last.outcome if last else None,
        last.est_time if last else None,
        household.neighbourhood_id,
        tally.of_door(household, state == HouseholdState.ACTIVE, people.words, people.still_open, events),
    )


def _grouped(session: Session, statement: str, ids: str) -> dict[UUID, list[Any]]:
    """Rows by their first column, the household."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in run(session, statement, ids=ids).all():
        found[row[0]].append(row)
    return found
