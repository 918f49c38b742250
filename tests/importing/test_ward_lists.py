"""Traps of wards' real lists, found by an independent reading of formats.md: each list is built here, of invented people."""

import pytest

from backend.services.importing.records import build
from backend.text.dates import birth_year
from tests.importing.files import Rows, plan_of, shape, xlsx

SIGNED_HEADS: Rows = (
    ("STT", "Họ tên chủ hộ", "Địa chỉ", "Điện thoại"),
    (1, "Kha Lung", "Số 1", "0911000011"),
    (2, "Khổng Lộ", "Số 3", "0911000012"),
    (),
    (None, "TRƯỞNG THÔN", None, "NGƯỜI LẬP BIỂU"),
    (None, "(đã ký)", None, "(đã ký)"),
    (None, "Lã Văn Mít", None, "Ma Thị Na"),
)


def test_who_signed_below_a_list_without_a_total_is_no_household() -> None:
    told = shape(xlsx(SIGNED_HEADS))
    assert (told["data_rows"], told["skip_rows"]) == ([2, 3], [5, 6, 7])


def test_who_signed_is_no_member_of_the_last_household() -> None:
    rows = [
        ("STT hộ", "Họ và tên", "Quan hệ", "Điện thoại"),
        (1, "Kha Lung", "Chủ hộ", "0911000011"),
        (None, "Kha Thị Mai", "Vợ", None),
        (None, None, "TM. BAN CÔNG TÁC MẶT TRẬN"),
        (None, None, "Trưởng ban"),
        (None, None, "Lã Văn Mít"),
    ]
    told = shape(xlsx(rows))
    assert (told["data_rows"], told["skip_rows"]) == ([2, 3], [4, 5, 6])


def test_a_member_with_few_cells_after_a_total_in_the_middle_is_kept() -> None:
    rows = [
        ("STT hộ", "Họ và tên", "Năm sinh", "Quan hệ"),
        (1, "Sầm Ón", 1970, "Chủ hộ"),
        ("Cộng tổ 7", 1),
        ("Tổ 8",),
        (2, "Ung Phù", 1976, "Chủ hộ"),
        (None, "Ung Quy", None, "Con"),
        ("Cộng tổ 8", 2),
        (None, "Vi Văn Rể", None, "Con rể"),
        (3, "Xa Thị Ý", 1961, "Chủ hộ"),
        ("Tổng cộng", 5),
    ]
    told = shape(xlsx(rows))
    assert (told["data_rows"], told["skip_rows"]) == ([2, 5, 6, 8, 9], [3, 4, 7, 10])


def test_totals_of_each_page_are_no_people() -> None:
    rows = [
        ("STT", "Họ và tên chủ hộ", "Số khẩu", "Địa chỉ"),
        (1, "Cống Quỳnh", 3, "Số 1"),
        (None, "Cộng trang 1", 3),
        (2, "Tống Duy Tân", 2, "Số 2"),
        (3, "Chung Trang", 4, "Số 3"),
        (None, "Cộng mang sang", 9),
        (None, "Bằng chữ: Ba hộ"),
    ]
    told = shape(xlsx(rows))
    assert (told["data_rows"], told["skip_rows"]) == ([2, 4, 5], [3, 6, 7])


def test_a_line_naming_the_household_above_its_rows_is_no_person() -> None:
    rows = [
        ("STT", "Họ và tên", "Quan hệ", "Năm sinh"),
        ("I", "Hộ ông Vi Văn Xô"),
        (1, "Vi Văn Xô", "Chủ hộ", 1956),
        (2, "Vi Thị Yên", "Vợ", 1959),
        ("II", "Hộ bà Xa Thị Ý"),
        (1, "Xa Thị Ý", "Chủ hộ", 1961),
    ]
    told = shape(xlsx(rows))
    assert (told["households"], told["skip_rows"]) == ([[3, 4], [6]], [2, 5])


def test_a_list_of_heads_may_call_each_of_them_household() -> None:
    rows = [("STT", "Họ tên chủ hộ", "Địa chỉ"), (1, "Hộ ông Vi Văn Xô", None), (2, "Hộ bà Xa Thị Ý", None)]
    assert shape(xlsx(rows))["households"] == [[2], [3]]


