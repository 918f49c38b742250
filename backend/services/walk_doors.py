"""The doors that walks are made of: chosen from a neighbourhood, or read from a walk. Set-based, no query in a loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
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


@dataclass(frozen=True)
class Choice:
    """Which doors shall be walked.

    `alley_ids`: only these (None inside it: doors without an alley); None: all of the neighbourhood.
    `with_work`: leave out doors where nothing of the campaign is open. `not_visited_since`: leave out doors
    visited on or after that day. `unassigned`: leave out doors that somebody already walks.
    """

    neighbourhood_id: UUID
    campaign_id: UUID | None = None
    alley_ids: frozenset[UUID | None] | None = None
    with_work: bool = True
    not_visited_since: date | None = None
    unassigned: bool = False


def choose(session: Session, actor: Actor, choice: Choice) -> list[planning.Door]:
    """The doors of a choice, unordered; three statements. Raises NotFound outside the actor's scope."""
    neighbourhood_for(session, actor, choice.neighbourhood_id)
    services = campaign_services(session, actor, choice.campaign_id)
    conditions: list[ColumnElement[bool]] = [
        Household.neighbourhood_id == choice.neighbourhood_id,
        Household.state == HouseholdState.ACTIVE,
        Household.withdrawn_at.is_(None),
        ~Household.stub,
    ]
    if choice.alley_ids is not None:
        conditions.append(_in_alleys(choice.alley_ids))
    if choice.with_work:
        conditions.append(or_(_work_left(services), ~_somebody_known()))
    if choice.not_visited_since is not None:
        conditions.append(
            ~exists().where(
                HouseholdView.household_id == Household.id,
                func.timezone("Asia/Ho_Chi_Minh", HouseholdView.last_visit_at) >= choice.not_visited_since,
            )
        )
    if choice.unassigned:
        conditions.append(~exists().where(Assignment.household_id == Household.id, live()))
    return [_door(row) for row in session.execute(doors_query(services).where(*conditions))]


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
    """The doors of walks of one campaign, each in its order; two statements."""
    found: dict[UUID, list[planning.Door]] = {walk.id: [] for walk in walks}
    if not walks:
        return found
    services = session.scalar(select(Campaign.service_codes).where(Campaign.id == walks[0].campaign_id))
    query = (
        doors_query(services)
        .add_columns(Assignment.walk_id)
        .join(Assignment, Assignment.household_id == Household.id)
        .where(Assignment.walk_id.in_(found), Assignment.ended_at.is_(None))
        .order_by(Assignment.position, Household.walk_key)
    )
    for row in session.execute(query):
        found[row.walk_id].append(_door(row))
    return found


def doors_query(services: Sequence[str] | None) -> Select[*tuple[object, ...]]:
    """What the planner needs of a household; `open`: the open person-services among `services` (None: all)."""
    conditions = [
        Adoption.household_id == Household.id,
        Adoption.state.in_(OPEN),
        Resident.state == ResidentState.ACTIVE,
    ]
    if services is not None:
        conditions.append(Adoption.service_code.in_(services))
    opened = (
        select(func.count())
        .select_from(Adoption)
        .join(Resident, Resident.id == Adoption.resident_id)
        .where(*conditions)
        .correlate(Household)
        .scalar_subquery()
    )
    return select(
        Household.id,
        Household.alley_id,
        Household.walk_key,
        Household.parts,
        Household.latitude,
        Household.longitude,
        opened.label("open"),
    )


def _in_alleys(alley_ids: frozenset[UUID | None]) -> ColumnElement[bool]:
    named = Household.alley_id.in_([alley for alley in alley_ids if alley is not None])
    return or_(named, Household.alley_id.is_(None)) if None in alley_ids else named


def _work_left(services: Sequence[str] | None) -> ColumnElement[bool]:
    """Something open, or somebody whose eligibility is not known yet."""
    conditions = [
        Adoption.household_id == Household.id,
        Adoption.state.in_((*OPEN, AdoptionState.UNKNOWN)),
        Resident.id == Adoption.resident_id,
        Resident.state == ResidentState.ACTIVE,
    ]
    if services is not None:
        conditions.append(Adoption.service_code.in_(services))
    return exists().where(*conditions)


def _somebody_known() -> ColumnElement[bool]:
    return exists().where(Resident.household_id == Household.id, Resident.state == ResidentState.ACTIVE)


def _door(row: Row[*tuple[object, ...]]) -> planning.Door:
    known = row.latitude is not None and row.longitude is not None
    return planning.Door(
        id=row.id,
        alley=row.alley_id,
        walk_key=bytes(row.walk_key),
        load=row.open,
        side=street_side(row.parts),
        point=(row.latitude, row.longitude) if known else None,
    )
