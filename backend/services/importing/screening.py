"""Single ID numbers in cells that are kept: shifted cells, numbers written beside a name or a phone.

The first line of defence is the allow-list of columns (formats.md section 2); this is the second.
"""

import re

from backend.services.importing.labels import Field
from backend.services.importing.reading import Cell
from backend.services.importing.table import text
from backend.text.idnumbers import REMOVED, is_id_cell, is_id_shape, screen

_NINE_DIGITS = re.compile(r"(?:\d\D{0,3}){8}[\doO]|\d[eE]\+?\d")
_NINE_TOGETHER = re.compile(r"\d{9}")
_RUN = re.compile(r"(?<!\d)\d{9,12}(?!\d)")
_CARD = re.compile(r"(?i)\b[a-z]{2}[ -]?\d{13}\b")  # health insurance, until the ID number took its place
_BIRTHS = (Field.DOB, Field.DOB_M, Field.DOB_F)
_WORDS = (Field.NAME, Field.HEAD_NAME, Field.RELATION, Field.ADDRESS, Field.OLD_ADDRESS, Field.GROUP)


def cleaned(of: Field | None, cell: Cell) -> Cell:
    """The cell without ID numbers, None where it is one; the cell itself where there is none.

    `of`: the column's field, None where the column is not mapped (it may hold phones, so only sure shapes go).
    """
    if not _may_be_number(cell):
        return cell
    if is_id_cell(cell):
        return None
    # Nine digits together where a birth should stand are a number of something, whatever its shape.
    if of in _BIRTHS and _NINE_TOGETHER.search(text(cell)):
        return None
    if not isinstance(cell, str):
        return cell
    cell = _CARD.sub(REMOVED, cell)
    return screen(cell)[0] if of in _WORDS else _RUN.sub(_without_id_shape, cell)


def _without_id_shape(found: re.Match[str]) -> str:
    return REMOVED if is_id_shape(found.group(0)) else found.group(0)


def _may_be_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        return len(cell) > 8 and bool(_NINE_DIGITS.search(cell))
    return cell is not None and cell >= 10_000_000
