"""Carry out an import: at once inside the caller's transaction, or in steps that each commit and show progress.

Stopped half-way, an import can simply be run again: what is in already is recognised and not doubled.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.refusal import Refusal
from backend.database import work
from backend.models import AreaUnit, AuditEntry, ImportBatch, ImportState, Level
from backend.services.importing import staging
from backend.services.importing.matching import KnownHousehold, Pair, match
from backend.services.importing.plan import Plan
from backend.services.importing.records import Records
from backend.services.importing.tracing import Trace
from backend.services.importing.writing import Counts, load_known, lock, make_place, write

STEP = 1000  # households in one transaction

Progress = Callable[[int, int], None]


def run_at_once(session: Session, batch: ImportBatch, plan: Plan, records: Records) -> None:
    """Import everything in the caller's transaction; for lists of a usual size."""
    neighbourhood = session.get_one(AreaUnit, batch.neighbourhood_id)
    lock(session, neighbourhood)
    known = load_known(session, neighbourhood)
    pairs = match(records.households, known)
    counts, trace = Counts(), Trace.begun(None)
    write(session, make_place(neighbourhood, batch.id), pairs, counts, trace)
    batch.undo_enc = trace.sealed()
    finish(session, batch, plan, records, summary(counts, records, pairs, known))


def run_in_steps(
    engine: Engine, batch_id: UUID, plan: Plan, records: Records, progress: Progress | None = None
) -> dict[str, Any]:
    """Import step by step, `import_batch.rows_done` growing with each; returns the counts."""
    counts = Counts()
    with work.unit_of_work(engine) as session:
        batch = session.get_one(ImportBatch, batch_id)
        neighbourhood = session.get_one(AreaUnit, batch.neighbourhood_id)
        trace = Trace.begun(batch.undo_enc)
        known = load_known(session, neighbourhood)
    pairs = match(records.households, known)
    done = rows = 0
    for start in range(0, len(pairs), STEP):
        step = pairs[start : start + STEP]
        rows += sum(len(pair.record.rows) for pair in step)
        with work.unit_of_work(engine) as session:
            lock(session, neighbourhood)
            write(session, make_place(neighbourhood, batch_id), step, counts, trace)
            values = {"rows_done": rows, "undo_enc": trace.sealed()}
            session.execute(update(ImportBatch).where(ImportBatch.id == batch_id).values(**values))
        done += len(step)
        if progress is not None:
            progress(done, len(pairs))
    told = summary(counts, records, pairs, known)
    with work.unit_of_work(engine) as session:
        finish(session, session.get_one(ImportBatch, batch_id), plan, records, told)
    return told


def finish(session: Session, batch: ImportBatch, plan: Plan, records: Records, told: dict[str, Any]) -> None:
    """Write down what came of it; what was staged is gone from now on."""
    batch.state = ImportState.DONE
    batch.counts = told
    batch.rows_done = batch.rows_total
    batch.staged_enc = None
    batch.refused_enc = staging.keep_refused(staging.refused_rows(plan, records))
    batch.finished_at = now()
    session.add(
        AuditEntry(
            ward_id=batch.ward_id,
            actor_id=batch.created_by,
            action="import.commit",
            object_kind="import_batch",
            object_id=batch.id,
            count=told["created"] + told["updated"],
            detail=told,
        )
    )
    session.flush()


def summary(
    counts: Counts, records: Records, pairs: Sequence[Pair], known: Sequence[KnownHousehold]
) -> dict[str, Any]:
    """The counts of an import. `missing`: households that are here and not in this list; they stay as they are."""
    named = sum(pair.known is not None for pair in pairs)
    return {
        **counts.as_json(),
        "refused": len(records.refused),
        "notices": len(records.notices),
        "missing": len(known) - named,
    }


def import_file(
    engine: Engine,
    code: str,
    plan: Plan,
    records: Records,
    *,
    file_name: str,
    file_sha256: bytes = b"",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Import a list for the command line into the neighbourhood `code`; nobody's account stands behind it.

    Raises Refusal: "no_neighbourhood", "import_ask" (the file does not say which rows are one household),
    "import_nothing".
    """
    if plan.grouping.households is None:
        raise Refusal("import_ask")
    if not records.households:
        raise Refusal("import_nothing")
    with work.unit_of_work(engine) as session:
        neighbourhood = session.scalars(
            select(AreaUnit).where(
                AreaUnit.code == code,
                AreaUnit.level == Level.NEIGHBOURHOOD,
                (AreaUnit.valid_to.is_(None)) | (AreaUnit.valid_to > today()),
            )
        ).one_or_none()
        if neighbourhood is None:
            raise Refusal("no_neighbourhood", name=code)
        batch = ImportBatch(
            ward_id=neighbourhood.ward_id,
            neighbourhood_id=neighbourhood.id,
            file_name=file_name,
            file_sha256=file_sha256,
            state=ImportState.RUNNING,
            rows_total=len(plan.rows),
        )
        session.add(batch)
        session.flush()
        batch_id = batch.id
    return run_in_steps(engine, batch_id, plan, records, progress)
