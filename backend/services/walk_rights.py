"""Who may touch which walk, and who may be sent on it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import Account, Membership, Team, TeamArea, Walk, WalkState
from backend.services.actor import LEADING, WARD_ROLES, Actor, neighbourhood_for


def may_lead(actor: Actor) -> None:
    """Refuse whoever may look but not direct."""
    if not actor.roles & (LEADING | WARD_ROLES):
        raise Refusal("not_allowed", status=403)


def walk_scope(actor: Actor) -> ColumnElement[bool]:
    """The condition that every query on walks carries."""
    mine = Walk.ward_id == actor.ward_id
    return mine if actor.ward_wide else and_(mine, Walk.team_id.in_(actor.leads))


def walk_for(session: Session, actor: Actor, walk_id: UUID, *, state: WalkState | None = None) -> Walk:
    """One walk of the actor's, locked until the commit. Raises NotFound, or `walk_state` when it is in another state."""
    walk = session.scalars(
        select(Walk).where(Walk.id == walk_id, walk_scope(actor)).with_for_update()
    ).one_or_none()
    if walk is None:
        raise NotFound
    if state is not None and walk.state != state:
        raise Refusal("walk_state", status=409)
    return walk


def team_for(session: Session, actor: Actor, neighbourhood_id: UUID) -> Team:
    """The team that walks a neighbourhood: the actor's own, else the first that serves it. Refuses `no_team`."""
    neighbourhood_for(session, actor, neighbourhood_id)
    scope = [] if actor.ward_wide else [Team.id.in_(actor.leads)]
    team = session.scalars(
        select(Team)
        .join(TeamArea, TeamArea.team_id == Team.id)
        .where(
            Team.ward_id == actor.ward_id,
            TeamArea.area_unit_id == neighbourhood_id,
            TeamArea.valid_to.is_(None),
            *scope,
        )
        .order_by(TeamArea.valid_from, Team.id)
        .limit(1)
    ).one_or_none()
    if team is None:
        raise Refusal("no_team", status=409)
    return team


def volunteers_of(session: Session, team: Team) -> Sequence[Account]:
    """The accounts with a membership in the team today."""
    moment = now()
    return session.scalars(
        select(Account)
        .where(
            Account.ward_id == team.ward_id,
            Account.disabled_at.is_(None),
            Account.id.in_(
                select(Membership.account_id).where(
                    Membership.team_id == team.id,
                    Membership.valid_from <= moment,
                    Membership.valid_to.is_(None) | (Membership.valid_to > moment),
                )
            ),
        )
        .order_by(Account.created_at, Account.id)
    ).all()


def check_members(session: Session, team: Team, account_ids: Iterable[UUID]) -> None:
    """Refuse `not_in_team` unless all accounts belong to the team today."""
    if not set(account_ids) <= {account.id for account in volunteers_of(session, team)}:
        raise Refusal("not_in_team")
