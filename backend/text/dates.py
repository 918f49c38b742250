"""Dates of birth and numbers as lists write them. What is wrong is reported, never repaired.

The product keeps the year of birth only; the rest of the date is read to be checked and then forgotten.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

OLDEST = 1900
_EXCEL_ZERO = date(1899, 12, 30)
_UNKNOWN_PART = r"(?:0{1,2}|[-_.?xX]{1,2})?"
_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
_MONTH = re.compile(r"(\d{1,2})[/.\-](\d{4})")
_YEAR_ONLY = re.compile(rf"(?:{_UNKNOWN_PART}\s*[/.\-]\s*){{0,2}}(\d{{4}})")
_SPACED = re.compile(r"\s*([/.\-])\s*")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_WHOLE = re.compile(r"(\d{4,5})(?:\.0+)?")
_IN_BRACKETS = re.compile(r"\(\s*([^()]*?)\s*\)")  # "(1958)": not certain, and yet said
_NOTHING = frozenset({"", "-", "--", ".", "?", "x", "không rõ", "không nhớ", "chưa rõ", "ko rõ", "khong ro"})


class Precision(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    SERIAL = "excel-serial"
    ERROR = "error"


@dataclass(frozen=True)
class PartialDate:
    """`iso`: "1975-03-05", "1985-04" or "1970"; None when the text is no date. `year`: what is kept."""

    iso: str | None
    precision: Precision

    @property
    def year(self) -> int | None:
        return int(self.iso[:4]) if self.iso else None


_ERROR = PartialDate(None, Precision.ERROR)


def parse_date(value: object) -> PartialDate | None:
    """A cell as a date with its precision; None for an empty cell or an honest "không rõ"."""
    if value is None or isinstance(value, bool):
        return None if value is None else _ERROR
    if isinstance(value, date):  # a datetime is one too
        return PartialDate(
            (value.date() if isinstance(value, datetime) else value).isoformat(), Precision.DAY
        )
    if isinstance(value, int | float):
        return _number(float(value))
    return _read(str(value))


def birth_year(value: object, *, this_year: int) -> tuple[int | None, bool]:
    """The year of birth in a cell, and whether the cell could be understood; years before 1900 or to come cannot."""
    found = parse_date(value)
    if found is None:
        return None, True
    if found.year is None or not OLDEST <= found.year <= this_year:
        return None, False
    return found.year, True


def parse_number(value: object) -> float | int | None:
    """A number as Vietnam writes it (1.234.567,5): 1.234 is 1234; None when it cannot be told ("1,234.5": ask)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if float(value).is_integer() else value
    text = re.sub(r"(?i)\s*(?:đồng|đ|₫|vnđ|vnd|%)\s*$", "", str(value).strip()).replace("\u00a0", " ")
    text = re.sub(r"(?<=\d) (?=\d{3}\b)", "", text)
    if re.fullmatch(r"-?\d{1,3}(?:\.\d{3})+(?:,\d+)?|-?\d+(?:,\d+)?", text):
        number = Decimal(text.replace(".", "").replace(",", "."))
    elif re.fullmatch(r"-?\d+\.\d{1,2}|-?\d+\.0+", text):
        number = Decimal(text)
    else:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def _number(value: float) -> PartialDate:
    if OLDEST <= value <= 2100 and value.is_integer():
        return PartialDate(str(int(value)), Precision.YEAR)
    if 2100 < value < 100_000:
        return PartialDate((_EXCEL_ZERO + timedelta(days=int(value))).isoformat(), Precision.SERIAL)
    return _ERROR


@lru_cache(maxsize=4096)  # a list has few different dates for its length
def _read(text: str) -> PartialDate | None:
    return _text(" ".join(text.split()).lstrip("'’‘").strip())


def _text(text: str) -> PartialDate | None:
    if bracketed := _IN_BRACKETS.fullmatch(text):
        text = bracketed[1]
    if text.casefold() in _NOTHING:
        return None
    if " " in text:
        text = _SPACED.sub(r"\1", text)
    if found := _DAY.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
        if day == 0 and month == 0:  # the usual way to write that only the year is known
            return PartialDate(f"{year:04d}", Precision.YEAR)
        return _checked(year, month, day)
    if found := _ISO.fullmatch(text):
        return _checked(int(found[1]), int(found[2]), int(found[3]))
    if found := _MONTH.fullmatch(text):
        month, year = int(found[1]), int(found[2])
        if month == 0:
            return PartialDate(f"{year:04d}", Precision.YEAR)
        return PartialDate(f"{year:04d}-{month:02d}", Precision.MONTH) if month <= 12 else _ERROR
    if found := _YEAR_ONLY.fullmatch(text):
        return PartialDate(found[1], Precision.YEAR)
    if found := _WHOLE.fullmatch(text):
        return _number(float(found[1]))
    return _ERROR


def _checked(year: int, month: int, day: int) -> PartialDate:
    try:
        return PartialDate(date(year, month, day).isoformat(), Precision.DAY)
    except ValueError:
        return _ERROR
