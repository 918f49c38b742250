"""Take an import back that nobody has worked on: what it made goes, what it changed is as before.

All or nothing: as soon as somebody worked on one of its households, the whole import stays. Work is a visit, a place on a
walk, a printed code, a merge, or anything written by hand; what the import left is recognised by marks (tracing.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, delete, exists, func, select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import Refusal
from backend.models import (
    AreaUnit,
    Assignment,
    Base,
    Household,
    HouseholdAlias,
    ImportBatch,
    ImportState,
    QrCode,
    Resident,
    VisitEvent,
)
from backend.services import audit, feed
from backend.services.actor import Actor
from backend.services.importing import batches
from backend.services.importing.tracing import Trace, marks, open_trace
from backend.services.importing.writing import lock
from backend.services.sql import run
from backend.services.walk_doors import array_of

PAGE = 50
# Rows that hang below a household and are nobody's work: its people and what is derived of it.
_ITS_OWN = frozenset({"resident", "adoption", "household_view"})
_RESTORE_HOUSEHOLDS = """
    UPDATE household h SET (alley_id, address, old_address, parts, search_key, walk_key, head_name, phone, phone_index,
                            list_key)
      = (b.alley_id, b.address, b.old_address, b.parts, b.search_key, b.walk_key, b.head_name, b.phone, b.phone_index,
         b.list_key)
    FROM json_populate_recordset(NULL::household, %(rows)s::json) b WHERE h.id = b.id
"""
_RESTORE_RESIDENTS = """
    UPDATE resident r SET (full_name, birth_year, sex, relation, is_head, phone, phone_index)
      = (b.full_name, b.birth_year, b.sex, b.relation, b.is_head, b.phone, b.phone_index)
    FROM json_populate_recordset(NULL::resident, %(rows)s::json) b WHERE r.id = b.id
