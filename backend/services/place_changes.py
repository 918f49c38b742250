"""Neighbourhoods are split and merged; history stays, households move, nobody loses a door.

Events, visits and adoption hang on the household, which keeps its id: only its place changes. The old unit ends on
the effective day and stays searchable; its alleys go with their households. Only ward officers, only their ward.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, today
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    AreaUnit,
    AreaUnitChange,
    Assignment,
    ChangeKind,
    Household,
    Level,
    TeamArea,
    Walk,
    WalkState,
)
from backend.services import audit
from backend.services.actor import Actor
from backend.services.place_moves import Home, households_of, move
from backend.services.places import new_neighbourhood, officer_of_ward, remember_name

_EXAMPLES = 5


@dataclass(frozen=True)
class Part:
    """One successor of a split: its name, and the alleys and single households that go there.

    A household named here goes before its alley does; `rest` takes whatever no part names.
    """

    kind: str
    name: str
    alley_ids: frozenset[UUID] = frozenset()
    household_ids: frozenset[UUID] = frozenset()
    rest: bool = False


@dataclass(frozen=True)
class Change:
    """What a split or a merge made: the successors in the order asked for, and how many households moved to each."""

    units: tuple[AreaUnit, ...]
    moved: tuple[int, ...]


def split_neighbourhood(
    session: Session,
    actor: Actor,
    unit_id: UUID,
    parts: Sequence[Part],
    *,
    effective_on: date,
    note: str = "",
) -> Change:
    """One neighbourhood becomes several. Refuses a household that no part takes (`place_unmoved`): nothing is guessed.

    Refuses `place_parts`, `place_alley_twice`, `place_date`, `place_ended`, `place_taken`. Fixed number of statements.
    """
    officer_of_ward(actor)
    old = _living(session, actor, [unit_id], effective_on)[0]
    if len(parts) < 2:
        raise Refusal("place_parts")
    named = [alley for part in parts for alley in part.alley_ids]
    if len(named) != len(set(named)) or sum(part.rest for part in parts) > 1:
        raise Refusal("place_alley_twice")
    homes = households_of(session, [old.id])
    _check_known(session, old, parts, homes)
    goes_to = _sorted_out(parts, homes)
    _end(session, [old], effective_on)
    units = [_successor(session, actor, part.kind, part.name, effective_on) for part in parts]
    _link(session, ChangeKind.SPLIT, [old], units, effective_on, note)
    move(session, actor, homes, {home.id: units[goes_to[home.id]].id for home in homes})
    alley_to = {alley: units[place].id for place, part in enumerate(parts) for alley in part.alley_ids}
    rest = next((units[place].id for place, part in enumerate(parts) if part.rest), None)
    _rehang_alleys(session, old.id, alley_to, rest, homes, {h: units[p].id for h, p in goes_to.items()})
    _inherit_teams(session, [old.id], [unit.id for unit in units], effective_on)
    _follow_walks(session, [old.id])
    counts = Counter(goes_to.values())
    audit.record(
        session,
        actor,
        "area_unit.split",
        object_kind="area_unit",
        object_id=old.id,
        count=len(homes),
        into=len(units),
    )
    session.flush()
    return Change(tuple(units), tuple(counts[place] for place in range(len(parts))))


def merge_neighbourhoods(
    session: Session,
    actor: Actor,
    unit_ids: Iterable[UUID],
    *,
    kind: str,
    name: str,
    effective_on: date,
    note: str = "",
) -> Change:
    """Several neighbourhoods become one; alleys of the same name stay apart, since they are different alleys."""
    officer_of_ward(actor)
    wanted = list(dict.fromkeys(unit_ids))
    if len(wanted) < 2:
        raise Refusal("place_parts")
    olds = _living(session, actor, wanted, effective_on)
    homes = households_of(session, wanted)
    _end(session, olds, effective_on)
    unit = _successor(session, actor, kind, name, effective_on)
    _link(session, ChangeKind.MERGE, olds, [unit], effective_on, note)
    move(session, actor, homes, dict.fromkeys((home.id for home in homes), unit.id))
    session.execute(
        update(AreaUnit)
        .where(AreaUnit.parent_id.in_(wanted), AreaUnit.level == Level.ALLEY)
        .values(parent_id=unit.id)
    )
    _inherit_teams(session, wanted, [unit.id], effective_on)
    _follow_walks(session, wanted)
    audit.record(
        session,
        actor,
        "area_unit.merge",
        object_kind="area_unit",
        object_id=unit.id,
        count=len(homes),
        of=len(olds),
    )
    session.flush()
    return Change((unit,), (len(homes),))


def _living(session: Session, actor: Actor, unit_ids: Sequence[UUID], effective_on: date) -> list[AreaUnit]:
    """The neighbourhoods of the actor's ward, locked; NotFound for any other, `place_ended`, `place_date`."""
    units = {
        unit.id: unit
        for unit in session.scalars(
            select(AreaUnit)
            .where(
                AreaUnit.id.in_(unit_ids),
                AreaUnit.ward_id == actor.ward_id,
                AreaUnit.level == Level.NEIGHBOURHOOD,
            )
            .order_by(AreaUnit.id)
            .with_for_update()
        )
    }
    if len(units) != len(set(unit_ids)):
        raise NotFound
    for unit in units.values():
        if unit.valid_to is not None:
            raise Refusal("place_ended", status=409, name=unit.name)
        # A later day would take the doors away from their team before it.
        if not unit.valid_from <= effective_on <= today():
            raise Refusal("place_date", fields={"effective_on": "place_date"})
    return [units[unit_id] for unit_id in unit_ids]


