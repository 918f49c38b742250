"""Which people are one household (formats.md sections 7.1 and 7.3).

Never delete, never guess: where the file does not say, the answer is None and a person is asked; where a few
rows contradict the rest, those rows are refused with the reason and the others go on.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from backend.services.importing.labels import Field
from backend.services.importing.rows import Row, household_number
from backend.text.vietnamese import search_key

_HEAD_WORDS = re.compile(r"(?:la )?chu ho\b.*|ch")
_PEOPLE_BELIEVED = 30  # of a household, on average; above that the heads are not told but lost (formulas)
_CONFLICTS_ALLOWED = 0.1  # of the households; above that the rule itself is in doubt and a person is asked


class GroupBy(StrEnum):
    """What a person may answer when the file does not say which rows are one household."""

    FILE = "file"  # as the file itself says
    ROW = "row"  # each row is a household
    ADDRESS = "address"  # the same address is one household
    STT = "stt"  # the person's number begins again at 1 with each household


@dataclass
class Grouping:
    """`households`: rows by index into the data rows, None = ask. `heads`: by household, None where nobody is head.

    `refused`: row index to reason code. `notices`: (row index, code).
    """

    households: list[list[int]] | None = None
    heads: list[int | None] | None = None
    refused: dict[int, str] = field(default_factory=dict)
    notices: list[tuple[int, str]] = field(default_factory=list)


def group(rows: Sequence[Row], by: GroupBy = GroupBy.FILE) -> Grouping:
    """Put the data rows together, as the file says or as a person answered."""
    if by is GroupBy.ROW:
        return _each_alone(rows)
    if by is GroupBy.ADDRESS:
        return _with_heads(rows, _by_key(rows, lambda row: search_key(row.text(Field.ADDRESS))))
    if by is GroupBy.STT:
        starts = [index for index, row in enumerate(rows) if row.text(Field.STT) == "1"]
        return _with_heads(rows, _by_starts(rows, starts), first_is_head=not _tells_heads(rows))
    return _as_the_file_says(rows)


def is_head(row: Row) -> bool:
    """True when the relation says "chủ hộ"."""
    return _says_head(row.text(Field.RELATION))


@lru_cache(maxsize=4096)
def _says_head(relation: str) -> bool:
    return bool(_HEAD_WORDS.fullmatch(search_key(relation)))


def _as_the_file_says(rows: Sequence[Row]) -> Grouping:
    numbers = [household_number(row) for row in rows]
    names, head_names = _has(rows, Field.NAME), _has(rows, Field.HEAD_NAME)
    if head_names and not names:
        return _each_alone(rows)
    if names and all(row.text(Field.HEAD_NAME) for row in rows):
        return _by_head_name(rows)
    if any(numbers):
        adjacent = any(one and one == two for one, two in itertools.pairwise(numbers))
        if adjacent or (all(numbers) and len(set(numbers)) < len(numbers)):
            return _by_number(rows, numbers)
        starts = [index for index, row in enumerate(rows) if numbers[index] or is_head(row)]
        if len(rows) > _PEOPLE_BELIEVED * len(starts):
            return Grouping()
        found = _with_heads(rows, _by_starts(rows, starts), first_is_head=True)
        return _checked(rows, found, numbers)
    if any(is_head(row) for row in rows):
        starts = [index for index, row in enumerate(rows) if is_head(row)]
        return _with_heads(rows, _by_starts(rows, starts))
    if head_names:
        return _by_head_name(rows)
    return Grouping()


def _by_number(rows: Sequence[Row], numbers: Sequence[str]) -> Grouping:
    """The number stands on every row: rows with one number are one household, also when they stand apart."""
    current: dict[str, list[int]] = {}
    households: list[list[int]] = []
    found = Grouping()
    latest: list[int] | None = None
    for index, row in enumerate(rows):
        number = numbers[index]
        members = current.get(number) if number else latest
        if members and number and _elsewhere(row, rows[members[-1]]) and members[-1] != index - 1:
            found.notices.append((index, "duplicate_number"))  # the numbers begin again in each group
            members = None
        begins = is_head(row) and (not number or any(is_head(rows[other]) for other in members or ()))
        if begins and members and number:
            found.notices.append((index, "duplicate_number"))
        if begins or (members is None and number):
            members = []
            households.append(members)
            if number:
                current[number] = members
        if members is None:
            continue  # a row before every number belongs to none
        if members and members[-1] != index - 1:
            found.notices.append((index, "far_from_household"))
        members.append(index)
        latest = members
    return _with_heads(rows, households, found, first_is_head=not _tells_heads(rows))


def _elsewhere(row: Row, other: Row) -> bool:
    here, there = search_key(row.text(Field.GROUP)), search_key(other.text(Field.GROUP))
    return bool(here and there) and here != there


def _by_starts(rows: Sequence[Row], starts: Sequence[int]) -> list[list[int]]:
    """A household begins at each of `starts`; rows before the first belong to none."""
    ends = [*starts[1:], len(rows)]
    return [list(range(start, end)) for start, end in zip(starts, ends, strict=True)] if starts else []


def _by_key(rows: Sequence[Row], key: Callable[[Row], str]) -> list[list[int]]:
    """Rows with one key are one household; a row without a key belongs to the one before it."""
    households: dict[str, list[int]] = {}
    last = ""
    for index, row in enumerate(rows):
        last = key(row) or last or f"row {index}"
        households.setdefault(last, []).append(index)
    return list(households.values())


def _by_head_name(rows: Sequence[Row]) -> Grouping:
    """One head's name is one household; two heads of one name at two addresses are two families."""
    households: list[list[int]] = []

    def key(row: Row) -> str:
        head = search_key(row.text(Field.HEAD_NAME))
        return f"{household_number(row)}|{head}" if head else ""

    for members in _by_key(rows, key):
        doors = {
            search_key(rows[index].text(Field.ADDRESS)) for index in members if _bears_heads_name(rows[index])
        }
        if len(doors) > 1:
            alone = [rows[index] for index in members]
            split = _by_key(alone, lambda row: search_key(row.text(Field.ADDRESS)))
            households += [[members[index] for index in part] for part in split]
        else:
            households.append(members)
    return _with_heads(rows, households)


