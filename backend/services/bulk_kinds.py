"""What each act upon many doors does, foresees and gives back: walk, alley, mark (household_bulk.py calls them)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    AreaUnit,
    Assignment,
    BulkAct,
    BulkKind,
    Household,
    HouseholdState,
    Level,
    Mark,
    TeamArea,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import queue
from backend.services.actor import Actor, household_scope, neighbourhood_ids
from backend.services.household_edit import SETTLED
from backend.services.walk_doors import array_of, live
from backend.services.walk_rights import walk_scope
from backend.services.walk_rows import close_emptied, end_live, member_names, start
from backend.services.walks_live import NOTIFY


@dataclass(frozen=True)
class Foreseen:
    """What an act will do: `doors` that change, `left_out` by reason (gone | elsewhere | same), `taken` from whom.

    `taken`: (name of the walk, its people, doors that leave it); `unassigned`: doors that nobody walks yet.
    """

    label: str
    doors: tuple[UUID, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    taken: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    unassigned: int = 0


def target_id(raw: str | None) -> UUID:
    """The target as an id. Raises Refusal("bad_form") with the field."""
    try:
        return UUID(raw or "")
    except ValueError:
        raise Refusal("bad_form", fields={"target": "needed"}) from None


def _sorted_out(doors: Sequence[Any], why: Callable[[Any], str]) -> tuple[list[Any], dict[str, int]]:
    """The doors without a reason against them, and the reasons with their counts."""
    reasons = [why(door) for door in doors]
    left = Counter(reason for reason in reasons if reason)
    return [door for door, reason in zip(doors, reasons, strict=True) if not reason], dict(left)


def _foresee_walk(session: Session, actor: Actor, doors: Sequence[Any], target: str | None) -> Foreseen:
    walk = session.scalars(select(Walk).where(Walk.id == target_id(target), walk_scope(actor))).one_or_none()
    if walk is None:
        raise NotFound
    if walk.state != WalkState.PUBLISHED:
        raise Refusal("walk_state", status=409)
    served = set(
        session.scalars(
            select(TeamArea.area_unit_id).where(TeamArea.team_id == walk.team_id, TeamArea.valid_to.is_(None))
        )
    )

    def why(door: Any) -> str:
        if door.state != HouseholdState.ACTIVE:
            return "gone"
        if door.neighbourhood_id not in served:
            return "elsewhere"
        return "same" if door.walk_id == walk.id else ""

    going, left = _sorted_out(doors, why)
    sources = Counter(door.walk_id for door in going if door.walk_id)
    names = member_names(session, [walk.id, *sources])
    walks = dict(session.execute(select(Walk.id, Walk.name).where(Walk.id.in_(sources))).all())
    return Foreseen(
        label=f"{walk.name} ({', '.join(names.get(walk.id, ()))})",
        doors=tuple(door.id for door in going),
        left_out=left,
        taken=tuple((walks[id_], names.get(id_, ()), n) for id_, n in sources.most_common()),
        unassigned=sum(door.walk_id is None for door in going),
    )


def _foresee_alley(session: Session, actor: Actor, doors: Sequence[Any], target: str | None) -> Foreseen:
    alley = session.scalars(
        select(AreaUnit).where(
            AreaUnit.id == target_id(target),
            AreaUnit.level == Level.ALLEY,
            AreaUnit.valid_to.is_(None),
            AreaUnit.parent_id.in_(neighbourhood_ids(actor)),
        )
    ).one_or_none()
    if alley is None:
        raise NotFound

    def why(door: Any) -> str:
        if door.state in SETTLED:
            return "gone"
        if door.neighbourhood_id != alley.parent_id:
            return "elsewhere"
        return "same" if door.alley_id == alley.id else ""

    going, left = _sorted_out(doors, why)
    return Foreseen(alley.name, tuple(door.id for door in going), left)


def _foresee_mark(_session: Session, _actor: Actor, doors: Sequence[Any], target: str | None) -> Foreseen:
    if target and target not in tuple(Mark):
        raise Refusal("bad_form", fields={"target": "bad_value"})

    def why(door: Any) -> str:
        if door.state in SETTLED:
            return "gone"
        return "same" if door.mark == (target or None) else ""

    going, left = _sorted_out(doors, why)
    return Foreseen("", tuple(door.id for door in going), left)


def _give_walk(
    session: Session, _actor: Actor, doors: Sequence[UUID], target: str | None, moment: datetime
) -> dict[str, Any]:
    walk = session.get_one(Walk, target_id(target))
    sources = {household: walk_id for walk_id, household in end_live(session, doors, moment)}
    start(session, walk, doors)
    close_emptied(session, set(sources.values()), moment)
    queue.defer(session, NOTIFY, walk_id=walk.id)
    return {str(id_): str(sources[id_]) if id_ in sources else None for id_ in doors}


def _set(column: str) -> Callable[[Session, Actor, Sequence[UUID], str | None, datetime], dict[str, Any]]:
    def give(
        session: Session, _actor: Actor, doors: Sequence[UUID], target: str | None, _moment: datetime
    ) -> dict[str, Any]:
        here = Household.id == func.any(array_of(doors))
        was = session.execute(select(Household.id, getattr(Household, column)).where(here)).all()
        value = UUID(target) if target and column == "alley_id" else target
        session.execute(update(Household).where(here).values({column: value}))
        return {str(row[0]): None if row[1] is None else str(row[1]) for row in was}

    return give


def still(session: Session, actor: Actor, act: BulkAct) -> list[UUID]:
    """The doors of an act that still have what it gave them."""
    here = [household_scope(actor), Household.id == func.any(array_of([UUID(id_) for id_ in act.before]))]
    if act.kind == BulkKind.WALK:
        held = Assignment.walk_id == UUID(act.target or "")
        return list(
            session.scalars(
                select(Household.id)
                .join(Assignment, Assignment.household_id == Household.id)
                .where(*here, live(), held)
            )
        )
    column: Any = Household.alley_id if act.kind == BulkKind.ALLEY else Household.mark
    value = UUID(act.target) if act.target and act.kind == BulkKind.ALLEY else act.target
    return list(session.scalars(select(Household.id).where(*here, column.is_not_distinct_from(value))))


def _undo_walk(session: Session, _actor: Actor, act: BulkAct, doors: Sequence[UUID]) -> None:
    """Back to the walks they were on; one that this act emptied is opened again with its people."""
    sources = {UUID(act.before[str(id_)]) for id_ in doors if act.before[str(id_)]}
    session.execute(
        update(Walk)
        .where(Walk.id.in_(sources), Walk.state == WalkState.CLOSED, Walk.closed_at == act.done_at)
        .values(state=WalkState.PUBLISHED, closed_at=None)
    )
    session.execute(
        update(WalkMember)
        .where(WalkMember.walk_id.in_(sources), WalkMember.ended_at == act.done_at)
        .values(ended_at=None)
    )
    moment = now()
    ended = end_live(session, doors, moment)
    for walk_id in sorted(sources):
        walk = session.get_one(Walk, walk_id, populate_existing=True)
        back = [id_ for id_ in doors if act.before[str(id_)] == str(walk_id)]
        if walk.state == WalkState.PUBLISHED:
            start(session, walk, back)
            queue.defer(session, NOTIFY, walk_id=walk.id)
    close_emptied(session, {walk_id for walk_id, _ in ended}, moment)


def _undo_column(session: Session, _actor: Actor, act: BulkAct, doors: Sequence[UUID]) -> None:
    column = "alley_id" if act.kind == BulkKind.ALLEY else "mark"
    values = {act.before[str(id_)] for id_ in doors}
    for value in values:
        back = [id_ for id_ in doors if act.before[str(id_)] == value]
        new = UUID(value) if value and column == "alley_id" else value
        session.execute(
            update(Household).where(Household.id == func.any(array_of(back))).values({column: new})
        )


FORESEE: dict[BulkKind, Callable[[Session, Actor, Sequence[Any], str | None], Foreseen]] = {
    BulkKind.WALK: _foresee_walk,
    BulkKind.ALLEY: _foresee_alley,
    BulkKind.MARK: _foresee_mark,
}
PERFORM: dict[BulkKind, Callable[[Session, Actor, Sequence[UUID], str | None, datetime], dict[str, Any]]] = {
    BulkKind.WALK: _give_walk,
    BulkKind.ALLEY: _set("alley_id"),
    BulkKind.MARK: _set("mark"),
}
UNDO: dict[BulkKind, Callable[[Session, Actor, BulkAct, Sequence[UUID]], None]] = {
    BulkKind.WALK: _undo_walk,
    BulkKind.ALLEY: _undo_column,
    BulkKind.MARK: _undo_column,
}
