"""Walks as the desk shows them: the list, a plan on the table, one walk door by door. A fixed number of statements each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound
from backend.models import (
    OPEN,
    Account,
    Adoption,
    AreaUnit,
    Assignment,
    Campaign,
    HouseholdView,
    Resident,
    ResidentState,
    Service,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import audit, planning, walk_map
from backend.services.actor import Actor
from backend.services.walk_doors import Choice, array_of, campaign_services, choose, doors_of_walks
from backend.services.walk_rights import walk_scope
from backend.services.walk_sheet import DoorRow, door_rows
from backend.text.addresses import parse

_CLOSED_SHOWN = 30


@dataclass(frozen=True)
class Person:
    """A volunteer by name."""

    id: UUID
    name: str


@dataclass(frozen=True)
class WalkRow:
    """One line of the list. `doors`: live ones (all it ever had, once closed); `visited`: since publication."""

    walk: Walk
    neighbourhood: str
    campaign: str
    people: tuple[Person, ...]
    doors: int
    visited: int
    open: int


@dataclass(frozen=True)
class AlleyPart:
    """What a walk holds of one alley; `of`: the doors of that alley in the whole plan."""

    id: UUID | None
    name: str
    doors: int
    open: int
    of: int


@dataclass(frozen=True)
class DraftWalk:
    """One walk of a plan; `weight` is what balance is measured by."""

    walk: Walk
    people: tuple[Person, ...]
    doors: int
    open: int
    weight: int
    metres: int | None
    alleys: tuple[AlleyPart, ...]
    run: tuple[planning.Door, ...]


@dataclass(frozen=True)
class Plan:
    """Walks that were cut together and are not published yet."""

    id: UUID
    neighbourhood: str
    campaign: str
    until: date | None
    walks: tuple[DraftWalk, ...]

    @property
    def heaviest(self) -> int:
        """The weight of the fullest walk: the full length of a bar."""
        return max((walk.weight for walk in self.walks), default=0)

    @property
    def total(self) -> int:
        """The weight of all walks."""
        return sum(walk.weight for walk in self.walks)

    @property
    def fullest_percent(self) -> int:
        """How far the fullest walk lies above the mean."""
        total = sum(walk.weight for walk in self.walks)
        return self.heaviest * len(self.walks) * 100 // total - 100 if total else 0


@dataclass(frozen=True)
class WalkPage:
    """A walk with its doors in order."""

    row: WalkRow
    doors: tuple[DoorRow, ...]
    metres: int | None


def list_walks(session: Session, actor: Actor, *, neighbourhood_id: UUID | None = None) -> list[WalkRow]:
    """The walks in the actor's scope: drafts, published, and the last closed ones; a fixed number of statements."""
    mine = [walk_scope(actor)]
    if neighbourhood_id is not None:
        mine.append(Walk.neighbourhood_id == neighbourhood_id)
    walks = session.scalars(
        select(Walk).where(*mine, Walk.state != WalkState.CLOSED).order_by(Walk.created_at, Walk.id)
    ).all()
    closed = session.scalars(
        select(Walk)
        .where(*mine, Walk.state == WalkState.CLOSED)
        .order_by(Walk.closed_at.desc(), Walk.id)
        .limit(_CLOSED_SHOWN)
    ).all()
    return _rows(session, [*sorted(walks, key=_natural), *closed])


def plan_page(session: Session, actor: Actor, plan_id: UUID) -> Plan:
    """A plan on the table. Raises NotFound when it is not the actor's or has no draft left."""
    walks = session.scalars(
        select(Walk).where(walk_scope(actor), Walk.plan_id == plan_id, Walk.state == WalkState.DRAFT)
    ).all()
    if not walks:
        raise NotFound
    rows = _rows(session, sorted(walks, key=_natural))
    doors = doors_of_walks(session, walks)
    sizes: dict[UUID | None, int] = defaultdict(int)
    for run in doors.values():
        for door in run:
            sizes[door.alley] += 1
    names = alley_names(session, sizes)
    return Plan(
        id=plan_id,
        neighbourhood=rows[0].neighbourhood,
        campaign=rows[0].campaign,
        until=walks[0].until,
        walks=tuple(_draft_walk(row, doors[row.walk.id], sizes, names) for row in rows),
    )


def walk_page(session: Session, actor: Actor, walk_id: UUID) -> WalkPage:
    """One walk door by door; the reading is audited. Raises NotFound outside the actor's scope."""
    walk = session.scalars(select(Walk).where(Walk.id == walk_id, walk_scope(actor))).one_or_none()
    if walk is None:
        raise NotFound
    row = _rows(session, [walk])[0]
    doors = doors_of_walks(session, [walk])[walk.id]
    shown = door_rows(session, walk)
    audit.record(session, actor, "walk.read", object_kind="walk", object_id=walk.id, count=len(shown))
    return WalkPage(row, shown, planning.metres(doors))


def alleys_to_choose(session: Session, actor: Actor, choice: Choice) -> list[AlleyPart]:
    """The alleys of a neighbourhood in walking order, with the doors and open person-services of each."""
    alleys = planning.in_alleys(choose(session, actor, choice))
    names = alley_names(session, {alley[0].alley for alley in alleys})
    return [
        AlleyPart(
            alley[0].alley,
            names.get(alley[0].alley, ""),
            len(alley),
            sum(door.load for door in alley),
            len(alley),
        )
        for alley in alleys
    ]


