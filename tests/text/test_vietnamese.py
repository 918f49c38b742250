"""Keys and folding against the orders of ICU 72 (tests/vectors)."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text.vietnamese import fold_tone_placement, name_key, nfc, place_key, search_key, sort_key

VECTORS = Path(__file__).parent.parent / "vectors"
COLLATION: dict[str, Any] = json.loads((VECTORS / "collation.json").read_text("utf-8"))
TONES = json.loads((VECTORS / "text_formats.json").read_text("utf-8"))["tone_placement"]


def test_words_stand_in_dictionary_order() -> None:
    assert sorted(COLLATION["order"], key=sort_key) == COLLATION["order"]


@pytest.mark.parametrize("names", COLLATION["name_lists"])
def test_people_stand_by_given_name_then_family_then_middle(names: dict[str, list[str]]) -> None:
    assert sorted(names["input"], key=name_key) == names["sorted_by_ten_ho_dem"]


@pytest.mark.parametrize("case", TONES, ids=lambda case: case["input"])
def test_tone_placement_folds(case: dict[str, str]) -> None:
    assert fold_tone_placement(case["input"]) == case["folded"]


def test_places_stand_by_their_numbers() -> None:
    names = ["Ngõ 4 Láng", "Ngõ 34 Láng", "Ngõ 34/5 Láng", "Ngõ 120 Láng", "Tổ dân phố 9", "Tổ dân phố 10"]
    assert [place_key(name) for name in names] == sorted({place_key(name) for name in names})


def test_search_ignores_marks_case_and_punctuation() -> None:
    assert search_key("  ĐẶNG   Thị-Hoà, ") == "dang thi hoa"


@given(st.text())
def test_keys_never_raise_and_do_not_depend_on_the_normal_form(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert sort_key(decomposed) == sort_key(text)
    assert search_key(decomposed) == search_key(text)
    assert nfc(nfc(text)) == nfc(text)


@given(st.text())
def test_folding_tone_placement_twice_changes_nothing_more(text: str) -> None:
    once = fold_tone_placement(text)
    assert fold_tone_placement(once) == once