"""


@dataclass(frozen=True)
class Line:
    """One household of an import: it goes (`created`) or is put back; `work`: why it cannot ("" where it can)."""

    id: UUID
    code: str
    address: str
    created: bool
    work: str


@dataclass(frozen=True)
class Undo:
    """What taking an import back would do. `lines`: one page of 50, those that stand in the way first.

    `going`, `back`: households that would go, and that would be as before; `people`: residents that would go.
    `work`: what stands in the way, with how many households each (visit | walk | code | merged | other | edited).
    """

    lines: tuple[Line, ...]
    going: int
    back: int
    people: int
    work: dict[str, int]
    page: int
    pages: int

    @property
    def stuck(self) -> int:
        """How many households stand in the way."""
        return sum(self.work.values())


def can_be_undone(batch: ImportBatch) -> bool:
    """True while what an undo needs is kept."""
    return batch.state in (ImportState.DONE, ImportState.FAILED) and batch.undo_enc is not None


def effects(session: Session, actor: Actor, batch_id: UUID, page: int = 1) -> Undo:
    """Tell before the undo what will go and what stands in the way; a fixed number of statements.

    Raises NotFound, Refusal("import_not_undoable") when it was undone already or is too long ago.
    """
    batch = batches.find(session, actor, batch_id)
    trace = _trace(batch)
    return _effects(session, trace, page)


def undo(session: Session, actor: Actor, batch_id: UUID) -> Undo:
    """Take the import back. Raises Refusal("import_worked_on") with how many households stand in the way."""
    batches.find(session, actor, batch_id)
    batch = session.get_one(ImportBatch, batch_id, with_for_update=True, populate_existing=True)
    trace = _trace(batch)
    lock(session, session.get_one(AreaUnit, batch.neighbourhood_id))
    ids = _ids(trace)
    # Whoever is about to write about one of these doors waits here, and we for them.
    session.execute(
        select(Household.id)
        .where(Household.id == func.any(array_of(ids)))
        .order_by(Household.id)
        .with_for_update()
    )
    found = _effects(session, trace, 1)
    if found.work:
        raise Refusal("import_worked_on", status=409, n=found.stuck)
    created = [UUID(id_) for id_ in trace.created]
    session.execute(delete(Resident).where(Resident.household_id == func.any(array_of(created))))
    session.execute(delete(Household).where(Household.id == func.any(array_of(created))))
    _put_back(session, trace)
    _forget_alleys(session, [UUID(id_) for id_ in trace.alleys])
    batch.state, batch.undone_at, batch.undone_by = ImportState.UNDONE, now(), actor.account_id
    batch.undo_enc = batch.refused_enc = None
    feed.touch_households(session, [UUID(id_) for id_ in trace.updated])
    audit.record(
        session,
        actor,
        "import.undo",
        object_kind="import_batch",
        object_id=batch.id,
        count=found.going + found.back,
        going=found.going,
        back=found.back,
        people=found.people,
    )
    session.flush()
    return found


def _trace(batch: ImportBatch) -> Trace:
    if not can_be_undone(batch) or batch.undo_enc is None:
        raise Refusal("import_not_undoable", status=409)
    return open_trace(batch.undo_enc)


def _ids(trace: Trace) -> list[UUID]:
    return [UUID(id_) for id_ in (*trace.created, *trace.updated)]


def _effects(session: Session, trace: Trace, page: int) -> Undo:
    ids = _ids(trace)
    work = _work(session, trace)
    rows = session.execute(
        select(Household.id, Household.code, Household.address)
        .where(Household.id == func.any(array_of(ids)))
        .order_by(Household.walk_key, Household.code)
    ).all()
    lines = [
        Line(row.id, row.code, row.address, str(row.id) in trace.created, work.get(row.id, ""))
        for row in rows
    ]
    lines.sort(key=lambda line: (not line.work, not line.created))
    counts: dict[str, int] = {}
    for reason in work.values():
        counts[reason] = counts.get(reason, 0) + 1
    people = session.scalar(
        select(func.count()).where(
            Resident.household_id == func.any(array_of([UUID(id_) for id_ in trace.created]))
        )
    )
    pages = max(1, ceil(len(lines) / PAGE))
    page = min(max(1, page), pages)
    return Undo(
        lines=tuple(lines[(page - 1) * PAGE : page * PAGE]),
        going=sum(line.created for line in lines),
        back=sum(not line.created for line in lines),
        people=(people or 0) + len(trace.added),
        work=counts,
        page=page,
        pages=pages,
    )


def _work(session: Session, trace: Trace) -> dict[UUID, str]:
    """Household to why it cannot be undone, the weightiest reason of each."""
    created = [UUID(id_) for id_ in trace.created]
    updated = [UUID(id_) for id_ in trace.updated]
    since = trace.moment
    found: dict[UUID, str] = {}

    def take(reason: str, column: Any, ids: Sequence[UUID], *more: ColumnElement[bool]) -> None:
        for id_ in session.scalars(select(column).where(column == func.any(array_of(ids)), *more).distinct()):
            found.setdefault(id_, reason)

    take("visit", VisitEvent.household_link, created)
    take("visit", VisitEvent.household_link, updated, VisitEvent.received_at >= since)
    take("walk", Assignment.household_id, created)
    take("walk", Assignment.household_id, updated, Assignment.started_at >= since)
    take("code", QrCode.household_id, created)
    take("code", QrCode.household_id, updated, QrCode.created_at >= since)
    take("merged", Household.merged_into_id, created)
    take("merged", HouseholdAlias.new_id, created)
    for column in referring(Household.__table__):
        if column.table.name not in _ITS_OWN and column.table.name != "household":
            take("other", column, created)
    now_marks = marks(session, [*trace.created, *trace.updated])
    for id_, mark in (trace.created | trace.updated).items():
        if now_marks.get(id_) != mark:
            found.setdefault(UUID(id_), "edited")
    return found


def referring(table: Any) -> list[Column[Any]]:
    """The columns of other tables that name rows of `table`: by a foreign key, or by their name where none is."""
    name = f"{table.name}_id"
    found: list[Column[Any]] = []
    for other in Base.metadata.sorted_tables:
        found += [column for column in other.columns if _names(column, table, name) and other is not table]
    return found


def _names(column: Column[Any], table: Table, name: str) -> bool:
    by_key = any(key.column.table is table and key.column.name == "id" for key in column.foreign_keys)
    return by_key or (column.name == name and column.table.name != "visit_event")


def _put_back(session: Session, trace: Trace) -> None:
    added = [UUID(id_) for id_ in trace.added]
    session.execute(delete(Resident).where(Resident.id == func.any(array_of(added))))
    if not trace.households:
        return
    updated = [UUID(id_) for id_ in trace.households]
    # Two households may have changed their keys with one another: first none has one.
    session.execute(
        update(Household).where(Household.id == func.any(array_of(updated))).values(list_key=None)
    )
    run(session, _RESTORE_HOUSEHOLDS, rows=_array(trace.households.values()))
    run(session, _RESTORE_RESIDENTS, rows=_array(trace.residents.values()))
    session.expire_all()


def _forget_alleys(session: Session, alleys: Sequence[UUID]) -> None:
    """Alleys that the import made and nothing else speaks of."""
    unused = [~exists().where(column == AreaUnit.id) for column in referring(AreaUnit.__table__)]
    session.execute(
        delete(AreaUnit).where(AreaUnit.id.in_(alleys), *unused).execution_options(synchronize_session=False)
    )


def _array(rows: Iterable[str]) -> str:
    return f"[{','.join(rows)}]"
