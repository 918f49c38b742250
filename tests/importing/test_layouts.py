"""The layouts that wards' lists have (formats.md section 7.1), each built here, and what the import makes of it."""

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from backend.core.refusal import Refusal
from backend.services.importing.grouping import GroupBy
from backend.services.importing.plan import BY_VALUES, Choice
from backend.services.importing.records import build
from tests.importing.files import PEOPLE, Rows, plan_of, shape, text_csv, workbook, xls, xlsx

VECTORS = Path(__file__).parent.parent / "vectors"
EXPECTED: dict[str, Any] = json.loads((VECTORS / "xlsx" / "expected.json").read_text("utf-8"))
LEGACY = {
    row["unicode"]: row for row in json.loads((VECTORS / "legacy_encodings.json").read_text("utf-8"))["rows"]
}


def id_numbers(count: int) -> list[str]:
    source = random.Random(5)
    return [f"0310{source.randrange(10**8):08d}" for _ in range(count)]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_published_fixtures(name: str) -> None:
    data, expected = (VECTORS / "xlsx" / name).read_bytes(), EXPECTED[name]
    plan = plan_of(data)
    told = plan.as_json()
    assert {key: told[key] for key in expected if key in told} == {
        key: value for key, value in expected.items() if key in told
    }
    assert set(told) == {*expected, "refused"} - {"notes", "names", "addresses", "phones"}
    if "names" in expected:
        assert [row.text("name") for row in plan.rows] == expected["names"]  # type: ignore[arg-type]
    if "addresses" in expected:
        assert [row.text("address") for row in plan.rows] == expected["addresses"]  # type: ignore[arg-type]


def test_the_household_number_on_the_heads_row_only() -> None:
    told = shape(xlsx(PEOPLE))
    assert told["households"] == [[2, 3, 4], [5], [6, 7]]
    assert told["head_rows"] == [2, 5, 6]


def test_dots_in_empty_cells_are_empty() -> None:
    rows = [[cell if place or cell is not None else "." for place, cell in enumerate(row)] for row in PEOPLE]
    assert shape(xlsx(rows))["households"] == [[2, 3, 4], [5], [6, 7]]


def test_the_household_number_on_every_row_and_members_apart() -> None:
    rows = [
        ("Mã hộ", "Họ và tên", "Quan hệ"),
        ("A1", "Nguyễn Văn An", "Chủ hộ"),
        ("A1", "Trần Thị Bình", "Vợ"),
        ("A2", "Lê Văn Dũng", "Chủ hộ"),
        ("A1", "Nguyễn Văn Út", "Con"),
    ]
    told = shape(xlsx(rows))
    assert told["households"] == [[2, 3, 5], [4]]
    assert told["head_rows"] == [2, 4]


def test_a_number_given_to_two_households() -> None:
    rows = [
        ("Mã hộ", "Họ và tên", "Quan hệ"),
        (1, "Nguyễn Văn An", "Chủ hộ"),
        (1, "Trần Thị Bình", "Vợ"),
        (1, "Lê Văn Dũng", "Chủ hộ"),
        (1, "Phạm Thị Hoa", "Vợ"),
    ]
    assert shape(xlsx(rows))["households"] == [[2, 3], [4, 5]]


def test_a_member_before_the_head_in_a_numbered_household() -> None:
    rows = [
        ("Mã hộ", "Họ và tên", "Quan hệ"),
        (1, "Trần Thị Bình", "Vợ"),
        (1, "Nguyễn Văn An", "Chủ hộ"),
        (2, "Lê Văn Dũng", "Chủ hộ"),
    ]
    told = shape(xlsx(rows))
    assert told["households"] == [[2, 3], [4]]
    assert told["head_rows"] == [3, 4]


def test_number_and_relation_that_contradict_each_other_everywhere_are_asked() -> None:
    rows = [("STT hộ", "Họ và tên", "Quan hệ"), (1, "Trần Thị Bình", "Vợ"), (2, "Lê Thị Hoa", "Con")]
    told = shape(xlsx(rows))
    assert told["households"] is None
    assert told["head_rows"] is None


