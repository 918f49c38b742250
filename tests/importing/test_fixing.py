"""Refused rows put right in the page: the same rules, nothing lost, many rows paged, no ID number kept."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.models import AuditEntry, Household, ImportBatch, Resident
from backend.services.importing.staging import unstage
from tests.importing.files import PEOPLE, Rows
from tests.importing.test_wizard import send, uploaded, xlsx
from tests.people import People, sign_in

HEAD = PEOPLE[0]
# Two births that cannot be, in rows 3 and 5.
WRONG: list[list[Any]] = [list(row) for row in PEOPLE]
WRONG[2][3] = "31/02/1978"
WRONG[4][3] = "năm Tỵ"


@pytest.fixture
def lan(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.lan)


def test_a_row_is_put_right_and_goes_in(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people, WRONG)
    assert "Sửa các dòng ngay ở đây" in lan.get(f"{here}/xem").text
    page = lan.get(f"{here}/sua").text
    assert page.index("Dòng 3") < page.index("Dòng 5")
    assert "thuộc hộ Nguyễn Văn An, Số 5 ngõ 34" in page
    field = re.search(r'<input id="d3-dob"[^>]*>', page)
    assert field
    assert 'value="31/02/1978"' in field[0]
    assert 'aria-invalid="true" aria-describedby="e3"' in field[0]
    assert "aria-invalid" not in re.search(r'<input id="d3-name"[^>]*>', page)[0]  # type: ignore[index]

    answer = lan.post(f"{here}/sua", data={"d3-dob": "28/02/1978", "d5-dob": "xyz"})
    assert answer.location.startswith(f"{here}/sua")
    page = lan.get(answer.location).text
    assert "1 dòng đã đúng, còn 1 dòng chưa vào được" in page
    assert "Dòng 3" not in page
    assert 'value="xyz"' in page

    answer = lan.post(f"{here}/sua", data={"d5-dob": "1950"})
    assert answer.location == f"{here}/xem"
    lan.post(f"{here}/ghi")
    births = session.scalars(select(Resident.birth_year).order_by(Resident.household_id, Resident.ordinal))
    assert sorted(births) == [1950, 1960, 1975, 1978, 1990, 2005]
    assert session.scalars(select(ImportBatch)).one().counts["refused"] == 0


def test_reading_the_rows_is_written_down(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people, WRONG)
    lan.get(f"{here}/sua")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "import.rows_read")).one()
    assert entry.count == 2
    assert "Bình" not in str(entry.detail)


def test_after_the_import_the_refused_rows_are_put_right_here(
    lan: FlaskClient, session: Session, people: People
) -> None:
    here = uploaded(lan, people, WRONG)
    lan.post(f"{here}/ghi")
    assert session.scalar(select(Household).where(Household.head_name.is_(None))) is None
    again = lan.post(f"{here}/sua-tiep").location
    page = lan.get(again).text
    assert "31/02/1978" in page
    rows = sorted(set(re.findall(r'name="(d\d+-dob)"', page)))
    lan.post(again, data={rows[0]: "1978", rows[1]: "1950"})
    new = again.removesuffix("/sua")
    lan.post(f"{new}/ghi")
    batch = session.scalars(select(ImportBatch).order_by(ImportBatch.created_at.desc())).first()
    assert batch is not None
    assert (batch.counts["created"], batch.counts["updated"], batch.counts["people_created"]) == (1, 1, 2)


def test_an_old_font_is_left_alone(lan: FlaskClient, session: Session, people: People) -> None:
    """What is typed is Unicode, also in a column that is not: "Hà" has only letters that TCVN3 reads as others."""
    rows = [list(row) for row in WRONG]
    names = ("NguyÔn V¨n B×nh", "TrÇn ThÞ H»ng", "Lan", "Lª §×nh Tr\u00adêng", "Vò ThÞ H¹nh", "Nam")
    for row, name in zip(rows[1:], names, strict=True):
        row[2] = name
    here = uploaded(lan, people, rows)
    lan.post(f"{here}/sua", data={"d3-dob": "1978", "d3-name": "Hà Thị Lài"})
    lan.post(f"{here}/ghi")
    stored = set(session.scalars(select(Resident.full_name)))
    assert {"Hà Thị Lài", "Nguyễn Văn Bình", "Vũ Thị Hạnh"} <= stored


@pytest.mark.parametrize("number", ["001075" + "000012", "0010 7500 0012"])
def test_an_id_number_typed_into_a_cell_is_not_kept(
    lan: FlaskClient, session: Session, people: People, number: str
) -> None:
    here = uploaded(lan, people, WRONG)
    lan.post(f"{here}/sua", data={"d3-dob": "1978", "d3-name": f"Trần Thị Bình {number}", "d5-dob": number})
    sealed = session.scalars(select(ImportBatch)).one().staged_enc
    assert sealed
    stored = re.sub(r"\D", "", str(unstage(sealed)))
    assert re.sub(r"\D", "", number) not in stored


def test_a_cell_that_is_too_long_loses_nothing(lan: FlaskClient, session: Session, people: People) -> None:
    here = uploaded(lan, people, WRONG)
    answer = lan.post(f"{here}/sua", data={"d3-dob": "1978", "d5-name": "x" * 201})
    assert answer.status_code == 422
    assert 'value="1978"' in answer.text
    assert "x" * 201 in answer.text


def test_a_row_cannot_be_emptied_away(lan: FlaskClient, people: People) -> None:
    here = uploaded(lan, people, WRONG)
    empty = {f"d5-{of}": "" for of in ("stt_ho", "name", "dob", "sex", "relation", "phone", "address")}
    answer = lan.post(f"{here}/sua", data=empty)
    assert answer.status_code == 422
    assert "Dòng 5 không còn gì để nhận ra" in answer.text


@pytest.mark.parametrize("name", ["d99-dob", "d1-dob", "d3-note", "d3-group"])
def test_a_cell_that_the_list_has_not(lan: FlaskClient, people: People, name: str) -> None:
    here = uploaded(lan, people, WRONG)
    assert lan.post(f"{here}/sua", data={name: "1978"}).status_code == 404


def test_many_rows_come_in_pages(lan: FlaskClient, people: People) -> None:
    rows: Rows = [
        HEAD,
        *((n, n, f"Người Thứ {n}", "31/02/1978", "Nam", "Chủ hộ", None, f"Số {n}") for n in range(1, 46)),
    ]
    here = uploaded(lan, people, rows)
    page = lan.get(f"{here}/sua?trang=3")
    assert page.text.count("<fieldset") == 5
    assert "Trang 3/3" in page.text
    lan.post(f"{here}/sua?trang=3", data={f"d{n}-dob": "1978" for n in range(42, 47)})
    assert "Trang 2/2" in lan.get(f"{here}/sua?trang=3").text


def test_a_doubtful_phone_can_be_put_right_too(lan: FlaskClient, session: Session, people: People) -> None:
    rows = [list(row) for row in PEOPLE]
    rows[4][6] = "113"
    here = uploaded(lan, people, rows)
    assert "Dòng 5" in lan.get(f"{here}/sua").text
    lan.post(f"{here}/sua", data={"d5-phone": "0912 345 679"})
    lan.post(f"{here}/ghi")
    assert "+84912345679" in set(session.scalars(select(Household.phone)))


def test_a_finished_import_has_nothing_to_put_right(lan: FlaskClient, people: People) -> None:
    here = uploaded(lan, people, WRONG)
    lan.post(f"{here}/ghi")
    assert lan.get(f"{here}/sua").location == here
    assert lan.post(f"{here}/sua", data={"d3-dob": "1978"}).status_code == 409


def test_hostile_cells_are_text(lan: FlaskClient, people: People) -> None:
    rows = [list(row) for row in WRONG]
    rows[2][2] = '<script>alert(1)</script>" onfocus="x'
    answer = send(lan, people, xlsx(rows))
    page = lan.get(answer.location.removesuffix("/cot") + "/sua").text
    assert "<script>alert" not in page
    assert '" onfocus="x' not in page
