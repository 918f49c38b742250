"""The people of the teams: who they are, what they hold, and every change of who belongs where.

A person of another ward, or of a team the actor does not lead, is NotFound. Only the ward's officers touch leaders.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    Account,
    AreaUnit,
    Level,
    Membership,
    Role,
    Team,
    TeamArea,
)
from backend.services import audit, feed, passwords, sessions
from backend.services.actor import LEADING, WARD_ROLES, Actor
from backend.text import phones
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc, search_key

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
_MOST_AT_ONCE, _LONGEST_NAME = 60, 80
TEAM_ROLES = (Role.MEMBER, Role.DEPUTY_LEADER, Role.TEAM_LEADER)


@dataclass(frozen=True)
class FirstPassword:
    """A password that is shown once and stored only hashed."""

    account_id: UUID
    login: str
    password: str


def team_scope(actor: Actor) -> ColumnElement[bool]:
    """The condition that every query on teams carries."""
    mine = Team.ward_id == actor.ward_id
    return mine if actor.ward_wide else mine & Team.id.in_(actor.leads)


def team_for(session: Session, actor: Actor, team_id: UUID) -> Team:
    """One team of the actor's. Raises NotFound."""
    team = session.scalars(select(Team).where(Team.id == team_id, team_scope(actor))).one_or_none()
    if team is None:
        raise NotFound
    return team


def is_now() -> ColumnElement[bool]:
    """The condition that a membership holds at this moment."""
    moment = now()
    return (Membership.valid_from <= moment) & (
        Membership.valid_to.is_(None) | (Membership.valid_to > moment)
    )


