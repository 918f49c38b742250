"""One walk door by door: what is open behind each, and what came of the last visit."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select
from sqlalchemy.orm import Session

from backend.models import (
    OPEN,
    Adoption,
    AdoptionState,
    AreaUnit,
    Assignment,
    Campaign,
    Household,
    HouseholdView,
    Resident,
    ResidentState,
    Service,
    Walk,
)
from backend.text.addresses import parse


@dataclass(frozen=True)
class DoorRow:
    """One door of a walk. `todo`: (short name of the service, how many people); `unknown`: nobody has asked yet."""

    id: UUID
    code: str
    address: str
    house: str
    alley_id: UUID | None
    alley: str
    todo: tuple[tuple[str, int], ...]
    unknown: bool
    last_outcome: str | None
    last_visit_at: datetime | None
    visits: int


def door_rows(session: Session, walk: Walk) -> tuple[DoorRow, ...]:
    """The doors of a walk in its order (those it had at the end, once closed); three statements."""
    still: ColumnElement[bool] = Assignment.ended_at.is_(None)
    if walk.closed_at is not None:
        still = or_(still, Assignment.ended_at >= walk.closed_at)
    mine = select(Assignment.household_id).where(Assignment.walk_id == walk.id, still)
    todo, unknown = _work_at(session, walk, mine.scalar_subquery())
    rows = session.execute(
        select(
            Household.id,
            Household.code,
            Household.address,
            Household.alley_id,
            AreaUnit.name.label("alley"),
            HouseholdView.last_outcome,
            HouseholdView.last_visit_at,
            HouseholdView.visit_count,
        )
        .join(Assignment, Assignment.household_id == Household.id)
        .outerjoin(AreaUnit, AreaUnit.id == Household.alley_id)
        .outerjoin(HouseholdView, HouseholdView.household_id == Household.id)
        .where(Assignment.walk_id == walk.id, still)
        .order_by(Assignment.position, Household.walk_key)
    )
    return tuple(
        DoorRow(
            id=row.id,
            code=row.code,
            address=row.address,
            house=parse(row.address).house,
            alley_id=row.alley_id,
            alley=row.alley or "",
            todo=tuple(todo[row.id]),
            unknown=row.id in unknown,
            last_outcome=row.last_outcome,
            last_visit_at=row.last_visit_at,
            visits=row.visit_count or 0,
        )
        for row in rows
    )


def _work_at(
    session: Session, walk: Walk, households: ScalarSelect[UUID]
) -> tuple[dict[UUID, list[tuple[str, int]]], set[UUID]]:
    """Open person-services per door, by the walk's campaign; and the doors with people of unknown age."""
    services = session.scalar(select(Campaign.service_codes).where(Campaign.id == walk.campaign_id))
    conditions = [
        Adoption.household_id.in_(households),
        Adoption.state.in_((*OPEN, AdoptionState.UNKNOWN)),
        Resident.state == ResidentState.ACTIVE,
    ]
    if services is not None:
        conditions.append(Adoption.service_code.in_(services))
    todo: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
    unknown: set[UUID] = set()
    rows = session.execute(
        select(
            Adoption.household_id,
            Service.short_vi,
            func.count().filter(Adoption.state.in_(OPEN)).label("open"),
            func.count().filter(Adoption.state == AdoptionState.UNKNOWN).label("unknown"),
        )
        .join(Resident, Resident.id == Adoption.resident_id)
        .join(Service, Service.code == Adoption.service_code)
        .where(*conditions)
        .group_by(Adoption.household_id, Service.code)
        .order_by(Service.position)
    )
    for row in rows:
        if row.open:
            todo[row.household_id].append((row.short_vi, row.open))
        if row.unknown:
            unknown.add(row.household_id)
    return todo, unknown
