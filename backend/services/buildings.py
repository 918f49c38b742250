"""Apartment buildings: an alley whose doors stand above one another. Floors and flats are read from the addresses."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound, Refusal
from backend.models import AreaUnit, Household, HouseholdState, HouseholdView, Level
from backend.services import audit, feed, household_edit, places
from backend.services.actor import Actor, household_scope, neighbourhood_for, neighbourhood_ids
from backend.text.addresses import floor, parse
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc, search_key

MOST_FLATS = 600  # in one go
_HIGHEST, _WIDEST = 60, 60


@dataclass(frozen=True)
class Flat:
    """One door of a building; `label`: what stands on it ("502"). `left`: open person-services."""

    id: UUID
    code: str
    label: str
    state: str
    visits: int
    last_outcome: str | None
    left: int
    mark: str | None


@dataclass(frozen=True)
class Building:
    """`floors`: from the highest down, as one walks; floor 0: the number does not say."""

    id: UUID
    name: str
    neighbourhood_id: UUID
    neighbourhood: str
    doors: int
    visited: int
    floors: tuple[tuple[int, tuple[Flat, ...]], ...] = ()


@dataclass(frozen=True)
class Added:
    """What adding flats did: new doors, and flats that were there already."""

    building_id: UUID
    made: int
    there: int


def buildings(session: Session, actor: Actor, neighbourhood_id: UUID | None) -> list[Building]:
    """The buildings of a neighbourhood or of the whole scope, with their doors counted (one statement)."""
    where = [household_scope(actor), _is_flat(), Household.state != HouseholdState.MERGED]
    if neighbourhood_id is not None:
        where.append(Household.neighbourhood_id == neighbourhood_id)
    rows = session.execute(
        select(
            AreaUnit.id,
            AreaUnit.name,
            AreaUnit.parent_id,
            AreaUnit.sort_key,
            func.count().label("doors"),
            func.count().filter(HouseholdView.visit_count > 0).label("visited"),
        )
        .select_from(Household)
        .join(AreaUnit, AreaUnit.id == Household.alley_id)
        .outerjoin(HouseholdView, HouseholdView.household_id == Household.id)
        .where(*where)
        .group_by(AreaUnit.id)
        .order_by(AreaUnit.sort_key)
    ).all()
    names = _names(session, {row.parent_id for row in rows})
    return [
        Building(row.id, row.name, row.parent_id, names.get(row.parent_id, ""), row.doors, row.visited)
        for row in rows
    ]


def building(session: Session, actor: Actor, alley_id: UUID) -> Building:
    """One building floor by floor; the reading is audited. Raises NotFound for what is no alley of the actor's."""
    unit = session.scalars(
        select(AreaUnit).where(
            AreaUnit.id == alley_id,
            AreaUnit.level == Level.ALLEY,
            AreaUnit.parent_id.in_(neighbourhood_ids(actor)),
        )
    ).one_or_none()
    if unit is None or unit.parent_id is None:
        raise NotFound
    rows = session.execute(
        select(
            Household.id,
            Household.code,
            Household.address,
            Household.parts,
            Household.state,
            Household.mark,
            HouseholdView.visit_count,
            HouseholdView.last_outcome,
            HouseholdView.open_count,
        )
        .outerjoin(HouseholdView, HouseholdView.household_id == Household.id)
        .where(
            household_scope(actor), Household.alley_id == unit.id, Household.state != HouseholdState.MERGED
        )
        .order_by(Household.walk_key, Household.code)
    ).all()
    floors: dict[int, list[Flat]] = defaultdict(list)
    for row in rows:
        floors[floor(row.parts)].append(
            Flat(
                id=row.id,
                code=row.code,
                label=str(row.parts.get("can_ho") or row.parts.get("so") or row.code),
                state=row.state,
                visits=row.visit_count or 0,
                last_outcome=row.last_outcome,
                left=row.open_count or 0,
                mark=row.mark,
            )
        )
    audit.record(session, actor, "building.read", object_kind="area_unit", object_id=unit.id, count=len(rows))
    return Building(
        id=unit.id,
        name=unit.name,
        neighbourhood_id=unit.parent_id,
        neighbourhood=_names(session, {unit.parent_id}).get(unit.parent_id, ""),
        doors=len(rows),
        visited=sum(bool(row.visit_count) for row in rows),
        floors=tuple((number, tuple(floors[number])) for number in sorted(floors, reverse=True)),
    )


