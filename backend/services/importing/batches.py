"""A household list on its way in, led by a person: uploaded, mapped, previewed, committed; and the history of it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.models import Account, AreaUnit, ImportBatch, ImportState
from backend.services import audit, queue
from backend.services.actor import Actor, neighbourhood_for, neighbourhood_ids
from backend.services.importing import staging
from backend.services.importing.grouping import GroupBy
from backend.services.importing.labels import Field
from backend.services.importing.matching import match
from backend.services.importing.plan import Choice, Plan, make_plan
from backend.services.importing.reading import Sheet, read
from backend.services.importing.records import Records, build
from backend.services.importing.running import run_at_once
from backend.services.importing.staging import RefusedRows
from backend.services.importing.writing import load_known

INLINE_ROWS = 2000  # above that a job does it, with a progress bar
_HISTORY = 50


@dataclass(frozen=True)
class Preview:
    """What a commit would do now. `new`, `known`: households; None while the file's households are not clear."""

    plan: Plan
    records: Records
    new: int | None
    known: int | None


@dataclass(frozen=True)
class PastImport:
    """One line of the history. `by`: who brought the list in; "" for the command line."""

    batch: ImportBatch
    neighbourhood: str
    by: str


def upload(
    session: Session, actor: Actor, neighbourhood_id: UUID, file_name: str, data: bytes
) -> ImportBatch:
    """Read a file and stage what may be kept of it. Raises Refusal with the reason, NotFound out of scope."""
    neighbourhood = neighbourhood_for(session, actor, neighbourhood_id)
    return take(session, actor, neighbourhood.id, file_name, hashlib.sha256(data).digest(), read(data))


def take(
    session: Session,
    actor: Actor,
    neighbourhood_id: UUID,
    file_name: str,
    file_sha256: bytes,
    sheets: Sequence[Sheet],
) -> ImportBatch:
    """Stage sheets that were read already; `neighbourhood_id` is in the actor's scope."""
    plan = make_plan(sheets)
    batch = ImportBatch(
        ward_id=actor.ward_id,
        neighbourhood_id=neighbourhood_id,
        file_name=file_name[:200],
        file_sha256=file_sha256,
        rows_total=len(plan.rows),
        staged_enc=staging.stage(sheets, [_plan_of_sheet(sheet, plan) for sheet in sheets]),
        created_by=actor.account_id,
    )
    batch.plan = _remember(plan, GroupBy.FILE)
    session.add(batch)
    session.flush()
    return batch


