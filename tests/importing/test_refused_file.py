"""The file of refused rows opens safely, reads back, and holds no ID number."""

import io
import random

import openpyxl
import pytest

from backend.services.importing.reading import read
from backend.services.importing.records import build
from backend.services.importing.refused import neutral, refused_file
from backend.services.importing.staging import keep_refused, open_refused, refused_rows, stage, unstage
from tests.importing.files import PEOPLE, plan_of, xlsx

HOSTILE = ("=1+1", "+1", "-Nguyễn", "@SUM(A1)", "\t=1", "＝1", "－2")


def made(rows: object) -> bytes:
    plan = plan_of(xlsx(rows))  # type: ignore[arg-type]
    told = refused_rows(plan, build(plan, this_year=2026))
    return refused_file(open_refused(keep_refused(told)), lambda code, **values: f"{code} {values}")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_begins_like_a_formula(text: str) -> None:
    assert neutral(text) == "'" + text
    assert neutral("Nguyễn") == "Nguyễn"


def test_cells_are_strings_and_names_survive_the_round_trip() -> None:
    rows = [list(row) for row in PEOPLE]
    rows[2][2], rows[2][3] = "-Nguyễn Thị Sai", "11/01/976"
    data = made(rows)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert {cell.data_type for cells in sheet.iter_rows() for cell in cells if cell.value is not None} == {
        "s"
    }
    names = [row.text("name") for row in plan_of(data).rows]  # type: ignore[arg-type]
    assert names == ["-Nguyễn Thị Sai"]


def test_no_id_number_is_given_back() -> None:
    source = random.Random(9)
    number = f"0010{source.randrange(10**8):08d}"
    rows = [(*row, "Số CCCD" if place == 0 else number) for place, row in enumerate(PEOPLE)]
    broken = [list(row) for row in rows]
    broken[2][3], broken[2][6] = "11/01/976", number
    sheet = openpyxl.load_workbook(io.BytesIO(made(broken))).worksheets[0]
    assert number not in str([[cell.value for cell in cells] for cells in sheet.iter_rows()])


def test_no_id_number_beside_a_name_or_a_phone_is_kept_or_given_back() -> None:
    source = random.Random(11)
    numbers = [f"0010{source.randrange(10**8):08d}" for _ in range(4)]
    rows = [
        ("STT hộ", "Họ và tên", "Ngày sinh", "Quan hệ", "SĐT", "Địa chỉ", "Nghề nghiệp"),
        (
            1,
            f"Dư Văn Ga CCCD {numbers[0]}",
            "15/17/1950",
            "Chủ hộ",
            f"0911000001 - {numbers[1]}",
            f"Số 1 ({numbers[2]})",
            f"Thợ {numbers[3]}, thẻ DN4017975001235",
        ),
        (None, "Dư Thị Hến", "1955", "Vợ", "0911000002 / 02438251234", "Số 1", "Thợ"),
    ]
    data = xlsx(rows)
    plan = plan_of(data)
    back = [
        [cell.value for cell in cells]
        for cells in openpyxl.load_workbook(io.BytesIO(made(rows))).worksheets[0]
    ]
    assert "Dư Văn Ga" in str(back)
    sheets = read(data)
    staged = unstage(stage(sheets, [plan]))
    assert "0911000002 / 02438251234" in str(staged[0].rows)
    assert [number for number in numbers if number in str(back) + str(staged[0].rows)] == []
    assert "DN4017975001235" not in str(staged[0].rows)
    assert (2, "row_id_removed") in plan.removed
