"""What stands around every page of the desk: whose it is, and the places and campaigns it can look at."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.models import Account, AreaUnit, Campaign, FailureReason, Service
from backend.services.actor import Actor, neighbourhood_ids


@dataclass(frozen=True)
class Surroundings:
    """`neighbourhoods`, `campaigns`: id to name, in the order in which they are shown; `running`: today's campaign."""

    account_name: str
    ward_name: str
    neighbourhoods: dict[UUID, str]
    campaigns: dict[UUID, str]
    running: UUID | None


def surroundings(session: Session, actor: Actor) -> Surroundings:
    """The names around a page of `actor` (three statements)."""
    person = session.execute(
        select(Account.full_name, AreaUnit.name)
        .join(AreaUnit, AreaUnit.id == Account.ward_id)
        .where(Account.id == actor.account_id)
    ).one()
    units = session.execute(
        select(AreaUnit.id, AreaUnit.name)
        .where(AreaUnit.id.in_(neighbourhood_ids(actor)), AreaUnit.valid_to.is_(None))
        .order_by(AreaUnit.sort_key, AreaUnit.code)
    )
    campaigns = session.execute(
        select(Campaign.id, Campaign.name, Campaign.starts_on, Campaign.ends_on)
        .where(Campaign.ward_id == actor.ward_id)
        .order_by(Campaign.starts_on.desc(), Campaign.id)
    ).all()
    day = today()
    return Surroundings(
        account_name=person.full_name,
        ward_name=person.name,
        neighbourhoods={row.id: row.name for row in units},
        campaigns={row.id: row.name for row in campaigns},
        running=next((row.id for row in campaigns if row.starts_on <= day <= row.ends_on), None),
    )


@dataclass(frozen=True)
class ServiceChoices:
    """`all`: the services that count now; `reasons`: one of each code."""

    all: tuple[Service, ...]
    codes: tuple[str, ...]
    reasons: tuple[FailureReason, ...]


def service_choices(session: Session, actor: Actor, campaign_id: UUID | None) -> ServiceChoices:
    """The services of a campaign of the actor's ward in its order (None, or a foreign one: all), with their reasons."""
    services = {
        one.code: one for one in session.scalars(select(Service).order_by(Service.position, Service.code))
    }
    codes = session.scalars(
        select(Campaign.service_codes).where(Campaign.id == campaign_id, Campaign.ward_id == actor.ward_id)
    ).one_or_none()
    chosen = (
        tuple(services[code] for code in codes if code in services) if codes else tuple(services.values())
    )
    reasons: dict[str, FailureReason] = {}
    for reason in session.scalars(select(FailureReason).order_by(FailureReason.position)):
        reasons.setdefault(reason.code, reason)
    return ServiceChoices(chosen, tuple(one.code for one in chosen), tuple(reasons.values()))