def test_one_contradiction_among_many_refuses_that_household_only() -> None:
    rows: list[tuple[Any, ...]] = [("STT hộ", "Họ và tên", "Quan hệ")]
    rows += [(number, f"Nguyễn Văn {chr(64 + number)}n", "Chủ hộ") for number in range(1, 21)]
    rows[7] = (7, "Trần Thị Bình", "Vợ")
    plan = plan_of(xlsx(rows))
    told = build(plan, this_year=2026)
    assert [(one.row, one.code) for one in told.refused] == [(8, "row_head_unclear")]
    assert len(told.households) == 19


def test_rows_before_the_first_head_are_refused() -> None:
    rows = [
        ("Họ và tên", "Năm sinh", "Quan hệ"),
        ("Trần Thị Bình", 1978, "Vợ"),
        ("Nguyễn Văn An", 1975, "Chủ hộ"),
    ]
    plan = plan_of(xlsx(rows))
    assert plan.as_json()["households"] == [[3]]
    assert [(one.row, one.code) for one in build(plan, this_year=2026).refused] == [(2, "row_no_household")]


STATISTICS: Rows = (
    ("Tỉnh/Thành phố:", "Hà Nội", None, None, "Mã:", "01"),
    ("BẢNG KÊ HỘ",),
    (),
    ("STT nhà", "STT hộ", "Họ và tên chủ hộ", "Địa chỉ của hộ", "Số nhân khẩu", "Ghi chú"),
    ("A", "B", "C", "D", 1, "E"),
    (1, 1, "Nguyễn Văn An", "Số 5 ngõ 34", 4, None),
    (1, 2, "Tống Công Minh", "Số 5 ngõ 34", 2, None),
    (2, 3, "Chung Thị Bình", "Số 7 ngõ 34", 3, "mới chuyển đến"),
    ("Tổng cộng", None, None, None, 9, None),
)


def test_the_statistics_list_of_households() -> None:
    told = shape(xlsx(STATISTICS))
    assert told["header_rows"] == [4, 4]
    assert told["first_data_row"] == 6
    assert told["columns"] == {"2": "stt_ho", "3": "head_name", "4": "address", "5": "members", "6": "note"}
    assert told["data_rows"] == [6, 7, 8]
    assert told["skip_rows"] == [9]
    assert told["households"] == [[6], [7], [8]]
    assert told["head_rows"] == [6, 7, 8]


def test_the_template() -> None:
    head = ("STT", "Mã hộ", "Thôn", "Quan hệ", "Họ và tên", "Giới tính", "Ngày sinh", "Dân tộc", "Tôn giáo", "CCCD", "Địa chỉ", "Ghi chú")  # fmt: skip
    number = id_numbers(1)[0]
    rows = [
        head,
        (1, "H01", "Thôn 3", "Chủ hộ", "A Pháo", "Nam", "05/03/1975", "Kinh", "Không", number, "Số 5", None),
    ]
    told = shape(xlsx(rows))
    assert set(told["columns"].values()) == {"stt", "stt_ho", "group", "relation", "name", "sex", "dob", "address", "note"}  # fmt: skip
    assert told["leave_out"] == {"8": "ethnicity", "9": "religion", "10": "national ID number"}


def test_other_words_of_the_template() -> None:
    told = shape(xlsx([("Số sổ", "Mã HK", "Họ tên", "Phái", "NS", "CMND", "Nơi ở hiện nay"), ("1", None, "Lê An", "Nữ", 1980, None, "Số 5")]))  # fmt: skip
    assert {told["columns"][key] for key in told["columns"]} >= {"stt_ho", "name", "sex", "dob", "address"}
    assert told["leave_out"] == {"6": "national ID number"}


