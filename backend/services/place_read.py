"""Neighbourhoods as the officers' page shows them: what lies in each, and what it was before."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backend.core.refusal import NotFound
from backend.models import AreaUnit, AreaUnitChange, AreaUnitName, Household, Level, Team, TeamArea
from backend.services.actor import Actor, neighbourhood_ids


@dataclass(frozen=True)
class Summary:
    """One neighbourhood that is in force."""

    unit: AreaUnit
    alleys: int
    doors: int
    teams: tuple[str, ...]


@dataclass(frozen=True)
class AlleyLine:
    """One alley with the number of its doors; `id` None: doors without an alley."""

    id: UUID | None
    name: str
    doors: int


@dataclass(frozen=True)
class PlacePage:
    """One neighbourhood; `before` and `after`: (name, id) of its predecessors and successors."""

    unit: AreaUnit
    alleys: tuple[AlleyLine, ...]
    former_names: tuple[str, ...]
    before: tuple[tuple[str, UUID], ...]
    after: tuple[tuple[str, UUID], ...]

    @property
    def doors(self) -> int:
        """All doors of the neighbourhood."""
        return sum(alley.doors for alley in self.alleys)


def summaries(session: Session, actor: Actor) -> list[Summary]:
    """The neighbourhoods of the actor's scope, in dictionary order; four statements."""
    units = session.scalars(
        select(AreaUnit)
        .where(AreaUnit.id.in_(neighbourhood_ids(actor)), AreaUnit.valid_to.is_(None))
        .order_by(AreaUnit.sort_key, AreaUnit.code)
    ).all()
    ids = [unit.id for unit in units]
    alleys = _counted(
        session.execute(
            select(AreaUnit.parent_id, func.count())
            .where(AreaUnit.parent_id.in_(ids), AreaUnit.level == Level.ALLEY, AreaUnit.valid_to.is_(None))
            .group_by(AreaUnit.parent_id)
        ).all()
    )
    doors = _counted(
        session.execute(
            select(Household.neighbourhood_id, func.count())
            .where(Household.neighbourhood_id.in_(ids))
            .group_by(Household.neighbourhood_id)
        ).all()
    )
    teams: dict[UUID, list[str]] = {}
    for row in session.execute(
        select(TeamArea.area_unit_id, Team.name)
        .join(Team, Team.id == TeamArea.team_id)
        .where(TeamArea.area_unit_id.in_(ids), TeamArea.valid_to.is_(None))
        .order_by(Team.name)
    ):
        teams.setdefault(row.area_unit_id, []).append(row.name)
    return [
        Summary(unit, alleys.get(unit.id, 0), doors.get(unit.id, 0), tuple(teams.get(unit.id, ())))
        for unit in units
    ]


def place_page(session: Session, actor: Actor, unit_id: UUID) -> PlacePage:
    """One neighbourhood of the actor's scope, in force or past. Raises NotFound for any other."""
    unit = session.scalars(
        select(AreaUnit).where(AreaUnit.id == unit_id, AreaUnit.id.in_(neighbourhood_ids(actor)))
    ).one_or_none()
    if unit is None:
        raise NotFound
    lines = session.execute(
        select(AreaUnit.id, AreaUnit.name, func.count(Household.id).label("doors"))
        .outerjoin(Household, (Household.alley_id == AreaUnit.id) & (Household.neighbourhood_id == unit.id))
        .where(AreaUnit.parent_id == unit.id, AreaUnit.level == Level.ALLEY)
        .group_by(AreaUnit.id)
        .order_by(AreaUnit.sort_key, AreaUnit.code)
    ).all()
    alleys = [AlleyLine(row.id, row.name, row.doors) for row in lines]
    of_all = session.scalar(select(func.count()).where(Household.neighbourhood_id == unit.id)) or 0
    loose = of_all - sum(alley.doors for alley in alleys)
    former = session.scalars(
        select(AreaUnitName.name).where(AreaUnitName.unit_id == unit.id).order_by(AreaUnitName.name)
    ).all()
    return PlacePage(
        unit,
        (*alleys, AlleyLine(None, "", loose)) if loose else tuple(alleys),
        tuple(former),
        _arrows(session, unit.id, forward=False),
        _arrows(session, unit.id, forward=True),
    )


def _arrows(session: Session, unit_id: UUID, *, forward: bool) -> tuple[tuple[str, UUID], ...]:
    other = aliased(AreaUnit)
    here, there = AreaUnitChange.predecessor_id, AreaUnitChange.successor_id
    if not forward:
        here, there = there, here
    rows = session.execute(
        select(other.name, other.id)
        .join(AreaUnitChange, there == other.id)
        .where(here == unit_id)
        .order_by(other.sort_key)
    )
    return tuple((row.name, row.id) for row in rows)


def _counted(rows: Sequence[tuple[UUID | None, int]]) -> dict[UUID, int]:
    return {unit_id: count for unit_id, count in rows if unit_id is not None}
