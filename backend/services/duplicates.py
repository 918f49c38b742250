"""Doors that may be one: the same address, the same phone, or a head of the same name close by.

Never merged by the machine: a person looks at both and says "one" (services/merging.py) or "two", which is remembered.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.refusal import Refusal
from backend.models import (
    Account,
    Assignment,
    Consent,
    Household,
    HouseholdDistinct,
    HouseholdState,
    HouseholdView,
    QrCode,
    Resident,
    WalkMember,
)
from backend.services import audit
from backend.services.actor import Actor, household_scope, neighbourhood_for
from backend.services.household_story import household_for
from backend.services.households import NAMES_UP_TO
from backend.services.importing.matching import name_of
from backend.services.walk_doors import array_of, live
from backend.text.vietnamese import search_key

PAGE = 20
_CROWD = 6  # doors that share something: above that only neighbours in walking order are paired


@dataclass(frozen=True)
class Pair:
    """Two doors that may be one. `reasons`: address | phone | name; the older door stands first."""

    one: Any
    other: Any
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """One page of pairs, the likeliest first. `too_many`: more doors than can be compared; choose a neighbourhood."""

    pairs: tuple[Pair, ...]
    total: int
    page: int
    pages: int
    too_many: bool = False


@dataclass(frozen=True)
class Side:
    """One of two doors, as the page that compares them shows it."""

    household: Household
    people: tuple[Resident, ...]
    visits: int
    last_outcome: str | None
    last_visit_at: Any
    consents: int
    codes: int
    volunteers: tuple[str, ...]


def find(session: Session, actor: Actor, neighbourhood_id: UUID | None, page: int = 1) -> Pairs:
    """The pairs of one neighbourhood, or of the actor's scope (None); three statements. The reading is audited."""
    conditions = [
        household_scope(actor),
        Household.state != HouseholdState.MERGED,
        Household.withdrawn_at.is_(None),
    ]
    if neighbourhood_id is not None:
        conditions.append(
            Household.neighbourhood_id == neighbourhood_for(session, actor, neighbourhood_id).id
        )
    doors = session.execute(
        select(
            Household.id,
            Household.code,
            Household.address,
            Household.head_name,
            Household.phone_index,
            Household.alley_id,
            Household.neighbourhood_id,
            Household.created_at,
        )
        .where(*conditions)
        .order_by(Household.neighbourhood_id, Household.walk_key, Household.code)
        .limit(NAMES_UP_TO + 1)
    ).all()
    if len(doors) > NAMES_UP_TO:
        return Pairs((), 0, 1, 1, too_many=True)
    apart = select(HouseholdDistinct.low_id, HouseholdDistinct.high_id)
    said = {
        (row.low_id, row.high_id)
        for row in session.execute(apart.where(HouseholdDistinct.ward_id == actor.ward_id))
    }
    pairs = [pair for pair in _pairs(doors) if _key(pair.one.id, pair.other.id) not in said]
    pages = max(1, ceil(len(pairs) / PAGE))
    page = min(max(1, page), pages)
    shown = tuple(pairs[(page - 1) * PAGE : page * PAGE])
    if shown:
        audit.record(
            session, actor, "household.duplicates_read", object_kind="household", count=2 * len(shown)
        )
    return Pairs(shown, len(pairs), page, pages)


