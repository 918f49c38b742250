"""What runs by the clock: rights and walks that end on a date, the brooms once a night (times are UTC)."""

import logging
from datetime import timedelta
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy import CursorResult, delete, select, text, update
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.database import work
from backend.jobs.app import STALLED_SECONDS, Means, app, job
from backend.models import (
    Assignment,
    HeldEvent,
    LoginSession,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import feed, feed_clean, guides, help_retention, rate_limit, recount, tally_sums

_log = logging.getLogger("gocua.jobs")
_SESSION_LIFE = timedelta(days=30)
_FAILED_JOB_LIFE = timedelta(days=30)
_REJECTED_LIFE = timedelta(days=30)

# Whoever still has a team's stream without a membership of that team today.
_OVERSTAYERS = text(
    """
    SELECT a.user_id, a.audience FROM stream_access a
    WHERE a.ended_at IS NULL AND a.audience LIKE 'team:%' AND NOT EXISTS (
      SELECT 1 FROM membership m
      WHERE m.account_id = a.user_id AND 'team:' || m.team_id = a.audience
        AND (m.valid_to IS NULL OR m.valid_to > now()))
    """
)


@job("end_dated_rights", cron="* * * * *")
def end_dated_rights(means: Means) -> None:
    """End the streams of memberships that are over, and close walks whose last day has passed."""
    with work.unit_of_work(means.engine) as session:
        ended = _end_streams(session)
        closed = _close_walks(session)
    if ended or closed:
        _log.info("rights ended", extra={"fields": {"streams": ended, "walks": closed}})


def _end_streams(session: Session) -> int:
    rows = session.execute(_OVERSTAYERS).all()
    for row in rows:
        feed.end_stream(session, row.user_id, row.audience)
        team_id = feed.stream_entity(row.audience)
        session.execute(
            update(WalkMember)
            .where(
                WalkMember.account_id == row.user_id,
                WalkMember.ended_at.is_(None),
                WalkMember.walk_id.in_(select(Walk.id).where(Walk.team_id == team_id)),
            )
            .values(ended_at=now())
        )
    return len(rows)


def _close_walks(session: Session) -> int:
    """As if the leader had closed them: their doors are free for other walks, their history stays."""
    over = select(Walk.id).where(Walk.state == WalkState.PUBLISHED, Walk.until < today())
    walks: list[UUID] = list(session.scalars(over.with_for_update()))
    if not walks:
        return 0
    moment = now()
    doors = session.scalars(
        update(Assignment)
        .where(Assignment.walk_id.in_(walks), Assignment.ended_at.is_(None))
        .values(ended_at=moment)
        .returning(Assignment.household_id)
    ).all()
    session.execute(update(Walk).where(Walk.id.in_(walks)).values(state=WalkState.CLOSED, closed_at=moment))
    feed.touch_households(session, doors)
    return len(walks)


@job("fold_sums", cron="* * * * *")
def fold_sums(means: Means) -> None:
    """Fold what changed within the last minute into the sums of the board, so that it reads few rows."""
    with work.unit_of_work(means.engine) as session:
        tally_sums.fold(session)


@job("count_again", cron="*/5 * * * *")
def count_again(means: Means) -> None:
    """After an upgrade whose rules say something else of the same visits, and in a new year: write every door anew."""
    mended = recount.catch_up(means.engine)
    if mended is not None:
        _log.info("counted again", extra={"fields": {"doors": mended}})


@job("clean_feed", cron="50 19 * * *")  # 02:50 in Vietnam
def clean_feed(means: Means) -> None:
    """Delete the feed's rows of what nobody has been able to see for 60 days; nobody who pushes waits for it."""
    _log.info("feed cleaned", extra={"fields": {"rows": feed_clean.clean(means.engine)}})


@job("sweep", cron="30 19 * * *")  # 02:30 in Vietnam
def sweep(means: Means) -> None:
    """Delete what has served its time: attempt counters, old sessions, finished jobs; name guides nobody checked."""
    rate_limit.forget_old(means.engine)
    with work.unit_of_work(means.engine) as session:
        counts = {
            "sessions": _rows(
                session, delete(LoginSession).where(LoginSession.expires_at < now() - _SESSION_LIFE)
            ),
            "rejected": _rows(
                session,
                update(HeldEvent)
                .where(HeldEvent.decided_at < now() - _REJECTED_LIFE, HeldEvent.core_enc.is_not(None))
                .values(core_enc=None, household_id=None),
            ),
            "jobs": _rows(
                session,
                text(
                    "DELETE FROM procrastinate_jobs j WHERE status NOT IN ('todo', 'doing') AND NOT EXISTS"
                    " (SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > :since)"
                ).bindparams(since=now() - _FAILED_JOB_LIFE),
            ),
            "help_requests": help_retention.forget_old(session),
        }
    _log.info("sweep", extra={"fields": counts})
    overdue = [guide.slug for guide in guides.guides() if guide.withdrawn()]
    if overdue:
        _log.warning("guides past their review", extra={"fields": {"guides": overdue}})


def _rows(session: Session, statement: object) -> int:
    result = session.execute(statement)  # type: ignore[call-overload]
    return int(result.rowcount) if isinstance(result, CursorResult) else 0


@app.periodic(cron="*/5 * * * *", periodic_id="retry_stalled")
@app.task(name="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Give the jobs of a worker that died (power cut, kill -9) to the living: every job may be repeated."""
    manager = context.app.job_manager
    for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await manager.retry_job(stalled, retry_at=now())
        _log.warning(
            "stalled job starts over", extra={"fields": {"job": stalled.id, "task": stalled.task_name}}
        )
