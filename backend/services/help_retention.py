"""How long a request is kept: what says where to go is the first to be forgotten."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.services import feed

# After an answer the address and the phone have done their work; a request nobody answered keeps them longer.
_AFTER_ANSWER, _UNANSWERED, _ALL = timedelta(days=14), timedelta(days=90), timedelta(days=180)

_PUT_AWAY = text("""
    UPDATE help_request r
    SET closed_at = COALESCE(r.closed_at, now()), closed_reason = COALESCE(r.closed_reason, 'visited')
    WHERE r.closed_at IS NULL AND EXISTS (
      SELECT FROM visit v WHERE v.household_id = r.household_id AND v.effective AND v.est_time >= r.created_at
        AND v.est_time < :answered AND v.outcome IN ('helped', 'no_need'))
""")
_FORGET = text("""
    UPDATE help_request SET place = NULL, phone = NULL
    WHERE (place IS NOT NULL OR phone IS NOT NULL) AND (closed_at < :answered OR created_at < :unanswered
           OR closed_reason = 'visited')
    RETURNING household_id
""")
_DELETE = text("DELETE FROM help_request WHERE created_at < :all RETURNING household_id")


def forget_old(session: Session) -> int:
    """Put away what was answered, forget where to go and whom to call, delete what is half a year old.

    Returns how many requests lost something.
    """
    moment = now()
    session.execute(_PUT_AWAY, {"answered": moment - _AFTER_ANSWER})
    deleted = session.scalars(_DELETE, {"all": moment - _ALL}).all()
    told = {"answered": moment - _AFTER_ANSWER, "unanswered": moment - _UNANSWERED}
    forgotten = session.scalars(_FORGET, told).all()
    feed.touch_households(session, {one for one in (*forgotten, *deleted) if one is not None})
    return len(forgotten) + len(deleted)
