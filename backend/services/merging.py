"""Two doors that are one: what happened at either is told of the one that stays, also what still comes (sync.md, section 13).

The door that goes keeps its row (state "merged") and an alias: events that phones still hold for it land on the other.
"""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import Refusal
from backend.models import (
    Assignment,
    Household,
    HouseholdAlias,
    HouseholdState,
    Resident,
    ResidentState,
    Walk,
)
from backend.services import audit, feed
from backend.services.actor import Actor
from backend.services.household_story import household_for
from backend.services.walk_doors import live
from backend.services.walk_rows import close_emptied, end_live, lock_households, start
from backend.text.vietnamese import name_key

_MOVE_FACTS = (
    "UPDATE visit_event SET household_link = :new WHERE household_link = :old",
    "UPDATE visit SET household_id = :new WHERE household_id = :old",
    "UPDATE consent SET household_id = :new WHERE household_id = :old",
    "UPDATE adoption SET household_id = :new WHERE household_id = :old",
    "UPDATE help_request SET household_id = :new WHERE household_id = :old",
    "UPDATE referral SET household_id = :new WHERE household_id = :old",
    "UPDATE household_alias SET new_id = :new WHERE new_id = :old",
    # A plate on the wall goes on opening a page; where both doors have one, both stay with what they were printed for.
    "UPDATE qr_code q SET household_id = :new WHERE q.household_id = :old AND NOT EXISTS (SELECT FROM qr_code o"
    " WHERE o.household_id = :new AND o.kind = q.kind AND o.placement = q.placement AND o.revoked_at IS NULL)",
)


@dataclass(frozen=True)
class Merged:
    """What a merge did or would do: visits and people that move over, and people found to be the same."""

    visits: int
    people: int
    same_people: int


def merging(session: Session, actor: Actor, old_id: UUID, new_id: UUID) -> Merged:
    """What `merge_households` would do, without doing it. Raises what it raises."""
    old, new = _pair(session, actor, old_id, new_id)
    mine, same = _people(session, old), _same(session, old, new)
    return Merged(_visits(session, old), len(mine) - len(same), len(same))


def merge_households(session: Session, actor: Actor, old_id: UUID, new_id: UUID) -> Merged:
    """Make the door `old_id` one with `new_id`, which stays: visits, consents, people and plates move over.

    A person of the same name and a birth year that does not contradict is taken as the same one; what visits told of
    either counts for that one. Raises NotFound outside the actor's scope; refuses `merge_same` and `merge_settled`
    (a door that was merged before, or whose household withdrew).
    """
    lock_households(session, [old_id, new_id])
    old, new = _pair(session, actor, old_id, new_id)
    visits, same = _visits(session, old), _same(session, old, new)
    moved = _move_people(session, old, new, same)
    session.flush()
    for statement in _MOVE_FACTS:
        session.execute(text(statement), {"old": old.id, "new": new.id})
    session.execute(
        insert(HouseholdAlias)
        .values(ward_id=old.ward_id, old_id=old.id, new_id=new.id)
        .on_conflict_do_update(index_elements=["ward_id", "old_id"], set_={"new_id": new.id})
    )
    _hand_over_walk(session, old, new)
    old.state, old.merged_into_id, old.stub = HouseholdState.MERGED, new.id, False
    feed.touch_households(session, [old.id, new.id])
    found = Merged(visits, moved, len(same))
    audit.record(
        session,
        actor,
        "household.merge",
        object_kind="household",
        object_id=old.id,
        into=new.id,
        visits=visits,
    )
    session.flush()
    return found


def _pair(session: Session, actor: Actor, old_id: UUID, new_id: UUID) -> tuple[Household, Household]:
    old, new = household_for(session, actor, old_id), household_for(session, actor, new_id)
    if old.id == new.id:
        raise Refusal("merge_same")
    if any(each.state == HouseholdState.MERGED or each.withdrawn_at is not None for each in (old, new)):
        raise Refusal("merge_settled")
    return old, new


def _people(session: Session, household: Household) -> list[Resident]:
    return list(
        session.scalars(
            select(Resident)
            .where(Resident.household_id == household.id, Resident.same_as_id.is_(None))
            .order_by(Resident.ordinal)
        )
    )


def _visits(session: Session, household: Household) -> int:
    statement = text("SELECT count(*) FROM visit WHERE household_id = :id AND effective")
    return int(session.execute(statement, {"id": household.id}).scalar_one())


def _same(session: Session, old: Household, new: Household) -> dict[UUID, Resident]:
    """People of `old` by id, each with the one of `new` that is the same; two candidates are none."""
    known: dict[bytes, list[Resident]] = defaultdict(list)
    for person in _people(session, new):
        known[name_key(person.full_name or "")].append(person)
    found: dict[UUID, Resident] = {}
    taken: set[UUID] = set()
    for person in _people(session, old):
        candidates = [
            other
            for other in known[name_key(person.full_name or "")]
            if person.full_name
            and other.id not in taken
            and (None in (other.birth_year, person.birth_year) or other.birth_year == person.birth_year)
        ]
        if len(candidates) == 1:
            found[person.id] = candidates[0]
            taken.add(candidates[0].id)
    return found


def _move_people(session: Session, old: Household, new: Household, same: dict[UUID, Resident]) -> int:
    """Everybody of `old` gets a number in `new`; who is the same as somebody there only lends what was told of them."""
    last = session.scalar(select(func.max(Resident.ordinal)).where(Resident.household_id == new.id)) or 0
    moved = 0
    everybody = session.scalars(
        select(Resident).where(Resident.household_id == old.id).order_by(Resident.ordinal)
    ).all()
    for ordinal, person in enumerate(everybody, start=last + 1):
        person.household_id, person.ordinal, person.is_head = new.id, ordinal, False
        twin = same.get(person.id)
        if twin is None:
            moved += person.same_as_id is None
            continue
        person.same_as_id, person.state = twin.id, ResidentState.GONE
        twin.birth_year = twin.birth_year or person.birth_year
        session.execute(update(Resident).where(Resident.same_as_id == person.id).values(same_as_id=twin.id))
    return moved


def _hand_over_walk(session: Session, old: Household, new: Household) -> None:
    """The walk that went to the old door goes to the new one, unless somebody goes there already."""
    moment = now()
    walks = {walk_id for walk_id, _ in end_live(session, [old.id], moment)}
    taken = session.scalars(select(Assignment.id).where(Assignment.household_id == new.id, live())).first()
    if taken is None:
        for walk_id in sorted(walks):
            start(session, session.get_one(Walk, walk_id), [new.id])
    close_emptied(session, walks, moment)