def _each_alone(rows: Sequence[Row]) -> Grouping:
    return Grouping([[index] for index in range(len(rows))], list(range(len(rows))))


def _tells_heads(rows: Sequence[Row]) -> bool:
    return _has(rows, Field.RELATION) or (_has(rows, Field.HEAD_NAME) and _has(rows, Field.NAME))


def _with_heads(
    rows: Sequence[Row],
    households: list[list[int]],
    found: Grouping | None = None,
    *,
    first_is_head: bool = False,
) -> Grouping:
    """Name each household's head, and refuse the rows that belong to no household."""
    found = found or Grouping()
    households = sorted((members for members in households if members), key=lambda members: members[0])
    heads: list[int | None] = []
    for members in households:
        head = next((index for index in members if is_head(rows[index])), None)
        if head is None:
            head = next((index for index in members if _bears_heads_name(rows[index])), None)
        if head is None and first_is_head:
            head = members[0]
        heads.append(head)
        heading = [index for index in members if is_head(rows[index])]
        found.notices += [(index, "second_head") for index in heading[1:]]
    grouped = {index for members in households for index in members}
    found.refused |= {index: "row_no_household" for index in range(len(rows)) if index not in grouped}
    found.households, found.heads = households, heads
    return found


def _checked(rows: Sequence[Row], found: Grouping, numbers: Sequence[str]) -> Grouping:
    """Where "STT hộ" says head and the relation says otherwise, the household is refused; many such: ask."""
    households, heads = found.households or [], found.heads or []
    doubtful = [
        place
        for place, members in enumerate(households)
        if numbers[members[0]] and rows[members[0]].text(Field.RELATION) and not is_head(rows[members[0]])
    ]
    if len(doubtful) > _CONFLICTS_ALLOWED * len(households):
        return Grouping()
    for place in doubtful:
        found.refused |= dict.fromkeys(households[place], "row_head_unclear")
    found.households = [members for place, members in enumerate(households) if place not in doubtful]
    found.heads = [head for place, head in enumerate(heads) if place not in doubtful]
    return found


def _bears_heads_name(row: Row) -> bool:
    head = search_key(row.text(Field.HEAD_NAME))
    return bool(head) and head == search_key(row.text(Field.NAME))


def _has(rows: Sequence[Row], of: Field) -> bool:
    return any(of in row.cells for row in rows)
