"""Rows with something wrong, put right in the page: the typed cells go into the staged list and meet the same rules.

Nothing is lost on the way: what was typed stays in the list also where it is not right yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.models import ImportBatch
from backend.services import audit
from backend.services.actor import Actor
from backend.services.importing import batches, staging
from backend.services.importing.labels import Field
from backend.services.importing.plan import Plan, make_plan
from backend.services.importing.reading import Cell, Sheet
from backend.services.importing.records import Records, Told, build
from backend.services.importing.refused import HEADINGS
from backend.services.importing.screening import cleaned
from backend.services.importing.table import text

PAGE = 20
_BIRTHS = (Field.DOB, Field.DOB_M, Field.DOB_F)
_WHOSE = (Field.STT_HO, Field.HEAD_NAME, Field.RELATION, Field.ADDRESS)
# Which cells of a row a reason speaks of. Rows of the last three go in; only that cell is left empty or doubtful.
AT_FAULT: dict[str, tuple[Field, ...]] = {
    "row_birth_wrong": _BIRTHS,
    "row_birth_twice": (Field.DOB_M, Field.DOB_F),
    "row_no_household": _WHOSE,
    "row_head_unclear": (Field.STT_HO, Field.RELATION),
    "row_phone_wrong": (Field.PHONE,),
    "row_phone_doubtful": (Field.PHONE,),
    "row_sex_unclear": (Field.SEX,),
}


@dataclass(frozen=True)
class Problem:
    """One row to put right. `reasons`: (code, values); `cells`: what may be edited, `wrong` of them at fault.

    `home`: the head and the address of the household it belongs to, "" where nothing says so.
    """

    row: int
    refused: bool
    reasons: tuple[tuple[str, dict[str, Any]], ...]
    cells: tuple[tuple[Field, str], ...]
    wrong: frozenset[Field]
    home: str


@dataclass(frozen=True)
class Problems:
    """One page of the rows to put right, the refused ones first. `refused`, `doubtful`: of all pages."""

    rows: tuple[Problem, ...]
    refused: int
    doubtful: int
    page: int
    pages: int


def problems(session: Session, actor: Actor, batch_id: UUID, page: int = 1) -> Problems:
    """The rows of a waiting list that can be put right; they are read in clear, so that is written down."""
    plan = batches.plan_of(batches.find(session, actor, batch_id))
    found = _problems(plan, build(plan, this_year=today().year))
    refused = sum(one.refused for one in found)
    pages = max(1, ceil(len(found) / PAGE))
    page = min(max(1, page), pages)
    shown = tuple(found[(page - 1) * PAGE : page * PAGE])
    if shown:
        audit.record(
            session,
            actor,
            "import.rows_read",
            object_kind="import_batch",
            object_id=batch_id,
            count=len(shown),
        )
    return Problems(shown, refused, len(found) - refused, page, pages)


def correct(session: Session, actor: Actor, batch_id: UUID, cells: Mapping[tuple[int, Field], str]) -> int:
    """Put cells right, by row and field; returns how many rows had something wrong and have no more.

    Raises NotFound for a row or a column that the list has not, Refusal("import_row_empty") where nothing would be
    left of a row, "import_over".
    """
    batch, sheets = batches.open_for_change(session, actor, batch_id)
    choice = batches.choice_of(batch, sheets)
    before = make_plan(sheets, choice)
    changes = _changes(before, cells)
    if not changes:
        return 0
    place = next(place for place, sheet in enumerate(sheets) if sheet.name == before.table.name)
    corrected = list(sheets)
    corrected[place] = _with(sheets[place], changes)
    after = make_plan(corrected, choice)
    kept = {row.number for row in after.rows}
    for row in before.rows:
        if row.number not in kept:
            raise Refusal("import_row_empty", row=row.number)
    batch.staged_enc = staging.restage(corrected)
    session.flush()
    year = today().year
    wrong, left = (_told(build(plan, this_year=year)).keys() for plan in (before, after))
    return len({row + 1 for row, _ in changes} & (wrong - left))


def take_up_refused(session: Session, actor: Actor, batch_id: UUID) -> ImportBatch:
    """The refused rows of an import that is over, as a list of their own to put right and bring in.

    The same as sending back the file of refused rows. Raises NotFound when they are kept no more.
    """
    batch = batches.find(session, actor, batch_id)
    told = batches.refused(session, actor, batch_id)
    fields = [of for of in HEADINGS if any(of in cells for *_, cells in told.rows)]
    rows: list[list[Cell]] = [[HEADINGS[of] for of in fields]]
    rows += [[cells.get(of) for of in fields] for *_, cells in told.rows]
    sheet = Sheet("Dòng chưa vào", rows)
    return batches.take(session, actor, batch.neighbourhood_id, batch.file_name, batch.file_sha256, [sheet])


def _problems(plan: Plan, records: Records) -> list[Problem]:
    columns = [of for of in HEADINGS if of in plan.columns.values()]
    rows = {row.number: row for row in plan.rows}
    home = staging.homes(plan, records)
    told = _told(records)
    refused = {one.row for one in records.refused}
    found: list[Problem] = []
    for number in sorted(told, key=lambda number: (number not in refused, number)):
        row, reasons = rows[number], told[number]
        filled = {of for of in columns if row.text(of)}
        wrong = {of for one in reasons for of in AT_FAULT[one.code]} & set(columns)
        # Of several columns for a birth the filled one is at fault; where none of those is filled, all are shown.
        wrong = (wrong & filled) or wrong
        household = home.get(number)
        found.append(
            Problem(
                row=number,
                refused=number in refused,
                reasons=tuple((one.code, one.values) for one in reasons),
                cells=tuple((of, text(row.cells.get(of))) for of in columns),
                wrong=frozenset(wrong),
                home=", ".join(filter(None, (household.head_name, household.address))) if household else "",
            )
        )
    return found


def _told(records: Records) -> dict[int, list[Told]]:
    told: dict[int, list[Told]] = {}
    for one in (*records.refused, *records.notices):
        if one.code in AT_FAULT:
            told.setdefault(one.row, []).append(one)
    return told


def _changes(plan: Plan, cells: Mapping[tuple[int, Field], str]) -> dict[tuple[int, int], Cell]:
    """By row and column from 0: only what differs from the list, without ID numbers."""
    rows = {row.number: row for row in plan.rows}
    columns = {of: column for column, of in plan.columns.items() if of in HEADINGS}
    changes: dict[tuple[int, int], Cell] = {}
    for (number, of), typed in cells.items():
        if number not in rows or of not in columns:
            raise NotFound
        if typed.strip() != rows[number].text(of):
            changes[number - 1, columns[of] - 1] = cleaned(of, typed.strip() or None)
    return changes


def _with(sheet: Sheet, changes: Mapping[tuple[int, int], Cell]) -> Sheet:
    corrected = {(row, column): cell for row, column, cell in sheet.corrected} | dict(changes)
    return replace(sheet, corrected=tuple((row, column, cell) for (row, column), cell in corrected.items()))
