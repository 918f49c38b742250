"""TCVN3 and VNI: decoded exactly, told apart by their syllables, Unicode never mistaken for either."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.settings import PROJECT
from backend.text.legacy import Encoding, decode, detect
from backend.text.syllables import is_syllable

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "legacy_encodings.json").read_text("utf-8")
)["rows"]
SPOKEN = [row for row in ROWS if "Ằ" not in row["unicode"]]  # the last row is a list of letters, no words


def ward_names() -> list[str]:
    units = json.loads((PROJECT / "backend/data/vn_units_2026-07-25.json").read_text("utf-8"))
    return [name for province in units["provinces"] for _, name in province["wards"]]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["unicode"])
@pytest.mark.parametrize("encoding", [Encoding.TCVN3, Encoding.VNI])
def test_vectors(row: dict[str, Any], encoding: Encoding) -> None:
    assert decode(row[encoding], encoding) == row["unicode"]


@pytest.mark.parametrize("row", SPOKEN, ids=lambda row: row["unicode"])
@pytest.mark.parametrize("encoding", list(Encoding))
def test_each_reading_is_recognised(row: dict[str, Any], encoding: Encoding) -> None:
    assert detect([row[encoding]]) is encoding


def test_unicode_names_are_never_mistaken() -> None:
    names = ward_names()
    assert [name for name in names if detect([name]) is not Encoding.UNICODE] == []
    assert detect(unicodedata.normalize("NFD", name) for name in names) is Encoding.UNICODE


def test_text_without_accents_says_nothing_of_its_own() -> None:
    assert detect(["Nguyen Van An", "12/34/5", ""]) is Encoding.UNICODE
    assert detect(["Nguyen Van An"], fallback=Encoding.VNI) is Encoding.VNI


def test_a_capitals_font_draws_capitals_from_small_codes() -> None:
    assert decode("nguyÔn v¨n b×nh", Encoding.TCVN3, capitals=True) == "NGUYỄN VĂN BÌNH"


def test_capitals_typed_without_a_capitals_font_are_levelled() -> None:
    assert decode("TRÇN THÞ H»NG", Encoding.TCVN3) == "TRẦN THỊ HẰNG"


def test_every_word_of_the_vietnamese_ward_names_is_a_syllable() -> None:
    # Names from Ê Đê, Gia Rai and others (Krông, Ea Drăng) are not; they are few.
    words = {word for name in ward_names() for word in name.replace("-", " ").split() if word.isalpha()}
    assert sum(map(is_syllable, words)) / len(words) > 0.9


@pytest.mark.parametrize("word", ["Văn", "nguyễn", "Thuỷ", "QUYẾT", "khuỷu", "ương", "Ý"])
def test_syllables(word: str) -> None:
    assert is_syllable(word)
    assert is_syllable(unicodedata.normalize("NFD", word))


@pytest.mark.parametrize("word", ["Vaên", "NguyÔn", "b×nh", "Thị0", "", "tắn̂", "bầt"])
def test_what_is_no_syllable(word: str) -> None:
    assert not is_syllable(word)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    for encoding in Encoding:
        assert unicodedata.is_normalized("NFC", decode(text, encoding))
    assert detect([text]) in Encoding
