"""A job is born and dies with the transaction that deferred it."""

from uuid import uuid4

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from backend.jobs.app import Means, app, job, run_worker
from backend.services.queue import defer

# Without those that a worker puts there by the clock.
_JOBS = text("SELECT task_name, args FROM procrastinate_jobs WHERE args ->> 'timestamp' IS NULL")


def test_a_job_is_deferred_in_the_same_transaction(session: Session) -> None:
    number = uuid4()
    defer(session, "no_such_module_is_imported", walk_id=number, count=2)
    (row,) = session.execute(_JOBS).all()
    assert row.task_name == "no_such_module_is_imported"
    assert row.args == {"walk_id": str(number), "count": 2}


def test_a_rollback_takes_the_job_with_it(own_engine: Engine) -> None:
    with Session(own_engine) as session:
        defer(session, "notify_new_walk", walk_id=uuid4())
        assert session.execute(_JOBS).all()
        session.rollback()
        assert session.execute(_JOBS).all() == []


def test_a_worker_runs_what_was_committed_and_nothing_else(own_engine: Engine, means: Means) -> None:
    ran: list[str] = []

    @job("note_it_down")
    def note(given: Means, word: str) -> None:
        assert given is means
        ran.append(word)

    with Session(own_engine) as session:
        defer(session, "note_it_down", word="committed")
        session.commit()
        defer(session, "note_it_down", word="rolled back")
        session.rollback()
    run_worker(means, wait=False)
    assert ran == ["committed"]
    with own_engine.connect() as connection:
        assert connection.execute(_JOBS).all() == []
    del app.tasks["note_it_down"]
