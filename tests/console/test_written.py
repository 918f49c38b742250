"""Days and hours as people write them."""

from datetime import date, time

import pytest

from backend.console.forms import parse_clock, parse_day


@pytest.mark.parametrize(
    "text", ["21/11/2026", " 21.11.2026", "21-11-2026", "21 11 2026", "21112026", "2026-11-21"]
)
def test_a_day(text: str) -> None:
    assert parse_day(text) == date(2026, 11, 21)


@pytest.mark.parametrize("text", ["", "31/02/2026", "11/21/2026", "21/11", "21/11/26", "mai", "٢١/١١/٢٠٢٦"])
def test_no_day(text: str) -> None:
    assert parse_day(text) is None


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("19:30", time(19, 30)),
        ("19h30", time(19, 30)),
        ("19H30 ", time(19, 30)),
        ("19.30", time(19, 30)),
        ("1930", time(19, 30)),
        ("7:05", time(7, 5)),
        ("7h", time(7)),
        ("19 giờ", time(19)),
        ("7 giờ 30", time(7, 30)),
        ("19", time(19)),
    ],
)
def test_an_hour(text: str, clock: time) -> None:
    assert parse_clock(text) == clock


@pytest.mark.parametrize("text", ["", "24:00", "19:60", "193", "tối", "19:3", "7 PM"])
def test_no_hour(text: str) -> None:
    assert parse_clock(text) is None
