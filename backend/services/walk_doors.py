"""The doors that walks are made of: chosen from a neighbourhood, or read from a walk. Set-based, no query in a loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, ColumnElement, Row, Select, and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound
from backend.models import (
    OPEN,
    Adoption,
    AdoptionState,
    Assignment,
    Campaign,
    Household,
    HouseholdState,
    HouseholdView,
    Resident,
    ResidentState,
    Walk,
)
from backend.services import planning
from backend.services.actor import Actor, neighbourhood_for
from backend.text.addresses import street_side

_DOORS: Select[*tuple[object, ...]] = select(
    Household.id,
    Household.alley_id,
    Household.walk_key,
    Household.parts,
    Household.latitude,
    Household.longitude,
)


@dataclass(frozen=True)
class Choice:
    """Which doors shall be walked.

    `alley_ids`: only these (None inside it: doors without an alley); None: all of the neighbourhood.
    `with_work`: leave out doors where nothing of the campaign is open. `not_visited_since`: leave out doors
    visited on or after that day. `unassigned`: leave out doors that somebody already walks. `service`: only doors
    where this one is open. `last`: only doors whose last visit ended so ("": not visited yet; None: any).
    """

    neighbourhood_id: UUID
    campaign_id: UUID | None = None
    alley_ids: frozenset[UUID | None] | None = None
    with_work: bool = True
    not_visited_since: date | None = None
    unassigned: bool = False
    service: str | None = None
    last: str | None = None


def choose(session: Session, actor: Actor, choice: Choice) -> list[planning.Door]:
    """The doors of a choice, unordered; at most five statements. Raises NotFound outside the actor's scope."""
    neighbourhood_for(session, actor, choice.neighbourhood_id)
    services = campaign_services(session, actor, choice.campaign_id)
    query = _DOORS.where(
        Household.neighbourhood_id == choice.neighbourhood_id,
        Household.state == HouseholdState.ACTIVE,
        Household.withdrawn_at.is_(None),
        ~Household.stub,
    )
    if choice.alley_ids is not None:
        query = query.where(_in_alleys(choice.alley_ids))
    if choice.not_visited_since is not None or choice.last is not None:
        query = query.outerjoin(HouseholdView, HouseholdView.household_id == Household.id)
    if choice.last is not None:
        query = query.where(func.coalesce(HouseholdView.last_outcome, "") == choice.last)
    if choice.service is not None:
        query = query.where(
            select(Adoption.resident_id)
            .where(
                Adoption.household_id == Household.id,
                Adoption.service_code == choice.service,
                Adoption.state.in_(OPEN),
            )
            .exists()
        )
    if choice.not_visited_since is not None:
        visited = func.timezone("Asia/Ho_Chi_Minh", HouseholdView.last_visit_at) >= choice.not_visited_since
        query = query.where(func.coalesce(visited, False).is_(False))
    if choice.unassigned:
        query = query.outerjoin(Assignment, and_(Assignment.household_id == Household.id, live()))
        query = query.where(Assignment.id.is_(None))
    rows = session.execute(query).all()
    work = _work_of(session, [row.id for row in rows], services)
    if choice.with_work:
        asked = _with_people(session, [row.id for row in rows])
        # Something open, somebody whose eligibility is not known yet, or a door of which nothing is known.
        rows = [row for row in rows if any(work.get(row.id, (0, 0))) or row.id not in asked]
    return [_door(row, work) for row in rows]


def campaign_services(session: Session, actor: Actor, campaign_id: UUID | None) -> list[str] | None:
    """The services of a campaign of the actor's ward; None (all services) without a campaign."""
    if campaign_id is None:
        return None
    services = session.scalars(
        select(Campaign.service_codes).where(Campaign.id == campaign_id, Campaign.ward_id == actor.ward_id)
    ).one_or_none()
    if services is None:
        raise NotFound
    return services


def live() -> ColumnElement[bool]:
    """The condition of an assignment in force."""
    return and_(Assignment.started_at.is_not(None), Assignment.ended_at.is_(None))


def doors_of_walk(session: Session, walk: Walk) -> list[planning.Door]:
    """The doors of a draft, or the live ones of a published walk, in its order; `load` by its campaign."""
    return doors_of_walks(session, [walk])[walk.id]


def doors_of_walks(session: Session, walks: Sequence[Walk]) -> dict[UUID, list[planning.Door]]:
    """The doors of walks of one campaign, each in its order; three statements."""
    found: dict[UUID, list[planning.Door]] = {walk.id: [] for walk in walks}
    if not walks:
        return found
    services = session.scalar(select(Campaign.service_codes).where(Campaign.id == walks[0].campaign_id))
    rows = session.execute(
        _DOORS.add_columns(Assignment.walk_id)
        .join(Assignment, Assignment.household_id == Household.id)
        .where(Assignment.walk_id.in_(found), Assignment.ended_at.is_(None))
        .order_by(Assignment.position, Household.walk_key)
    ).all()
    work = _work_of(session, [row.id for row in rows], services)
    for row in rows:
        found[row.walk_id].append(_door(row, work))
    return found


def _work_of(
    session: Session, household_ids: Sequence[UUID], services: Sequence[str] | None
) -> dict[UUID, tuple[int, int]]:
    """Household to its open person-services and those of unknown eligibility, among `services` (None: all).

    By a list of ids, not by a subquery per row: right after an import the planner knows nothing of the tables yet.
    """
    conditions = [
        Adoption.household_id == func.any(array_of(household_ids)),
        Adoption.state.in_((*OPEN, AdoptionState.UNKNOWN)),
        Resident.state == ResidentState.ACTIVE,
    ]
    if services is not None:
        conditions.append(Adoption.service_code.in_(services))
    rows = session.execute(
        select(
            Adoption.household_id,
            func.count().filter(Adoption.state.in_(OPEN)).label("open"),
            func.count().filter(Adoption.state == AdoptionState.UNKNOWN).label("unknown"),
        )
        .join(Resident, Resident.id == Adoption.resident_id)
        .where(*conditions)
        .group_by(Adoption.household_id)
    )
    return {row.household_id: (row.open, row.unknown) for row in rows}


def array_of(ids: Sequence[UUID]) -> BindParameter[Sequence[UUID]]:
    """One parameter for a list of ids, however long."""
    return bindparam(None, list(ids), type_=ARRAY(PgUUID(as_uuid=True)), unique=True)


def _with_people(session: Session, household_ids: Sequence[UUID]) -> set[UUID]:
    rows = session.scalars(
        select(Resident.household_id)
        .where(
            Resident.household_id == func.any(array_of(household_ids)), Resident.state == ResidentState.ACTIVE
        )
        .distinct()
    )
    return set(rows)


def _in_alleys(alley_ids: frozenset[UUID | None]) -> ColumnElement[bool]:
    named = Household.alley_id.in_([alley for alley in alley_ids if alley is not None])
    return or_(named, Household.alley_id.is_(None)) if None in alley_ids else named


def _door(row: Row[*tuple[object, ...]], work: Mapping[UUID, tuple[int, int]]) -> planning.Door:
    known = row.latitude is not None and row.longitude is not None
    return planning.Door(
        id=row.id,
        alley=row.alley_id,
        walk_key=bytes(row.walk_key),
        load=work.get(row.id, (0, 0))[0],
        side=street_side(row.parts),
        point=(row.latitude, row.longitude) if known else None,
    )
