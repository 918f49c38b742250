"""What ends on a date ends by itself; what has served its time is swept away; a dead worker's jobs start over."""

import asyncio
import logging
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.database import work
from backend.jobs import clock
from backend.jobs.app import Means, app, connector
from backend.models import (
    Assignment,
    LoginSession,
    Membership,
    StreamAccess,
    StreamHead,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import feed, guides, rate_limit
from backend.services.queue import defer
from tests import factories as make
from tests.people import People


def walk_until(engine: Engine, people: People, days: int) -> Walk:
    """A published walk of Minh's with one door, whose last day is `days` from today."""
    with work.unit_of_work(engine) as session:
        door = make.create_household(session, people.neighbourhood)
        walk = make.create_walk(session, people.team, [people.minh], [door])
        walk.until = today() + timedelta(days=days)
        return walk


def head(engine: Engine, people: People) -> int:
    with Session(engine) as session:
        return session.scalars(
            select(StreamHead.n).where(StreamHead.audience == feed.team_stream(people.team.id))
        ).one()


def test_a_walk_closes_after_its_last_day(living: People, means: Means) -> None:
    over, lasting = walk_until(means.engine, living, -1), walk_until(means.engine, living, 0)
    before = head(means.engine, living)
    clock.end_dated_rights(means)
    with Session(means.engine) as session:
        states = {walk.id: walk.state for walk in session.scalars(select(Walk))}
        assert states == {over.id: WalkState.CLOSED, lasting.id: WalkState.PUBLISHED}
        live = session.scalars(select(Assignment.walk_id).where(Assignment.ended_at.is_(None))).all()
        assert live == [lasting.id]
    assert head(means.engine, living) == before + 1  # the phones are told of the door that left
    clock.end_dated_rights(means)
    assert head(means.engine, living) == before + 1


def test_a_membership_that_ends_takes_its_stream_along(living: People, means: Means) -> None:
    walk = walk_until(means.engine, living, 5)
    with work.unit_of_work(means.engine) as session:
        membership = session.scalars(select(Membership).where(Membership.account_id == living.minh.id)).one()
        membership.valid_to = now() - timedelta(seconds=1)
    clock.end_dated_rights(means)
    with Session(means.engine) as session:
        access = {row.user_id: row.ended_at for row in session.scalars(select(StreamAccess))}
        assert access[living.minh.id] is not None
        assert access[living.lan.id] is None
        member = session.scalars(select(WalkMember).where(WalkMember.walk_id == walk.id)).one()
        assert member.ended_at is not None


def test_a_membership_with_a_future_end_stays(living: People, means: Means) -> None:
    with work.unit_of_work(means.engine) as session:
        membership = session.scalars(select(Membership).where(Membership.account_id == living.minh.id)).one()
        membership.valid_to = now() + timedelta(hours=1)
    clock.end_dated_rights(means)
    with Session(means.engine) as session:
        assert all(row.ended_at is None for row in session.scalars(select(StreamAccess)))


def test_the_broom_takes_old_counters_and_sessions_only(living: People, means: Means) -> None:
    with work.unit_of_work(means.engine) as session:
        for token, days in ((b"old", -31), (b"new", 1)):
            session.add(
                LoginSession(
                    token_hash=token,
                    ward_id=living.ward.id,
                    account_id=living.lan.id,
                    expires_at=now() + timedelta(days=days),
                )
            )
    rate_limit.hit(means.engine, "sign_in", "lan", limit=5, window=timedelta(minutes=15))
    with means.engine.begin() as connection:
        connection.execute(text("UPDATE rate_limit SET window_start = now() - interval '2 days'"))
    rate_limit.hit(means.engine, "sign_in", "lan", limit=5, window=timedelta(minutes=15))
    clock.sweep(means)
    with Session(means.engine) as session:
        assert [bytes(row) for row in session.scalars(select(LoginSession.token_hash))] == [b"new"]
        assert session.execute(text("SELECT count(*) FROM rate_limit")).scalar_one() == 1


def test_guides_that_nobody_checked_are_named(
    means: Means, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guides, "today", lambda: date(2099, 1, 1))
    monkeypatch.setattr(logging.getLogger("gocua"), "propagate", True)
    clock.sweep(means)
    (told,) = [record for record in caplog.records if record.getMessage() == "guides past their review"]
    assert "vneid-muc-2" in told.fields["guides"]


def test_the_job_of_a_dead_worker_starts_over(means: Means) -> None:
    with Session(means.engine) as session:
        defer(session, "notify_new_walk", walk_id="019b0000-0000-7000-8000-000000000001")
        session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        session.commit()

    async def run() -> None:
        url = means.engine.url.render_as_string(hide_password=False)
        with app.replace_connector(connector(url)):
            async with app.open_async():
                await app.tasks["retry_stalled"].func(_Context(), 0)

    asyncio.run(run())
    with means.engine.connect() as connection:
        assert connection.execute(text("SELECT status FROM procrastinate_jobs")).scalar_one() == "todo"


def test_the_clock_jobs_are_known_to_a_worker() -> None:
    app.perform_import_paths()
    timed = {item.task.name: item.cron for item in app.periodic_registry.periodic_tasks.values()}
    assert (
        timed.items()
        >= {
            "end_dated_rights": "* * * * *",
            "sweep": "30 19 * * *",
            "clean_feed": "50 19 * * *",
            "count_again": "*/5 * * * *",
            "retry_stalled": "*/5 * * * *",
        }.items()
    )


class _Context:
    """The part of Procrastinate's context that the job reads."""

    app = app


def test_what_changed_is_folded_into_the_sums(living: People, means: Means) -> None:
    walk_until(means.engine, living, 1)
    clock.fold_sums(means)
    with Session(
        means.engine
    ) as session:  # what is younger than a minute stays, for the boards that are open
        assert session.execute(text("SELECT count(*) FROM tally_change")).scalar_one() > 0
        session.execute(text("UPDATE tally_change SET at = at - interval '61 seconds'"))
        session.commit()
    clock.fold_sums(means)
    with Session(means.engine) as session:
        assert session.execute(text("SELECT count(*) FROM tally_change")).scalar_one() == 0
        assert session.execute(text("SELECT sum(n) FROM tally WHERE kind = 'door'")).scalar_one() >= 1