def test_a_google_form() -> None:
    number = id_numbers(3)
    rows = [
        ("Dấu thời gian", "Họ và tên", "Số điện thọai", "Địa chỉ cũ trước sáp nhập", "Họ và tên chủ hộ", "Ngày tháng năm sinh", "Số CCCD", "Hộ khẩu thường trú"),
        ("21/11/2026 9:01:22", "Trần Thị Bình", "912345678", "Tổ 5", "Nguyễn Văn An", "01/02/1978", number[0], "Số 5 ngõ 34"),
        ("21/11/2026 9:05:10", "Nguyễn Văn An", "0987654321", "Tổ 5", "Nguyễn Văn An", "05/03/1975", number[1], "Số 5, ngõ 34"),
        ("21/11/2026 9:07:00", "Lê Văn Dũng", "0977654321", "Tổ 6", "Lê Văn Dũng", "1950", number[2], "Số 7 ngõ 34"),
    ]  # fmt: skip
    told = shape(xlsx(rows))
    assert told["columns"] == {"2": "name", "3": "phone", "4": "old_address", "5": "head_name", "6": "dob", "8": "address"}  # fmt: skip
    assert told["leave_out"] == {"7": "national ID number"}
    assert told["households"] == [[2, 3], [4]]
    assert told["head_rows"] == [3, 4]


def test_the_poor_household_form_with_numbering_and_a_general_row() -> None:
    rows = [
        ("DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO NĂM 2026",),
        ("Số TT", "Họ và tên", "Năm sinh", None, "Quan hệ với chủ hộ", "Hộ nghèo"),
        (None, None, "Nam", "Nữ", None, None),
        ("(1)", "(2)", "(3)", "(4)", "(5)", "(6)"),
        (None, "Chung", None, None, None, 2),
        (1, "Nguyễn Văn An", 1975, None, "Chủ hộ", "x"),
        (2, "Trần Thị Bình", None, 1978, "Vợ", None),
        (None, None, None, None, "Ngày 5 tháng 11 năm 2026", None),
        (None, "NGƯỜI LẬP BIỂU", None, None, "CHỦ TỊCH", None),
    ]
    told = shape(xlsx(rows, merge=["A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:E3", "F2:F3"]))
    assert told["header_rows"] == [2, 3]
    assert told["columns"] == {"1": "stt", "2": "name", "3": "dob_m", "4": "dob_f", "5": "relation"}
    assert told["leave_out"] == {"6": "poor-household status"}
    assert told["data_rows"] == [6, 7]
    assert told["skip_rows"] == [5, 8, 9]
    assert told["households"] == [[6, 7]]


def test_day_month_and_year_in_three_columns() -> None:
    rows = [
        ("Họ và tên", "Ngày sinh", None, None, "Địa chỉ"),
        (None, "Ngày", "Tháng", "Năm", None),
        ("Lê An", 5, 3, 1975, "Số 5"),
    ]
    told = shape(xlsx(rows, merge=["A1:A2", "B1:D1", "E1:E2"]))
    assert told["columns"] == {"1": "name", "4": "dob", "5": "address"}


def test_a_heading_of_three_levels_begins_where_its_merged_cells_begin() -> None:
    numbers = id_numbers(2)
    rows = [
        ("STT", "Họ và tên", "Thông tin cá nhân", None, None, None),
        (None, None, "Năm sinh", None, "Căn cước", None),
        (None, None, "Nam", "Nữ", "Số", "Ngày cấp"),
        (1, "Lê An", 1970, None, numbers[0], "01/01/2021"),
        (2, "Vũ Bình", None, 1975, numbers[1], "01/01/2021"),
    ]
    told = shape(xlsx(rows, merge=["A1:A3", "B1:B3", "C1:F1", "C2:D2", "E2:F2"]))
    assert told["header_rows"] == [1, 3]
    assert told["columns"] == {"1": "stt", "2": "name", "3": "dob_m", "4": "dob_f"}
    assert told["leave_out"] == {"5": "national ID number", "6": "date of issue of the ID card"}