def alleys_to_draw(session: Session, actor: Actor, choice: Choice, unnamed: str) -> list[walk_map.Alley]:
    """The alleys of a choice in walking order with their doors, for a drawing; `unnamed`: doors without an alley."""
    alleys = planning.in_alleys(choose(session, actor, choice))
    names = alley_names(session, {alley[0].alley for alley in alleys})
    return [walk_map.Alley(alley[0].alley, names.get(alley[0].alley, unnamed), alley) for alley in alleys]


def services_to_choose(session: Session, actor: Actor, campaign_id: UUID | None) -> list[tuple[str, str]]:
    """(code, short name) of the services of a campaign, or of all."""
    codes = campaign_services(session, actor, campaign_id)
    rows = session.execute(select(Service.code, Service.short_vi).order_by(Service.position, Service.code))
    return [(row.code, row.short_vi) for row in rows if codes is None or row.code in codes]


def alley_names(session: Session, alley_ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """The names of alleys by id; one statement."""
    ids = [alley for alley in alley_ids if alley is not None]
    rows = session.execute(select(AreaUnit.id, AreaUnit.name).where(AreaUnit.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _draft_walk(
    row: WalkRow, doors: list[planning.Door], sizes: dict[UUID | None, int], names: dict[UUID | None, str]
) -> DraftWalk:
    parts: dict[UUID | None, list[planning.Door]] = {}
    for door in doors:
        parts.setdefault(door.alley, []).append(door)
    return DraftWalk(
        walk=row.walk,
        people=row.people,
        doors=len(doors),
        open=sum(door.load for door in doors),
        weight=sum(door.weight for door in doors),
        metres=planning.metres(doors),
        run=tuple(doors),
        alleys=tuple(
            AlleyPart(alley, names.get(alley, ""), len(part), sum(door.load for door in part), sizes[alley])
            for alley, part in parts.items()
        ),
    )


def _natural(walk: Walk) -> bytes:
    """Tuyến 2 before Tuyến 10; plans apart."""
    return (walk.plan_id.bytes if walk.plan_id else b"") + parse(walk.name.removeprefix("Tuyến ")).walk_key


def _rows(session: Session, walks: Sequence[Walk]) -> list[WalkRow]:
    ids = [walk.id for walk in walks]
    people: dict[UUID, list[Person]] = defaultdict(list)
    counts = {row.walk_id: row for row in session.execute(_counts(ids))}
    work = _open_work(session, walks)
    members = session.execute(
        select(WalkMember.walk_id, Account.id, Account.full_name)
        .join(Account, Account.id == WalkMember.account_id)
        .join(Walk, Walk.id == WalkMember.walk_id)
        .where(
            WalkMember.walk_id.in_(ids),
            # On a closed walk: those who were on it when it ended.
            or_(WalkMember.ended_at.is_(None), WalkMember.ended_at >= Walk.closed_at),
        )
        .order_by(WalkMember.started_at, Account.id)
    )
    for member in members:
        people[member.walk_id].append(Person(member.id, member.full_name))
    units = alley_names(session, {walk.neighbourhood_id for walk in walks})
    drives = session.execute(
        select(Campaign.id, Campaign.name).where(
            Campaign.id.in_({walk.campaign_id for walk in walks} - {None})
        )
    )
    campaigns = {row.id: row.name for row in drives}
    return [
        WalkRow(
            walk=walk,
            neighbourhood=units.get(walk.neighbourhood_id, ""),
            campaign=campaigns.get(walk.campaign_id, ""),
            people=tuple(people[walk.id]),
            doors=counts[walk.id].doors if walk.id in counts else 0,
            visited=counts[walk.id].visited if walk.id in counts else 0,
            open=work.get(walk.id, 0),
        )
        for walk in walks
    ]


def _open_work(session: Session, walks: Sequence[Walk]) -> dict[UUID, int]:
    """The open person-services on each walk that is not closed, by its campaign (all services without one)."""
    of_campaign = or_(Walk.campaign_id.is_(None), Adoption.service_code == func.any(Campaign.service_codes))
    rows = session.execute(
        select(Assignment.walk_id, func.count().label("open"))
        .join(Walk, Walk.id == Assignment.walk_id)
        .outerjoin(Campaign, Campaign.id == Walk.campaign_id)
        .join(Adoption, Adoption.household_id == Assignment.household_id)
        .join(Resident, Resident.id == Adoption.resident_id)
        .where(
            Assignment.walk_id == func.any(array_of([walk.id for walk in walks])),
            Assignment.ended_at.is_(None),
            Adoption.state.in_(OPEN),
            Resident.state == ResidentState.ACTIVE,
            of_campaign,
        )
        .group_by(Assignment.walk_id)
    )
    return {row.walk_id: row.open for row in rows}


def _counts(walk_ids: Sequence[UUID]) -> Select[*tuple[object, ...]]:
    visited = and_(HouseholdView.last_visit_at.is_not(None), HouseholdView.last_visit_at >= Walk.published_at)
    return (
        select(
            Assignment.walk_id,
            func.count().label("doors"),
            func.count().filter(visited).label("visited"),
        )
        .join(Walk, Walk.id == Assignment.walk_id)
        .outerjoin(HouseholdView, HouseholdView.household_id == Assignment.household_id)
        .where(
            Assignment.walk_id.in_(walk_ids),
            or_(Assignment.ended_at.is_(None), Assignment.ended_at >= Walk.closed_at),
        )
        .group_by(Assignment.walk_id)
    )
