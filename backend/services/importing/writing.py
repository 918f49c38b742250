"""Store the households of a list: few statements for many rows, and only what differs.

What a visit taught (a state, a person who moved) is never taken back by a list; a household that the new list does
not name stays.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.core.ids import beside, uuid7
from backend.models import AreaUnit, Household, HouseholdState, Resident
from backend.services import feed, places
from backend.services.importing.matching import KnownHousehold, KnownPerson, Pair, match_people
from backend.services.importing.records import HouseholdRecord, PersonRecord
from backend.services.importing.tracing import Trace, alley_ids
from backend.text import addresses
from backend.text.vietnamese import search_key

_HOUSEHOLD_COLUMNS = (
    "id, ward_id, neighbourhood_id, alley_id, code, kind, state, address, old_address, parts, search_key, walk_key, "
    "head_name, phone, phone_index, list_key, import_batch_id, stub, v, created_at"
)
_RESIDENT_COLUMNS = (
    "id, ward_id, household_id, ordinal, full_name, birth_year, sex, relation, is_head, phone, phone_index, state, "
    "created_at"
)


@dataclass
class Counts:
    """Households by what happened to them, and the people added or changed."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    people_created: int = 0
    people_updated: int = 0

    def as_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Place:
    """Where the households go, and by which batch."""

    neighbourhood: AreaUnit
    ward_id: UUID
    batch_id: UUID
    moment: datetime


def lock(session: Session, neighbourhood: AreaUnit) -> None:
    """One import at a time in a neighbourhood: numbers given twice would collide."""
    session.execute(select(AreaUnit.id).where(AreaUnit.id == neighbourhood.id).with_for_update())


def load_known(session: Session, neighbourhood: AreaUnit) -> list[KnownHousehold]:
    """The households of a neighbourhood with their people, in two statements."""
    columns = (
        Household.id,
        Household.code,
        Household.list_key,
        Household.address,
        Household.old_address,
        Household.head_name,
        Household.phone_index,
        Household.state,
        Household.withdrawn_at,
    )
    here = Household.neighbourhood_id == neighbourhood.id
    known = {
        row.id: KnownHousehold(
            row.id,
            row.code,
            row.list_key,
            row.address,
            row.old_address,
            row.head_name,
            row.phone_index,
            row.state == HouseholdState.MERGED or row.withdrawn_at is not None,
        )
        for row in session.execute(select(*columns).where(here))
    }
    people = select(
        Resident.household_id,
        Resident.id,
        Resident.ordinal,
        Resident.full_name,
        Resident.birth_year,
        Resident.sex,
        Resident.relation,
        Resident.is_head,
        Resident.phone_index,
    ).where(Resident.household_id.in_(select(Household.id).where(here)))
    for row in session.execute(people):
        person = KnownPerson(
            row.id,
            row.ordinal,
            row.full_name,
            row.birth_year,
            row.sex,
            row.relation,
            row.is_head,
            row.phone_index,
        )
        known[row.household_id].people.append(person)
    return list(known.values())


def write(session: Session, place: Place, pairs: Sequence[Pair], counts: Counts, trace: Trace) -> None:
    """Store these households; `counts` and `trace` grow by what was done. The feed learns of every change."""
    created: list[UUID] = []
    fresh = [pair for pair in pairs if pair.known is None]
    known = [pair for pair in pairs if pair.known is not None]
    moved = [pair for pair in known if pair.known and _new_address(pair.record, pair.known)]
    parsed = {pair.record.address: addresses.parse(pair.record.address) for pair in (*fresh, *moved)}
    names = {address.alley for address in parsed.values() if address.alley}
    there = alley_ids(session, place.neighbourhood)
    alleys = places.ensure_alleys(session, place.neighbourhood, sorted(names))
    trace.alleys += sorted({str(alley) for alley in alleys.values()} - there)
    doors = {raw: (address, alleys.get(address.alley or "")) for raw, address in parsed.items()}
    if fresh:
        created = _create(session, place, fresh, doors, counts)
    changed, written = _update(session, place, known, doors, counts, trace)
    trace.after(session, created, written)
    feed.touch_households(session, [*created, *changed])


Doors = dict[str, tuple[addresses.Address, UUID | None]]


def _create(
    session: Session, place: Place, pairs: Sequence[Pair], doors: Doors, counts: Counts
) -> list[UUID]:
    number = _last_number(session, place.neighbourhood)
    households: list[tuple[Any, ...]] = []
    residents: list[tuple[Any, ...]] = []
    for pair in pairs:
        number += 1
        record, code, household_id = pair.record, f"H{number:04d}", uuid7()
        address, alley_id = doors[record.address]
        households.append(
            (
                *(household_id, place.ward_id, place.neighbourhood.id, alley_id, code, "household", "active"),
                *(record.address, record.old_address, json.dumps(address.parts, ensure_ascii=False)),
                *(search_key(f"{record.address} {code}"), address.walk_key),
                *(_seal(record.head_name, "household.head_name"), _seal(record.phone, "household.phone")),
                *(_blind(record.phone), pair.list_key, place.batch_id, False, 1, place.moment),
            )
        )
        for ordinal, person in enumerate(record.people, start=1):
            person_id = beside(household_id, ordinal)
            residents.append(_resident_row(place, person_id, household_id, ordinal, person))
    _copy(session, f"COPY household ({_HOUSEHOLD_COLUMNS}) FROM STDIN", households)
    _copy(session, f"COPY resident ({_RESIDENT_COLUMNS}) FROM STDIN", residents)
    counts.created += len(households)
    counts.people_created += len(residents)
    return [row[0] for row in households]


