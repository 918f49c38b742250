"""The cells of one sheet made readable: legacy encodings decoded, NFC, white space folded."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from backend.services.importing.reading import Cell, Sheet
from backend.text.legacy import Encoding, decode, detect, has_legacy_letters, scores

_SAMPLE = 100  # telling cells of a column are enough to tell its encoding
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u2060\u00ad"))
_UNICODE_LETTER = re.compile(r"[\u0100-\u024f\u0300-\u036f\u1e00-\u1eff]")
_FORMULA_SIGNS = "=+-@\t\r＝＋－＠"


@dataclass(frozen=True)
class Table:
    """A sheet in Unicode. `rows` count from 0; `encoding`: what most of its accented text was written in."""

    name: str
    rows: list[list[Cell]]
    merged: tuple[tuple[int, int, int, int], ...]
    encoding: Encoding
    width: int

    def cell(self, row: int, column: int) -> Cell:
        """One cell, None outside of what is filled."""
        cells = self.rows[row] if row < len(self.rows) else []
        return cells[column] if column < len(cells) else None

    def column(self, column: int, start: int = 0) -> Iterator[Cell]:
        """The cells of one column from row `start` on."""
        for row in self.rows[start:]:
            yield row[column] if column < len(row) else None


def make_table(sheet: Sheet) -> Table:
    """`sheet` decoded column by column (formats.md section 5.6) and cleaned."""
    width = max((len(row) for row in sheet.rows), default=0)
    samples = [_telling(sheet, column) for column in range(width)]
    encoding = _of_sheet(samples)
    plans = [
        (_of_column(samples[column], encoding), _draws_capitals(sheet, column)) for column in range(width)
    ]
    rows = [
        [
            _clean(cell, *plan) if isinstance(cell, str) else cell
            for cell, plan in zip(row, plans, strict=False)
        ]
        for row in sheet.rows
    ]
    for row, column, cell in sheet.corrected:
        rows[row] += [None] * (column + 1 - len(rows[row]))
        rows[row][column] = _clean(cell, Encoding.UNICODE, False) if isinstance(cell, str) else cell
    return Table(sheet.name, rows, sheet.merged, encoding, width)


def text(cell: Cell) -> str:
    """A cell as text: whole numbers without a point, nothing as ""."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _telling(sheet: Sheet, column: int) -> list[str]:
    found: list[str] = []
    for row in sheet.rows:
        cell = row[column] if column < len(row) else None
        if isinstance(cell, str) and not cell.isascii() and has_legacy_letters(cell):
            found.append(cell)
            if len(found) == _SAMPLE:
                break
    return found


def _of_sheet(samples: list[list[str]]) -> Encoding:
    weights: Counter[Encoding] = Counter()
    for sample in samples:
        if sample:
            weights[detect(sample)] += len(sample)
    return weights.most_common(1)[0][0] if weights else Encoding.UNICODE


def _of_column(sample: list[str], sheet: Encoding) -> Encoding:
    if len(sample) >= 3:
        return detect(sample)
    # One or two cells can mislead (97 % right): the sheet's reading stands unless it is clearly worse.
    found = scores(sample)
    if not found or found[sheet] >= max(found.values()) - 20:
        return sheet
    return detect(sample)


def _draws_capitals(sheet: Sheet, column: int) -> bool:
    font = sheet.fonts[column] if column < len(sheet.fonts) else None
    return bool(font) and str(font).startswith(".Vn") and str(font).endswith("H")


def _clean(value: str, encoding: Encoding, capitals: bool) -> str | None:
    if not value.isascii():
        # A cell with letters that no old font's codes can hold (often the heading) is Unicode whatever its column is.
        if encoding is not Encoding.UNICODE and not _UNICODE_LETTER.search(value):
            value = decode(value, encoding, capitals=capitals)
        elif not unicodedata.is_normalized("NFC", value):
            value = unicodedata.normalize("NFC", value)
        value = value.translate(_INVISIBLE)
    elif capitals and encoding is Encoding.TCVN3:
        value = value.upper()
    if not value.isprintable() or "  " in value or value[:1] == " " or value[-1:] == " ":
        value = " ".join(value.split())
    if value[:1] == "'" and value[1:2] and value[1] in _FORMULA_SIGNS:
        value = value[1:]  # our own exports protect such texts with an apostrophe
    return value or None
