"""The leader's way: upload, columns, look, import, result; and who may not."""

import io
import random
from uuid import UUID

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.models import AuditEntry, Household, ImportBatch
from backend.services.importing import batches
from backend.services.importing.staging import unstage
from tests.importing.files import PEOPLE, Rows, plan_of, workbook, xlsx
from tests.people import People, sign_in

BROKEN: Rows = (*PEOPLE, (4, 7, "Vũ Văn Sai", "11/01/976", "Nam", "Chủ hộ", None, "Số 11 ngõ 36"))


def send(client: FlaskClient, people: People, data: bytes, name: str = "danh sach.xlsx") -> TestResponse:
    form = {"neighbourhood": str(people.neighbourhood.id), "file": (io.BytesIO(data), name)}
    return client.post("/nhap", data=form)


def uploaded(client: FlaskClient, people: People, rows: Rows = PEOPLE) -> str:
    answer = send(client, people, xlsx(rows))
    assert answer.status_code == 303
    return answer.location.removesuffix("/cot")


@pytest.fixture
def lan(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.lan)


def test_the_whole_way(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people, BROKEN)
    columns = lan.get(f"{here}/cot")
    assert columns.status_code == 200
    assert "Nguyễn V. A." in columns.text
    assert "Nguyễn Văn An" not in columns.text
    assert (
        lan.post(f"{here}/cot", data={f"c{n}": of for n, of in enumerate(_MAPPING, 1)}).location
        == f"{here}/xem"
    )
    look = lan.get(f"{here}/xem")
    assert "Dòng 8: Ngày sinh &#39;11/01/976&#39; chưa đúng." in look.text
    assert lan.post(f"{here}/ghi").location == here
    result = lan.get(here)
    assert "Đã nhập xong" in result.text
    assert "Dòng 8" in result.text
    assert len(session.scalars(select(Household)).all()) == 3
    assert "1 dòng chưa vào" in lan.get("/nhap").text


_MAPPING = ("stt_ho", "stt", "name", "dob", "sex", "relation", "phone", "address")


def test_what_was_staged_is_gone_after_the_import(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people)
    batch = session.scalars(select(ImportBatch)).one()
    assert batch.staged_enc
    lan.post(f"{here}/ghi")
    session.refresh(batch)
    assert batch.staged_enc is None


def test_refused_rows_come_back_corrected_and_find_their_household(
    lan: FlaskClient, session: Session, people: People
) -> None:
    rows = [list(row) for row in PEOPLE]
    rows[2][3] = "31/02/1978"  # the wife of household 1
    here = uploaded(lan, people, rows)
    lan.post(f"{here}/ghi")
    answer = lan.get(f"{here}/chua-vao.xlsx")
    assert answer.status_code == 200
    assert (
        session.scalars(select(AuditEntry).where(AuditEntry.action == "import.refused_download")).one().count
        == 1
    )
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    sheet = book.worksheets[0]
    head = [cell.value for cell in sheet[1]]
    told = dict(zip(head, (cell.value for cell in sheet[2]), strict=True))
    assert told["Dòng"] == "3"
    assert "31/02/1978" in told["Lý do"]
    assert told["Họ và tên chủ hộ"] == "Nguyễn Văn An"
    sheet.cell(2, head.index("Ngày tháng năm sinh") + 1).value = "28/02/1978"
    out = io.BytesIO()
    book.save(out)
    again = send(lan, people, out.getvalue()).location.removesuffix("/cot")
    lan.post(f"{again}/ghi")
    batch = session.get_one(ImportBatch, UUID(again.rpartition("/")[2]), populate_existing=True)
    assert (batch.counts["created"], batch.counts["updated"], batch.counts["people_created"]) == (0, 1, 1)


