"""Find the heading of a list: where it stands, how deep it is, what each column means (formats.md section 7.3)."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from backend.services.importing.labels import Field, meaning, normalise
from backend.services.importing.reading import Cell
from backend.services.importing.table import Table, text
from backend.text.vietnamese import nfc

SEARCHED = 25  # rows
DEEPEST = 3
_LONGEST_LABEL = 45
_ENOUGH = 4.0
_BIRTHS = ("ngay sinh", "nam sinh", "ngay thang nam sinh", "ns", "sinh nam", "ngay/thang/nam sinh")


@dataclass(frozen=True)
class Header:
    """A heading: its rows from 0, inclusive. By column from 0: `labels` as read, `fields`, `left_out` with why."""

    first: int
    last: int
    labels: dict[int, str]
    fields: dict[int, Field]
    left_out: dict[int, str]
    points: float


def find_header(table: Table) -> Header | None:
    """The best heading within the first 25 rows, or None when there is none."""
    candidates = [
        _judge(table, first, first + depth - 1)
        for first in range(min(SEARCHED, len(table.rows)))
        if any(cell is not None for cell in table.rows[first])
        for depth in range(1, DEEPEST + 1)
        if first + depth <= len(table.rows)
    ]
    best = max(candidates, key=lambda header: (header.points, -header.first), default=None)
    return best if best is not None and best.points >= _ENOUGH else None


def header_at(table: Table, first: int, last: int) -> Header:
    """The heading that a person pointed at."""
    return _judge(table, first, last)


def is_numbering(cells: Iterable[Cell]) -> bool:
    """True for "(1) (2) (3)" or "A B C 1 E": at least 3 cells, each a letter or a number, all different."""
    marks = [re.sub(r"[().\s]", "", text(cell)) for cell in cells if cell is not None]
    marks = [mark for mark in marks if mark]
    short = all(re.fullmatch(r"[^\W\d_]|\d{1,2}|\d{1,2}=\S+", mark) for mark in marks)
    if len(marks) < 3 or not short or len(set(marks)) != len(marks):
        return False
    numbers = [int(mark) for mark in marks if mark.isdigit()]
    return numbers == sorted(numbers)


def _judge(table: Table, first: int, last: int) -> Header:
    levels = _levels(table, first, last)
    labels = {column: " ".join(parts) for column, parts in levels.items()}
    births = _births_by_sex(levels)
    fields: dict[int, Field] = {}
    left_out: dict[int, str] = {}
    offers: list[tuple[float, int, Field]] = []
    for column, parts in levels.items():
        told = births.get(column)
        if told is not None:
            offers += [(3.0, column, told)] if told in (Field.DOB, Field.DOB_M, Field.DOB_F) else []
            continue
        if reason := _left_out(parts):
            left_out[column] = reason
        elif offer := _offer(parts):
            offers.append((offer[1], column, offer[0]))
    points = float(len(left_out))
    for score, column, field in sorted(offers, key=lambda offer: (-offer[0], offer[1])):
        if field not in fields.values():
            fields[column] = field
            points += score
    points -= _penalties(table, first, last, labels, fields)
    return Header(first, last, labels, fields, left_out, points)


def _penalties(
    table: Table, first: int, last: int, labels: dict[int, str], fields: dict[int, Field]
) -> float:
    points = 0.6 * (last - first)
    points += 3 * sum(is_numbering(table.rows[row]) for row in range(first, last + 1))
    points += 2 * sum(len(label) > _LONGEST_LABEL for label in set(labels.values()))
    if len(set(labels.values())) < 3:
        points += 6
    if not {Field.NAME, Field.HEAD_NAME} & set(fields.values()):
        points += 4
    # A cell merged over the first or the last row of the heading says that the heading goes on there.
    merged = [(top, bottom) for top, _, bottom, _ in table.merged if 0 < bottom - top < DEEPEST]
    points += 2 * sum(
        first <= top <= last < bottom or top < first <= bottom <= last for top, bottom in merged
    )
    return points


def _levels(table: Table, first: int, last: int) -> dict[int, list[str]]:
    """By column the labels from parent to child; a label repeated by a merge stands once."""
    expanded: dict[tuple[int, int], Cell] = {}
    for top, left, bottom, right in table.merged:
        if bottom < first or top > last:
            continue
        for row in range(max(top, first), min(bottom, last) + 1):
            for column in range(left, min(right, table.width - 1) + 1):
                expanded[row, column] = table.cell(top, left)
    levels: dict[int, list[str]] = {}
    for column in range(table.width):
        parts: list[str] = []
        for row in range(first, last + 1):
            label = nfc(text(expanded.get((row, column), table.cell(row, column))))
            if label and (not parts or parts[-1] != label):
                parts.append(label)
        if parts:
            levels[column] = parts
    return levels


def _births_by_sex(levels: dict[int, list[str]]) -> dict[int, Field | None]:
    """Columns below a heading of birth: Nam and Nữ tell the sex, Ngày, Tháng, Năm are parts (only the year counts)."""
    below: dict[str, dict[int, str]] = {}
    previous = ""
    for column, parts in levels.items():
        parent, child = _parent_and_child(parts)
        if parent in _BIRTHS and child:
            below.setdefault(parent, {})[column] = child
        elif normalise(parts[0]) == "nu" and len(parts) == 1 and previous in _BIRTHS:
            below[previous][column] = child  # "Năm sinh" stands over Nam only where nobody merged the cells
        previous = parent if child and normalise(child) == "nam" else ""
    found: dict[int, Field | None] = {}
    for children in below.values():
        names = Counter(normalise(child) for child in children.values())
        for column, child in children.items():
            plain = normalise(child)
            if plain == "nu" and names["nam"]:
                found[column] = Field.DOB_F
            elif plain == "nam" and (names["nu"] or child.casefold() == "nam") and not names["ngay"]:
                found[column] = Field.DOB_M
            elif plain == "nam":
                found[column] = Field.DOB
            elif plain in ("ngay", "thang"):
                found[column] = None
    return found


def _parent_and_child(parts: list[str]) -> tuple[str, str]:
    if len(parts) > 1:
        return normalise(parts[-2]), parts[-1]
    words = parts[0].split()  # "Năm sinh nam" on one level
    return normalise(" ".join(words[:-1])), words[-1]


def _left_out(parts: list[str]) -> str | None:
    return meaning(normalise(" ".join(parts))).left_out or (
        next((reason for part in reversed(parts) if (reason := meaning(normalise(part)).left_out)), None)
        if len(parts) > 1
        else None
    )


def _offer(parts: list[str]) -> tuple[Field, float] | None:
    """The best reading of a column's heading as a whole, or of its child alone ("Thông tin chủ hộ" over "SĐT")."""
    whole = meaning(normalise(" ".join(parts))).scores[:1]
    child = meaning(normalise(parts[-1])).scores[:1] if len(parts) > 1 else ()
    offers = [*whole, *((field, score - 0.3) for field, score in child)]
    best = max(offers, key=lambda offer: offer[1], default=None)
    if best is not None and best[0] is Field.NAME and any("chu ho" in normalise(part) for part in parts[:-1]):
        return Field.HEAD_NAME, best[1]
    return best
