"""The leader's side of asking for help: see who asked, say which door it is, send somebody, close with a reason.

A request travels to the phone as a mark on its door (decision 0091): whoever may see the door may see the request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.crypto import keyring
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    Account,
    Assignment,
    HelpClosed,
    HelpRequest,
    Household,
    HouseholdState,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import audit, feed, household_edit, queue
from backend.services.actor import Actor, neighbourhood_ids
from backend.services.help_answer import STANDING, Stage, given_name, stage_of
from backend.services.household_edit import DoorIn
from backend.services.household_story import household_for
from backend.services.sql import run
from backend.services.walk_doors import live
from backend.services.walk_rights import (
    check_members,
    may_lead,
    team_for,
    volunteers_of,
    walk_for,
    walk_scope,
)
from backend.services.walk_rows import add_members, close_emptied, end_live, lock_households, start
from backend.services.walks_live import NOTIFY
from backend.text.vietnamese import name_key

MOST_ROWS = 200
_ROWS = f"""
    SELECT r.id, r.created_at, r.door, r.services, r.suits, r.place, r.phone, r.planned_on, r.closed_at,
           r.closed_reason, r.neighbourhood_id, n.name AS neighbourhood, r.household_id, h.address, h.code,
           w.id AS walk_id, w.name AS walk, v.outcome, v.est_time, v.author, v.appointment_at
    {STANDING}
    JOIN area_unit n ON n.id = r.neighbourhood_id LEFT JOIN household h ON h.id = r.household_id
    WHERE r.ward_id = %(ward)s AND r.neighbourhood_id = ANY(%(areas)s::uuid[])
      AND (%(only)s::uuid IS NULL OR r.id = %(only)s)
      AND (%(only)s::uuid IS NOT NULL OR %(closed)s = (r.closed_at IS NOT NULL OR
           COALESCE(v.outcome IN ('helped', 'no_need'), false)))
    ORDER BY CASE WHEN %(closed)s THEN -extract(epoch FROM r.created_at) ELSE extract(epoch FROM r.created_at) END
    LIMIT %(limit)s
"""  # noqa: S608  # constants only
_WAITING = f"""
    SELECT count(*) {STANDING}
    WHERE r.ward_id = %(ward)s AND r.neighbourhood_id = ANY(%(areas)s::uuid[]) AND r.closed_at IS NULL
      AND NOT COALESCE(v.outcome IN ('helped', 'no_need', 'rescheduled'), false)
      AND (w.id IS NULL OR r.planned_on IS NULL OR r.planned_on < %(today)s OR v.outcome IS NOT NULL)
"""  # constants only


@dataclass(frozen=True)
class RequestRow:
    """A request on the desk. `place`, `phone`: what the resident wrote; `address`: of the door it belongs to."""

    id: UUID
    stage: Stage
    asked_at: datetime
    door: str
    services: tuple[str, ...]
    suits: str
    place: str
    phone: str
    neighbourhood_id: UUID
    neighbourhood: str
    household_id: UUID | None
    address: str
    walk_id: UUID | None
    walk: str
    planned_on: date | None
    outcome: str
    came_at: datetime | None
    appointment_at: datetime | None
    by: str
    closed_reason: str


def list_requests(
    session: Session, actor: Actor, *, neighbourhood_id: UUID | None = None, closed: bool = False
) -> list[RequestRow]:
    """The requests of the actor's neighbourhoods, the longest waiting first; of closed ones the newest first."""
    rows = _rows(session, actor, neighbourhood_id=neighbourhood_id, closed=closed)
    if rows:
        audit.record(session, actor, "help.read", object_kind="help_request", count=len(rows))
    return rows


def waiting(session: Session, actor: Actor, neighbourhood_id: UUID | None = None) -> int:
    """How many requests wait for the leader: nobody is planned for them, or the planned evening has passed."""
    areas = set(session.scalars(neighbourhood_ids(actor)))
    if neighbourhood_id is not None:
        areas &= {neighbourhood_id}
    return int(run(session, _WAITING, ward=actor.ward_id, areas=sorted(areas), today=today()).scalar())


def request_row(session: Session, actor: Actor, request_id: UUID) -> RequestRow:
    """One request of the actor's neighbourhoods. Raises NotFound."""
    rows = _rows(session, actor, only=request_id)
    if not rows:
        raise NotFound
    audit.record(session, actor, "help.read", object_kind="help_request", object_id=request_id)
    return rows[0]


def choose_door(session: Session, actor: Actor, request_id: UUID, household_id: UUID) -> Household:
    """Say which door a request is about: the address that the resident wrote is that of this household."""
    request = _request(session, actor, request_id)
    household = household_for(session, actor, household_id, lock=True)
    if household.state == HouseholdState.MERGED or household.withdrawn_at is not None:
        raise NotFound
    before = request.household_id
    request.household_id = household.id
    if household.neighbourhood_id is not None:
        request.neighbourhood_id = household.neighbourhood_id
    _changed(session, actor, "help.door", request, [before, household.id])
    return household


def new_door(session: Session, actor: Actor, request_id: UUID, address: str) -> Household:
    """The door is not in the list: add it, with one resident of whom nothing is known, and let the request be its."""
    request = _request(session, actor, request_id)
    household = household_edit.add_household(
        session, actor, request.neighbourhood_id, DoorIn(address=address), 1
    )
    return choose_door(session, actor, request.id, household.id)


def walks_for(session: Session, actor: Actor, row: RequestRow) -> Sequence[Walk]:
    """The walks in force on which the door of a request could be put, those of its neighbourhood first."""
    return session.scalars(
        select(Walk)
        .where(walk_scope(actor), Walk.state == WalkState.PUBLISHED)
        .order_by(Walk.neighbourhood_id != row.neighbourhood_id, Walk.name)
        .limit(MOST_ROWS)
    ).all()