def _update(
    session: Session, place: Place, pairs: Sequence[Pair], doors: Doors, counts: Counts, trace: Trace
) -> tuple[list[UUID], list[UUID]]:
    """The households that phones and pages see changed, and all that were written (also a list's own key alone)."""
    changed: list[UUID] = []
    households: list[dict[str, Any]] = []
    residents: list[dict[str, Any]] = []
    added: list[tuple[Any, ...]] = []
    for pair in pairs:
        known = pair.known
        if known is None or known.settled:
            counts.unchanged += known is not None
            continue
        values = _household_changes(pair, known, doors)
        matched = match_people(pair.record.people, known.people)
        people = _people_changes(matched, known)
        newcomers = [person for person, one in matched if one is None]
        last = max((person.ordinal for person in known.people), default=0)
        for ordinal, person in enumerate(newcomers, start=last + 1):
            added.append(_resident_row(place, uuid7(), known.id, ordinal, person))
        if values.keys() - {"list_key"} or people or newcomers:
            changed.append(known.id)
            counts.updated += 1
        else:
            counts.unchanged += 1
        if values:
            households.append({"_id": known.id, **values})
        residents += people
    written = sorted({*changed, *(row["_id"] for row in households)})
    trace.before(session, written)
    trace.added += [str(row[0]) for row in added]
    _update_rows(session, Household, households)
    _update_rows(session, Resident, residents)
    _copy(session, f"COPY resident ({_RESIDENT_COLUMNS}) FROM STDIN", added)
    counts.people_created += len(added)
    counts.people_updated += len(residents)
    return changed, written


def _household_changes(pair: Pair, known: KnownHousehold, doors: Doors) -> dict[str, Any]:
    record, values = pair.record, dict[str, Any]()
    if _new_address(record, known):
        address, alley_id = doors[record.address]
        values |= {"address": record.address, "parts": address.parts, "walk_key": address.walk_key}
        values |= {"alley_id": alley_id, "search_key": search_key(f"{record.address} {known.code}")}
    if record.old_address and record.old_address != known.old_address:
        values["old_address"] = record.old_address
    if record.head_name and record.head_name != known.head_name:
        values["head_name"] = record.head_name
    if record.phone and _blind(record.phone) != known.phone_index:
        values |= {"phone": record.phone, "phone_index": _blind(record.phone)}
    if pair.list_key != known.list_key:
        values["list_key"] = pair.list_key
    return values


def _people_changes(
    matched: Sequence[tuple[PersonRecord, KnownPerson | None]], known: KnownHousehold
) -> list[dict[str, Any]]:
    """What the list knows better; an empty cell takes nothing away."""
    told_head = any(person.is_head for person, _ in matched)
    named = {one.id for _, one in matched if one is not None}
    former = [one for one in known.people if told_head and one.is_head and one.id not in named]
    changes: list[dict[str, Any]] = [{"_id": one.id, "is_head": False} for one in former]
    for person, one in matched:
        if one is None:
            continue
        values: dict[str, Any] = {}
        pairs = (("full_name", person.name, one.name), ("birth_year", person.birth_year, one.birth_year))
        for column, new, old in (
            *pairs,
            ("sex", person.sex, one.sex),
            ("relation", person.relation, one.relation),
        ):
            if new is not None and new != old:
                values[column] = new
        if told_head and person.is_head != one.is_head:
            values["is_head"] = person.is_head
        if person.phone and _blind(person.phone) != one.phone_index:
            values |= {"phone": person.phone, "phone_index": _blind(person.phone)}
        if values:
            changes.append({"_id": one.id, **values})
    return changes


def _new_address(record: HouseholdRecord, known: KnownHousehold) -> bool:
    return bool(record.address) and record.address != known.address


def _update_rows(
    session: Session, model: type[Household] | type[Resident], rows: list[dict[str, Any]]
) -> None:
    """One statement per set of changed columns, executed for all rows that share it."""
    kinds: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(tuple(sorted(row.keys() - {"_id"})), []).append(row)
    table: Any = model.__table__
    for columns, alike in kinds.items():
        statement = update(table).where(table.c.id == bindparam("_id"))
        statement = statement.values(
            {column: bindparam(f"_{column}", type_=table.c[column].type) for column in columns}
        )
        session.connection().execute(
            statement,
            [{key if key == "_id" else f"_{key}": value for key, value in row.items()} for row in alike],
        )


def _resident_row(
    place: Place, id_: UUID, household_id: UUID, ordinal: int, person: PersonRecord
) -> tuple[Any, ...]:
    return (
        *(id_, place.ward_id, household_id, ordinal, _seal(person.name, "resident.full_name")),
        *(person.birth_year, person.sex, person.relation, person.is_head),
        *(_seal(person.phone, "resident.phone"), _blind(person.phone), "active", place.moment),
    )


def _copy(session: Session, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _last_number(session: Session, neighbourhood: AreaUnit) -> int:
    number = func.substr(Household.code, 2).cast(Integer)
    plain = Household.code.regexp_match(r"^H\d{1,8}$")
    here = select(func.max(number)).where(Household.neighbourhood_id == neighbourhood.id, plain)
    return session.scalar(here) or 0


def _seal(value: str | None, context: str) -> bytes | None:
    return keyring().seal(value.encode(), context) if value else None


def _blind(e164: str | None) -> bytes | None:
    return keyring().blind(e164, "phone") if e164 else None


def make_place(neighbourhood: AreaUnit, batch_id: UUID) -> Place:
    """Where a batch goes. Raises ValueError for a unit outside of every ward."""
    if neighbourhood.ward_id is None:
        raise ValueError("a neighbourhood belongs to a ward")
    return Place(neighbourhood, neighbourhood.ward_id, batch_id, now())
