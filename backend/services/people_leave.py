"""Leaving a team: what would happen to whom, and doing it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.models import (
    Account,
    Assignment,
    Device,
    Enrolment,
    Membership,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import audit, enrol, feed, sessions, walks_live
from backend.services.actor import Actor
from backend.services.people import is_now, keep_a_leader, may_touch, membership_for


@dataclass(frozen=True)
class Leaving:
    """`shared`: walks that a partner goes on with; `alone`: walks whose `doors` go back to nobody.

    `phones`: paired phones that are shut out, with `waiting` visits not sent yet; 0 while another team keeps them.
    """

    name: str
    shared: int
    alone: int
    doors: int
    phones: int
    waiting: int


def leaving(session: Session, actor: Actor, account_id: UUID, team_id: UUID) -> Leaving:
    """What the end of this membership would do. Raises NotFound, and the refusals of `leave`."""
    present = membership_for(session, actor, account_id, team_id)
    may_touch(actor, present)
    keep_a_leader(session, present)
    walks = _walks(session, account_id, team_id)
    alone = [walk_id for walk_id, others in walks if not others]
    phones = [] if _elsewhere(session, present) else _phones(session, account_id)
    doors = session.scalar(
        select(func.count()).where(
            Assignment.walk_id.in_(alone), Assignment.started_at.is_not(None), Assignment.ended_at.is_(None)
        )
    )
    return Leaving(
        name=session.get_one(Account, account_id).full_name,
        shared=len(walks) - len(alone),
        alone=len(alone),
        doors=doors or 0,
        phones=len(phones),
        waiting=sum(phone.waiting or 0 for phone in phones),
    )


def leave(session: Session, actor: Actor, account_id: UUID, team_id: UUID) -> None:
    """End a membership: walks stay with the partner or go back, phones and sessions end with the last team.

    Raises NotFound; refuses `not_yourself`, `not_allowed`, `last_leader`.
    """
    present = membership_for(session, actor, account_id, team_id)
    may_touch(actor, present)
    keep_a_leader(session, present)
    moment = now()
    for walk_id, others in _walks(session, account_id, team_id):
        if not others and session.get_one(Walk, walk_id).state == WalkState.PUBLISHED:
            walks_live.close(session, actor, walk_id)
        else:
            session.execute(
                update(WalkMember)
                .where(
                    WalkMember.walk_id == walk_id,
                    WalkMember.account_id == account_id,
                    WalkMember.ended_at.is_(None),
                )
                .values(ended_at=moment)
            )
            feed.touch_households(session, _doors(session, walk_id))
    if not _elsewhere(session, present):
        _shut_out(session, actor, account_id)
    present.valid_to = moment
    feed.end_stream(session, account_id, feed.team_stream(team_id))
    audit.record(session, actor, "member.leave", object_kind="account", object_id=account_id, team=team_id)
    session.flush()


def _shut_out(session: Session, actor: Actor, account_id: UUID) -> None:
    for phone in _phones(session, account_id):
        enrol.revoke_device(session, actor, phone.id)
    session.execute(
        update(Enrolment)
        .where(
            Enrolment.account_id == account_id, Enrolment.used_at.is_(None), Enrolment.revoked_at.is_(None)
        )
        .values(revoked_at=now())
    )
    sessions.revoke_sessions(session, account_id)


def _walks(session: Session, account_id: UUID, team_id: UUID) -> list[tuple[UUID, int]]:
    """The open walks of one person in one team, each with how many others walk it."""
    others = (
        select(func.count())
        .select_from(WalkMember)
        .where(
            WalkMember.walk_id == Walk.id, WalkMember.ended_at.is_(None), WalkMember.account_id != account_id
        )
        .scalar_subquery()
    )
    mine = select(WalkMember.walk_id).where(
        WalkMember.account_id == account_id, WalkMember.ended_at.is_(None)
    )
    rows = session.execute(
        select(Walk.id, others)
        .where(Walk.id.in_(mine), Walk.team_id == team_id, Walk.state != WalkState.CLOSED)
        .order_by(Walk.id)
    )
    return [(row[0], row[1]) for row in rows]


def _doors(session: Session, walk_id: UUID) -> list[UUID]:
    return list(
        session.scalars(
            select(Assignment.household_id).where(
                Assignment.walk_id == walk_id,
                Assignment.started_at.is_not(None),
                Assignment.ended_at.is_(None),
            )
        )
    )


def _phones(session: Session, account_id: UUID) -> list[Device]:
    return list(
        session.scalars(select(Device).where(Device.account_id == account_id, Device.revoked_at.is_(None)))
    )


def _elsewhere(session: Session, present: Membership) -> bool:
    """True when the person has another membership now."""
    return (
        session.scalars(
            select(Membership.id).where(
                Membership.account_id == present.account_id, Membership.id != present.id, is_now()
            )
        ).first()
        is not None
    )
