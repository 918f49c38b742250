"""Invitations on paper: one slip per volunteer without a phone, to hand out at a meeting."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.core.clock import local
from backend.core.refusal import Refusal
from backend.models import Account, Device, Membership, Team
from backend.services import audit, enrol
from backend.services.actor import Actor
from backend.services.people import is_now, team_for
from backend.text.vietnamese import name_key
from qr.codes import ENROLMENT, Slip, code_url

# A code on the screen lives for minutes; one on paper until the slip has reached its person.
DAYS = 3


def invitation_slips(
    session: Session, actor: Actor, team_id: UUID, base_url: str, *, account_id: UUID | None = None
) -> list[Slip]:
    """A slip for everybody of a team without a phone (or for one person), by name; earlier unused codes end.

    Refuses `slips_none`. Raises NotFound outside the actor's scope.
    """
    team = team_for(session, actor, team_id)
    people = _without_phone(session, team) if account_id is None else _one(session, team, account_id)
    if not people:
        raise Refusal("slips_none")
    slips = []
    for person in sorted(people, key=lambda person: name_key(person.full_name)):
        token = enrol.invite(session, actor, person.id, minutes=DAYS * 24 * 60)
        slips.append(
            Slip(
                name=person.full_name,
                team=team.name,
                url=code_url(base_url, ENROLMENT, token),
                token=token,
                until=f"{local(enrol.ends_at(session, token)):%H:%M ngày %d/%m/%Y}",
            )
        )
    audit.record(session, actor, "slip.export", object_kind="team", object_id=team.id, count=len(slips))
    return slips


def _without_phone(session: Session, team: Team) -> list[Account]:
    paired = select(Device.account_id).where(Device.revoked_at.is_(None), Device.ward_id == team.ward_id)
    return list(session.scalars(_members(team).where(Account.id.not_in(paired))))


def _one(session: Session, team: Team, account_id: UUID) -> list[Account]:
    return list(session.scalars(_members(team).where(Account.id == account_id)))


def _members(team: Team) -> Select[Account]:
    in_team = select(Membership.account_id).where(Membership.team_id == team.id, is_now())
    return select(Account).where(
        Account.ward_id == team.ward_id, Account.disabled_at.is_(None), Account.id.in_(in_team)
    )
