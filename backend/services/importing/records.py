"""From planned rows to households and their people, as little of each as the work needs.

Kept: household number (hashed), address, head's name, names, year of birth, sex, relation, phones. Not kept although
recognised: the note (health and debts leak there; docs/decisions), the group, the kind of residence.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.services.importing.grouping import is_head
from backend.services.importing.labels import Field
from backend.services.importing.plan import Plan
from backend.services.importing.rows import Row, household_number
from backend.text import phones
from backend.text.dates import birth_year, parse_number
from backend.text.idnumbers import screen
from backend.text.vietnamese import search_key

MOST_MEMBERS = 30
_SEXES = {
    **dict.fromkeys(("nam", "m", "male", "trai", "con trai", "ong"), "male"),
    **dict.fromkeys(("nu", "f", "female", "gai", "con gai", "ba"), "female"),
}
_ALNUM = re.compile(r"[^\W_]")
_DIGITS = re.compile(r"\d\D?\d\D?\d")


@dataclass(frozen=True)
class Told:
    """Something to tell about a row: a code of `backend.core.messages` and the values of its sentence."""

    row: int
    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One person as the list tells; `phone` in E.164."""

    row: int
    name: str | None = None
    birth_year: int | None = None
    sex: str | None = None
    relation: str | None = None
    is_head: bool = False
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class HouseholdRecord:
    """One household as the list tells; `number` is the list's own, `rows` those it was made of."""

    rows: tuple[int, ...]
    number: str
    address: str
    old_address: str
    head_name: str | None
    phone: str | None
    people: tuple[PersonRecord, ...]


@dataclass
class Records:
    """`refused`: rows that did not go in; `notices`: what is worth knowing about rows that did."""

    households: list[HouseholdRecord] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    notices: list[Told] = field(default_factory=list)


def build(plan: Plan, *, this_year: int) -> Records:
    """The households of a plan. Without an answer to "which rows are one household?" only the rows are checked."""
    records = Records(notices=[Told(row, code) for row, code in plan.removed])
    grouping = plan.grouping
    records.notices += [Told(plan.rows[index].number, code) for index, code in grouping.notices]
    records.refused += [Told(plan.rows[index].number, code) for index, code in grouping.refused.items()]
    if grouping.households is None or grouping.heads is None:
        for row in plan.rows:
            _person(row, False, this_year, records)
        records.refused.sort(key=lambda told: told.row)
        return records
    counted = Field.NAME not in plan.columns.values()
    for members, head in zip(grouping.households, grouping.heads, strict=True):
        rows = [plan.rows[index] for index in members]
        household = _household(
            rows, None if head is None else members.index(head), this_year, counted, records
        )
        if household is not None:
            records.households.append(household)
    records.refused.sort(key=lambda told: told.row)
    records.notices.sort(key=lambda told: told.row)
    return records


def _household(
    rows: Sequence[Row], head: int | None, this_year: int, counted: bool, records: Records
) -> HouseholdRecord | None:
    people: list[PersonRecord] = []
    numbers = [_phones(row, records) for row in rows]
    for place, row in enumerate(rows):
        person = _person(row, place == head, this_year, records, numbers[place])
        if person is not None:
            people.append(person)
    if not people:
        return None
    first = rows[head or 0]
    if counted:
        people += _unnamed(first, people[0])
    return HouseholdRecord(
        rows=tuple(row.number for row in rows),
        number=next((number for row in rows if (number := household_number(row))), ""),
        address=_first(rows, Field.ADDRESS, first),
        old_address=_first(rows, Field.OLD_ADDRESS, first),
        head_name=_head_name(rows, None if head is None else rows[head]),
        # Two numbers in the head's cell: one stands with the person, the other with the household.
        phone=_household_phone(numbers[head or 0], [number for found in numbers for number in found]),
        people=tuple(people),
    )


def _household_phone(of_head: list[str], all_numbers: list[str]) -> str | None:
    if len(of_head) > 1:
        return of_head[1]
    return (of_head or all_numbers or [None])[0]  # type: ignore[list-item]


def _person(
    row: Row, head: bool, this_year: int, records: Records, numbers: Sequence[str] = ()
) -> PersonRecord | None:
    """One row as a person, or None with the reason among the refused."""
    year, sex, told = _birth_and_sex(row, this_year)
    if told is not None:
        records.refused.append(told)
        return None
    if sex is None and (written := row.text(Field.SEX)):
        sex = _SEXES.get(search_key(written))
        if sex is None and search_key(written):
            records.notices.append(Told(row.number, "row_sex_unclear"))
    relation = row.text(Field.RELATION).casefold()[:40]
    return PersonRecord(
        row=row.number,
        name=_words(row.text(Field.NAME) or row.text(Field.HEAD_NAME)) or None,
        birth_year=year,
        sex=sex,
        relation=_words(relation) or None,
        is_head=head or is_head(row),
        phone=numbers[0] if numbers else None,
    )


def _birth_and_sex(row: Row, this_year: int) -> tuple[int | None, str | None, Told | None]:
    found = [(of, row.cells[of]) for of in (Field.DOB, Field.DOB_M, Field.DOB_F) if of in row.cells]
    by_sex = [of for of, _ in found if of is not Field.DOB]
    if len(by_sex) > 1:
        return None, None, Told(row.number, "row_birth_twice")
    sex = {Field.DOB_M: "male", Field.DOB_F: "female"}[by_sex[0]] if by_sex else None
    year: int | None = None
    for _, cell in found:
        read, understood = birth_year(cell, this_year=this_year)
        if not understood:
            return None, None, Told(row.number, "row_birth_wrong", {"value": str(cell)[:30]})
        year = year or read
    return year, sex, None


def _phones(row: Row, records: Records) -> list[str]:
    cell = row.cells.get(Field.PHONE)
    if cell is None:
        return []
    found, unclear = phones.parse_all(cell)
    if unclear:
        records.notices.append(Told(row.number, "row_phone_wrong"))
    if any(phone.converted for phone in found):
        records.notices.append(Told(row.number, "row_phone_converted"))
    if any(not phone.valid for phone in found):
        records.notices.append(Told(row.number, "row_phone_doubtful"))
    if len(found) > 2:
        records.notices.append(Told(row.number, "row_phone_many"))
    return [phone.e164 for phone in found]


def _unnamed(row: Row, head: PersonRecord) -> Iterator[PersonRecord]:
    """A list of heads with "số nhân khẩu": the others are known by number only ("hộ 12, người 2")."""
    members = parse_number(row.cells.get(Field.MEMBERS))
    if isinstance(members, int):
        for _ in range(min(members, MOST_MEMBERS) - 1):
            yield PersonRecord(row=head.row)


def _first(rows: Sequence[Row], of: Field, head: Row) -> str:
    """The head's cell, else the first one of the household."""
    found = head.text(of) or next((value for row in rows if (value := row.text(of))), "")
    return _words(found)


def _head_name(rows: Sequence[Row], head: Row | None) -> str | None:
    written = next((value for row in rows if (value := row.text(Field.HEAD_NAME))), "")
    return _words(written or (head.text(Field.NAME) if head is not None else "")) or None


def _words(text: str) -> str:
    """Text without long numbers in it; "" where no letter or digit is left."""
    if _DIGITS.search(text):
        text = screen(text)[0]
    text = text.strip(" .,;-_*")
    return text if _ALNUM.search(text) else ""
