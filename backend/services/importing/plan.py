"""What the import makes of a file: the plan that is shown, confirmed and committed.

The keys of `Plan.as_json` are those of the published vectors; rows and columns count from 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.core.refusal import Refusal
from backend.services.importing.grouping import GroupBy, Grouping, group
from backend.services.importing.headers import Header, find_header, header_at
from backend.services.importing.labels import Field
from backend.services.importing.reading import Sheet
from backend.services.importing.rows import Row, find_rows
from backend.services.importing.screening import cleaned
from backend.services.importing.table import Table, make_table
from backend.text.idnumbers import is_id_column

BY_VALUES = "looks like national ID numbers"
_SAMPLE = 500  # cells of a column are enough to judge it
_NUMBERS_EXPECTED = (Field.STT, Field.STT_HO, Field.MEMBERS)


@dataclass(frozen=True)
class Choice:
    """What a person decided over the suggestion: columns from 1 to field or None, the heading's rows from 1.

    `left_out`: columns that were left out by their values at the first reading, when they were still there.
    """

    sheet: str | None = None
    columns: Mapping[int, Field | None] | None = None
    group_by: GroupBy = GroupBy.FILE
    header_rows: tuple[int, int] | None = None
    left_out: Mapping[int, str] | None = None


@dataclass(frozen=True)
class Plan:
    """`columns`: from 1, to field; `left_out`: from 1, to why; `rows`: the data rows with kept cells only.

    `others`: columns that may be mapped but are not; `sheets`: the sheets that the file has; `removed`: rows
    with a code, where one cell of a kept column held an ID number and was blanked.
    """

    table: Table
    header: Header
    columns: dict[int, Field]
    left_out: dict[int, str]
    others: dict[int, str]
    rows: list[Row]
    skipped: list[int]
    grouping: Grouping
    sheets: tuple[str, ...] = ()
    removed: tuple[tuple[int, str], ...] = ()

    @property
    def labels(self) -> dict[int, str]:
        """The headings as read, by column from 1."""
        return {column + 1: label for column, label in self.header.labels.items()}

    def as_json(self, refused: Iterable[tuple[int, str]] = ()) -> dict[str, Any]:
        """The plan with the published keys; `refused`: (row, reason as a sentence)."""
        numbers = [row.number for row in self.rows]
        households, heads = self.grouping.households, self.grouping.heads
        return {
            "encoding": str(self.table.encoding),
            "header_rows": [self.header.first + 1, self.header.last + 1],
            "first_data_row": numbers[0] if numbers else self.header.last + 2,
            "columns": {str(column): str(of) for column, of in sorted(self.columns.items())},
            "leave_out": {str(column): why for column, why in sorted(self.left_out.items())},
            "data_rows": numbers,
            "skip_rows": self.skipped,
            "households": None
            if households is None
            else [[numbers[index] for index in members] for members in households],
            "head_rows": None
            if heads is None
            else [None if index is None else numbers[index] for index in heads],
            "refused": [{"row": row, "reason": reason} for row, reason in refused],
        }


@dataclass
class _Reading:
    table: Table
    header: Header | None
    place: int = field(default=0)


def make_plan(sheets: Sequence[Sheet], choice: Choice | None = None) -> Plan:
    """The plan for a file's sheets. Raises Refusal("no_header") where no sheet has a heading that can be read."""
    choice = choice or Choice()
    names = tuple(sheet.name for sheet in sheets)
    reading = _choose_sheet(sheets, choice)
    if reading.header is None:
        raise Refusal("no_header")
    table, header = reading.table, reading.header
    suggested = {column + 1: of for column, of in header.fields.items()}
    left_out = {column + 1: why for column, why in header.left_out.items()}
    left_out |= _left_out_by_values(table, header, suggested) | dict(choice.left_out or {})
    if choice.columns is not None:
        suggested = {column: of for column, of in choice.columns.items() if of is not None}
    # Whatever a person maps, a column of ID numbers is never read.
    columns = {column: of for column, of in suggested.items() if column not in left_out}
    others = {
        column + 1: label
        for column, label in header.labels.items()
        if column + 1 not in columns and column + 1 not in left_out
    }
    from_zero = {column - 1: of for column, of in columns.items()}
    rows, skipped = find_rows(table, header.last, from_zero, header.labels)
    if not rows:
        raise Refusal("no_rows")
    rows, removed = _blank_id_cells(rows)
    grouping = group(rows, choice.group_by)
    return Plan(table, header, columns, left_out, others, rows, skipped, grouping, names, tuple(removed))


def _choose_sheet(sheets: Sequence[Sheet], choice: Choice) -> _Reading:
    """The sheet a person named, else the one with the clearest heading; of equals the first."""
    wanted = [sheet for sheet in sheets if choice.sheet in (None, sheet.name)] or list(sheets)
    best: _Reading | None = None
    for place, sheet in enumerate(wanted):
        table = make_table(sheet)
        header = (
            header_at(table, choice.header_rows[0] - 1, choice.header_rows[1] - 1)
            if choice.header_rows
            else find_header(table)
        )
        if best is None or (header and (best.header is None or header.points > best.header.points + 1)):
            best = _Reading(table, header, place)
    if best is None:
        raise Refusal("file_empty")
    return best


def _blank_id_cells(rows: list[Row]) -> tuple[list[Row], list[tuple[int, str]]]:
    """A single ID number in a kept column is blanked or cut and told by its row, never by its value."""
    removed: list[tuple[int, str]] = []
    clean: list[Row] = []
    for row in rows:
        bad = {of: left for of, cell in row.cells.items() if (left := cleaned(of, cell)) != cell}
        if bad:
            removed.append((row.number, "row_id_removed"))
            kept = {of: cell for of, cell in {**row.cells, **bad}.items() if cell is not None}
            row = Row(row.number, kept)
        clean.append(row)
    return clean, removed


def _left_out_by_values(table: Table, header: Header, suggested: Mapping[int, Field]) -> dict[int, str]:
    """Columns whose cells are ID numbers though their heading does not say so (formats.md 2.3, rule 2)."""
    found: dict[int, str] = {}
    for column in range(table.width):
        of = suggested.get(column + 1)
        if column in header.left_out or of in _NUMBERS_EXPECTED:
            continue
        sample = [cell for cell in table.column(column, header.last + 1) if cell is not None][:_SAMPLE]
        # One shifted cell in a mapped column is blanked by itself (rule 3); two and more say what the column is.
        if is_id_column(sample, least=2 if of else 1):
            found[column + 1] = BY_VALUES
    return found
