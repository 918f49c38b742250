"""The people of the teams as the desk lists them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound
from backend.models import (
    Account,
    AreaUnit,
    Assignment,
    Device,
    Enrolment,
    Membership,
    Role,
    Team,
    TeamArea,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services.actor import Actor
from backend.services.board_people import QUIET_AFTER
from backend.services.people import is_now, team_scope
from backend.text.vietnamese import name_key

_ORDER = {Role.TEAM_LEADER: 0, Role.DEPUTY_LEADER: 1}


@dataclass(frozen=True)
class Member:
    """One person in one team. `invited_until`: an invitation waits to be scanned."""

    account_id: UUID
    team_id: UUID
    name: str
    phone: str | None
    role: str
    since: datetime
    login: str | None
    doors: int
    phones: int
    last_contact: datetime | None
    waiting: int
    dead: int
    invited_until: datetime | None


@dataclass(frozen=True)
class TeamRow:
    """A team, where it works and who belongs to it (leaders first, then by the name's last word)."""

    id: UUID
    name: str
    contact_phone: str
    places: tuple[str, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class HeldWalk:
    """A walk that somebody holds now."""

    id: UUID
    name: str
    doors: int
    partners: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """Everything on the page of one person: the memberships that the actor may see, phones (newest first), walks."""

    account: Account
    members: tuple[Member, ...]
    teams: dict[UUID, str]
    devices: tuple[Device, ...]
    walks: tuple[HeldWalk, ...]


def teams(session: Session, actor: Actor, neighbourhood_id: UUID | None = None) -> tuple[TeamRow, ...]:
    """The actor's teams (those that serve one neighbourhood), by name; a fixed number of statements."""
    statement = select(Team).where(team_scope(actor)).order_by(Team.name, Team.id)
    if neighbourhood_id is not None:
        here = select(TeamArea.team_id).where(
            TeamArea.area_unit_id == neighbourhood_id, TeamArea.valid_to.is_(None)
        )
        statement = statement.where(Team.id.in_(here))
    found = session.scalars(statement).all()
    ids = [team.id for team in found]
    places: dict[UUID, list[str]] = defaultdict(list)
    for row in session.execute(
        select(TeamArea.team_id, AreaUnit.name)
        .join(AreaUnit, AreaUnit.id == TeamArea.area_unit_id)
        .where(TeamArea.team_id.in_(ids), TeamArea.valid_to.is_(None))
        .order_by(AreaUnit.sort_key)
    ):
        places[row.team_id].append(row.name)
    members: dict[UUID, list[Member]] = defaultdict(list)
    for member in _members(session, ids):
        members[member.team_id].append(member)
    return tuple(
        TeamRow(team.id, team.name, team.contact_phone, tuple(places[team.id]), tuple(members[team.id]))
        for team in found
    )


def profile(session: Session, actor: Actor, account_id: UUID) -> Profile:
    """One person of the actor's teams. Raises NotFound for anybody else."""
    mine = session.scalars(
        select(Membership.team_id)
        .join(Team, Team.id == Membership.team_id)
        .where(Membership.account_id == account_id, team_scope(actor), is_now())
    ).all()
    if not mine:
        raise NotFound
    ids = [team_id for team_id in mine if team_id]
    devices = session.scalars(
        select(Device).where(Device.account_id == account_id).order_by(Device.created_at.desc())
    ).all()
    names = dict(session.execute(select(Team.id, Team.name).where(Team.id.in_(ids))).all())
    return Profile(
        account=session.get_one(Account, account_id),
        members=tuple(one for one in _members(session, ids) if one.account_id == account_id),
        teams=names,
        devices=tuple(devices),
        walks=_walks(session, account_id, ids),
    )


def last_invitation(session: Session, account_id: UUID) -> Enrolment | None:
    """The newest invitation of an account; the caller has checked the scope."""
    return session.scalars(
        select(Enrolment)
        .where(Enrolment.account_id == account_id)
        .order_by(Enrolment.created_at.desc(), Enrolment.id.desc())
        .limit(1)
    ).one_or_none()


def is_quiet(device: Device) -> bool:
    """Whether a phone has not been heard of for so long that somebody should ask."""
    return now() - (device.last_seen_at or device.created_at) > QUIET_AFTER


def waited(device: Device) -> timedelta:
    """How long the oldest visit on a phone has waited by now: when it last told, and the time since."""
    told = timedelta(seconds=device.oldest_waiting_s or 0)
    return told + (now() - device.last_seen_at if device.last_seen_at else timedelta())


def _members(session: Session, team_ids: Sequence[UUID]) -> list[Member]:
    rows = session.execute(
        select(Membership, Account)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.team_id.in_(team_ids), is_now(), Account.disabled_at.is_(None))
    ).all()
    accounts = [account.id for _, account in rows]
    phones = {
        row.account_id: row
        for row in session.execute(
            select(
                Device.account_id,
                func.count().label("phones"),
                func.max(func.coalesce(Device.last_seen_at, Device.created_at)).label("seen"),
                func.coalesce(func.sum(Device.waiting), 0).label("waiting"),
                func.coalesce(func.sum(Device.dead), 0).label("dead"),
            )
            .where(Device.account_id.in_(accounts), Device.revoked_at.is_(None))
            .group_by(Device.account_id)
        )
    }
    doors = {
        (row.account_id, row.team_id): row.doors
        for row in session.execute(
            select(WalkMember.account_id, Assignment.team_id, func.count().label("doors"))
            .join(Assignment, Assignment.walk_id == WalkMember.walk_id)
            .where(
                WalkMember.account_id.in_(accounts),
                WalkMember.ended_at.is_(None),
                Assignment.started_at.is_not(None),
                Assignment.ended_at.is_(None),
            )
            .group_by(WalkMember.account_id, Assignment.team_id)
        )
    }
    invited = dict(
        session.execute(
            select(Enrolment.account_id, func.max(Enrolment.expires_at))
            .where(
                Enrolment.account_id.in_(accounts),
                Enrolment.used_at.is_(None),
                Enrolment.revoked_at.is_(None),
                Enrolment.expires_at > now(),
            )
            .group_by(Enrolment.account_id)
        ).all()
    )
    found = []
    for membership, account in rows:
        if membership.team_id is None:
            continue
        phone = phones.get(account.id)
        found.append(
            Member(
                account_id=account.id,
                team_id=membership.team_id,
                name=account.full_name,
                phone=account.phone,
                role=membership.role,
                since=membership.valid_from,
                login=account.login,
                doors=doors.get((account.id, membership.team_id), 0),
                phones=phone.phones if phone else 0,
                last_contact=phone.seen if phone else None,
                waiting=int(phone.waiting) if phone else 0,
                dead=int(phone.dead) if phone else 0,
                invited_until=invited.get(account.id),
            )
        )
    return sorted(found, key=lambda one: (_ORDER.get(Role(one.role), 2), name_key(one.name)))


def _walks(session: Session, account_id: UUID, team_ids: Sequence[UUID]) -> tuple[HeldWalk, ...]:
    mine = select(WalkMember.walk_id).where(
        WalkMember.account_id == account_id, WalkMember.ended_at.is_(None)
    )
    walks = session.scalars(
        select(Walk)
        .where(Walk.id.in_(mine), Walk.team_id.in_(team_ids), Walk.state == WalkState.PUBLISHED)
        .order_by(Walk.name)
    ).all()
    ids = [walk.id for walk in walks]
    doors = dict(
        session.execute(
            select(Assignment.walk_id, func.count())
            .where(
                Assignment.walk_id.in_(ids), Assignment.started_at.is_not(None), Assignment.ended_at.is_(None)
            )
            .group_by(Assignment.walk_id)
        ).all()
    )
    partners: dict[UUID, list[str]] = defaultdict(list)
    for row in session.execute(
        select(WalkMember.walk_id, Account.full_name)
        .join(Account, Account.id == WalkMember.account_id)
        .where(
            WalkMember.walk_id.in_(ids), WalkMember.ended_at.is_(None), WalkMember.account_id != account_id
        )
    ):
        partners[row.walk_id].append(row.full_name)
    return tuple(
        HeldWalk(walk.id, walk.name, doors.get(walk.id, 0), tuple(sorted(partners[walk.id], key=name_key)))
        for walk in walks
    )
