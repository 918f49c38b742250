"""Somebody is ill or stops: all doors of theirs to one or several others, evenly; and walks on which nothing is left."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import Account, Team, Walk, WalkMember, WalkState
from backend.services import audit, feed, planning, queue
from backend.services.actor import Actor
from backend.services.planning import SMALL_ALLEY, Door
from backend.services.walk_doors import doors_of_walks
from backend.services.walk_rights import check_members, may_lead, volunteers_of, walk_scope
from backend.services.walk_rows import (
    add_members,
    close_emptied,
    end_live,
    end_members,
    lock_households,
    start,
)
from backend.services.walks_live import NOTIFY
from backend.services.walks_read import WalkRow, alley_names, list_walks
from backend.text.vietnamese import name_key

# A long street may be shared out in pieces of this many doors.
_PIECE = 10


@dataclass(frozen=True)
class Held:
    """What one volunteer holds on one walk. `until`: its last day; `partners`: who walks it as well."""

    walk_id: UUID
    name: str
    doors: int
    open: int
    until: date | None
    partners: tuple[str, ...]


@dataclass(frozen=True)
class Holder:
    """A volunteer with everything they hold now."""

    account_id: UUID
    name: str
    team_id: UUID
    walks: tuple[Held, ...]

    @property
    def doors(self) -> int:
        """All doors on all walks."""
        return sum(walk.doors for walk in self.walks)

    @property
    def open(self) -> int:
        """All open person-services."""
        return sum(walk.open for walk in self.walks)


@dataclass(frozen=True)
class Share:
    """What one receiver gets: `doors` more in `alleys`, upon the `before` doors held already."""

    account_id: UUID
    name: str
    doors: int
    open: int
    before: int
    alleys: tuple[str, ...]


@dataclass(frozen=True)
class HandOver:
    """Who gets what, and the walks that a partner goes on with."""

    shares: tuple[Share, ...]
    kept: tuple[Held, ...]

    @property
    def doors(self) -> int:
        """How many doors change hands."""
        return sum(share.doors for share in self.shares)


def holders(session: Session, actor: Actor) -> list[Holder]:
    """Every volunteer of the actor's teams, with what they hold and until when; the empty-handed too."""
    rows = [row for row in list_walks(session, actor) if row.walk.state == WalkState.PUBLISHED]
    held: dict[UUID, list[Held]] = defaultdict(list)
    for row in rows:
        for person in row.people:
            others = tuple(other.name for other in row.people if other.id != person.id)
            held[person.id].append(
                Held(row.walk.id, row.walk.name, row.doors, row.open, row.walk.until, others)
            )
    scope = Team.ward_id == actor.ward_id
    teams = session.scalars(
        select(Team).where(scope if actor.ward_wide else scope & Team.id.in_(actor.leads)).order_by(Team.id)
    ).all()
    found = [
        Holder(account.id, account.full_name, team.id, tuple(held[account.id]))
        for team in teams
        for account in volunteers_of(session, team)
    ]
    return sorted(found, key=lambda holder: name_key(holder.name))


def preview(session: Session, actor: Actor, account_id: UUID, receivers: Sequence[UUID]) -> HandOver:
    """What handing everything of a person over would do. Raises as `hand_over_all` does; changes nothing."""
    return _split(session, actor, account_id, receivers)[0]


def hand_over_all(session: Session, actor: Actor, account_id: UUID, receivers: Sequence[UUID]) -> HandOver:
    """Give all doors of a person to `receivers`, so that everybody carries about the same; alleys stay whole.

    A walk with a partner stays with the partner. Refuses `crew_empty`, `not_in_team`, `no_doors`. Raises NotFound.
    """
    may_lead(actor)
    moment = now()
    done, walks, given = _split(session, actor, account_id, receivers, lock=True)
    all_doors = [door.id for doors in given.values() for door in doors]
    lock_households(session, all_doors)
    end_live(session, all_doors, moment)
    targets = _targets(session, actor, walks, given)
    for receiver, doors in given.items():
        if doors:
            start(session, targets[receiver], [door.id for door in doors])
    end_members(session, [walk.id for walk in walks], {account_id}, moment)
    close_emptied(session, {walk.id for walk in walks}, moment)
    kept = [held.walk_id for held in done.kept]
    partner_doors = doors_of_walks(session, [walk for walk in walks if walk.id in kept])
    feed.touch_households(session, {*all_doors, *(d.id for run in partner_doors.values() for d in run)})
    for receiver, doors in given.items():
        if doors:
            queue.defer(session, NOTIFY, walk_id=targets[receiver].id)
    audit.record(
        session,
        actor,
        "walk.hand_over_all",
        object_kind="account",
        object_id=account_id,
        count=len(all_doors),
        receivers=len(done.shares),
    )
    return done