@pytest.mark.parametrize("mark", ["x", "X", "✓", 1])
def test_a_mark_in_the_column_of_the_head_tells_the_head(mark: object) -> None:
    rows = [
        ("STT", "Họ và tên", "Chủ hộ", "Năm sinh", "Địa chỉ"),
        (1, "Ông Ích Một", mark, 1950, "Số 1"),
        (2, "Bùi Thị Một", None, 1955, "Số 1"),
        (3, "Phan Hai", mark, 1960, "Số 3"),
        (4, "Phan Con", None, 1990, "Số 3"),
    ]
    plan = plan_of(xlsx(rows))
    assert plan.as_json()["households"] == [[2, 3], [4, 5]]
    assert [one.head_name for one in build(plan, this_year=2026).households] == ["Ông Ích Một", "Phan Hai"]


def test_numbers_that_begin_again_in_each_group_are_other_households() -> None:
    rows = [
        ("Tổ", "Số hộ", "Họ và tên", "Địa chỉ"),
        ("Tổ 1", 1, "Quản Một", "Số 1 ngõ 1"),
        ("Tổ 1", 1, "Quản Con", "Số 1 ngõ 1"),
        ("Tổ 1", 2, "Sử Hai", "Số 2 ngõ 1"),
        ("Tổ 2", 1, "Tạ Ba", "Số 1 ngõ 9"),
        ("Tổ 2", 1, "Tạ Con", "Số 1 ngõ 9"),
        ("Tổ 2", 2, "Uông Bốn", "Số 2 ngõ 9"),
    ]
    plan = plan_of(xlsx(rows))
    assert plan.as_json()["households"] == [[2, 3], [4], [5, 6], [7]]
    assert {(one.row, one.code) for one in build(plan, this_year=2026).notices} == {
        (5, "duplicate_number"),
        (7, "duplicate_number"),
    }


def test_household_numbers_lost_with_their_formulas_are_asked_for() -> None:
    rows: list[tuple[object, ...]] = [("STT hộ", "Họ và tên", "Năm sinh"), (1, "Ấu Một", 1950)]
    rows += [(f"=A{row - 1}+1", "Ấu Văn Hai", 1950 + row) for row in range(3, 40)]
    assert shape(xlsx(rows))["households"] is None


def test_a_heading_over_nam_and_nu_that_nobody_merged() -> None:
    rows = [
        ("TT hộ", "Họ và tên", "Năm sinh", None, "Quan hệ", "Địa chỉ"),
        (None, None, "Nam", "Nữ"),
        (1, "Bùi Văn Cam", 1950, None, "Chủ hộ", "Số 1"),
        (None, "Bùi Thị Đào", None, 1955, "Vợ", "Số 1"),
    ]
    plan = plan_of(xlsx(rows))
    assert plan.as_json()["columns"]["4"] == "dob_f"
    assert [(one.birth_year, one.sex) for one in build(plan, this_year=2026).households[0].people] == [
        (1950, "male"),
        (1955, "female"),
    ]


def test_a_long_heading_of_the_heads_name() -> None:
    rows = [
        ("Số TT", "Họ, chữ đệm và tên chủ hộ\n(viết chữ in hoa)", "Địa chỉ nơi thường trú (số nhà, ngõ, tổ)"),
        (1, "MỘNG TUYỀN", "Số 1"),
        (2, "NINH XÁ", "Số 2"),
    ]
    told = shape(xlsx(rows))
    assert told["columns"]["2"] == "head_name"
    assert told["households"] == [[2], [3]]


def test_an_insurance_number_moved_into_the_birth_is_blanked_and_told_by_its_row() -> None:
    rows = [
        ("STT hộ", "Họ và tên", "Mã số BHXH", "Ngày sinh", "Quan hệ"),
        (1, "Dư Văn Ga", "0155500001", "1950", "Chủ hộ"),
        (None, "Dư Thị Hến", None, "0155500002", "Vợ"),
        (None, "Dư Ích", None, "0155500006 - 1970", "Con"),
    ]
    records = build(plan_of(xlsx(rows)), this_year=2026)
    assert records.refused == []
    assert [(one.row, one.code) for one in records.notices] == [(3, "row_id_removed"), (4, "row_id_removed")]
    assert [one.birth_year for one in records.households[0].people] == [1950, None, None]
    assert "01555" not in repr(records)


@pytest.mark.parametrize("written", ["(1958)", "1958 ", "( 1958 )", "(05/03/1958)"])
def test_a_birth_in_brackets(written: str) -> None:
    assert birth_year(written, this_year=2026) == (1958, True)
