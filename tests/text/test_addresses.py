"""Addresses as typed: the vectors, the ways people write, and properties over any text."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text.addresses import parse, street_side

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "text_formats.json").read_text("utf-8")
)

# as typed → (house, alley)
WRITTEN = {
    "Số 12 ngõ 34/5 Láng": ("12", "Ngõ 34/5 Láng"),
    "SỐ 12 NGÕ 34 PHỐ HUẾ": ("12", "Ngõ 34 Huế"),
    "so 12 ngo 34 pho Hue, phuong Hai Ba Trung": ("12", "Ngõ 34 Hue"),
    "Ngõ 12, ngách 34, số 5": ("5", "Ngách 12/34"),
    "Số 5, ngách 12/34, ngõ 12 Láng": ("5", "Ngách 12/34 Láng"),
    "12A Trần Phú, P. Ba Đình, TP Hà Nội": ("12A", "Đường Trần Phú"),
    "12 bis Nguyễn Huệ": ("12 bis", "Đường Nguyễn Huệ"),
    "12-14 Lê Lợi": ("12-14", "Đường Lê Lợi"),
    "12 đường 3/2, Phường 5, Quận 10": ("12", "Đường 3/2"),
    "5 đường số 7, KP 3": ("5", "Đường số 7"),
    "15 Quốc lộ 1A": ("15", "Quốc lộ 1A"),
    "12/34/5A Lê Văn Sỹ, P.5": ("5A", "Hẻm 12/34 Lê Văn Sỹ"),
    "Lê Văn Sỹ 12/3": ("3", "Hẻm 12 Lê Văn Sỹ"),
    "Hẻm 76/5 Lê Văn Phan": ("5", "Hẻm 76 Lê Văn Phan"),
    "K12/34 Ông Ích Khiêm": ("34", "Kiệt 12 Ông Ích Khiêm"),
    "Kiệt 12 Ông Ích Khiêm, số 5": ("5", "Kiệt 12 Ông Ích Khiêm"),
    "Căn hộ 1205 tòa S2.05 Vinhomes": ("P.1205", "Chung cư S2.05"),
    "P502 nhà A3 tập thể Thành Công": ("P.502", "Chung cư A3 Thành Công"),
    "Phòng 12.05, tầng 12, chung cư Hòa Bình": ("P.12.05", "Chung cư Hòa Bình"),
    "Lô B3-12, khu tái định cư": ("Lô B3-12", None),
    "Số nhà 45 thôn Đoài xã Tân Tiến": ("45", None),
    "Xóm 3, thôn Hạ": ("", "Xóm 3"),
    "Số 3, tổ 7, khu phố 2": ("3", "Tổ 7"),
    "Nhà số 5, TDP 7": ("5", None),
    "Số 8 ngõ Thổ Quan, Khâm Thiên": ("8", "Ngõ Thổ Quan Khâm Thiên"),
    "123 Phố Vọng": ("123", "Phố Vọng"),
    "nhà 12 ngõ 5": ("12", "Ngõ 5"),
    "K45/H12/3 Dũng Sĩ Thanh Khê": ("3", "Kiệt 45/H12 Dũng Sĩ Thanh Khê"),
    "A12.05 chung cư Sunrise, 12 Nguyễn Hữu Thọ": ("P.A12.05", "Chung cư Sunrise"),
    "P301-B12 khu tập thể Kim Liên": ("P.301", "Chung cư B12 Kim Liên"),
    "Số 3 khu tập thể Kim Liên": ("3", "Chung cư Kim Liên"),
    "Số 10B, ngõ 20, đường Hồ Tùng Mậu, tổ dân phố số 3": ("10B", "Ngõ 20 Hồ Tùng Mậu"),
    "12 Xã Đàn": ("12", "Đường Xã Đàn"),
    "12 Bà Huyện Thanh Quan": ("12", "Đường Bà Huyện Thanh Quan"),
}


def walks_through(doors: list[str]) -> bool:
    """Whether each door stands strictly after the one before it."""
    keys = [parse(raw).walk_key for raw in doors]
    return keys == sorted(set(keys))


@pytest.mark.parametrize("case", VECTORS["addresses"], ids=lambda case: case["input"])
def test_parts_of_the_vectors(case: dict[str, Any]) -> None:
    assert parse(case["input"]).parts == case["parts"]


def test_doors_stand_as_in_the_vectors() -> None:
    order = VECTORS["house_sort"]["sorted"]
    assert walks_through(order)
    longer = ["9", "12", "12A", "12 bis", "12/3", "12/4", "12/34", "12/34/5", "100"]
    assert walks_through(longer)


@pytest.mark.parametrize("raw", WRITTEN)
def test_house_and_alley_as_people_write_them(raw: str) -> None:
    address = parse(raw)
    assert (address.house, address.alley) == WRITTEN[raw]


@pytest.mark.parametrize("raw", WRITTEN)
def test_case_normal_form_and_spaces_change_nothing_but_the_spelling(raw: str) -> None:
    plain = parse(raw)
    for variant in (unicodedata.normalize("NFD", raw), raw.replace(" ", "  "), raw.replace(", ", " , ")):
        assert parse(variant).parts == plain.parts
    loud = parse(raw.upper())
    assert loud.house.casefold() == plain.house.casefold()
    assert (loud.alley or "").casefold() == (plain.alley or "").casefold()


def test_order_in_an_alley_does_not_depend_on_how_the_address_was_written() -> None:
    doors = [
        "Số 3 ngõ 34 Láng",
        "so 1 ngach 34/5 ngo 34 Lang",  # the ngách opens beside number 5
        "ngõ 34, Láng, số 12",
        "SN 12A, NGÕ 34 LÁNG",
        "5 ngõ 100 Láng",
    ]
    assert walks_through(doors)


def test_a_building_is_walked_from_the_top_down() -> None:
    doors = ["P.1205 CT1", "P.1206 CT1", "P.502 CT1", "P.503 CT1", "P.101 CT1", "P.1201 CT2"]
    assert walks_through(doors)


def test_a_village_is_ordered_by_its_hamlets_as_numbers() -> None:
    doors = ["Số 45, thôn 3", "Số 2, thôn 12", "Số 10, thôn 12"]
    assert walks_through(doors)


def test_sides_are_told_on_streets_only() -> None:
    assert street_side(parse("15 Quốc lộ 1A").parts) == 1
    assert street_side(parse("12A Trần Phú").parts) == 0
    assert street_side(parse("Số 5 ngõ 12 Láng").parts) is None
    assert street_side(parse("Số nhà 45, thôn 3").parts) is None


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "số",
                "ngõ",
                "ngách",
                "hẻm",
                "kiệt",
                "K",
                "P.",
                "lô",
                "tổ",
                "thôn",
                "phường",
                "đường",
                "/",
                ",",
                "bis",
            ]
        ),
        st.integers(0, 99999).map(str),
        st.text(max_size=8),
    ),
    max_size=12,
).map(" ".join)


@given(st.one_of(st.text(max_size=120), PIECES))
def test_parse_never_raises_and_keeps_the_text(raw: str) -> None:
    address = parse(raw)
    assert address.raw == " ".join(unicodedata.normalize("NFC", raw).split())
    assert json.loads(json.dumps(address.parts)) == address.parts
    assert parse(address.raw) == address


@pytest.mark.parametrize("piece", ["1/", "đường ", "ữ", "ngõ 12 ", "P.502 ", "lô B-1", "￭", "12 bis "])
def test_a_cell_that_is_no_address_is_read_quickly_into_a_key_that_an_index_takes(piece: str) -> None:
    address = parse(piece * 10_000)
    assert len(address.walk_key) < 2_600  # PostgreSQL's B-tree takes 2,704 bytes
    assert parse(address.raw) == address


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400)), min_size=2, unique=True
    )
)
def test_paths_sort_as_their_numbers(paths: list[tuple[int, int, int]]) -> None:
    assert walks_through(["/".join(map(str, path)) + " Lê Văn Sỹ" for path in sorted(paths)])


@given(PIECES, PIECES)
def test_two_texts_share_a_place_only_when_they_read_the_same(one: str, other: str) -> None:
    if parse(one).walk_key == parse(other).walk_key:
        assert parse(one).raw.casefold() == parse(other).raw.casefold()
