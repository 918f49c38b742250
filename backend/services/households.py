"""The list of doors in a leader's scope: filtered, searched without diacritics, in the order of walking."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, outerjoin, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.models import (
    OPEN,
    Account,
    Adoption,
    AreaUnit,
    Assignment,
    Household,
    HouseholdState,
    HouseholdView,
    Level,
    Referral,
    ReferralState,
    Resident,
    Visit,
    WalkMember,
)
from backend.services.actor import Actor, household_scope, neighbourhood_ids
from backend.services.event_conflict import CONFLICT
from backend.services.places import escape_like
from backend.text.vietnamese import name_key, search_key

PAGE = 50
# Names stand encrypted: to search them they are opened one by one, which stays quick up to this many doors.
NAMES_UP_TO = 5000
_OPEN_STEP = "open"
_DOORS = outerjoin(Household, HouseholdView, HouseholdView.household_id == Household.id)


@dataclass(frozen=True)
class Filter:
    """What to show; None or "" for no filter.

    `step`: an adoption state, or "open" (not started or shown). `state`: a household state, or left | done | begun |
    stub | no_walk | referred. `visit`: none | some | today | old | appointment | flagged | conflict. `services`: those that count for
    "left", "done" and "begun". `mark`: a mark, or "any".
    """

    text: str = ""
    neighbourhood_id: UUID | None = None
    alley_id: UUID | None = None
    service: str = ""
    step: str = ""
    reason: str = ""
    state: str = ""
    visit: str = ""
    volunteer_id: UUID | None = None
    mark: str = ""
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Door:
    """One row of the list. `volunteers`: who is to go there now, by name."""

    id: UUID
    code: str
    address: str
    alley: str
    neighbourhood: str
    head_name: str | None
    kind: str
    state: str
    stub: bool
    mark: str | None
    people: int
    open: int
    done: int
    stuck: int
    visits: int
    last_outcome: str | None
    last_visit_at: datetime | None
    volunteers: tuple[str, ...]


@dataclass(frozen=True)
class DoorPage:
    """`page` is 1-based. `names_searched` is False where there were too many doors to open every name."""

    doors: tuple[Door, ...]
    total: int
    page: int
    pages: int
    names_searched: bool


def find_doors(session: Session, actor: Actor, wanted: Filter, page: int = 1) -> DoorPage:
    """One page of 50 doors of the actor's scope, in walking order (seven statements at most)."""
    conditions, names_searched = _where(session, actor, wanted)
    total = session.scalar(select(func.count()).select_from(_DOORS).where(*conditions)) or 0
    pages = max(1, ceil(total / PAGE))
    page = min(max(1, page), pages)
    rows = session.execute(
        select(
            Household.id,
            Household.code,
            Household.address,
            Household.head_name,
            Household.kind,
            Household.state,
            Household.stub,
            Household.mark,
            Household.alley_id,
            Household.neighbourhood_id,
            HouseholdView.open_count,
            HouseholdView.done_count,
            HouseholdView.blocked_count,
            HouseholdView.visit_count,
            HouseholdView.last_outcome,
            HouseholdView.last_visit_at,
        )
        .select_from(_DOORS)
        .where(*conditions)
        .order_by(Household.neighbourhood_id, Household.walk_key, Household.code)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return DoorPage(_doors(session, rows), total, page, pages, names_searched)


def ids_of(session: Session, actor: Actor, wanted: Filter, most: int) -> list[UUID]:
    """The ids behind a filter in walking order, `most` + 1 at most, so that the caller sees when there are more."""
    conditions, _ = _where(session, actor, wanted)
    return list(
        session.scalars(
            select(Household.id)
            .select_from(_DOORS)
            .where(*conditions)
            .order_by(Household.neighbourhood_id, Household.walk_key, Household.code)
            .limit(most + 1)
        )
    )


def alleys_of(session: Session, actor: Actor, neighbourhood_id: UUID | None) -> dict[UUID, str]:
    """The alleys of one neighbourhood of the actor's (empty for None: too many to choose from)."""
    if neighbourhood_id is None:
        return {}
    rows = session.execute(
        select(AreaUnit.id, AreaUnit.name)
        .where(
            AreaUnit.level == Level.ALLEY,
            AreaUnit.parent_id == neighbourhood_id,
            AreaUnit.parent_id.in_(neighbourhood_ids(actor)),
            AreaUnit.valid_to.is_(None),
        )
        .order_by(AreaUnit.sort_key)
    )
    return {row.id: row.name for row in rows}


def volunteers_with_doors(session: Session, actor: Actor) -> list[tuple[UUID, str]]:
    """Account id and name of everybody who holds doors of the actor's scope now, by the name's last word."""
    holders = (
        select(WalkMember.account_id)
        .join(Assignment, Assignment.walk_id == WalkMember.walk_id)
        .join(Household, Household.id == Assignment.household_id)
        .where(household_scope(actor), WalkMember.ended_at.is_(None), *_live())
    )
    rows = session.execute(select(Account.id, Account.full_name).where(Account.id.in_(holders)))
    return sorted(((row.id, row.full_name) for row in rows), key=lambda pair: name_key(pair[1]))


def _live() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Assignment.started_at.is_not(None), Assignment.ended_at.is_(None)


def _where(session: Session, actor: Actor, wanted: Filter) -> tuple[list[ColumnElement[bool]], bool]:
    """The conditions of a filter, and whether names could be searched."""
    conditions = [household_scope(actor), *_conditions(wanted)]
    key = search_key(wanted.text)
    if not key:
        return conditions, True
    by_address = Household.search_key.like(f"%{escape_like(key)}%", escape="\\")
    named = _named(session, conditions, key)
    conditions.append(or_(by_address, Household.id.in_(named)) if named else by_address)
    return conditions, named is not None


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.neighbourhood_id:
        found.append(Household.neighbourhood_id == wanted.neighbourhood_id)
    if wanted.alley_id:
        found.append(Household.alley_id == wanted.alley_id)
    if wanted.service or wanted.step or wanted.reason:
        found.append(_step(wanted))
    if wanted.state:
        found.append(_state(wanted))
    if wanted.visit:
        found.append(_visit(wanted.visit))
    if wanted.mark:
        found.append(Household.mark.is_not(None) if wanted.mark == "any" else Household.mark == wanted.mark)
    if wanted.volunteer_id:
        found.append(
            exists()
            .where(
                Assignment.household_id == Household.id,
                *_live(),
                WalkMember.walk_id == Assignment.walk_id,
                WalkMember.ended_at.is_(None),
                WalkMember.account_id == wanted.volunteer_id,
            )
            .correlate(Household)
        )
    return found


def _step(wanted: Filter) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [Adoption.household_id == Household.id]
    if wanted.service:
        parts.append(Adoption.service_code == wanted.service)
    if wanted.step == _OPEN_STEP:
        parts.append(Adoption.state.in_(("not_started", "shown")))
    elif wanted.step:
        parts.append(Adoption.state == wanted.step)
    if wanted.reason:
        parts.append(Adoption.reason == wanted.reason)
    return exists().where(and_(*parts)).correlate(Household)


def _state(wanted: Filter) -> ColumnElement[bool]:
    """The same words as the board: begun is visited and not finished (services/board_sql.py, FINISHED)."""
    state = wanted.state
    if state in tuple(HouseholdState):
        return Household.state == state
    lived_in = Household.state == HouseholdState.ACTIVE
    if state == "stub":
        return Household.stub & lived_in
    if state == "referred":
        waiting = (Referral.household_id == Household.id) & (Referral.state == ReferralState.OPEN)
        return lived_in & exists().where(waiting).correlate(Household)
    if state == "no_walk":
        return lived_in & ~exists().where(Assignment.household_id == Household.id, *_live()).correlate(
            Household
        )
    still: list[ColumnElement[bool]] = [Adoption.household_id == Household.id, Adoption.state.in_(OPEN)]
    if wanted.services:
        still.append(Adoption.service_code.in_(wanted.services))
    visited = func.coalesce(HouseholdView.visit_count, 0) > 0
    done = func.coalesce(HouseholdView.last_outcome.in_(("refused", "no_need")), False) | (
        visited & ~exists().where(and_(*still)).correlate(Household)
    )
    return lived_in & {"done": done, "begun": visited & ~done}.get(state, ~done)


def _visit(which: str) -> ColumnElement[bool]:
    moment = now()
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    visited = func.coalesce(HouseholdView.visit_count, 0) > 0
    if which in ("none", "some"):
        return (visited if which == "some" else ~visited) & (Household.state == HouseholdState.ACTIVE)
    if which == "old":
        return HouseholdView.last_visit_at < moment - timedelta(days=7)
    special = {
        "appointment": Visit.appointment_at.between(midnight, midnight + timedelta(days=1)),
        "conflict": Visit.flags.contains([CONFLICT]),
        "flagged": (func.cardinality(Visit.flags) > 0) & (Visit.est_time >= midnight),
    }.get(which, Visit.est_time >= midnight)
    return exists().where(Visit.household_id == Household.id, Visit.effective, special).correlate(Household)


def _named(session: Session, conditions: list[ColumnElement[bool]], key: str) -> list[UUID] | None:
    """The doors behind which a name contains `key`; None when there are too many to look."""
    scope = select(Household.id, Household.head_name).select_from(_DOORS).where(*conditions)
    heads = session.execute(scope.limit(NAMES_UP_TO + 1)).all()
    if len(heads) > NAMES_UP_TO:
        return None
    people = session.execute(
        select(Resident.household_id, Resident.full_name).where(
            Resident.household_id.in_(select(Household.id).select_from(_DOORS).where(*conditions)),
            Resident.full_name.is_not(None),
        )
    )
    return list({id_ for id_, name in [*heads, *people] if name and key in search_key(name)})


def _doors(session: Session, rows: Sequence[Any]) -> tuple[Door, ...]:
    ids = [row.id for row in rows]
    places = {row.alley_id for row in rows} | {row.neighbourhood_id for row in rows}
    names = dict(session.execute(select(AreaUnit.id, AreaUnit.name).where(AreaUnit.id.in_(places))).all())
    sizes = dict(
        session.execute(
            select(Resident.household_id, func.count())
            .where(Resident.household_id.in_(ids), Resident.state.in_(("active", "away_for_work")))
            .group_by(Resident.household_id)
        ).all()
    )
    holders: dict[UUID, list[str]] = defaultdict(list)
    for row in session.execute(
        select(Assignment.household_id, Account.full_name)
        .join(WalkMember, WalkMember.walk_id == Assignment.walk_id)
        .join(Account, Account.id == WalkMember.account_id)
        .where(Assignment.household_id.in_(ids), *_live(), WalkMember.ended_at.is_(None))
    ):
        holders[row.household_id].append(row.full_name)
    return tuple(
        Door(
            id=row.id,
            code=row.code,
            address=row.address,
            alley=names.get(row.alley_id, ""),
            neighbourhood=names.get(row.neighbourhood_id, ""),
            head_name=row.head_name,
            kind=row.kind,
            state=row.state,
            stub=row.stub,
            mark=row.mark,
            people=sizes.get(row.id, 0),
            open=row.open_count or 0,
            done=row.done_count or 0,
            stuck=row.blocked_count or 0,
            visits=row.visit_count or 0,
            last_outcome=row.last_outcome,
            last_visit_at=row.last_visit_at,
            volunteers=tuple(sorted(holders[row.id], key=name_key)),
        )
        for row in rows
    )