def test_a_name_below_a_heading_of_the_head_is_the_heads() -> None:
    rows = [
        ("TT", "Thông tin chủ hộ", None, None, "Số khẩu", "Địa chỉ"),
        (None, "Họ và tên", "Năm sinh", "SĐT", None, None),
        (1, "Lê An", 1970, "0912345678", 3, "Số 5"),
        (2, "Vũ Bình", 1971, None, 2, "Số 7"),
    ]
    told = shape(xlsx(rows, merge=["A1:A2", "B1:D1", "E1:E2", "F1:F2"]))
    assert told["header_rows"] == [1, 2]
    assert told["columns"] == {
        "1": "stt",
        "2": "head_name",
        "3": "dob",
        "4": "phone",
        "5": "members",
        "6": "address",
    }
    assert told["households"] == [[3], [4]]


def test_a_real_wards_project() -> None:
    """Two heading rows, formulas without values, dots, a shifted ID number, a number given twice, one missing."""
    one, two, three, four = id_numbers(4)
    rows = [
        ("STT hộ", "STT", "Họ và tên", "Mã số BHXH", "Ngày tháng năm sinh", "Số định danh cá nhân", None, "Tuổi", "Quan hệ với chủ hộ", "Số điện thoại", "Nghề nghiệp", None, "Ghi chú"),
        (None, None, None, None, None, "Số", "Ngày cấp", None, None, None, None, None, None),
        (1, "=SUBTOTAL(3,C$3:C3)", "Nguyễn Văn An", "0123456789", "05/03/1975", one, 46013, '=DATEDIF(E3,TODAY(),"Y")', "Chủ hộ", 912345678.0, "Hưu trí", None, None),
        (".", "=SUBTOTAL(3,C$3:C4)", "Trần Thị Bình", "0123456790", "1978", None, two, None, "Thành viên", "0912345678/0987654321", None, None, "x"),
        (None, None, "Nguyễn Thị Cúc", None, "11/01/976", three, None, None, "Thành viên", None, None, None, None),
        (2, None, "Lê Văn Dũng", None, "1950", None, None, None, "Chủ hộ", four, None, None, None),
        (2, None, "Phạm Thị Em", None, "1960", None, None, None, "Chủ hộ", None, None, None, None),
        (None, None, "Võ Văn Giàu", None, "1990", None, None, None, "Chủ hộ", None, None, None, None),
        (".", None, "Võ Thị Hạnh", None, "1991", None, None, None, "Thành viên", None, None, None, None),
        (None, None, "Tổng cộng", None, 7, None, None, None, None, None, None, None, None),
    ]  # fmt: skip
    merge = ["F1:G1", *(f"{column}1:{column}2" for column in "ABCDEHIJKM")]
    plan = plan_of(xlsx(rows, merge=merge))
    told = plan.as_json()
    assert told["header_rows"] == [1, 2]
    assert set(told["leave_out"]) == {"4", "6", "7"}
    assert told["households"] == [[3, 4, 5], [6], [7], [8, 9]]
    assert told["head_rows"] == [3, 6, 7, 8]
    assert told["skip_rows"] == [10]
    records = build(plan, this_year=2026)
    assert [one.row for one in records.refused] == [5]
    assert {(one.row, one.code) for one in records.notices} == {
        (6, "row_id_removed"),
        (7, "duplicate_number"),
    }


def test_cells_merged_down_speak_for_each_row() -> None:
    rows = [
        ("STT hộ", "Họ và tên", "Địa chỉ"),
        (1, "Lê An", "Số 5"),
        (None, "Lê Bình", None),
        (2, "Vũ Cúc", "Số 7"),
    ]
    told = shape(xlsx(rows, merge=["A2:A3", "C2:C3"]))
    assert told["households"] == [[2, 3], [4]]


def test_an_xls_called_xlsx() -> None:
    assert shape(xls(PEOPLE)) == shape(xlsx(PEOPLE))


