"""Which rows of a list are people or households, and which are totals, sections, headings, signatures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.services.importing.headers import is_numbering
from backend.services.importing.labels import Field
from backend.services.importing.reading import Cell
from backend.services.importing.table import Table, text
from backend.text.vietnamese import search_key

# With accents, as "Tống Công Minh" and "Chung Thị Bình" are people; without them only where the whole text says so.
_AFTER_TOTAL = r"(?:\s*[:.(\d].*|\s+(?:hộ|ho|số|so|nhân|nhan|toàn|toan|chung|các|cac|thôn|thon|tổ|to|xã|xa|khẩu|khau)\b.*)?"
_TOTAL = re.compile(rf"(?:tổng cộng|tổng số|tổng|cộng|chung|tong cong|tong so|cong){_AFTER_TOTAL}")
_SECTION = re.compile(
    r"(?:[ivx]+ |\d+ )?(?:to|tdp|to dan pho|thon|ap|khu|khu pho|khom|xom|ban|ngo|ngach|hem|kiet|cum|duong|pho)\b.*\d.*"
)
_SIGNATURE = re.compile(
    r"(?:nguoi lap|nguoi thong ke|nguoi ky|can bo|chu tich|truong thon|to truong|tm |t m |kt |xac nhan|ky ten|ky ghi ro"
    r"|ngay \d|.*ngay \d* ?thang|noi nhan|lap bieu|thu truong|ghi chu|luu y|nguoi kiem tra|cong an)"
)
_LETTER = re.compile(r"[^\W\d_]")
_PERSON = (
    Field.NAME,
    Field.HEAD_NAME,
    Field.RELATION,
    Field.DOB,
    Field.DOB_M,
    Field.DOB_F,
    Field.SEX,
    Field.PHONE,
)
_MERGED_DOWN = (Field.STT_HO, Field.ADDRESS, Field.GROUP, Field.HEAD_NAME)


@dataclass(frozen=True)
class Row:
    """One row's kept cells by field, and its place in the file (counted from 1)."""

    number: int
    cells: Mapping[Field, Cell]

    def text(self, of: Field) -> str:
        """A kept cell as text, "" where the row has none."""
        return text(self.cells.get(of))


def find_rows(
    table: Table, after: int, fields: Mapping[int, Field], labels: Mapping[int, str]
) -> tuple[list[Row], list[int]]:
    """The rows with people or households after row `after` (from 0), and the rows that are neither (from 1)."""
    rows: list[Row] = []
    skipped: list[int] = []
    down = _merged_down(table, after, fields)
    places = list(fields.items())
    total_seen = False
    for index in range(after + 1, len(table.rows)):
        cells = table.rows[index]
        filled = [cell for cell in cells if cell is not None]
        if not filled or (not rows and not skipped and is_numbering(cells)):
            continue
        width = len(cells)
        kept = {of: cells[column] for column, of in places if column < width and cells[column] is not None}
        row = Row(index + 1, kept | down[index] if index in down else kept)
        total = _is_total(cells, row)
        if total or not _is_person(row, filled, total_seen) or _repeats_header(cells, labels):
            skipped.append(index + 1)
            total_seen = total_seen or (total and bool(rows))
            continue
        rows.append(row)
    return rows, skipped


def household_number(row: Row) -> str:
    """The household's number in the list; the "." that fills empty cells is none."""
    value = row.text(Field.STT_HO).strip(" .-_")
    return str(int(value)) if value.isdigit() and len(value) < 7 else value.casefold()


def _merged_down(table: Table, after: int, fields: Mapping[int, Field]) -> dict[int, dict[Field, Cell]]:
    """Household columns merged over the rows of a household speak for each of them."""
    found: dict[int, dict[Field, Cell]] = {}
    for top, left, bottom, right in table.merged:
        of = fields.get(left)
        if left == right and bottom > top > after and of in _MERGED_DOWN and bottom < len(table.rows):
            for row in range(top + 1, bottom + 1):
                found.setdefault(row, {})[of] = table.cell(top, left)
    return found


def _is_person(row: Row, filled: Sequence[Cell], total_seen: bool) -> bool:
    named = bool(_LETTER.search(row.text(Field.NAME) + row.text(Field.HEAD_NAME)))
    if len(filled) <= 3 and _is_frame(row, filled):
        return False
    if total_seen and (not named or len(filled) < 3):
        return False
    if named:
        return True
    told = [of for of in _PERSON if any(char.isalnum() for char in row.text(of))]
    return bool(told) or bool(household_number(row) and row.text(Field.ADDRESS))


def _is_frame(row: Row, filled: Sequence[Cell]) -> bool:
    """The name of a section, or the signatures below a list."""
    words = [search_key(cell) for cell in filled if isinstance(cell, str)]
    name = search_key(row.text(Field.NAME) or row.text(Field.HEAD_NAME))
    if any(_SIGNATURE.match(word) for word in (*words[:1], name)):
        return True
    return len(filled) == 1 and bool(words) and bool(_SECTION.fullmatch(words[0]))


def _is_total(cells: Sequence[Cell], row: Row) -> bool:
    if any(of in row.cells for of in (Field.RELATION, Field.PHONE, Field.SEX)):
        return False
    words = [cell.casefold().strip(" :.*") for cell in cells if isinstance(cell, str)][:3]
    return any(_TOTAL.fullmatch(word) for word in words)


def _repeats_header(cells: Sequence[Cell], labels: Mapping[int, str]) -> bool:
    """A heading printed again on the next page."""
    alike = sum(column < len(cells) and cells[column] == label for column, label in labels.items())
    return alike >= 2
