"""Which rows of a list are people or households, and which are totals, sections, headings, signatures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from backend.services.importing.headers import is_numbering
from backend.services.importing.labels import Field
from backend.services.importing.reading import Cell
from backend.services.importing.table import Table, text
from backend.text.vietnamese import search_key

# With accents, as "Tống Công Minh" and "Chung Thị Bình" are people; without them only where the whole text says so.
_AFTER_TOTAL = r"(?:\s*[:.(\d].*|\s+(?:hộ|ho|số|so|nhân|nhan|toàn|toan|chung|các|cac|thôn|thon|tổ|to|xã|xa|khẩu|khau)\b.*)?"
_PAGE_TOTAL = r"cộng\s+(?:trang|mang sang|dồn|lũy kế|luỹ kế|nhóm|cụm|ấp|bản|khu|xóm|tdp)\b.*|bằng chữ\b.*"
_TOTAL = re.compile(
    rf"(?:tổng cộng|tổng số|tổng|cộng|chung|tong cong|tong so|cong){_AFTER_TOTAL}|{_PAGE_TOTAL}"
)
_SECTION = re.compile(
    r"(?:[ivx]+ |\d+ )?(?:to|tdp|to dan pho|thon|ap|khu|khu pho|khom|xom|ban|ngo|ngach|hem|kiet|cum|duong|pho)\b.*\d.*"
)
_SIGNATURE = re.compile(
    r"(?:nguoi lap|nguoi thong ke|nguoi ky|can bo|chu tich|truong thon|truong ban|truong ap|truong khu|to truong|tm |t m "
    r"|kt |xac nhan|ky ten|ky ghi ro|da ky\b|ngay \d|.*ngay \d* ?thang|noi nhan|lap bieu|thu truong|nguoi kiem tra"
    r"|cong an)"
)
_REMARK = re.compile(r"(?:ghi chu|luu y)")
# Above the rows of a household in lists that tell the relation: "I. Hộ ông Vi Văn Xô".
_HOUSEHOLD_ABOVE = re.compile(r"ho (?:ong|ba|gia dinh|anh|chi) .*")
_MARK = re.compile(r"[x✓✔☑v1]|có", re.IGNORECASE)
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


class Kind(Enum):
    """What a row below the heading is; OTHER: a section, a remark, a heading printed again."""

    PERSON = auto()
    TOTAL = auto()
    SIGNATURE = auto()
    OTHER = auto()


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
    doubtful: list[Row] = []  # below a total or a signature: who signed, unless the list goes on
    ended: Kind | None = None
    down = _merged_down(table, after, fields)
    places = list(fields.items())
    relations = Field.RELATION in fields.values()
    for index in range(after + 1, len(table.rows)):
        cells = table.rows[index]
        filled = [cell for cell in cells if cell is not None]
        if not filled or (not rows and not skipped and is_numbering(cells)):
            continue
        width = len(cells)
        kept = {of: cells[column] for column, of in places if column < width and cells[column] is not None}
        row = Row(index + 1, _marked_head(down[index] | kept if index in down else kept))
        kind = Kind.OTHER if _repeats_header(cells, labels) else _kind(cells, filled, row, relations)
        if kind is Kind.PERSON and ended and not _named(row):
            kind = Kind.OTHER
        if kind is not Kind.PERSON:
            skipped.append(row.number)
            if rows and kind is not Kind.OTHER:
                ended = Kind.SIGNATURE if Kind.SIGNATURE in (kind, ended) else kind
        elif ended and _may_be_a_signer(row, filled):
            doubtful.append(row)
        else:
            goes_on = [one for one in doubtful if ended is Kind.TOTAL and _tells_a_person(one)]
            skipped += [one.number for one in doubtful if one not in goes_on]
            rows += [*goes_on, row]
            doubtful, ended = [], None
    return rows, sorted([*skipped, *(row.number for row in doubtful)])


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


def _marked_head(kept: dict[Field, Cell]) -> dict[Field, Cell]:
    """An "x" in a column "Chủ hộ" beside the names is no name: it says that this row is the head's."""
    marked = text(kept.get(Field.HEAD_NAME))
    if Field.NAME not in kept or not _MARK.fullmatch(marked):
        return kept
    others = {of: cell for of, cell in kept.items() if of is not Field.HEAD_NAME}
    return {Field.RELATION: "chủ hộ"} | others


def _kind(cells: Sequence[Cell], filled: Sequence[Cell], row: Row, relations: bool) -> Kind:
    if _is_total(cells, row):
        return Kind.TOTAL
    if len(filled) <= 3 and not _numbered(row) and _is_signature(row, filled):
        return Kind.SIGNATURE
    return Kind.PERSON if _is_person(row, filled, relations) else Kind.OTHER


def _is_person(row: Row, filled: Sequence[Cell], relations: bool) -> bool:
    name = search_key(row.text(Field.NAME) or row.text(Field.HEAD_NAME))
    words = [search_key(cell) for cell in filled if isinstance(cell, str)]
    if len(filled) == 1 and words and _SECTION.fullmatch(words[0]):
        return False
    if len(filled) <= 3 and any(_REMARK.match(word) for word in (*words[:1], name)):
        return False
    if relations and len(filled) <= 2 and any(_HOUSEHOLD_ABOVE.fullmatch(word) for word in words):
        return False
    if _named(row):
        return True
    told = [of for of in _PERSON if any(char.isalnum() for char in row.text(of))]
    return bool(told) or bool(household_number(row) and row.text(Field.ADDRESS))


def _is_signature(row: Row, filled: Sequence[Cell]) -> bool:
    first = next((search_key(cell) for cell in filled if isinstance(cell, str)), "")
    name = search_key(row.text(Field.NAME) or row.text(Field.HEAD_NAME))
    return any(_SIGNATURE.match(word) for word in (first, name))


def _may_be_a_signer(row: Row, filled: Sequence[Cell]) -> bool:
    """A few words without a number: the names below the signatures stand in any column."""
    plain = not any(char.isdigit() for cell in filled for char in text(cell))
    return not _numbered(row) and (len(filled) < 3 or (plain and len(filled) <= 4))


def _tells_a_person(row: Row) -> bool:
    return any(_LETTER.search(row.text(of)) for of in (Field.RELATION, Field.SEX, Field.ADDRESS))


def _named(row: Row) -> bool:
    return bool(_LETTER.search(row.text(Field.NAME) + row.text(Field.HEAD_NAME)))


def _numbered(row: Row) -> bool:
    return row.text(Field.STT).isdigit() or household_number(row).isdigit()


def _is_total(cells: Sequence[Cell], row: Row) -> bool:
    if any(of in row.cells for of in (Field.RELATION, Field.PHONE, Field.SEX)):
        return False
    words = [cell.casefold().strip(" :.*") for cell in cells if isinstance(cell, str)][:3]
    return any(_TOTAL.fullmatch(word) for word in words)


def _repeats_header(cells: Sequence[Cell], labels: Mapping[int, str]) -> bool:
    """A heading printed again on the next page."""
    alike = sum(column < len(cells) and cells[column] == label for column, label in labels.items())
    return alike >= 2
