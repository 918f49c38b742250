"""Walks in force: publish a plan, hand doors over, change who walks, close.

A household has at most one live assignment. Whatever takes a door from somebody says so first (`effects`) and is
written into the audit; the phones of both sides learn it through the feed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import Assignment, Household, HouseholdState, Team, Walk, WalkMember, WalkState
from backend.services import audit, feed, queue
from backend.services.actor import Actor
from backend.services.walk_doors import live
from backend.services.walk_rights import check_members, may_lead, walk_for, walk_scope
from backend.services.walk_rows import (
    add_members,
    close_emptied,
    end_live,
    end_members,
    live_doors,
    lock_households,
    member_names,
    members,
    start,
)
from backend.services.walks import delete_drafts
from backend.text.vietnamese import place_key

NOTIFY = "notify_new_walk"


@dataclass(frozen=True)
class Taken:
    """Doors that a publication takes from a walk in force and its `people`; `left` remain on it."""

    walk_id: UUID
    name: str
    people: tuple[str, ...]
    doors: int
    left: int


@dataclass(frozen=True)
class Effects:
    """What publishing a plan will do: `doors` on `walks` walks, `unmanned` of them without a volunteer."""

    walks: int
    doors: int
    people: int
    unmanned: int
    taken: tuple[Taken, ...]


@dataclass(frozen=True)
class Published:
    """What a publication did; `left_out`: doors that had moved away or fallen vacant since the draft."""

    walks: int
    doors: int
    taken: int
    left_out: int


def effects(session: Session, actor: Actor, plan_id: UUID) -> Effects:
    """Tell before publishing what will happen to whom; a fixed number of statements."""
    plan = _drafts(session, actor, plan_id, lock=False)
    ids = [walk.id for walk in plan]
    doors = select(Assignment.household_id).where(Assignment.walk_id.in_(ids))
    losing = select(Assignment.walk_id).where(live(), Assignment.household_id.in_(doors))
    rows = session.execute(
        select(
            Walk.id,
            Walk.name,
            func.count().filter(Assignment.household_id.in_(doors)).label("taken"),
            func.count().label("all"),
        )
        .join(Assignment, Assignment.walk_id == Walk.id)
        .where(live(), Walk.ward_id == actor.ward_id, Walk.id.in_(losing))
        .group_by(Walk.id)
    ).all()
    names = member_names(session, [row.id for row in rows])
    people = session.scalars(
        select(WalkMember.walk_id).where(WalkMember.walk_id.in_(ids), WalkMember.ended_at.is_(None))
    ).all()
    return Effects(
        walks=len(ids),
        doors=session.scalar(select(func.count()).select_from(doors.subquery())) or 0,
        people=len(people),
        unmanned=len(set(ids) - set(people)),
        taken=tuple(
            Taken(row.id, row.name, names.get(row.id, ()), row.taken, row.all - row.taken)
            for row in sorted(rows, key=lambda row: place_key(row.name))
        ),
    )


def publish(session: Session, actor: Actor, plan_id: UUID) -> Published:
    """Put a plan in force: its doors leave whatever walks they were on. Refuses `walk_without_people`.

    The volunteers are told by a job deferred in the same transaction (one per walk, no personal data).
    """
    may_lead(actor)
    moment = now()
    plan = _drafts(session, actor, plan_id, lock=True)
    left_out = _drop_gone_doors(session, plan)
    plan = _drop_empty(session, plan)
    if not plan:
        raise Refusal("no_doors")
    ids = [walk.id for walk in plan]
    _check_manned(session, plan)
    doors = _lock_doors(session, ids)
    losing = end_live(session, doors, moment)
    session.execute(update(Assignment).where(Assignment.walk_id.in_(ids)).values(started_at=moment))
    for walk in plan:
        walk.state, walk.published_at = WalkState.PUBLISHED, moment
    session.flush()
    close_emptied(session, {walk_id for walk_id, _ in losing}, moment)
    feed.touch_households(session, doors)
    for walk in plan:
        queue.defer(session, NOTIFY, walk_id=walk.id)
    audit.record(
        session,
        actor,
        "walk.publish",
        object_kind="plan",
        object_id=plan_id,
        count=len(doors),
        taken=len(losing),
    )
    return Published(len(plan), len(doors), len(losing), left_out)


def set_members(session: Session, actor: Actor, walk_id: UUID, account_ids: Iterable[UUID]) -> Walk:
    """Who walks a walk from now on: one or more of the team. Refuses `crew_empty`, `not_in_team`."""
    may_lead(actor)
    walk = walk_for(session, actor, walk_id)
    wanted = set(account_ids)
    if walk.state == WalkState.CLOSED:
        raise Refusal("walk_state", status=409)
    if not wanted:
        raise Refusal("crew_empty", fields={"crews": "crew_empty"})
    check_members(session, session.get_one(Team, walk.team_id), wanted)
    before = set(members(session, [walk.id]))
    end_members(session, [walk.id], before - wanted, now())
    add_members(session, [walk], wanted - before)
    if walk.state == WalkState.PUBLISHED and wanted != before:
        feed.touch_households(session, live_doors(session, [walk.id]))
        if wanted - before:
            queue.defer(session, NOTIFY, walk_id=walk.id)
    audit.record(session, actor, "walk.members", object_kind="walk", object_id=walk.id, count=len(wanted))
    return walk


def hand_over(
    session: Session, actor: Actor, from_id: UUID, to_id: UUID, household_ids: Iterable[UUID] | None = None
) -> int:
    """Give doors of one published walk (all, by default) to another; an emptied walk closes. Returns how many.

    Refuses `same_walk`, `no_doors`; a door that is not on the first walk is NotFound.
    """
    may_lead(actor)
    moment = now()
    if from_id == to_id:
        raise Refusal("same_walk", status=409)
    both = {
        found: walk_for(session, actor, found, state=WalkState.PUBLISHED)
        for found in sorted((from_id, to_id))
    }
    target = both[to_id]
    held = live_doors(session, [from_id])
    chosen = held if household_ids is None else [door for door in held if door in set(household_ids)]
    if household_ids is not None and len(chosen) != len(set(household_ids)):
        raise NotFound
    if not chosen:
        raise Refusal("no_doors")
    lock_households(session, chosen)
    end_live(session, chosen, moment)
    start(session, target, chosen)
    close_emptied(session, {from_id}, moment)
    feed.touch_households(session, chosen)
    queue.defer(session, NOTIFY, walk_id=target.id)
    audit.record(
        session, actor, "walk.hand_over", object_kind="walk", object_id=from_id, count=len(chosen), to=to_id
    )
    return len(chosen)


def replace_volunteer(session: Session, actor: Actor, from_account: UUID, to_account: UUID) -> int:
    """On every walk in force, another person instead of one who stops; returns how many doors that concerns."""
    may_lead(actor)
    walks = session.scalars(
        select(Walk)
        .join(WalkMember, WalkMember.walk_id == Walk.id)
        .where(
            walk_scope(actor),
            Walk.state == WalkState.PUBLISHED,
            WalkMember.account_id == from_account,
            WalkMember.ended_at.is_(None),
        )
        .order_by(Walk.id)
        .with_for_update(of=Walk)
    ).all()
    if not walks or from_account == to_account:
        raise NotFound
    for team_id in {walk.team_id for walk in walks}:
        check_members(session, session.get_one(Team, team_id), [to_account])
    ids = [walk.id for walk in walks]
    end_members(session, ids, {from_account}, now())
    add_members(session, walks, {to_account})
    doors = live_doors(session, ids)
    feed.touch_households(session, doors)
    for walk in walks:
        queue.defer(session, NOTIFY, walk_id=walk.id)
    audit.record(
        session,
        actor,
        "walk.replace",
        object_kind="account",
        object_id=from_account,
        count=len(doors),
        to=to_account,
    )
    return len(doors)


def close(session: Session, actor: Actor, walk_id: UUID) -> int:
    """End a walk; its doors are then nobody's and can be planned anew. Returns how many there were."""
    may_lead(actor)
    moment = now()
    walk = walk_for(session, actor, walk_id, state=WalkState.PUBLISHED)
    doors = live_doors(session, [walk.id])
    lock_households(session, doors)
    end_live(session, doors, moment)
    close_emptied(session, {walk.id}, moment)
    feed.touch_households(session, doors)
    audit.record(session, actor, "walk.close", object_kind="walk", object_id=walk.id, count=len(doors))
    return len(doors)