def close_finished(session: Session, actor: Actor, neighbourhood_id: UUID | None = None) -> int:
    """Close the walks in force on which nothing is left to do (of one neighbourhood); returns how many."""
    may_lead(actor)
    moment = now()
    rows = list_walks(session, actor, neighbourhood_id=neighbourhood_id)
    walks = session.scalars(
        select(Walk)
        .where(
            Walk.id.in_([row.walk.id for row in rows if is_over(row)]),
            walk_scope(actor),
            Walk.state == WalkState.PUBLISHED,
        )
        .order_by(Walk.id)
        .with_for_update()
    ).all()
    doors = [door.id for run in doors_of_walks(session, walks).values() for door in run]
    lock_households(session, doors)
    end_live(session, doors, moment)
    close_emptied(session, {walk.id for walk in walks}, moment)
    feed.touch_households(session, doors)
    audit.record(
        session, actor, "walk.close_finished", object_kind="walk", count=len(walks), doors=len(doors)
    )
    return len(walks)


def is_over(row: WalkRow) -> bool:
    """Whether every door of a walk in force was visited and nothing is open behind any."""
    return row.walk.state == WalkState.PUBLISHED and row.open == 0 and row.visited >= row.doors


def _split(
    session: Session, actor: Actor, account_id: UUID, receivers: Sequence[UUID], *, lock: bool = False
) -> tuple[HandOver, list[Walk], dict[UUID, list[Door]]]:
    """The shares, the walks of the person, and the doors for each receiver."""
    everybody = {holder.account_id: holder for holder in holders(session, actor)}
    person = everybody.get(account_id)
    if person is None:
        raise NotFound
    if not person.walks:
        raise Refusal("no_doors")
    wanted = list(dict.fromkeys(receiver for receiver in receivers if receiver != account_id))
    kept = tuple(held for held in person.walks if held.partners)
    solo = [held.walk_id for held in person.walks if not held.partners]
    if solo and not wanted:
        raise Refusal("crew_empty", fields={"cho": "crew_empty"})
    statement = select(Walk).where(walk_scope(actor), Walk.id.in_([held.walk_id for held in person.walks]))
    walks = list(
        session.scalars(
            statement.order_by(Walk.id).with_for_update() if lock else statement.order_by(Walk.id)
        )
    )
    for team_id in {walk.team_id for walk in walks}:
        check_members(session, session.get_one(Team, team_id), wanted)
    doors: list[Door] = []
    for walk in walks:
        if walk.id in solo:
            doors += doors_of_walks(session, [walk])[walk.id]
    given = share_out(doors, {one: _load(everybody[one]) for one in wanted if one in everybody})
    names = alley_names(session, {door.alley for door in doors})
    shares = tuple(
        Share(
            one,
            everybody[one].name,
            len(part),
            sum(door.load for door in part),
            everybody[one].doors,
            tuple(dict.fromkeys(names.get(door.alley, "") for door in part)),
        )
        for one, part in given.items()
    )
    return HandOver(shares, kept), walks, given


def _load(holder: Holder) -> int:
    return holder.open + planning.DOOR_WEIGHT * holder.doors


def share_out(doors: Iterable[Door], loads: dict[UUID, int]) -> dict[UUID, list[Door]]:
    """`doors` among people who already carry `loads`: the heaviest alley to whoever has least; long ones in pieces.

    Pure. The order inside each share is the walking order.
    """
    pieces: list[list[Door]] = []
    for alley in planning.in_alleys(doors):
        step = _PIECE if len(alley) >= SMALL_ALLEY else len(alley)
        pieces += [alley[at : at + step] for at in range(0, len(alley), step)]
    carried = dict(loads)
    given: dict[UUID, list[Door]] = {person: [] for person in loads}
    for piece in sorted(pieces, key=lambda piece: -sum(door.weight for door in piece)):
        least = min(carried, key=lambda person: (carried[person], person))
        given[least] += piece
        carried[least] += sum(door.weight for door in piece)
    return {person: planning.in_walking_order(part) for person, part in given.items()}


def _targets(
    session: Session, actor: Actor, walks: Sequence[Walk], given: dict[UUID, list[Door]]
) -> dict[UUID, Walk]:
    """The walk of each receiver that takes the doors: one they have in the same team, else a new one in force."""
    teams = {walk.team_id for walk in walks}
    found: dict[UUID, Walk] = {}
    for row in session.execute(
        select(Walk, WalkMember.account_id)
        .join(WalkMember, WalkMember.walk_id == Walk.id)
        .where(
            walk_scope(actor),
            Walk.state == WalkState.PUBLISHED,
            Walk.team_id.in_(teams),
            WalkMember.account_id.in_(given),
            WalkMember.ended_at.is_(None),
            Walk.id.not_in([walk.id for walk in walks]),
        )
        .order_by(Walk.published_at.desc())
    ):
        found.setdefault(row.account_id, row.Walk)
    names = {
        row.id: row.full_name
        for row in session.execute(select(Account.id, Account.full_name).where(Account.id.in_(given)))
    }
    model = walks[0]
    for receiver, doors in given.items():
        if doors and receiver not in found:
            walk = Walk(
                ward_id=model.ward_id,
                team_id=model.team_id,
                campaign_id=model.campaign_id,
                neighbourhood_id=model.neighbourhood_id,
                plan_id=model.plan_id,
                name=f"{model.name[:40]} · {names[receiver].split()[-1]}",
                state=WalkState.PUBLISHED,
                until=model.until,
                created_by=actor.account_id,
                published_at=now(),
            )
            session.add(walk)
            session.flush()
            add_members(session, [walk], {receiver})
            found[receiver] = walk
    return found
