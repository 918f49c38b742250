"""A long list goes in step by step, shows how far it is, and may be started twice; leftovers are cleared in time."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.jobs import imports
from backend.jobs.app import Means
from backend.models import Household, ImportBatch, ImportState
from backend.services.importing import batches, running
from tests.importing.files import PEOPLE, xlsx
from tests.people import People, acting


def long_list(households: int) -> bytes:
    rows = [PEOPLE[0]]
    for number in range(1, households + 1):
        name = f"Nguyễn Văn {chr(65 + number % 26)}{chr(97 + number // 26)}"
        rows.append((number, number, name, 1940 + number % 60, "Nam", "Chủ hộ", None, f"Số {number} ngõ 34"))
    return xlsx(rows)


@pytest.fixture
def batch(means: Means, living: People, monkeypatch: pytest.MonkeyPatch) -> ImportBatch:
    """A committed import of 60 households, too long to be done at once."""
    monkeypatch.setattr(batches, "INLINE_ROWS", 20)
    monkeypatch.setattr(running, "STEP", 25)
    with work.unit_of_work(means.engine) as session:
        actor = acting(session, living.lan)
        made = batches.upload(session, actor, living.neighbourhood.id, "dai.xlsx", long_list(60))
        return batches.commit(session, actor, made.id)


def count(means: Means) -> int:
    with Session(means.engine) as session:
        return session.scalar(select(func.count()).select_from(Household)) or 0


def stored(means: Means, batch: ImportBatch) -> ImportBatch:
    with Session(means.engine) as session:
        return session.get_one(ImportBatch, batch.id)


def test_a_long_list_is_deferred(means: Means, batch: ImportBatch) -> None:
    assert stored(means, batch).state == ImportState.RUNNING
    assert count(means) == 0
    with means.engine.connect() as connection:
        jobs = connection.execute(text("SELECT task_name, args FROM procrastinate_jobs")).all()
    assert ("run_import", {"batch_id": str(batch.id)}) in [tuple(job) for job in jobs]


def test_the_job_imports_in_steps(means: Means, batch: ImportBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = running.write

    def watched(session: Session, *arguments: object) -> None:
        seen.append(stored(means, batch).rows_done)
        real(session, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "write", watched)
    imports.run_import(means, str(batch.id))
    done = stored(means, batch)
    assert (done.state, done.rows_done, done.staged_enc) == (ImportState.DONE, 60, None)
    assert done.counts["created"] == count(means) == 60
    assert seen == [0, 25, 50]


def test_a_job_that_died_half_way_is_finished_by_the_next(
    means: Means, batch: ImportBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = running.write, iter([True, False])

    def dies(session: Session, *arguments: object) -> None:
        if not next(calls):
            raise KeyboardInterrupt  # the process is killed: no handler runs
        real(session, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(running, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            imports.run_import(means, str(batch.id))
    assert count(means) == 25
    imports.run_import(means, str(batch.id))
    assert count(means) == 60
    assert stored(means, batch).counts == stored(means, batch).counts | {"created": 35, "unchanged": 25}


def test_the_job_run_again_changes_nothing(means: Means, batch: ImportBatch) -> None:
    imports.run_import(means, str(batch.id))
    before = stored(means, batch).finished_at
    imports.run_import(means, str(batch.id))
    assert stored(means, batch).finished_at == before
    assert count(means) == 60


def test_a_failure_is_told(means: Means, batch: ImportBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(running, "write", fails)
    with pytest.raises(RuntimeError):
        imports.run_import(means, str(batch.id))
    assert (stored(means, batch).state, stored(means, batch).failure) == (ImportState.FAILED, "import_failed")


def test_leftovers_are_cleared(means: Means, living: People, batch: ImportBatch) -> None:
    imports.run_import(means, str(batch.id))
    with work.unit_of_work(means.engine) as session:
        actor = acting(session, living.lan)
        waiting = batches.upload(session, actor, living.neighbourhood.id, "cho.xlsx", xlsx(PEOPLE))
        session.get_one(ImportBatch, batch.id).finished_at = now() - timedelta(days=8)
        waiting.created_at = now() - timedelta(days=3)
    imports.clear_imports(means)
    assert stored(means, batch).refused_enc is None
    assert (stored(means, waiting).state, stored(means, waiting).staged_enc) == (ImportState.DROPPED, None)


def test_what_is_young_is_kept(means: Means, living: People, batch: ImportBatch) -> None:
    imports.run_import(means, str(batch.id))
    with work.unit_of_work(means.engine) as session:
        actor = acting(session, living.lan)
        waiting = batches.upload(session, actor, living.neighbourhood.id, "cho.xlsx", xlsx(PEOPLE))
    imports.clear_imports(means)
    assert stored(means, batch).refused_enc is not None
    assert stored(means, waiting).staged_enc is not None
