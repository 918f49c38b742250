"""A long household list, imported step by step; and what imports leave behind, cleared in time."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.database import work
from backend.jobs.app import Means, job
from backend.models import ImportBatch, ImportState
from backend.services.importing import batches
from backend.services.importing.records import build
from backend.services.importing.running import run_in_steps

_REFUSED_KEPT = timedelta(days=7)
_STAGED_KEPT = timedelta(days=2)


@job("run_import")
def run_import(means: Means, batch_id: str) -> None:
    """Import the staged list `batch_id`. Harmless to repeat: a household that is in already is recognised."""
    with Session(means.engine) as session:
        batch = session.get(ImportBatch, UUID(batch_id))
        if batch is None or batch.state != ImportState.RUNNING:
            return
        plan = batches.plan_of(batch)
    try:
        run_in_steps(means.engine, UUID(batch_id), plan, build(plan, this_year=today().year))
    except Exception:
        with work.unit_of_work(means.engine) as session:
            values = {"state": ImportState.FAILED, "failure": "import_failed", "finished_at": now()}
            session.execute(update(ImportBatch).where(ImportBatch.id == UUID(batch_id)).values(**values))
        raise


@job("clear_imports", cron="20 19 * * *")
def clear_imports(means: Means) -> None:
    """Every night: refused rows and what an undo needs after a week, lists that nobody imported after two days."""
    with work.unit_of_work(means.engine) as session:
        session.execute(
            update(ImportBatch)
            .where(
                ImportBatch.finished_at < now() - _REFUSED_KEPT,
                ImportBatch.refused_enc.is_not(None) | ImportBatch.undo_enc.is_not(None),
            )
            .values(refused_enc=None, undo_enc=None)
        )
        session.execute(
            update(ImportBatch)
            .where(ImportBatch.created_at < now() - _STAGED_KEPT, ImportBatch.state == ImportState.READY)
            .values(staged_enc=None, state=ImportState.DROPPED)
        )