@pytest.mark.parametrize(
    ("delimiter", "encoding"),
    [
        (",", "utf-8"),
        (",", "utf-8-sig"),
        (";", "cp1258"),
        ("\t", "utf-16"),
        ("\t", "utf-8"),
        (";", "utf-8-sig"),
    ],
)
def test_csv(delimiter: str, encoding: str) -> None:
    plan = plan_of(text_csv(PEOPLE, delimiter=delimiter, encoding=encoding))
    assert plan.as_json() == shape(xlsx(PEOPLE))
    assert plan.rows[0].text("name") == "Nguyễn Văn An"  # type: ignore[arg-type]


@pytest.mark.parametrize("font", ["vni", "tcvn3"])
def test_a_csv_in_an_old_font(font: str) -> None:
    names = [row[font] for text, row in LEGACY.items() if row["tcvn3_reversible"] and "," not in text]
    told = plan_of(text_csv([("STT", "Ho ten", "Dia chi"), *((place, name, "5/34") for place, name in enumerate(names, 1))], encoding="latin-1"))  # fmt: skip
    assert told.table.encoding == font
    assert [row.text("name") for row in told.rows] == [  # type: ignore[arg-type]
        text for text, row in LEGACY.items() if row["tcvn3_reversible"] and "," not in text
    ]


def test_a_vni_column_beside_a_unicode_one() -> None:
    texts = [text for text in LEGACY if len(text.split()) in (3, 4)][:6]
    rows = [
        ("STT", "Họ và tên", "Địa chỉ"),
        *((n, LEGACY[text]["vni"], "Phố Huế") for n, text in enumerate(texts, 1)),
    ]
    plan = plan_of(xlsx(rows))
    assert [row.text("name") for row in plan.rows] == texts  # type: ignore[arg-type]
    assert plan.rows[0].text("address") == "Phố Huế"  # type: ignore[arg-type]


def test_a_unicode_heading_over_tcvn3_names() -> None:
    texts = [text for text, row in LEGACY.items() if row["tcvn3_reversible"] and "," not in text]
    rows = [
        ("STT", "Họ và tên", "Địa chỉ"),
        *((n, LEGACY[text]["tcvn3"], "5/34") for n, text in enumerate(texts, 1)),
    ]
    plan = plan_of(xlsx(rows))
    assert plan.as_json()["columns"] == {"1": "stt", "2": "name", "3": "address"}
    assert [row.text("name") for row in plan.rows] == texts  # type: ignore[arg-type]


def test_a_capitals_font() -> None:
    rows = [("STT", "Hä vµ tªn", "§Þa chØ"), (1, "nguyÔn v¨n b×nh", "tæ 7"), (2, "trÇn thÞ h»ng", "tæ 7")]
    plan = plan_of(xlsx(rows, font=".VnTimeH"))
    assert [row.text("name") for row in plan.rows] == ["NGUYỄN VĂN BÌNH", "TRẦN THỊ HẰNG"]  # type: ignore[arg-type]


def test_decomposed_text() -> None:
    rows = [
        [unicodedata.normalize("NFD", cell) if isinstance(cell, str) else cell for cell in row]
        for row in PEOPLE
    ]
    plan = plan_of(xlsx(rows))
    assert plan.as_json() == shape(xlsx(PEOPLE))
    assert unicodedata.is_normalized("NFC", plan.rows[0].text("name"))  # type: ignore[arg-type]


def test_several_sheets_the_list_is_found_and_another_can_be_chosen() -> None:
    data = workbook({"Bìa": [("UBND PHƯỜNG",), ("Danh sách hộ",)], "TDP 7": PEOPLE, "TDP 8": PEOPLE[:5]})
    assert plan_of(data).table.name == "TDP 7"
    assert plan_of(data, Choice(sheet="TDP 8")).as_json()["data_rows"] == [2, 3, 4, 5]


