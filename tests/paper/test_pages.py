"""Paper at the desk: print, find by code, type in as a plain form; a refusal keeps what was typed."""

from collections.abc import Callable
from uuid import UUID

import pypdfium2 as pdfium
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.console.paper import PART
from backend.core.clock import today
from backend.models import PaperSheet, Visit, VisitEvent, Walk
from tests.people import People, sign_in

Steps = Callable[[UUID], list[tuple[UUID, str]]]


@pytest.fixture
def desk(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.lan)


def row(n: int, outcome: str, rev: int = 0, **more: str) -> dict[str, str]:
    return {"hang": str(n), "rev": str(rev), "ket_qua": outcome, "ngay": "", "gio": ""} | more


def test_a_walk_and_all_walks_are_printed(desk: FlaskClient, session: Session, walk: Walk) -> None:
    reply = desk.post(f"/tuyen/{walk.id}/phieu", data={"day": today().isoformat(), "only_open": "1"})
    assert reply.mimetype == "application/pdf"
    assert len(pdfium.PdfDocument(reply.data)) >= 1
    assert "Phiếu" in desk.get(f"/tuyen/{walk.id}").text
    again = desk.post("/tuyen/in-phieu", data={"only_open": "1"})
    assert again.mimetype == "application/pdf"
    assert session.scalar(select(func.count()).select_from(PaperSheet)) == 1


def test_nothing_to_print_is_said(desk: FlaskClient, walk: Walk) -> None:
    desk.post(f"/tuyen/{walk.id}/dong")
    assert desk.post("/tuyen/in-phieu").location == "/tuyen"
    assert "Chưa có tuyến nào đang đi để in." in desk.get("/tuyen").text
    assert desk.post(f"/tuyen/{walk.id}/phieu", data={"day": "hôm nay"}).location == f"/tuyen/{walk.id}"


def test_a_code_opens_its_sheet(desk: FlaskClient, sheet: PaperSheet) -> None:
    assert desk.get(f"/tuyen/phieu?ma={sheet.token.lower()}").location == f"/tuyen/phieu/{sheet.id}"
    assert desk.get(f"/T/{sheet.token}").location == f"/tuyen/phieu/{sheet.id}"
    wrong = desk.get("/tuyen/phieu?ma=11111-11111").text
    assert "Không có phiếu nào mang mã này." in wrong
    assert 'value="11111-11111"' in wrong
    assert desk.get("/T/0000000000").location == "/tuyen/phieu?ma=0000000000"


def test_a_plain_form_stores_and_goes_on_to_the_next_row(
    desk: FlaskClient, session: Session, sheet: PaperSheet
) -> None:
    address = f"/tuyen/phieu/{sheet.id}"
    reply = desk.post(f"{address}/hang", data=row(1, "not_home"))
    assert reply.location == f"{address}#hang-2"
    shown = desk.get(address).text
    assert "✓ Vắng nhà" in shown
    assert "<strong data-count>1</strong>/8" in shown
    desk.post(f"{address}/hang", data=row(1, "not_home"))
    assert session.scalar(select(func.count()).select_from(VisitEvent)) == 1
    desk.post(f"{address}/hang", data=row(1, "", rev=1))
    assert "✓ Vắng nhà" not in desk.get(address).text


def test_letters_are_results_and_a_wrong_one_is_kept_and_said(
    desk: FlaskClient, session: Session, sheet: PaperSheet, open_steps: Steps
) -> None:
    (person, service), (_, other) = open_steps(sheet.doors[0])[:2]
    name, second = f"o:{person}:{service}", f"o:{person}:{other}"
    address = f"/tuyen/phieu/{sheet.id}/hang"
    for wrong in ("Q", "X2", "K99", "KK", "1"):
        reply = desk.post(address, data=row(1, "helped", **{name: wrong}))
        assert reply.status_code == 422, wrong
        assert "Mỗi ô một chữ" in reply.text
        assert f'value="{wrong}"' in reply.text
    assert session.scalar(select(func.count()).select_from(VisitEvent)) == 0
    assert desk.post(address, data=row(1, "helped", **{name: "x", second: "k1"})).status_code == 303
    results = {one["service"]: one for one in session.scalars(select(Visit.results)).one()}
    assert results[service]["state"] == "done_with_help"
    assert results[other]["state"] == "blocked"
    assert results[other]["reason"]
    shown = desk.get(f"/tuyen/phieu/{sheet.id}").text
    assert 'value="X"' in shown
    assert 'value="K1"' in shown


def test_the_script_gets_the_row_alone(desk: FlaskClient, sheet: PaperSheet) -> None:
    address = f"/tuyen/phieu/{sheet.id}/hang"
    reply = desk.post(address, data=row(2, "refused"), headers={PART: "row"})
    assert reply.text.strip().startswith("<li")
    assert 'id="hang-2"' in reply.text
    late = desk.post(address, data=row(2, "no_need"), headers={PART: "row"})
    assert late.status_code == 409
    assert "Dòng này vừa được sửa ở nơi khác" in late.text
    assert "✓ Từ chối" in late.text
    assert desk.post(address, data=row(99, "no_need"), headers={PART: "row"}).status_code == 404
    assert desk.post(address, data=row(2, "xx"), headers={PART: "row"}).status_code == 422


def test_an_appointment_and_consent_are_kept(desk: FlaskClient, session: Session, sheet: PaperSheet) -> None:
    data = row(3, "rescheduled", ngay="2027-01-02", gio="19:30", dong_y="1")
    assert desk.post(f"/tuyen/phieu/{sheet.id}/hang", data=data).status_code == 303
    shown = desk.get(f"/tuyen/phieu/{sheet.id}").text
    assert "✓ Hẹn lại 02/01/2027" in shown
    assert 'value="19:30"' in shown


def test_the_story_of_the_door_says_who_typed_it_in(
    desk: FlaskClient, session: Session, people: People, sheet: PaperSheet
) -> None:
    desk.post(f"/tuyen/phieu/{sheet.id}/hang", data=row(1, "not_home"))
    story = desk.get(f"/ho/{session.scalars(select(VisitEvent.household_link)).one()}").text
    assert "Nhập từ phiếu giấy lúc" in story
    assert f"người nhập: {people.lan.full_name}" in story


def test_the_head_is_set_before_the_first_row(desk: FlaskClient, people: People, sheet: PaperSheet) -> None:
    data = {"person": str(people.minh.id), "day": today().isoformat()}
    assert desk.post(f"/tuyen/phieu/{sheet.id}/dau", data=data).status_code == 303
    desk.post(f"/tuyen/phieu/{sheet.id}/dau", data=data | {"day": "2020-01-01"})
    assert "Ngày đi phải là hôm nay hoặc trước đó" in desk.get(f"/tuyen/phieu/{sheet.id}").text
