"""One act upon many doors: hand them to a walk, put them into an alley, mark them. Told before, taken back after.

What an act will do is told first (`foresee`); what each door had before is kept (`BulkAct`), so that `undo` gives it back
where nobody changed it since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import Account, Assignment, BulkAct, BulkKind, Household, Walk, WalkState
from backend.services import audit, feed
from backend.services.actor import Actor, household_scope
from backend.services.bulk_kinds import FORESEE, PERFORM, UNDO, Foreseen, still, target_id
from backend.services.codes import led_accounts
from backend.services.walk_doors import array_of, live
from backend.services.walk_rights import walk_for, walk_scope
from backend.services.walk_rows import member_names
from backend.text.vietnamese import place_key

MOST = 2000  # doors in one act
_RECENT = 20


@dataclass(frozen=True)
class PastAct:
    """One act of the list: who did it, and how many doors still have what it gave them."""

    act: BulkAct
    by: str
    still: int


def foresee(
    session: Session, actor: Actor, kind: BulkKind, household_ids: Sequence[UUID], target: str | None
) -> Foreseen:
    """What the act will do; five statements at most. Raises NotFound for a target that is not the actor's,
    Refusal("bulk_none") without doors, "bulk_many" above 2,000, "walk_state"."""
    doors = _doors(session, actor, household_ids)
    return FORESEE[kind](session, actor, doors, target)


def perform(
    session: Session, actor: Actor, kind: BulkKind, household_ids: Sequence[UUID], target: str | None
) -> BulkAct:
    """Do it; the doors that cannot are left out. Raises what `foresee` raises, "bulk_nothing" where no door changes."""
    lock = select(Household.id).where(
        Household.id == func.any(array_of(household_ids)), household_scope(actor)
    )
    if kind is BulkKind.WALK:  # the order of the other verbs of walks: first the walk, then its doors
        walk_for(session, actor, target_id(target), state=WalkState.PUBLISHED)
    session.execute(lock.order_by(Household.id).with_for_update())
    found = foresee(session, actor, kind, household_ids, target)
    if not found.doors:
        raise Refusal("bulk_nothing")
    moment = now()
    act = BulkAct(
        ward_id=actor.ward_id,
        kind=kind,
        target=target or None,
        label=found.label,
        before=PERFORM[kind](session, actor, found.doors, target or None, moment),
        count=len(found.doors),
        done_by=actor.account_id,
        done_at=moment,
    )
    session.add(act)
    feed.touch_households(session, found.doors)
    audit.record(session, actor, f"household.bulk_{kind}", object_kind="bulk_act", count=len(found.doors))
    session.flush()
    return act


def act_for(session: Session, actor: Actor, act_id: UUID) -> PastAct:
    """One act of the actor's or of somebody they lead; how many doors still have what it gave. Raises NotFound."""
    row = session.execute(
        select(BulkAct, Account.full_name)
        .join(Account, Account.id == BulkAct.done_by)
        .where(BulkAct.id == act_id, _scope(actor))
    ).one_or_none()
    if row is None:
        raise NotFound
    return PastAct(row[0], row[1], len(still(session, actor, row[0])))


def recent(session: Session, actor: Actor) -> list[BulkAct]:
    """The last acts of the actor and of those they lead, newest first."""
    return list(
        session.scalars(select(BulkAct).where(_scope(actor)).order_by(BulkAct.done_at.desc()).limit(_RECENT))
    )


def undo(session: Session, actor: Actor, act_id: UUID) -> tuple[int, int]:
    """Give back what the doors had; returns how many, and how many stay as somebody changed them since.

    Raises NotFound, Refusal("bulk_undone") the second time.
    """
    act_for(session, actor, act_id)
    act = session.get_one(BulkAct, act_id, with_for_update=True, populate_existing=True)
    if act.undone_at is not None:
        raise Refusal("bulk_undone", status=409)
    mine = [UUID(id_) for id_ in act.before]
    session.execute(
        select(Household.id)
        .where(Household.id == func.any(array_of(mine)))
        .order_by(Household.id)
        .with_for_update()
    )
    doors = still(session, actor, act)
    UNDO[BulkKind(act.kind)](session, actor, act, doors)
    act.undone_at = now()
    feed.touch_households(session, doors)
    audit.record(
        session, actor, "household.bulk_undo", object_kind="bulk_act", object_id=act.id, count=len(doors)
    )
    session.flush()
    return len(doors), act.count - len(doors)


def walks_open(session: Session, actor: Actor) -> list[tuple[UUID, str]]:
    """The walks in force that doors can be handed to, with who walks them."""
    walks = session.scalars(
        select(Walk).where(walk_scope(actor), Walk.state == WalkState.PUBLISHED).limit(500)
    ).all()
    names = member_names(session, [walk.id for walk in walks])
    return [
        (walk.id, f"{walk.name} ({', '.join(names.get(walk.id, ()))})")
        for walk in sorted(walks, key=lambda walk: place_key(walk.name))
    ]


def _scope(actor: Actor) -> ColumnElement[bool]:
    if actor.ward_wide:
        return BulkAct.ward_id == actor.ward_id
    mine = (BulkAct.done_by == actor.account_id) | BulkAct.done_by.in_(led_accounts(actor))
    return (BulkAct.ward_id == actor.ward_id) & mine


def _doors(session: Session, actor: Actor, household_ids: Sequence[UUID]) -> Sequence[Any]:
    if not household_ids:
        raise Refusal("bulk_none")
    if len(household_ids) > MOST:
        raise Refusal("bulk_many", n=len(household_ids))
    rows = session.execute(
        select(
            Household.id,
            Household.state,
            Household.neighbourhood_id,
            Household.alley_id,
            Household.mark,
            Assignment.walk_id,
        )
        .outerjoin(Assignment, (Assignment.household_id == Household.id) & live())
        .where(household_scope(actor), Household.id == func.any(array_of(household_ids)))
        .order_by(Household.neighbourhood_id, Household.walk_key, Household.code)
    ).all()
    if len(rows) != len(set(household_ids)):
        raise NotFound
    return rows