def helpers_for(session: Session, actor: Actor, row: RequestRow) -> list[Account]:
    """The people of the team that serves the neighbourhood of a request, by name."""
    people = volunteers_of(session, team_for(session, actor, row.neighbourhood_id))
    return sorted(people, key=lambda person: name_key(person.full_name))


def assign_walk(session: Session, actor: Actor, request_id: UUID, walk_id: UUID, on: date) -> Walk:
    """Put the door of a request on a walk in force, for the evening of `on`; it leaves any other walk."""
    may_lead(actor)
    request = _request(session, actor, request_id)
    walk = walk_for(session, actor, walk_id, state=WalkState.PUBLISHED)
    _onto(session, actor, request, walk, on)
    return walk


def assign_person(session: Session, actor: Actor, request_id: UUID, account_id: UUID, on: date) -> Walk:
    """Send one person: on the walk that brings the door to them already, else on a walk of its own until `on`."""
    may_lead(actor)
    request = _request(session, actor, request_id)
    team = team_for(session, actor, request.neighbourhood_id)
    check_members(session, team, [account_id])
    walk = session.scalars(
        select(Walk)
        .join(Assignment, Assignment.walk_id == Walk.id)
        .join(WalkMember, WalkMember.walk_id == Walk.id)
        .where(
            live(),
            Assignment.household_id == request.household_id,
            WalkMember.account_id == account_id,
            WalkMember.ended_at.is_(None),
        )
    ).first()
    if walk is None:
        walk = Walk(
            ward_id=team.ward_id,
            team_id=team.id,
            neighbourhood_id=request.neighbourhood_id,
            name=f"Nhờ giúp {on:%d/%m}",
            state=WalkState.PUBLISHED,
            published_at=now(),
            created_by=actor.account_id,
        )
        session.add(walk)
        session.flush()
        add_members(session, [walk], {account_id})
    _onto(session, actor, request, walk, on)
    return walk


def close(session: Session, actor: Actor, request_id: UUID, reason: HelpClosed) -> None:
    """Close a request without a visit; the resident reads the reason and what to do next. Twice changes nothing."""
    may_lead(actor)
    request = _request(session, actor, request_id)
    if request.closed_at is None:
        request.closed_at, request.closed_by, request.closed_reason = now(), actor.account_id, reason
        _changed(session, actor, "help.close", request, [request.household_id], str(reason))


def _onto(session: Session, actor: Actor, request: HelpRequest, walk: Walk, on: date) -> None:
    if request.household_id is None:
        raise Refusal("help_no_door")
    if request.closed_at is not None:
        raise Refusal("help_closed", status=409)
    if on < today():
        raise Refusal("bad_form", fields={"ngay": "help_past"})
    moment = now()
    lock_households(session, [request.household_id])
    here = session.scalar(
        select(Assignment.walk_id).where(live(), Assignment.household_id == request.household_id)
    )
    if here != walk.id:
        end_live(session, [request.household_id], moment)
        start(session, walk, [request.household_id])
        if here is not None:
            close_emptied(session, {here}, moment)
    request.planned_on = on
    queue.defer(session, NOTIFY, walk_id=walk.id)
    _changed(session, actor, "help.assign", request, [request.household_id], walk.id)


def _request(session: Session, actor: Actor, request_id: UUID) -> HelpRequest:
    found = session.scalars(
        select(HelpRequest)
        .where(
            HelpRequest.id == request_id,
            HelpRequest.ward_id == actor.ward_id,
            HelpRequest.neighbourhood_id.in_(neighbourhood_ids(actor)),
        )
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _changed(
    session: Session,
    actor: Actor,
    action: str,
    request: HelpRequest,
    household_ids: Sequence[UUID | None],
    detail: str | UUID = "",
) -> None:
    session.flush()
    audit.record(session, actor, action, object_kind="help_request", object_id=request.id, detail=detail)
    feed.touch_households(session, {one for one in household_ids if one is not None})
    session.flush()


def _rows(
    session: Session,
    actor: Actor,
    *,
    neighbourhood_id: UUID | None = None,
    closed: bool = False,
    only: UUID | None = None,
) -> list[RequestRow]:
    session.flush()
    areas = set(session.scalars(neighbourhood_ids(actor)))
    if neighbourhood_id is not None:
        areas &= {neighbourhood_id}
    found = run(
        session,
        _ROWS,
        ward=actor.ward_id,
        areas=sorted(areas),
        closed=closed,
        only=only,
        limit=MOST_ROWS,
    )
    return [_row(row) for row in found]


def _row(row: Any) -> RequestRow:
    return RequestRow(
        id=row.id,
        stage=stage_of(row.outcome, row.closed_reason, row.planned_on if row.walk_id else None),
        asked_at=row.created_at,
        door=row.door,
        services=tuple(row.services),
        suits=row.suits,
        place=_open(row.place, "help_request.place"),
        phone=_open(row.phone, "help_request.phone"),
        neighbourhood_id=row.neighbourhood_id,
        neighbourhood=row.neighbourhood,
        household_id=row.household_id,
        address=row.address or row.code or "",
        walk_id=row.walk_id,
        walk=row.walk or "",
        planned_on=row.planned_on,
        outcome=row.outcome or "",
        came_at=row.est_time,
        appointment_at=row.appointment_at,
        by=given_name(row.author),
        closed_reason=row.closed_reason or "",
    )


def _open(sealed: bytes | None, context: str) -> str:
    return keyring().open(bytes(sealed), context).decode() if sealed else ""
