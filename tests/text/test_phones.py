"""Phones: what the library gets right stays right, what it gets wrong is put right (formats.md section 4)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text.phones import Phone, parse, parse_all, show

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "phones.json").read_text("utf-8")
)["rows"]
VALID = [row for row in ROWS if row["valid"] and row["type"] in ("MOBILE", "FIXED_LINE")]
HOTLINES = [row for row in ROWS if row["type"] in ("PREMIUM_RATE", "TOLL_FREE")]


@pytest.mark.parametrize("row", VALID, ids=lambda row: row["input"])
def test_what_the_library_reads_is_read_the_same(row: dict[str, Any]) -> None:
    phone = parse(row["input"])
    assert phone is not None
    assert phone.e164 == row["e164"]


@pytest.mark.parametrize("row", HOTLINES, ids=lambda row: row["input"])
def test_hotlines_are_nobodys_phone(row: dict[str, Any]) -> None:
    assert parse(row["input"]) is None
    assert parse_all(row["input"]) == ([], [row["input"]])


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        (912345678, ["+84912345678"]),
        (912345678.0, ["+84912345678"]),
        ("912345678.0", ["+84912345678"]),
        ("9.12345678E8", ["+84912345678"]),
        ("0912345678/0987654321", ["+84912345678", "+84987654321"]),
        ("0912345678; 0987654321", ["+84912345678", "+84987654321"]),
        ("0912345678 - 0987654321", ["+84912345678", "+84987654321"]),
        ("0912345678 (con gái)", ["+84912345678"]),
        ("ĐT: 0912.345.678", ["+84912345678"]),
        ("0912345678, 0912 345 678", ["+84912345678"]),
        ("０９１２３４５６７８", ["+84912345678"]),
        (2438251234, ["+842438251234"]),
        ("84912345678", ["+84912345678"]),
        ("O912345678", ["+84912345678"]),
    ],
)
def test_cells(cell: object, numbers: list[str]) -> None:
    found, unclear = parse_all(cell)
    assert [phone.e164 for phone in found] == numbers
    assert unclear == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("0163 123 4567", "+84331234567"), ("01234567890", "+84834567890"), (1861234567, "+84561234567")],
)
def test_numbers_of_before_2018_are_converted_and_say_so(old: object, new: str) -> None:
    assert parse(old) == Phone(new, converted=True)


def test_possible_is_accepted_and_invalid_is_marked() -> None:
    assert parse("04 3825 1234") == Phone("+84438251234", valid=False)
    assert parse("0552345678") == Phone("+84552345678")  # newer than the library's metadata


@pytest.mark.parametrize("cell", ["113", "091234567", "không có", "0912", 12, True])
def test_what_is_no_phone_is_told(cell: object) -> None:
    found, unclear = parse_all(cell)
    assert found == []
    assert len(unclear) == 1


@pytest.mark.parametrize("cell", [None, "", "  ", "-"])
def test_nothing(cell: object) -> None:
    assert parse_all(cell) == ([], [])


def test_show() -> None:
    assert show("+84912345678") == "0912 345 678"
    assert show("+14155552671") == "+1 415-555-2671"


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none()))
def test_any_cell_can_be_read(cell: object) -> None:
    found, _ = parse_all(cell)
    assert all(phone.e164.startswith("+") for phone in found)
