"""Who acts: the second argument of every service, read once per request."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound
from backend.models import Account, AreaUnit, Household, Level, Membership, Role, TeamArea

WARD_ROLES = frozenset({Role.WARD_OFFICER, Role.ADMIN})
LEADING = frozenset({Role.TEAM_LEADER, Role.DEPUTY_LEADER})


@dataclass(frozen=True)
class Actor:
    """One signed-in person with the rights of this moment.

    `teams`: every team the person belongs to; `leads`: those led. `ward_wide`: sees all of the ward.
    `device_id`: the phone, when the request comes from one. `request_id`: for the audit. `first_password`: signed in
    with a password that somebody else knows.
    """

    account_id: UUID
    ward_id: UUID
    roles: frozenset[Role]
    teams: frozenset[UUID] = frozenset()
    leads: frozenset[UUID] = frozenset()
    device_id: UUID | None = None
    locale: str = "vi"
    request_id: str = ""
    first_password: bool = False

    @property
    def ward_wide(self) -> bool:
        """True for the ward's own people, who see every neighbourhood of it."""
        return bool(self.roles & (WARD_ROLES | {Role.WARD_VIEWER}))


def load_actor(
    session: Session, account_id: UUID, *, device_id: UUID | None = None, request_id: str = ""
) -> Actor | None:
    """The actor behind an account, or None when it is disabled or has no membership today."""
    moment = now()
    rows = session.execute(
        select(Account.ward_id, Account.locale, Account.password_once, Membership.role, Membership.team_id)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Account.id == account_id,
            Account.disabled_at.is_(None),
            Membership.valid_from <= moment,
            (Membership.valid_to.is_(None)) | (Membership.valid_to > moment),
        )
    ).all()
    if not rows:
        return None
    return Actor(
        account_id=account_id,
        ward_id=rows[0].ward_id,
        roles=frozenset(Role(row.role) for row in rows),
        teams=frozenset(row.team_id for row in rows if row.team_id),
        leads=frozenset(row.team_id for row in rows if row.team_id and Role(row.role) in LEADING),
        device_id=device_id,
        locale=rows[0].locale,
        request_id=request_id,
        first_password=rows[0].password_once,
    )


def neighbourhood_ids(actor: Actor) -> Select[UUID]:
    """The neighbourhoods whose households `actor` may see in the console, as a subquery."""
    if actor.ward_wide:
        return select(AreaUnit.id).where(
            AreaUnit.ward_id == actor.ward_id, AreaUnit.level == Level.NEIGHBOURHOOD
        )
    return select(TeamArea.area_unit_id).where(
        TeamArea.ward_id == actor.ward_id, TeamArea.team_id.in_(actor.leads), TeamArea.valid_to.is_(None)
    )


def household_scope(actor: Actor) -> ColumnElement[bool]:
    """The condition that every console query on households carries."""
    return (Household.ward_id == actor.ward_id) & Household.neighbourhood_id.in_(neighbourhood_ids(actor))


def neighbourhood_for(session: Session, actor: Actor, neighbourhood_id: UUID) -> AreaUnit:
    """One neighbourhood inside the actor's scope. Raises NotFound for any other."""
    unit = session.scalars(
        select(AreaUnit).where(AreaUnit.id == neighbourhood_id, AreaUnit.id.in_(neighbourhood_ids(actor)))
    ).one_or_none()
    if unit is None:
        raise NotFound
    return unit