def _drafts(session: Session, actor: Actor, plan_id: UUID, *, lock: bool) -> list[Walk]:
    query = (
        select(Walk)
        .where(Walk.plan_id == plan_id, Walk.state == WalkState.DRAFT, walk_scope(actor))
        .order_by(Walk.id)
        .execution_options(populate_existing=lock)
    )
    walks = list(session.scalars(query.with_for_update() if lock else query))
    if not walks:
        raise NotFound
    return walks


def _drop_gone_doors(session: Session, plan: Sequence[Walk]) -> int:
    """Doors that are no longer there, or no longer in the neighbourhood of the plan."""
    still_there = exists().where(
        Household.id == Assignment.household_id,
        Household.state == HouseholdState.ACTIVE,
        Household.withdrawn_at.is_(None),
        # A walk that names no neighbourhood takes doors from anywhere.
        or_(
            Walk.neighbourhood_id.is_(None),
            Household.neighbourhood_id.in_([w.neighbourhood_id for w in plan]),
        ),
        Walk.id == Assignment.walk_id,
    )
    gone = delete(Assignment).where(Assignment.walk_id.in_([walk.id for walk in plan]), ~still_there)
    return len(session.execute(gone.returning(Assignment.id)).all())


def _drop_empty(session: Session, plan: Sequence[Walk]) -> list[Walk]:
    full = set(
        session.scalars(
            select(Assignment.walk_id).where(Assignment.walk_id.in_([walk.id for walk in plan])).distinct()
        )
    )
    empty = [walk.id for walk in plan if walk.id not in full]
    if empty:
        delete_drafts(session, empty)
    return [walk for walk in plan if walk.id in full]


def _check_manned(session: Session, plan: Sequence[Walk]) -> None:
    manned = set(
        session.scalars(
            select(WalkMember.walk_id).where(
                WalkMember.walk_id.in_([walk.id for walk in plan]), WalkMember.ended_at.is_(None)
            )
        )
    )
    for walk in plan:
        if walk.id not in manned:
            raise Refusal("walk_without_people", status=409, walk=walk.name)


def _lock_doors(session: Session, walk_ids: Sequence[UUID]) -> list[UUID]:
    return lock_households(
        session,
        session.scalars(select(Assignment.household_id).where(Assignment.walk_id.in_(walk_ids))).all(),
    )
