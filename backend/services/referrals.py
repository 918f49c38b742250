"""Referrals: what a visit could not settle goes to a desk, the police, a bank, a carrier, or back to a visit at home."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import Referral, ReferralPlace, ReferralState, Service
from backend.services import audit
from backend.services.actor import Actor
from backend.services.household_edit import SETTLED
from backend.services.household_story import household_for


def refer(
    session: Session, actor: Actor, household_id: UUID, place: ReferralPlace, service_code: str | None
) -> Referral:
    """Note that a door was sent on. The same one that is still open is not made twice.

    Raises NotFound out of scope, Refusal("bad_form") for a service that is not there, "referral_settled".
    """
    household = household_for(session, actor, household_id, lock=True)
    if household.state in SETTLED:
        raise Refusal("referral_settled", status=409)
    if service_code is not None and session.get(Service, service_code) is None:
        raise Refusal("bad_form", fields={"service": "bad_value"})
    same = session.scalars(
        select(Referral).where(
            Referral.household_id == household.id,
            Referral.place == place,
            Referral.service_code.is_not_distinct_from(service_code),
            Referral.state == ReferralState.OPEN,
        )
    ).first()
    if same is not None:
        return same
    made = Referral(
        ward_id=actor.ward_id,
        household_id=household.id,
        place=place,
        service_code=service_code,
        made_by=actor.account_id,
    )
    session.add(made)
    session.flush()
    audit.record(
        session, actor, "household.refer", object_kind="household", object_id=household.id, place=place
    )
    return made


def find(session: Session, actor: Actor, household_id: UUID, referral_id: UUID) -> Referral:
    """One referral of a door of the actor's, the door locked. Raises NotFound."""
    household = household_for(session, actor, household_id, lock=True)
    found = session.scalars(
        select(Referral).where(Referral.id == referral_id, Referral.household_id == household.id)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def close(session: Session, actor: Actor, found: Referral, state: ReferralState) -> None:
    """It is settled, or nobody waits for it any more (`found` as `find` gave it); closing twice changes nothing."""
    if found.state != ReferralState.OPEN or state == ReferralState.OPEN:
        return
    found.state, found.closed_at, found.closed_by = state, now(), actor.account_id
    audit.record(
        session,
        actor,
        "household.refer_close",
        object_kind="household",
        object_id=found.household_id,
        state=state,
    )
    session.flush()