def membership_for(session: Session, actor: Actor, account_id: UUID, team_id: UUID) -> Membership:
    """The membership of one person in one team of the actor's, locked. Raises NotFound."""
    team_for(session, actor, team_id)
    found = session.scalars(
        select(Membership)
        .where(Membership.account_id == account_id, Membership.team_id == team_id, is_now())
        .order_by(Membership.valid_from.desc())
        .limit(1)
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def roles_open(actor: Actor) -> tuple[Role, ...]:
    """The roles that this actor may give."""
    return TEAM_ROLES if actor.roles & WARD_ROLES else TEAM_ROLES[:2]


def add_member(
    session: Session, actor: Actor, team_id: UUID, full_name: str, *, phone: str = "", role: str = Role.MEMBER
) -> Account:
    """A new person in a team, with the streams that their phone will pull. Refuses a field that is not right."""
    team = team_for(session, actor, team_id)
    may_give(actor, role)
    name = nfc(full_name)
    number = phones.parse(phone) if phone.strip() else None
    wrong = {
        "full_name": None if name else "needed",
        "phone": "bad_phone" if phone.strip() and number is None else None,
    }
    if screen(name)[1]:
        wrong["full_name"] = "no_id_numbers"
    if bad := {field: code for field, code in wrong.items() if code}:
        raise Refusal("bad_form", fields=bad)
    account = Account(ward_id=actor.ward_id, full_name=name, phone=number.e164 if number else None)
    session.add(account)
    session.flush()
    feed.open_stream(session, feed.user_stream(account.id), actor.ward_id)
    _join(session, account.id, team, role)
    audit.record(session, actor, "member.add", object_kind="account", object_id=account.id, team=team.id)
    session.flush()
    return account


def add_members(session: Session, actor: Actor, team_id: UUID, written: str) -> list[Account]:
    """Everybody of a list, one to a line ("Họ tên" or "Họ tên, số điện thoại"); all of them or, when a line is not
    right, none. Refuses `people_line` with the first such line, `people_many`, `people_twice`.
    """
    lines = [(number, line.strip()) for number, line in enumerate(written.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line]
    if not lines:
        raise Refusal("bad_form", fields={"names": "needed"})
    if len(lines) > _MOST_AT_ONCE:
        raise Refusal("people_many", limit=_MOST_AT_ONCE)
    made: list[Account] = []
    seen: set[str] = set()
    for number, line in lines:
        name, _comma, phone = (part.strip() for part in line.replace("\t", ",").partition(","))
        if search_key(name) in seen:
            raise Refusal("people_twice", line=number)
        seen.add(search_key(name))
        try:
            if len(name) > _LONGEST_NAME:
                raise Refusal("bad_form")
            made.append(add_member(session, actor, team_id, name, phone=phone))
        except Refusal as refusal:
            if refusal.code != "bad_form":
                raise
            raise Refusal("people_line", line=number) from None
    return made


def set_role(session: Session, actor: Actor, account_id: UUID, team_id: UUID, role: str) -> None:
    """Another role in the same team from now on. Refuses `not_yourself`, `last_leader`."""
    present = membership_for(session, actor, account_id, team_id)
    may_touch(actor, present)
    may_give(actor, role)
    if present.role == role:
        return
    keep_a_leader(session, present)
    present.valid_to = now()
    session.flush()
    _join(session, account_id, session.get_one(Team, team_id), role)
    audit.record(session, actor, "member.role", object_kind="account", object_id=account_id, role=role)
    session.flush()


def give_login(session: Session, actor: Actor, account_id: UUID, team_id: UUID, login: str) -> FirstPassword:
    """A way to sign in for somebody who leads: the login (kept when there is one) and a new one-time password.

    Every browser session of theirs ends. Refuses `login_taken`, `bad_login`.
    """
    present = membership_for(session, actor, account_id, team_id)
    may_touch(actor, present)
    if Role(present.role) not in LEADING:
        raise NotFound
    account = session.get_one(Account, account_id)
    if account.login is None:
        account.login = free_login(session, login)
    password = passwords.one_time_password()
    account.password_hash, account.password_once = sessions.hash_password(password), True
    sessions.revoke_sessions(session, account.id)
    audit.record(session, actor, "password.first", object_kind="account", object_id=account.id)
    session.flush()
    return FirstPassword(account.id, account.login, password)


def create_team(
    session: Session, actor: Actor, name: str, neighbourhood_ids: list[UUID], *, contact_phone: str = ""
) -> Team:
    """A team and the neighbourhoods it serves; for the ward's officers. Refuses `area_not_empty`."""
    if not actor.roles & WARD_ROLES:
        raise NotFound
    if not nfc(name):
        raise Refusal("bad_form", fields={"name": "needed"})
    areas = session.scalars(
        select(AreaUnit).where(
            AreaUnit.id.in_(neighbourhood_ids),
            AreaUnit.ward_id == actor.ward_id,
            AreaUnit.level == Level.NEIGHBOURHOOD,
            AreaUnit.valid_to.is_(None),
        )
    ).all()
    if len(areas) != len(set(neighbourhood_ids)):
        raise NotFound
    if not areas:
        raise Refusal("bad_form", fields={"areas": "area_not_empty"})
    team = Team(ward_id=actor.ward_id, name=nfc(name), contact_phone=nfc(contact_phone))
    session.add(team)
    session.flush()
    session.add_all(TeamArea(ward_id=team.ward_id, team_id=team.id, area_unit_id=area.id) for area in areas)
    feed.open_stream(session, feed.team_stream(team.id), team.ward_id)
    audit.record(session, actor, "team.create", object_kind="team", object_id=team.id, count=len(areas))
    session.flush()
    return team


def free_login(session: Session, wish: str) -> str:
    """`wish` as a login. Refuses one that is taken or oddly spelled."""
    login = wish.strip().casefold()
    if not _LOGIN.fullmatch(login):
        raise Refusal("bad_form", fields={"login": "bad_login"})
    if session.scalar(select(select(Account.id).where(Account.login == login).exists())):
        raise Refusal("bad_form", fields={"login": "login_taken"})
    return login


def suggested_login(session: Session, full_name: str) -> str:
    """A login that is still free, from a name: "lan.tran", "lan.tran2" …"""
    words = search_key(full_name).split() or ["totruong"]
    stem = ".".join(dict.fromkeys((words[-1], words[0])))[:36].ljust(3, "1")
    taken = set(session.scalars(select(Account.login).where(Account.login.startswith(stem, autoescape=True))))
    return next(
        login for login in (stem, *(f"{stem}{number}" for number in range(2, 10_000))) if login not in taken
    )


def may_touch(actor: Actor, present: Membership) -> None:
    """Refuse changes of oneself, and of leaders by anybody but the ward's officers."""
    if present.account_id == actor.account_id:
        raise Refusal("not_yourself", status=409)
    if present.role == Role.TEAM_LEADER and not actor.roles & WARD_ROLES:
        raise Refusal("not_allowed", status=403)


def may_give(actor: Actor, role: str) -> None:
    """Refuse a role that this actor may not give."""
    if role not in roles_open(actor):
        raise Refusal("bad_form", fields={"role": "bad_value"})


def keep_a_leader(session: Session, present: Membership) -> None:
    """Refuse to take a team its only leader."""
    if present.role != Role.TEAM_LEADER:
        return
    others = session.scalars(
        select(Membership.id).where(
            Membership.team_id == present.team_id,
            Membership.role == Role.TEAM_LEADER,
            Membership.account_id != present.account_id,
            is_now(),
        )
    ).first()
    if others is None:
        raise Refusal("last_leader", status=409)


def _join(session: Session, account_id: UUID, team: Team, role: str) -> None:
    session.add(Membership(ward_id=team.ward_id, account_id=account_id, team_id=team.id, role=role))
    feed.grant_stream(session, account_id, feed.team_stream(team.id), role, team.ward_id)
