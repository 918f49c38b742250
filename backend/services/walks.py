"""Walks while they are drafts: choose doors, divide them among the volunteers, adjust by hand.

Publishing and what comes after stand in `walks_live`, reading in `walks_read`. Every function works inside the
actor's scope: a leader's own teams, the whole ward for its officers; anything else is NotFound.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound, Refusal
from backend.models import Assignment, Team, Walk, WalkMember, WalkState
from backend.services import audit, feed, planning
from backend.services.actor import Actor
from backend.services.walk_doors import Choice, choose, doors_of_walk
from backend.services.walk_rights import check_members, may_lead, team_for, walk_for, walk_scope
from backend.text.vietnamese import nfc

_NAME_LIMIT = 60
_SET_POSITIONS = text(
    "UPDATE assignment a SET position = t.place FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS t(id, place) "
    "WHERE a.walk_id = :walk AND a.household_id = t.id"
)


def draft(
    session: Session,
    actor: Actor,
    choice: Choice,
    crews: Sequence[Sequence[UUID]],
    *,
    until: date | None = None,
) -> UUID:
    """Divide the chosen doors among crews (one walk each, of one or more volunteers); returns the plan's id.

    Refuses `no_doors`, `more_walks_than_doors`, `crew_empty`, `crew_twice`, `not_in_team`.
    """
    may_lead(actor)
    team = team_for(session, actor, choice.neighbourhood_id)
    _check_crews(session, team, crews)
    doors = choose(session, actor, choice)
    if not doors:
        raise Refusal("no_doors")
    if len(doors) < len(crews):
        raise Refusal("more_walks_than_doors", doors=len(doors), walks=len(crews))
    plan_id, planned = uuid4(), planning.plan(doors, len(crews))
    walks = [
        Walk(
            ward_id=actor.ward_id,
            team_id=team.id,
            campaign_id=choice.campaign_id,
            neighbourhood_id=choice.neighbourhood_id,
            plan_id=plan_id,
            name=f"Tuyến {number}",
            until=until,
            created_by=actor.account_id,
        )
        for number in range(1, len(crews) + 1)
    ]
    session.add_all(walks)
    session.flush()
    pairs = list(zip(walks, planned, crews, strict=True))
    insert_doors(session, [(walk, [door.id for door in run.doors]) for walk, run, _ in pairs])
    for walk, _, crew in pairs:
        session.add_all(
            WalkMember(ward_id=walk.ward_id, walk_id=walk.id, account_id=account) for account in crew
        )
    audit.record(session, actor, "walk.draft", object_kind="plan", object_id=plan_id, count=len(doors))
    session.flush()
    return plan_id


def move_doors(
    session: Session, actor: Actor, from_id: UUID, to_id: UUID, household_ids: Iterable[UUID]
) -> int:
    """Move doors between two drafts of one plan; each keeps its order. Returns how many moved; unknown ones refuse."""
    may_lead(actor)
    drafts = {
        walk_id: walk_for(session, actor, walk_id, state=WalkState.DRAFT)
        for walk_id in sorted({from_id, to_id})
    }
    source, target = drafts[from_id], drafts[to_id]
    if source.plan_id != target.plan_id or source.id == target.id:
        raise Refusal("other_plan", status=409)
    wanted = set(household_ids)
    staying, moving = _split(doors_of_walk(session, source), wanted)
    if len(moving) != len(wanted):
        raise NotFound
    _rewrite(session, source, staying)
    _rewrite(session, target, _inserted(doors_of_walk(session, target), moving))
    audit.record(
        session, actor, "walk.move", object_kind="walk", object_id=from_id, count=len(moving), to=to_id
    )
    return len(moving)


def move_alley(session: Session, actor: Actor, from_id: UUID, to_id: UUID, alley_id: UUID | None) -> int:
    """Move all doors of one alley that a draft holds to another draft of the plan."""
    walk = walk_for(session, actor, from_id, state=WalkState.DRAFT)
    doors = [door.id for door in doors_of_walk(session, walk) if door.alley == alley_id]
    if not doors:
        raise NotFound
    return move_doors(session, actor, from_id, to_id, doors)


def reorder(session: Session, actor: Actor, walk_id: UUID, household_ids: Sequence[UUID]) -> Walk:
    """Another order for the doors of a walk that is not closed; all of them must be named. Refuses `other_doors`."""
    may_lead(actor)
    walk = walk_for(session, actor, walk_id)
    if walk.state == WalkState.CLOSED:
        raise Refusal("walk_state", status=409)
    doors = {door.id for door in doors_of_walk(session, walk)}
    if doors != set(household_ids) or len(doors) != len(household_ids):
        raise Refusal("other_doors", status=409)
    session.execute(_SET_POSITIONS, {"ids": list(household_ids), "walk": walk.id})
    if walk.state == WalkState.PUBLISHED:
        feed.touch_households(session, doors)
    audit.record(session, actor, "walk.reorder", object_kind="walk", object_id=walk.id, count=len(doors))
    return walk


def reverse(session: Session, actor: Actor, walk_id: UUID) -> Walk:
    """Begin at the other end."""
    walk = walk_for(session, actor, walk_id)
    return reorder(session, actor, walk_id, [door.id for door in doors_of_walk(session, walk)][::-1])


def shift_alley(
    session: Session, actor: Actor, walk_id: UUID, alley_id: UUID | None, *, earlier: bool
) -> Walk:
    """Walk one alley of a walk before the alley that now stands before it, or after the one behind it."""
    walk = walk_for(session, actor, walk_id)
    blocks: dict[UUID | None, list[UUID]] = {}
    for door in doors_of_walk(session, walk):
        blocks.setdefault(door.alley, []).append(door.id)
    if alley_id not in blocks:
        raise NotFound
    order = list(blocks)
    place = order.index(alley_id)
    other = min(max(place + (-1 if earlier else 1), 0), len(order) - 1)
    order[place], order[other] = order[other], order[place]
    return reorder(session, actor, walk_id, [door for alley in order for door in blocks[alley]])


def rename(session: Session, actor: Actor, walk_id: UUID, name: str, *, until: date | None) -> Walk:
    """Another name and last day for a walk. Refuses `walk_name`."""
    may_lead(actor)
    walk = walk_for(session, actor, walk_id)
    name = nfc(name)
    if not name or len(name) > _NAME_LIMIT:
        raise Refusal("walk_name", fields={"name": "walk_name"}, limit=_NAME_LIMIT)
    walk.name, walk.until = name, until
    audit.record(session, actor, "walk.rename", object_kind="walk", object_id=walk.id)
    session.flush()
    return walk


def discard(session: Session, actor: Actor, plan_id: UUID) -> int:
    """Throw the drafts of a plan away; nobody had seen them. Returns how many."""
    may_lead(actor)
    ids = session.scalars(
        select(Walk.id)
        .where(Walk.plan_id == plan_id, Walk.state == WalkState.DRAFT, walk_scope(actor))
        .with_for_update()
    ).all()
    if not ids:
        raise NotFound
    delete_drafts(session, ids)
    audit.record(session, actor, "walk.discard", object_kind="plan", object_id=plan_id, count=len(ids))
    return len(ids)


def delete_drafts(session: Session, walk_ids: Sequence[UUID]) -> None:
    """Remove draft walks with their doors and members."""
    for table in (Assignment, WalkMember):
        session.execute(delete(table).where(table.walk_id.in_(walk_ids)))
    session.execute(delete(Walk).where(Walk.id.in_(walk_ids), Walk.state == WalkState.DRAFT))


def insert_doors(session: Session, runs: Iterable[tuple[Walk, Sequence[UUID]]]) -> None:
    """The doors of draft walks, in the given order; one statement."""
    rows = [
        {
            "ward_id": walk.ward_id,
            "walk_id": walk.id,
            "team_id": walk.team_id,
            "household_id": household_id,
            "position": position,
        }
        for walk, ids in runs
        for position, household_id in enumerate(ids, start=1)
    ]
    if rows:
        session.execute(insert(Assignment), rows)


def _check_crews(session: Session, team: Team, crews: Sequence[Sequence[UUID]]) -> None:
    people = [account for crew in crews for account in crew]
    if not crews or not all(crews):
        raise Refusal("crew_empty", fields={"crews": "crew_empty"})
    if len(people) != len(set(people)):
        raise Refusal("crew_twice", fields={"crews": "crew_twice"})
    check_members(session, team, people)


def _split(
    doors: Iterable[planning.Door], wanted: set[UUID]
) -> tuple[list[planning.Door], list[planning.Door]]:
    staying: list[planning.Door] = []
    moving: list[planning.Door] = []
    for door in doors:
        (moving if door.id in wanted else staying).append(door)
    return staying, moving


def _inserted(doors: list[planning.Door], moving: list[planning.Door]) -> list[planning.Door]:
    """`moving` put in alley by alley: into the part of the alley that is there, else where the address would stand."""
    for alley in planning.in_alleys(moving):
        same = [place for place, door in enumerate(doors) if door.alley == alley[0].alley]
        if same:
            whole = sorted([*(doors[place] for place in same), *alley], key=lambda door: door.walk_key)
            rest = [door for door in doors if door.alley != alley[0].alley]
            doors = [*rest[: same[0]], *whole, *rest[same[0] :]]
        else:
            after = [place for place, door in enumerate(doors) if door.walk_key > alley[0].walk_key]
            place = min(after, default=len(doors))
            doors = [*doors[:place], *alley, *doors[place:]]
    return doors


def _rewrite(session: Session, walk: Walk, doors: Sequence[planning.Door]) -> None:
    """Give a draft exactly these doors in this order."""
    session.execute(delete(Assignment).where(Assignment.walk_id == walk.id))
    insert_doors(session, [(walk, [door.id for door in doors])])
