"""Dates of birth with their precision; what is wrong is an error, never repaired."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text.dates import PartialDate, Precision, birth_year, parse_date, parse_number

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "text_formats.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", VECTORS["dates"], ids=lambda case: case["input"])
def test_vectors(case: dict[str, Any]) -> None:
    assert parse_date(case["input"]) == PartialDate(case["iso"], Precision(case["precision"]))


@pytest.mark.parametrize("case", VECTORS["numbers"], ids=lambda case: case["input"])
def test_numbers(case: dict[str, Any]) -> None:
    assert parse_number(case["input"]) == case["value"]


def test_an_ambiguous_number_is_not_decided() -> None:
    assert parse_number("1,234.5") is None


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (1975, 1975),
        (1975.0, 1975),
        ("1975.0", 1975),
        ("'1975", 1975),
        (27453, 1975),
        (datetime(1975, 3, 5), 1975),  # noqa: DTZ001  # as a spreadsheet gives it
        (date(1975, 3, 5), 1975),
        ("1975-03-05 00:00:00", 1975),
        ("00/00/1975", 1975),
        ("__/__/1975", 1975),
        (" 05 / 03 / 1975 ", 1975),
    ],
)
def test_birth_years(cell: object, year: int) -> None:
    assert birth_year(cell, this_year=2026) == (year, True)


@pytest.mark.parametrize("cell", [None, "", "-", "không rõ"])
def test_an_unknown_birth_is_no_mistake(cell: object) -> None:
    assert birth_year(cell, this_year=2026) == (None, True)


@pytest.mark.parametrize(
    "cell", ["11/01/976", "15/17/1989", "05/03/75", "01/01/2031", "1875", "abc", "13/1985", 12, True, -3.5]
)
def test_wrong_births_are_told(cell: object) -> None:
    assert birth_year(cell, this_year=2026) == (None, False)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.dates(), st.none()))
def test_any_cell_can_be_read(cell: object) -> None:
    year, understood = birth_year(cell, this_year=2026)
    assert year is None or (understood and 1900 <= year <= 2026)
    parse_number(cell)