def side_by_side(session: Session, actor: Actor, one_id: UUID, other_id: UUID) -> tuple[Side, Side]:
    """Both doors with what hangs on each; a fixed number of statements. The reading is audited. Raises NotFound."""
    both = [household_for(session, actor, id_) for id_ in (one_id, other_id)]
    if one_id == other_id:
        raise Refusal("merge_same", status=409)
    ids = array_of([one_id, other_id])
    views = {
        view.household_id: view
        for view in session.scalars(select(HouseholdView).where(HouseholdView.household_id == func.any(ids)))
    }
    people: dict[UUID, list[Resident]] = defaultdict(list)
    for person in session.scalars(
        select(Resident)
        .where(Resident.household_id == func.any(ids), Resident.same_as_id.is_(None))
        .order_by(Resident.ordinal)
    ):
        people[person.household_id].append(person)
    consents = _counts(session, Consent.household_id, ids)
    codes = _counts(session, QrCode.household_id, ids, QrCode.revoked_at.is_(None))
    names: dict[UUID, list[str]] = defaultdict(list)
    for row in session.execute(
        select(Assignment.household_id, Account.full_name)
        .join(WalkMember, WalkMember.walk_id == Assignment.walk_id)
        .join(Account, Account.id == WalkMember.account_id)
        .where(Assignment.household_id == func.any(ids), live(), WalkMember.ended_at.is_(None))
    ):
        names[row.household_id].append(row.full_name)
    audit.record(session, actor, "household.read", object_kind="household", object_id=one_id, count=2)
    first, second = (
        Side(
            household=each,
            people=tuple(people[each.id]),
            visits=views[each.id].visit_count if each.id in views else 0,
            last_outcome=views[each.id].last_outcome if each.id in views else None,
            last_visit_at=views[each.id].last_visit_at if each.id in views else None,
            consents=consents.get(each.id, 0),
            codes=codes.get(each.id, 0),
            volunteers=tuple(names[each.id]),
        )
        for each in both
    )
    return first, second


def keep_apart(session: Session, actor: Actor, one_id: UUID, other_id: UUID) -> None:
    """Remember that these are two; they are not proposed again. Raises NotFound."""
    for id_ in (one_id, other_id):
        household_for(session, actor, id_)
    low, high = _key(one_id, other_id)
    session.execute(
        insert(HouseholdDistinct)
        .values(ward_id=actor.ward_id, low_id=low, high_id=high, said_by=actor.account_id)
        .on_conflict_do_nothing()
    )
    audit.record(session, actor, "household.keep_apart", object_kind="household", object_id=low, other=high)


def by_code(session: Session, actor: Actor, beside: UUID, code: str) -> UUID:
    """The door with this code in the neighbourhood of `beside`. Raises NotFound, Refusal("bad_form") with the field."""
    here = household_for(session, actor, beside)
    found = session.scalars(
        select(Household.id).where(
            household_scope(actor),
            Household.neighbourhood_id == here.neighbourhood_id,
            Household.code == code.strip().upper(),
        )
    ).one_or_none()
    if found is None:
        raise Refusal("bad_form", fields={"code": "no_such_code"})
    return found


def _key(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one.int < other.int else (other, one)


def _pairs(doors: Iterable[Any]) -> list[Pair]:
    """By the number of reasons, then in walking order."""
    groups: dict[tuple[str, Hashable], list[Any]] = defaultdict(list)
    order: dict[UUID, int] = {}
    for place, door in enumerate(doors):
        order[door.id] = place
        here = door.neighbourhood_id
        if address := search_key(door.address):
            groups["address", (here, address)].append(door)
        if door.phone_index:
            groups["phone", (here, door.phone_index)].append(door)
        if name := name_of(door.head_name):
            groups["name", (here, door.alley_id, name)].append(door)
    found: dict[tuple[UUID, UUID], tuple[Any, Any, list[str]]] = {}
    for (reason, _), alike in groups.items():
        for one, other in combinations(alike, 2) if len(alike) <= _CROWD else pairwise(alike):
            first, second = sorted((one, other), key=lambda door: (door.created_at, door.code))
            found.setdefault(_key(one.id, other.id), (first, second, []))[2].append(reason)
    pairs = [Pair(one, other, tuple(reasons)) for one, other, reasons in found.values()]
    return sorted(pairs, key=lambda pair: (-len(pair.reasons), order[pair.one.id], order[pair.other.id]))


def _counts(session: Session, column: Any, ids: Any, *more: Any) -> dict[UUID, int]:
    rows = session.execute(
        select(column, func.count()).where(column == func.any(ids), *more).group_by(column)
    )
    return {row[0]: row[1] for row in rows}