def _check_known(session: Session, old: AreaUnit, parts: Sequence[Part], homes: Sequence[Home]) -> None:
    """NotFound for an alley or a household of another neighbourhood."""
    alleys = {alley for part in parts for alley in part.alley_ids}
    own = session.scalars(
        select(AreaUnit.id).where(AreaUnit.parent_id == old.id, AreaUnit.level == Level.ALLEY)
    ).all()
    doors = [home for part in parts for home in part.household_ids]
    if not alleys <= set(own) or not set(doors) <= {home.id for home in homes}:
        raise NotFound
    if len(doors) != len(set(doors)):
        raise Refusal("place_alley_twice")


def _sorted_out(parts: Sequence[Part], homes: Sequence[Home]) -> dict[UUID, int]:
    """Household to the index of its part: named itself, else by its alley, else the part that takes the rest."""
    by_home = {home: place for place, part in enumerate(parts) for home in part.household_ids}
    by_alley = {alley: place for place, part in enumerate(parts) for alley in part.alley_ids}
    rest = next((place for place, part in enumerate(parts) if part.rest), None)
    goes_to: dict[UUID, int] = {}
    unmoved: list[str] = []
    for home in homes:
        alley = by_alley.get(home.alley_id) if home.alley_id else None
        place = by_home.get(home.id, alley if alley is not None else rest)
        if place is None:
            unmoved.append(home.code)
        else:
            goes_to[home.id] = place
    if unmoved:
        raise Refusal("place_unmoved", count=len(unmoved), codes=", ".join(unmoved[:_EXAMPLES]))
    return goes_to


def _end(session: Session, units: Sequence[AreaUnit], effective_on: date) -> None:
    for unit in units:
        unit.valid_to = effective_on
    session.flush()


def _successor(session: Session, actor: Actor, kind: str, name: str, effective_on: date) -> AreaUnit:
    ward = session.get_one(AreaUnit, actor.ward_id)
    return new_neighbourhood(session, ward, kind=kind, name=name, since=effective_on)


def _link(
    session: Session,
    kind: ChangeKind,
    olds: Sequence[AreaUnit],
    news: Sequence[AreaUnit],
    effective_on: date,
    note: str,
) -> None:
    """Predecessor to successor; each successor is also found by the names of those before it."""
    for new in news:
        for old in olds:
            session.add(
                AreaUnitChange(
                    kind=kind,
                    predecessor_id=old.id,
                    successor_id=new.id,
                    effective_on=effective_on,
                    note=note,
                )
            )
            if old.name != new.name:
                remember_name(session, new.id, old.name, effective_on)


def _rehang_alleys(
    session: Session,
    old_id: UUID,
    alley_to: Mapping[UUID, UUID],
    rest: UUID | None,
    homes: Sequence[Home],
    home_to: Mapping[UUID, UUID],
) -> None:
    """Alleys go where they were sent; one that nobody named goes with most of its doors."""
    votes: dict[UUID, Counter[UUID]] = {}
    for home in homes:
        if home.alley_id is not None:
            votes.setdefault(home.alley_id, Counter())[home_to[home.id]] += 1
    alleys = session.scalars(
        select(AreaUnit.id).where(AreaUnit.parent_id == old_id, AreaUnit.level == Level.ALLEY)
    ).all()
    target = {
        alley: alley_to.get(alley) or (votes[alley].most_common(1)[0][0] if alley in votes else rest)
        for alley in alleys
    }
    rows = [(alley, place) for alley, place in target.items() if place is not None]
    session.execute(
        text(
            "UPDATE area_unit u SET parent_id = t.place "
            "FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS uuid[])) AS t(id, place) WHERE u.id = t.id"
        ),
        {"ids": [alley for alley, _ in rows], "places": [place for _, place in rows]},
    )


def _inherit_teams(session: Session, olds: Sequence[UUID], news: Sequence[UUID], effective_on: date) -> None:
    """Every team that served a predecessor serves the successors; the old areas end that day."""
    moment = datetime.combine(effective_on, time(), VIETNAM)
    teams = session.execute(
        update(TeamArea)
        .where(TeamArea.area_unit_id.in_(olds), TeamArea.valid_to.is_(None))
        .values(valid_to=func.greatest(moment, TeamArea.valid_from))
        .returning(TeamArea.team_id, TeamArea.ward_id)
    ).all()
    rows = [
        {"team_id": team, "area_unit_id": unit, "ward_id": ward, "valid_from": moment}
        for team, ward in dict.fromkeys((row.team_id, row.ward_id) for row in teams)
        for unit in news
    ]
    if rows:
        session.execute(insert(TeamArea).on_conflict_do_nothing(), rows)


def _follow_walks(session: Session, olds: Sequence[UUID]) -> None:
    """Walks keep their doors and their people; each names the successor in which most of its doors now lie."""
    where_most_doors_are = (
        select(Household.neighbourhood_id)
        .join(Assignment, Assignment.household_id == Household.id)
        .where(Assignment.walk_id == Walk.id, Assignment.ended_at.is_(None))
        .group_by(Household.neighbourhood_id)
        .order_by(func.count().desc(), Household.neighbourhood_id)
        .limit(1)
        .correlate(Walk)
        .scalar_subquery()
    )
    session.execute(
        update(Walk)
        .where(Walk.neighbourhood_id.in_(olds), Walk.state != WalkState.CLOSED)
        .values(neighbourhood_id=func.coalesce(where_most_doors_are, Walk.neighbourhood_id))
        .execution_options(synchronize_session=False)
    )
