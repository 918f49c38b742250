"""Campaigns (đợt) of a ward: made, changed and ended by its officers. Their targets stand in `campaign_targets`.

A campaign of another ward is NotFound. Nothing here touches a visit or a walk: a campaign says what is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.models import Campaign, Service, Target, Walk, WalkState
from backend.services import audit, places
from backend.services.actor import Actor
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc

NAME_LIMIT = 120
# A year outside is a slip of the keyboard ("0026", "2206").
_YEARS = range(2020, 2100)


class Phase(StrEnum):
    """Where a campaign stands on a day."""

    RUNNING = "running"
    COMING = "coming"
    PAST = "past"


@dataclass(frozen=True)
class Wish:
    """What a campaign shall be; `service_codes` in order of importance."""

    name: str
    starts_on: date
    ends_on: date
    service_codes: tuple[str, ...]


@dataclass(frozen=True)
class CampaignRow:
    """A campaign with its `services`; `walks`: in force, `drafts`: on the table; `targets`: how many are set."""

    campaign: Campaign
    phase: Phase
    services: tuple[Service, ...]
    walks: int
    drafts: int
    targets: int


def phase(campaign: Campaign, day: date) -> Phase:
    """Where `campaign` stands on `day`; its last day is still running."""
    if day < campaign.starts_on:
        return Phase.COMING
    return Phase.PAST if day > campaign.ends_on else Phase.RUNNING


def list_campaigns(session: Session, actor: Actor) -> list[CampaignRow]:
    """All campaigns of the ward, the latest first; four statements."""
    places.officer_of_ward(actor)
    found = session.scalars(
        select(Campaign)
        .where(Campaign.ward_id == actor.ward_id)
        .order_by(Campaign.starts_on.desc(), Campaign.id)
    ).all()
    return _rows(session, actor, found)


def campaign_for(session: Session, actor: Actor, campaign_id: UUID, *, lock: bool = False) -> Campaign:
    """One campaign of the actor's ward, for its officers. Raises NotFound."""
    places.officer_of_ward(actor)
    query = select(Campaign).where(Campaign.id == campaign_id, Campaign.ward_id == actor.ward_id)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound
    return found


def campaign_row(session: Session, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """One campaign with what hangs on it."""
    return _rows(session, actor, [campaign_for(session, actor, campaign_id)])[0]


def create_campaign(session: Session, actor: Actor, wish: Wish) -> Campaign:
    """A new campaign. Refuses a field that is not right, and the same name from the same day on (a second tap)."""
    places.officer_of_ward(actor)
    wish = _checked(session, actor, wish, None)
    campaign = Campaign(
        ward_id=actor.ward_id,
        name=wish.name,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
        service_codes=list(wish.service_codes),
    )
    session.add(campaign)
    session.flush()
    audit.record(
        session,
        actor,
        "campaign.create",
        object_kind="campaign",
        object_id=campaign.id,
        after=_told(campaign),
    )
    session.flush()
    return campaign


def change_campaign(session: Session, actor: Actor, campaign_id: UUID, wish: Wish) -> Campaign:
    """Another name, other days or services; the audit keeps what it was. Walks and visits stay as they are."""
    campaign = campaign_for(session, actor, campaign_id, lock=True)
    wish = _checked(session, actor, wish, campaign_id)
    before = _told(campaign)
    campaign.name = wish.name
    campaign.starts_on = wish.starts_on
    campaign.ends_on = wish.ends_on
    campaign.service_codes = list(wish.service_codes)
    if _told(campaign) == before:
        return campaign
    audit.record(
        session,
        actor,
        "campaign.change",
        object_kind="campaign",
        object_id=campaign.id,
        before=before,
        after=_told(campaign),
    )
    session.flush()
    return campaign


def end_early(session: Session, actor: Actor, campaign_id: UUID) -> Campaign:
    """Make today the last day of a running campaign; a repeat changes nothing. Refuses `campaign_not_running`."""
    campaign = campaign_for(session, actor, campaign_id, lock=True)
    day = today()
    if phase(campaign, day) is not Phase.RUNNING:
        raise Refusal("campaign_not_running", status=409)
    if campaign.ends_on != day:
        before = campaign.ends_on.isoformat()
        campaign.ends_on = day
        audit.record(
            session,
            actor,
            "campaign.end",
            object_kind="campaign",
            object_id=campaign.id,
            before=before,
            after=day.isoformat(),
        )
        session.flush()
    return campaign


def _checked(session: Session, actor: Actor, wish: Wish, own_id: UUID | None) -> Wish:
    """`wish` tidied. Raises Refusal("bad_form") with every field that is not right."""
    name = nfc(wish.name)
    codes = tuple(dict.fromkeys(wish.service_codes))
    known = set(session.scalars(select(Service.code)))
    wrong = {
        "name": _wrong_name(name),
        "starts_on": None if wish.starts_on.year in _YEARS else "bad_date",
        "ends_on": _wrong_end(wish),
        "services": "campaign_services" if not codes else None if known.issuperset(codes) else "bad_value",
    }
    if bad := {field: code for field, code in wrong.items() if code}:
        raise Refusal("bad_form", fields=bad)
    places.lock_ward(session, actor.ward_id)
    twin = select(Campaign.id).where(
        Campaign.ward_id == actor.ward_id, Campaign.name == name, Campaign.starts_on == wish.starts_on
    )
    if session.scalars(twin.where(Campaign.id != own_id) if own_id else twin).first() is not None:
        raise Refusal("bad_form", fields={"name": "campaign_taken"})
    return Wish(name, wish.starts_on, wish.ends_on, codes)


def _wrong_name(name: str) -> str | None:
    if not name:
        return "needed"
    if len(name) > NAME_LIMIT:
        return "too_long"
    return "no_id_numbers" if screen(name)[1] else None


def _wrong_end(wish: Wish) -> str | None:
    if wish.ends_on.year not in _YEARS:
        return "bad_date"
    return "campaign_days" if wish.ends_on < wish.starts_on else None


def _told(campaign: Campaign) -> dict[str, object]:
    """What the audit keeps of a campaign."""
    return {
        "name": campaign.name,
        "starts_on": campaign.starts_on.isoformat(),
        "ends_on": campaign.ends_on.isoformat(),
        "services": list(campaign.service_codes),
    }


def _rows(session: Session, actor: Actor, campaigns: Sequence[Campaign]) -> list[CampaignRow]:
    ids = [campaign.id for campaign in campaigns]
    services = {service.code: service for service in session.scalars(select(Service))}
    walks = {
        (row.campaign_id, row.state): row.n
        for row in session.execute(
            select(Walk.campaign_id, Walk.state, func.count().label("n"))
            .where(Walk.ward_id == actor.ward_id, Walk.campaign_id.in_(ids))
            .group_by(Walk.campaign_id, Walk.state)
        )
    }
    targets = {
        row.campaign_id: row.n
        for row in session.execute(
            select(Target.campaign_id, func.count().label("n"))
            .join(Campaign, Campaign.id == Target.campaign_id)
            .where(Target.campaign_id.in_(ids), Target.service_code == func.any(Campaign.service_codes))
            .group_by(Target.campaign_id)
        )
    }
    return [
        CampaignRow(
            campaign=campaign,
            phase=phase(campaign, today()),
            services=tuple(services[code] for code in campaign.service_codes if code in services),
            walks=walks.get((campaign.id, WalkState.PUBLISHED), 0),
            drafts=walks.get((campaign.id, WalkState.DRAFT), 0),
            targets=targets.get(campaign.id, 0),
        )
        for campaign in campaigns
    ]