def test_no_value_of_a_left_out_column_is_kept(lan: FlaskClient, session: Session, people: People) -> None:
    source = random.Random(3)
    numbers = [f"0750{source.randrange(10**8):08d}" for _ in PEOPLE[1:]]
    rows = [(*row, cell) for row, cell in zip(PEOPLE, ("Số CCCD", *numbers), strict=True)]
    here = uploaded(lan, people, rows)
    pages = lan.get(f"{here}/cot").text + lan.get(f"{here}/xem").text
    assert "Đã bỏ 1 cột" in pages
    lan.post(f"{here}/ghi")
    pages += lan.get(here).text
    tables = session.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'area_unit'")
    ).scalars()
    stored = "".join(str(session.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)
    assert not [number for number in numbers if number in pages + stored]


def test_notes_are_shown_to_nobody_and_not_even_staged(
    lan: FlaskClient, session: Session, people: People
) -> None:
    rows = [(*row, "Ghi chú" if place == 0 else "ốm nặng, nợ nhiều") for place, row in enumerate(PEOPLE)]
    here = uploaded(lan, people, rows)
    assert "ốm nặng" not in lan.get(f"{here}/cot").text + lan.get(f"{here}/xem").text
    sealed = session.scalars(select(ImportBatch)).one().staged_enc
    assert sealed is not None
    assert "ốm nặng" not in str(unstage(sealed))


def test_a_file_that_cannot_be_read_says_why(lan: FlaskClient, people: People) -> None:
    answer = send(lan, people, b"%PDF-1.7 ...", "ds.xlsx")
    assert answer.status_code == 422
    assert "Đây không phải danh sách Excel" in answer.text


def test_without_a_file(lan: FlaskClient, people: People) -> None:
    answer = lan.post("/nhap", data={"neighbourhood": str(people.neighbourhood.id)})
    assert answer.status_code == 422
    assert "Mời điền ô này." in answer.text


def test_a_list_that_does_not_say_which_rows_are_one_household(
    lan: FlaskClient, session: Session, people: People
) -> None:
    rows = (
        ("STT", "Họ và tên", "Năm sinh", "Địa chỉ"),
        (1, "Nguyễn Văn An", 1975, "Số 5"),
        (2, "Lê Thị Hoa", 1980, "Số 5"),
    )
    here = uploaded(lan, people, rows)
    assert "Danh sách không nói những dòng nào là một hộ" in lan.get(f"{here}/xem").text
    assert lan.post(f"{here}/ghi").status_code == 422
    assert lan.post(f"{here}/xem", data={"group_by": "address"}).status_code == 303
    assert "Nhập 1 hộ" in lan.get(f"{here}/xem").text
    lan.post(f"{here}/ghi")
    assert len(session.scalars(select(Household)).all()) == 1


def test_the_mapping_can_be_changed(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people)
    data = {f"c{n}": of for n, of in enumerate(_MAPPING, 1)} | {"c7": ""}
    lan.post(f"{here}/cot", data=data)
    lan.post(f"{here}/ghi")
    assert {household.phone for household in session.scalars(select(Household))} == {None}


def test_one_meaning_for_one_column(lan: FlaskClient, people: People) -> None:
    here = uploaded(lan, people)
    answer = lan.post(f"{here}/cot", data={"c3": "name", "c4": "name"})
    assert answer.status_code == 422
    assert "Hai cột được chọn cùng một mục" in answer.text


def test_a_column_of_id_numbers_cannot_be_mapped_by_hand(
    lan: FlaskClient, session: Session, people: People
) -> None:
    rows = [(*row, cell) for row, cell in zip(PEOPLE, ("Số CCCD", *["0010" + "00000001"] * 6), strict=True)]
    here = uploaded(lan, people, rows)
    lan.post(f"{here}/cot", data={"c3": "name", "c9": "note"})
    batch = session.scalars(select(ImportBatch)).one()
    assert "9" not in batch.plan["columns"]


def test_importing_twice_by_two_clicks(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people)
    assert lan.post(f"{here}/ghi").status_code == 303
    assert lan.post(f"{here}/ghi").status_code == 409
    assert len(session.scalars(select(Household)).all()) == 3


def test_the_pages_of_a_finished_import_lead_to_its_result(
    lan: FlaskClient, session: Session, people: People
) -> None:
    here = uploaded(lan, people, BROKEN)
    lan.post(f"{here}/ghi")
    for path in ("/cot", "/xem"):
        assert lan.get(here + path).location == here
    batch = session.scalars(select(ImportBatch)).one()
    batch.refused_enc = None  # a week later
    session.commit()
    assert lan.get(f"{here}/chua-vao.xlsx").location == here
    assert "nay đã xoá" in lan.get(here).text


def test_a_long_list_shows_how_far_it_is(
    lan: FlaskClient, session: Session, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "INLINE_ROWS", 2)
    here = uploaded(lan, people)
    lan.post(f"{here}/ghi")
    batch = session.scalars(select(ImportBatch)).one()
    batch.rows_done = 3
    session.commit()
    assert "<progress" in lan.get(here).text
    part = lan.get(f"{here}/tien-do")
    assert "3/6" in part.text
    assert "HX-Refresh" not in part.headers
    batch.state = "failed"
    session.commit()
    assert lan.get(f"{here}/tien-do").headers["HX-Refresh"] == "true"
    assert "Chưa nhập xong" in lan.get(here).text


def test_a_sheet_can_be_chosen(lan: FlaskClient, session: Session, people: People) -> None:
    rows = (PEOPLE[0], (1, 1, "Đỗ Thị Khác", 1966, "Nữ", "Chủ hộ", None, "Số 1 ngõ 8"))
    answer = send(lan, people, workbook({"TDP 7": PEOPLE, "TDP 8": rows}))
    here = answer.location.removesuffix("/cot")
    assert "TDP 8" in lan.get(f"{here}/cot").text
    assert lan.post(f"{here}/cot", data={"sheet": "TDP 8"}).location == f"{here}/cot"
    lan.post(f"{here}/ghi")
    assert [household.head_name for household in session.scalars(select(Household))] == ["Đỗ Thị Khác"]


def test_a_dropped_list_leaves_nothing(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people)
    assert lan.post(f"{here}/bo").location == "/nhap"
    batch = session.scalars(select(ImportBatch)).one()
    assert batch.staged_enc is None
    assert lan.post(f"{here}/ghi").status_code == 409


@pytest.mark.parametrize("path", ["", "/cot", "/xem", "/tien-do", "/chua-vao.xlsx"])
def test_another_wards_import_is_not_there(
    client: FlaskClient, session: Session, people: People, path: str
) -> None:
    here = uploaded(sign_in(client, session, people.lan), people)
    assert sign_in(client, session, people.hoa).get(here + path).status_code == 404


def test_another_wards_neighbourhood_takes_no_list(
    client: FlaskClient, session: Session, people: People
) -> None:
    sign_in(client, session, people.hoa)
    assert send(client, people, xlsx(PEOPLE)).status_code == 404


def test_the_plan_column_holds_no_content(lan: FlaskClient, session: Session, people: People) -> None:
    uploaded(lan, people, BROKEN)
    stored = str(session.scalars(select(ImportBatch)).one().plan)
    assert plan_of(xlsx(BROKEN)).rows[0].text("name") == "Nguyễn Văn An"  # type: ignore[arg-type]
    assert "Nguyễn" not in stored
    assert "976" not in stored
