"""Targets (chỉ tiêu) of a campaign: per service, of the ward and of each neighbourhood.

The neighbourhoods' targets ought to sum to the ward's (domain/indicators.md, rule 9); where they do not, the page says
so and nothing is refused, since the ward's number often comes first. The audit keeps every change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.models import AreaUnit, Campaign, Level, Service, Target
from backend.services import audit, board_sql
from backend.services.actor import Actor
from backend.services.campaigns import campaign_for
from backend.services.places import alive_on
from backend.services.sql import run
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc

LARGEST = 10_000_000
SOURCE_LIMIT = 200


@dataclass(frozen=True)
class Goal:
    """One area's target: `goal` of `denominator` people. `goal` None: no target (which is not a target of 0)."""

    area_unit_id: UUID
    goal: int | None
    denominator: int | None = None


@dataclass(frozen=True)
class AreaTarget:
    """A row of the page; `eligible`: the people whom this system counts as eligible there now."""

    unit: AreaUnit
    goal: int | None
    denominator: int | None
    eligible: int


@dataclass(frozen=True)
class TargetsPage:
    """The targets of one service. `total`: of the neighbourhoods together, None while none of them has one."""

    campaign: Campaign
    services: tuple[Service, ...]
    service: Service
    source: str
    ward: AreaTarget
    areas: tuple[AreaTarget, ...]
    total: int | None

    @property
    def gap(self) -> int | None:
        """What the neighbourhoods lack to the ward's target (negative: they have more); None where one is unknown."""
        return None if self.total is None or self.ward.goal is None else self.ward.goal - self.total


def targets_page(session: Session, actor: Actor, campaign_id: UUID, service_code: str | None) -> TargetsPage:
    """The targets of one service of a campaign (None: its first); six statements. Raises NotFound."""
    campaign = campaign_for(session, actor, campaign_id)
    services = _services(session, campaign)
    service = _service(services, service_code or next((one.code for one in services), ""))
    kept = {
        target.area_unit_id: target
        for target in session.scalars(
            select(Target).where(Target.campaign_id == campaign.id, Target.service_code == service.code)
        )
    }
    ward = session.get_one(AreaUnit, actor.ward_id)
    units = _neighbourhoods(session, campaign.ward_id, set(kept))
    eligible = _eligible(session, actor, service.code, units)
    areas = tuple(_area(unit, kept.get(unit.id), eligible.get(unit.id, 0)) for unit in units)
    goals = [area.goal for area in areas if area.goal is not None]
    return TargetsPage(
        campaign=campaign,
        services=services,
        service=service,
        source=next((target.source for target in kept.values() if target.source), ""),
        ward=_area(ward, kept.get(ward.id), sum(eligible.values())),
        areas=areas,
        total=sum(goals) if goals else None,
    )


def set_targets(
    session: Session,
    actor: Actor,
    campaign_id: UUID,
    service_code: str,
    goals: Sequence[Goal],
    *,
    source: str = "",
) -> int:
    """Set the targets of one service in these areas, and how many changed; areas that are not named keep theirs.

    `source`: the plan or paper that the numbers come from, needed with a denominator.
    """
    campaign = campaign_for(session, actor, campaign_id, lock=True)
    _service(_services(session, campaign), service_code)
    source = nfc(source)
    kept = {
        target.area_unit_id: target
        for target in session.scalars(
            select(Target).where(Target.campaign_id == campaign.id, Target.service_code == service_code)
        )
    }
    units = {unit.id for unit in _neighbourhoods(session, campaign.ward_id, set(kept))} | {campaign.ward_id}
    if not units.issuperset(goal.area_unit_id for goal in goals):
        raise NotFound
    _check(goals, source)
    changed = []
    for goal in goals:
        target = kept.get(goal.area_unit_id)
        before = (target.goal, target.denominator, target.source) if target else (None, None, "")
        after = (goal.goal, goal.denominator, source if goal.goal is not None else "")
        if before == after:
            continue
        if target is not None and goal.goal is None:
            session.delete(target)
        elif target is not None and goal.goal is not None:
            target.goal, target.denominator, target.source = goal.goal, goal.denominator, source
        elif goal.goal is not None:
            session.add(_new(campaign, service_code, goal, goal.goal, source))
        changed.append([str(goal.area_unit_id), *before[:2], *after[:2]])
    if changed:
        audit.record(
            session,
            actor,
            "target.set",
            object_kind="campaign",
            object_id=campaign.id,
            count=len(changed),
            service=service_code,
            changed=changed,
        )
    session.flush()
    return len(changed)


def field_name(kind: str, area_unit_id: UUID) -> str:
    """The name under which a refusal speaks of one number: kind "goal" or "base" (the denominator)."""
    return f"{kind}:{area_unit_id}"


def _check(goals: Sequence[Goal], source: str) -> None:
    wrong: dict[str, str] = {}
    for one in goals:
        for kind, count in (("goal", one.goal), ("base", one.denominator)):
            if count is not None and not 0 <= count <= LARGEST:
                wrong[field_name(kind, one.area_unit_id)] = "bad_count"
        if one.denominator is None:
            continue
        if one.goal is None:
            wrong[field_name("goal", one.area_unit_id)] = "target_missing"
        elif one.goal > one.denominator:
            wrong[field_name("goal", one.area_unit_id)] = "target_over"
    if not source and any(one.denominator is not None for one in goals):
        wrong["source"] = "target_source"
    elif len(source) > SOURCE_LIMIT:
        wrong["source"] = "too_long"
    elif screen(source)[1]:
        wrong["source"] = "no_id_numbers"
    if wrong:
        raise Refusal("bad_form", fields=wrong)


def _new(campaign: Campaign, service_code: str, wanted: Goal, goal: int, source: str) -> Target:
    return Target(
        campaign_id=campaign.id,
        area_unit_id=wanted.area_unit_id,
        service_code=service_code,
        ward_id=campaign.ward_id,
        goal=goal,
        denominator=wanted.denominator,
        source=source,
    )


def _area(unit: AreaUnit, target: Target | None, eligible: int) -> AreaTarget:
    return AreaTarget(unit, target.goal if target else None, target.denominator if target else None, eligible)


def _services(session: Session, campaign: Campaign) -> tuple[Service, ...]:
    known = {service.code: service for service in session.scalars(select(Service))}
    return tuple(known[code] for code in campaign.service_codes if code in known)


def _service(services: Sequence[Service], code: str) -> Service:
    found = next((service for service in services if service.code == code), None)
    if found is None:
        raise NotFound
    return found


def _neighbourhoods(session: Session, ward_id: UUID, kept: set[UUID]) -> Sequence[AreaUnit]:
    """The ward's neighbourhoods of today, and former ones that still carry a target."""
    return session.scalars(
        select(AreaUnit)
        .where(
            AreaUnit.ward_id == ward_id,
            AreaUnit.level == Level.NEIGHBOURHOOD,
            or_(alive_on(today()), AreaUnit.id.in_(kept)),
        )
        .order_by(AreaUnit.sort_key, AreaUnit.code)
    ).all()


def _eligible(
    session: Session, actor: Actor, service_code: str, units: Sequence[AreaUnit]
) -> dict[UUID, int]:
    places = [unit.id for unit in units]
    rows = run(session, board_sql.ELIGIBLE, places=places, services=[service_code])
    return {row.place: row.n for row in rows}
