"""What is kept between upload and commit: the cells that may be kept, compressed, encrypted, cleared after use.

Columns left out are not in it, nor is any single cell that holds an ID number. Reasons and values of refused rows
are personal data too and are kept the same way.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from backend.core.crypto import keyring
from backend.services.importing.labels import Field
from backend.services.importing.plan import Plan
from backend.services.importing.reading import Sheet
from backend.services.importing.records import Records
from backend.services.importing.rows import household_number
from backend.services.importing.screening import cleaned

_STAGED = "import.staged"
_REFUSED = "import.refused"
_NOT_KEPT = (Field.NOTE, Field.RESIDENCE)  # recognised, but never stored, not even until the commit


@dataclass(frozen=True)
class RefusedRows:
    """The rows that did not go in, ready for the Excel file, and the notices of those that did.

    `rows`: [row, code, values, {field: cell}]; `notices`: [row, code, values].
    """

    rows: list[tuple[int, str, dict[str, Any], dict[str, Any]]]
    notices: list[tuple[int, str, dict[str, Any]]]


def stage(sheets: Sequence[Sheet], plans: Sequence[Plan | None]) -> bytes:
    """The sheets without what their plans leave out, sealed; a sheet without a plan is kept by its name only."""
    kept = [
        _without(sheet, plan) if plan else replace(sheet, rows=[])
        for sheet, plan in zip(sheets, plans, strict=True)
    ]
    return restage(kept)


def restage(sheets: Sequence[Sheet]) -> bytes:
    """Sheets that `unstage` gave, sealed again; what was corrected in them is screened by whoever corrects."""
    return _seal(
        [[sheet.name, sheet.rows, sheet.merged, sheet.fonts, sheet.corrected] for sheet in sheets], _STAGED
    )


def unstage(sealed: bytes) -> list[Sheet]:
    """What `stage` kept."""
    return [
        Sheet(
            name,
            rows,
            tuple((top, left, bottom, right) for top, left, bottom, right in merged),
            tuple(fonts),
            tuple((row, column, cell) for row, column, cell in (corrected[0] if corrected else ())),
        )
        for name, rows, merged, fonts, *corrected in _open(sealed, _STAGED)
    ]


def refused_rows(plan: Plan, records: Records) -> RefusedRows:
    """The refused rows with their kept cells, and whose household they are, so that a corrected row finds it."""
    rows = {row.number: row for row in plan.rows}
    home = homes(plan, records)
    listed: list[tuple[int, str, dict[str, Any], dict[str, Any]]] = []
    for told in records.refused:
        cells: dict[str, Any] = {
            of: cell for of, cell in rows[told.row].cells.items() if of is not Field.NOTE
        }
        if household := home.get(told.row):
            cells[Field.HEAD_NAME] = cells.get(Field.HEAD_NAME) or household.head_name
            cells[Field.ADDRESS] = cells.get(Field.ADDRESS) or household.address
            cells[Field.STT_HO] = household.number or None
        listed.append((told.row, told.code, told.values, {of: cell for of, cell in cells.items() if cell}))
    return RefusedRows(listed, [(told.row, told.code, told.values) for told in records.notices])


class Home(NamedTuple):
    """The household of a row, as far as the list tells it."""

    head_name: str | None
    address: str
    number: str


def homes(plan: Plan, records: Records) -> dict[int, Home]:
    """Row to the household it belongs to, also where the row or the whole household was refused."""
    found: dict[int, Home] = {}
    grouping = plan.grouping
    for members, head in zip(grouping.households or (), grouping.heads or (), strict=True):
        row = plan.rows[members[0] if head is None else head]
        name = row.text(Field.HEAD_NAME) or (row.text(Field.NAME) if head is not None else "")
        home = Home(name or None, row.text(Field.ADDRESS), household_number(row))
        found |= {plan.rows[index].number: home for index in members}
    for household in records.households:
        home = Home(household.head_name, household.address, household.number)
        found |= dict.fromkeys(household.rows, home)
    return found


def keep_refused(refused: RefusedRows) -> bytes:
    """Refused rows and notices, sealed."""
    return _seal([refused.rows, refused.notices], _REFUSED)


def open_refused(sealed: bytes) -> RefusedRows:
    """What `keep_refused` kept."""
    rows, notices = _open(sealed, _REFUSED)
    return RefusedRows([tuple(row) for row in rows], [tuple(notice) for notice in notices])


def _without(sheet: Sheet, plan: Plan) -> Sheet:
    gone = {column - 1 for column in plan.left_out}
    gone |= {column - 1 for column, of in plan.columns.items() if of in _NOT_KEPT}
    # Above the heading stand titles; below it only headed columns can be mapped.
    headed = {column for column in plan.header.labels if column not in gone}
    last = plan.header.last
    rows = [
        [
            cleaned(plan.columns.get(column + 1), cell) if column in headed else None
            for column, cell in enumerate(row)
        ]
        if number > last
        else [
            None if column in gone and number < plan.header.first else cell for column, cell in enumerate(row)
        ]
        for number, row in enumerate(sheet.rows)
    ]
    return replace(sheet, rows=rows)


def _seal(value: Any, context: str) -> bytes:
    packed = zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), 1)
    return keyring().seal(packed, context)


def _open(sealed: bytes, context: str) -> Any:
    return json.loads(zlib.decompress(keyring().open(sealed, context)))