def rename(session: Session, actor: Actor, alley_id: UUID, name: str) -> int:
    """Another name; lists that say the old one still find the building, phones learn the new one. Returns the doors."""
    building(session, actor, alley_id)
    if screen(name)[1]:
        raise Refusal("bad_form", fields={"name": "no_id_numbers"})
    places.rename_alley(session, actor, alley_id, name)
    doors = session.scalars(
        select(Household.id).where(household_scope(actor), Household.alley_id == alley_id)
    ).all()
    feed.touch_households(session, doors)
    return len(doors)


def flats_of(first: int, last: int, each: int) -> list[tuple[int, str]]:
    """Floor and number of every flat: floors `first` to `last`, `each` flats on one, numbered 501, 502 …

    Raises Refusal("bad_form") with the fields that are not right, "building_large" above 600 flats.
    """
    bad = {}
    if not 1 <= first <= _HIGHEST:
        bad["first"] = "bad_value"
    if not first <= last <= _HIGHEST:
        bad["last"] = "bad_floors"
    if not 1 <= each <= _WIDEST:
        bad["each"] = "bad_value"
    if bad:
        raise Refusal("bad_form", fields=bad)
    if (last - first + 1) * each > MOST_FLATS:
        raise Refusal("building_large", n=(last - first + 1) * each, most=MOST_FLATS)
    return [(level, f"{level}{flat:02d}") for level in range(first, last + 1) for flat in range(1, each + 1)]


def add_flats(
    session: Session, actor: Actor, neighbourhood_id: UUID, name: str, first: int, last: int, each: int
) -> Added:
    """A building that the list lacks, or more floors of one: a door per flat, of which nobody knows anything yet.

    Raises NotFound outside the scope, Refusal as `flats_of` does, "bad_form" for a name that is no building's.
    """
    area = neighbourhood_for(session, actor, neighbourhood_id)
    if area.valid_to is not None:
        raise NotFound
    wanted = flats_of(first, last, each)
    name = nfc(name)
    sample = parse(f"Căn {wanted[0][1]} {name}")
    if not name or sample.alley is None or "can_ho" not in sample.parts:
        raise Refusal("bad_form", fields={"name": "building_name"})
    if screen(name)[1]:
        raise Refusal("bad_form", fields={"name": "no_id_numbers"})
    places.lock_ward(session, area.ward_id)
    alley = places.ensure_alleys(session, area, [sample.alley])[sample.alley]
    there = {
        str(parts.get("can_ho"))
        for parts in session.scalars(
            select(Household.parts).where(
                Household.neighbourhood_id == area.id, Household.alley_id == alley, household_scope(actor)
            )
        )
    }
    missing = [number for _, number in wanted if number not in there]
    number = int(household_edit.next_code(session, area.id)[1:])
    made = [
        _flat(actor, area, alley, f"Căn {flat} {name}", f"H{number + place:04d}")
        for place, flat in enumerate(missing)
    ]
    session.add_all(made)
    session.flush()
    feed.touch_households(session, [one.id for one in made])
    audit.record(session, actor, "building.add", object_kind="area_unit", object_id=alley, count=len(made))
    return Added(alley, len(made), len(wanted) - len(missing))


def _flat(actor: Actor, area: AreaUnit, alley: UUID, address: str, code: str) -> Household:
    parsed = parse(address)
    return Household(
        ward_id=actor.ward_id,
        neighbourhood_id=area.id,
        alley_id=alley,
        code=code,
        address=parsed.raw,
        parts=parsed.parts,
        walk_key=parsed.walk_key,
        search_key=search_key(f"{parsed.raw} {code}"),
        added_by=actor.account_id,
    )


def _is_flat() -> ColumnElement[bool]:
    parts: Any = Household.parts
    return or_(parts.has_key("can_ho"), and_(parts.has_key("toa"), Household.alley_id.is_not(None)))


def _names(session: Session, ids: set[UUID | None]) -> dict[UUID, str]:
    return dict(session.execute(select(AreaUnit.id, AreaUnit.name).where(AreaUnit.id.in_(ids))).all())
