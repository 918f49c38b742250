"""ID numbers are seen in every shape that a spreadsheet gives them. All numbers are made here, none is written down."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text.idnumbers import REMOVED, is_id_cell, is_id_column, is_id_shape, screen

_PROVINCES = ("001", "008", "031", "075", "096")


def made_up(source: random.Random, *, province: str | None = None) -> str:
    """A number of the right shape that belongs to nobody: the random part is made here."""
    return f"{province or source.choice(_PROVINCES)}{source.choice('0123')}{source.randrange(10**8):08d}"


def old_number(source: random.Random) -> str:
    return f"0{source.randrange(10**8):08d}"


def mobile(source: random.Random) -> str:
    return f"09{source.randrange(10**8):08d}"


SPELLINGS = {
    "text": lambda number: number,
    "number": int,
    "float": lambda number: float(int(number)),
    "float as text": lambda number: f"{int(number)}.0",
    "spaces": lambda number: f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}",
    "dots": lambda number: f"{number[:4]}.{number[4:8]}.{number[8:]}",
    "apostrophe": lambda number: "'" + number,
    "letter O": lambda number: "O" + number[1:],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_columns_of_id_numbers(spelling: str) -> None:
    source = random.Random(7)
    for _ in range(50):
        assert is_id_column([SPELLINGS[spelling](made_up(source)) for _ in range(20)])


def test_columns_of_old_id_numbers() -> None:
    source = random.Random(8)
    for _ in range(50):
        assert is_id_column([old_number(source) for _ in range(20)])


@pytest.mark.parametrize(
    "make",
    [
        mobile,
        lambda source: int(mobile(source)),
        lambda source: f"024{source.randrange(10**8):08d}",
        lambda source: f"84{mobile(source)[1:]}",
        lambda source: f"8424{source.randrange(10**8):08d}",
        lambda source: source.randrange(1930, 2026),
        lambda source: source.randrange(1, 500) * 100_000,
        lambda source: f"{source.randrange(1, 200)}/{source.randrange(1, 60)}",
    ],
)
def test_columns_of_something_else(make: object) -> None:
    source = random.Random(9)
    for _ in range(50):
        assert not is_id_column([make(source) for _ in range(20)])  # type: ignore[operator]


def test_a_shifted_cell_does_not_make_a_column() -> None:
    source = random.Random(10)
    assert not is_id_column(["Nguyễn Văn An"] * 9 + [made_up(source)])
    assert not is_id_column([mobile(source) for _ in range(3)] + [made_up(source)])


def test_a_whole_card_in_a_cell() -> None:
    number = made_up(random.Random(11))
    assert is_id_cell(f"{number}|012345|Nguyễn Văn An|05031975|Nam|Số 5|01012021")


def test_collisions() -> None:
    assert not is_id_shape("842438251234")  # a landline with its country code
    assert is_id_shape("84" + "0" * 9)  # a person of province 084: no mobile begins so
    assert not is_id_shape("84912345678")


@pytest.mark.parametrize(
    "text", ["gọi 0912 345 678 nhé", "hẹn 19:30 ngày 21/11/2026", "số 12 ngõ 34/5", "1.500.000 đồng", ""]
)
def test_harmless_text_stays(text: str) -> None:
    assert screen(text) == (text, 0)


@pytest.mark.parametrize(
    "frame", ["{}", "số {} của bà", "CCCD: {}", "căn cước công dân số {}", "sđt 0912345678, cccd {}"]
)
def test_numbers_are_cut_from_text(frame: str) -> None:
    source = random.Random(12)
    for spelling in ("text", "spaces", "dots"):
        number = SPELLINGS[spelling](made_up(source))
        kept, cut = screen(frame.format(number))
        assert cut == 1
        assert str(number) not in kept
        assert REMOVED in kept


def test_short_numbers_after_a_word_for_the_card() -> None:
    assert screen("CMND 123456 cũ")[0] == f"CMND {REMOVED} cũ"


@given(st.text())
def test_screening_twice_changes_nothing_more(text: str) -> None:
    once, _ = screen(text)
    assert screen(once)[0] == once