def find(session: Session, actor: Actor, batch_id: UUID) -> ImportBatch:
    """One import inside the actor's scope, as it stands now (a job may be at it). Raises NotFound."""
    batch = session.scalars(
        select(ImportBatch)
        .where(
            ImportBatch.id == batch_id,
            ImportBatch.ward_id == actor.ward_id,
            ImportBatch.neighbourhood_id.in_(neighbourhood_ids(actor)),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if batch is None:
        raise NotFound
    return batch


def plan_of(batch: ImportBatch) -> Plan:
    """The plan as it stands with the person's choices. Raises Refusal("import_over") once nothing is staged."""
    if batch.staged_enc is None or batch.state not in (ImportState.READY, ImportState.RUNNING):
        raise Refusal("import_over", status=409)
    sheets = staging.unstage(batch.staged_enc)
    return make_plan(sheets, choice_of(batch, sheets))


def open_for_change(session: Session, actor: Actor, batch_id: UUID) -> tuple[ImportBatch, list[Sheet]]:
    """A batch that waits, locked, and its sheets; of two people who change it at once the second waits.

    Raises Refusal("import_over") once it was imported or thrown away.
    """
    find(session, actor, batch_id)
    batch = session.get_one(ImportBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch.state != ImportState.READY or batch.staged_enc is None:
        raise Refusal("import_over", status=409)
    return batch, staging.unstage(batch.staged_enc)


def choose(
    session: Session,
    actor: Actor,
    batch_id: UUID,
    *,
    columns: dict[int, Field | None] | None = None,
    group_by: GroupBy | None = None,
    sheet: str | None = None,
) -> ImportBatch:
    """Change the mapping, the answer about households, or the sheet. Raises Refusal where that gives no list."""
    batch, sheets = open_for_change(session, actor, batch_id)
    before = choice_of(batch, sheets)
    by = group_by or before.group_by
    if sheet is not None and sheet != before.sheet:
        choice = Choice(sheet=sheet, group_by=by)
    else:
        choice = Choice(before.sheet, columns or before.columns, by, before.header_rows, before.left_out)
    plan = make_plan(sheets, choice)
    batch.plan = _remember(plan, by)
    batch.rows_total = len(plan.rows)
    session.flush()
    return batch


def preview(session: Session, actor: Actor, batch_id: UUID) -> Preview:
    """What a commit would do, beside what is stored already."""
    batch = find(session, actor, batch_id)
    plan = plan_of(batch)
    records = build(plan, this_year=today().year)
    if plan.grouping.households is None:
        return Preview(plan, records, None, None)
    known = load_known(session, session.get_one(AreaUnit, batch.neighbourhood_id))
    same = sum(pair.known is not None for pair in match(records.households, known))
    return Preview(plan, records, len(records.households) - same, same)


def commit(session: Session, actor: Actor, batch_id: UUID) -> ImportBatch:
    """Import the staged list: a usual one at once, a long one as a job of the same transaction.

    Raises Refusal: "import_ask", "import_nothing", "import_over".
    """
    find(session, actor, batch_id)
    # Two clicks: the second waits for the first and finds the import over.
    batch = session.get_one(ImportBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch.state != ImportState.READY:
        raise Refusal("import_over", status=409)
    plan = plan_of(batch)
    records = build(plan, this_year=today().year)
    if plan.grouping.households is None:
        raise Refusal("import_ask")
    if not records.households:
        raise Refusal("import_nothing")
    if len(plan.rows) <= INLINE_ROWS:
        run_at_once(session, batch, plan, records)
    else:
        batch.state = ImportState.RUNNING
        queue.defer(session, "run_import", batch_id=batch.id)
    session.flush()
    return batch


def drop(session: Session, actor: Actor, batch_id: UUID) -> None:
    """Throw away a list that was not imported; what was staged of it is gone."""
    batch = find(session, actor, batch_id)
    if batch.state != ImportState.READY:
        raise Refusal("import_over", status=409)
    batch.state, batch.staged_enc = ImportState.DROPPED, None
    session.flush()


def refused(session: Session, actor: Actor, batch_id: UUID) -> RefusedRows:
    """The rows that did not go in, for the page of the result. Raises NotFound when there are none kept."""
    batch = find(session, actor, batch_id)
    if batch.refused_enc is None:
        raise NotFound
    return staging.open_refused(batch.refused_enc)


def download_refused(session: Session, actor: Actor, batch_id: UUID) -> RefusedRows:
    """The same for the Excel file; the export is written down."""
    rows = refused(session, actor, batch_id)
    audit.record(
        session,
        actor,
        "import.refused_download",
        object_kind="import_batch",
        object_id=batch_id,
        count=len(rows.rows),
    )
    return rows


def history(session: Session, actor: Actor) -> list[PastImport]:
    """The imports of the actor's neighbourhoods, newest first."""
    rows = session.execute(
        select(ImportBatch, AreaUnit.name, Account.full_name)
        .join(AreaUnit, AreaUnit.id == ImportBatch.neighbourhood_id)
        .outerjoin(Account, Account.id == ImportBatch.created_by)
        .where(
            ImportBatch.ward_id == actor.ward_id,
            ImportBatch.neighbourhood_id.in_(neighbourhood_ids(actor)),
            ImportBatch.state != ImportState.DROPPED,
        )
        .options(defer(ImportBatch.staged_enc), defer(ImportBatch.refused_enc), defer(ImportBatch.undo_enc))
        .order_by(ImportBatch.created_at.desc())
        .limit(_HISTORY)
    )
    return [PastImport(batch, name, by or "") for batch, name, by in rows]


def _plan_of_sheet(sheet: Sheet, chosen: Plan) -> Plan | None:
    if sheet.name == chosen.table.name:
        return chosen
    try:
        return make_plan([sheet])
    except Refusal:
        return None


def _remember(plan: Plan, by: GroupBy) -> dict[str, Any]:
    """The decisions, without a word of the file's content: this column is not encrypted."""
    told = plan.as_json()
    return {
        "sheet": plan.sheets.index(plan.table.name),
        "columns": told["columns"],
        "leave_out": told["leave_out"],
        "header_rows": told["header_rows"],
        "group_by": str(by),
    }


def choice_of(batch: ImportBatch, sheets: Sequence[Sheet]) -> Choice:
    """What was decided about the sheets of a batch so far."""
    plan = batch.plan
    return Choice(
        sheet=sheets[plan["sheet"]].name,
        columns={int(column): Field(of) for column, of in plan["columns"].items()},
        group_by=GroupBy(plan["group_by"]),
        header_rows=(plan["header_rows"][0], plan["header_rows"][1]),
        left_out={int(column): why for column, why in plan["leave_out"].items()},
    )