def test_id_numbers_without_a_telling_heading_are_left_out() -> None:
    rows = [(*row, cell) for row, cell in zip(PEOPLE, ("Mã", *map(int, id_numbers(6))), strict=True)]
    told = shape(xlsx(rows))
    assert told["leave_out"] == {"9": BY_VALUES}


def test_a_shifted_id_number_is_blanked_and_told_by_its_row_only() -> None:
    rows = [list(row) for row in PEOPLE]
    number = rows[2][6] = id_numbers(1)[0]
    plan = plan_of(xlsx(rows))
    records = build(plan, this_year=2026)
    assert ("row_id_removed", 3) in [(one.code, one.row) for one in records.notices]
    assert number not in str(records)
    assert plan.as_json()["columns"]["7"] == "phone"


def test_a_name_as_on_the_card_is_a_name() -> None:
    told = shape(xlsx([("Họ và tên theo CCCD", "Năm sinh", "Địa chỉ"), ("Lê An", 1980, "Số 5")]))
    assert told["columns"]["1"] == "name"
    assert told["leave_out"] == {}


def test_a_heading_printed_again_and_sections_are_no_people() -> None:
    rows = [PEOPLE[0], ("Ngõ 34",), *PEOPLE[1:4], PEOPLE[0], *PEOPLE[4:]]
    told = shape(xlsx(rows))
    assert told["skip_rows"] == [2, 6]
    assert told["households"] == [[3, 4, 5], [7], [8, 9]]


def test_wrong_births_are_refused_and_the_others_go_in() -> None:
    rows = [list(row) for row in PEOPLE]
    rows[2][3], rows[3][3], rows[5][3] = "11/01/976", "15/17/1989", "01/01/2031"
    records = build(plan_of(xlsx(rows)), this_year=2026)
    assert [one.row for one in records.refused] == [3, 4, 6]
    assert [len(household.people) for household in records.households] == [1, 1, 1]


def test_phones_in_all_their_shapes() -> None:
    rows = [("STT hộ", "Họ và tên", "Quan hệ", "SĐT"), (1, "Lê An", "Chủ hộ", 912345678.0), (2, "Vũ Bình", "Chủ hộ", "0912345679/0987654321"), (3, "Đỗ Cúc", "Chủ hộ", "113"), (4, "Bùi Dung", "Chủ hộ", "0163 123 4567")]  # fmt: skip
    records = build(plan_of(xlsx(rows)), this_year=2026)
    assert [household.people[0].phone for household in records.households] == ["+84912345678", "+84912345679", None, "+84331234567"]  # fmt: skip
    assert records.households[1].phone == "+84987654321"  # two numbers: both are kept
    assert [(one.row, one.code) for one in records.notices] == [
        (4, "row_phone_wrong"),
        (5, "row_phone_converted"),
    ]


@pytest.mark.parametrize(
    ("by", "households"),
    [
        (GroupBy.FILE, None),
        (GroupBy.ROW, [[2], [3], [4]]),
        (GroupBy.ADDRESS, [[2, 3], [4]]),
        (GroupBy.STT, [[2, 3], [4]]),
    ],
)
def test_the_answers_to_which_rows_are_one_household(by: GroupBy, households: Any) -> None:
    rows = [
        ("STT", "Họ và tên", "Địa chỉ"),
        (1, "Lê An", "Số 5"),
        (2, "Lê Bình", "Số 5"),
        (1, "Vũ Cúc", "Số 7"),
    ]
    assert shape(xlsx(rows), Choice(group_by=by))["households"] == households


@pytest.mark.parametrize(
    "rows",
    [[("a", "b", "c"), (1, 2, 3)], [("Họ và tên",)], [("Thực đơn", "Giá", "Món"), ("Phở", 50000, "nước")]],
)
def test_what_is_no_list_is_refused(rows: Rows) -> None:
    with pytest.raises(Refusal) as refusal:
        plan_of(xlsx(rows))
    assert refusal.value.code == "no_header"


def test_a_heading_without_people_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        plan_of(xlsx(PEOPLE[:1]))
    assert refusal.value.code == "no_rows"
