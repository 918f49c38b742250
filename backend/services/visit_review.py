"""A leader has looked at a visit that was flagged: it is counted no more among those that need a look."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound
from backend.models import Visit, VisitReview
from backend.services import audit, household_rows
from backend.services.actor import Actor
from backend.services.household_story import household_for


def review(session: Session, actor: Actor, household_id: UUID, event_id: UUID) -> None:
    """Settle the flags of one visit; what they said stays in the door's story. Twice is as once.

    Raises NotFound for a door out of scope and for a visit of another door.
    """
    household = household_for(session, actor, household_id, lock=True)
    visit = session.scalars(
        select(Visit).where(Visit.event_id == event_id, Visit.household_id == household.id)
    ).one_or_none()
    if visit is None:
        raise NotFound
    if not visit.flags or session.get(VisitReview, event_id) is not None:
        return
    session.add(VisitReview(event_id=event_id, ward_id=household.ward_id, reviewed_by=actor.account_id))
    session.execute(update(Visit).where(Visit.event_id == event_id).values(flags=[]))
    # For the board only: nothing that a phone shows has changed, so its version stays.
    household_rows.rewrite(session, [household.id])
    audit.record(session, actor, "visit.review", object_kind="household", object_id=household.id)
    session.flush()
