"""The leader's page of what waits, the rescue file, and the household that takes its consent back."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.models import HeldEvent, Household, VisitEvent
from tests import factories as make
from tests.people import People, sign_in
from tests.sync.kit import visit


@pytest.fixture
def desk(app: Flask, session: Session, people: People) -> FlaskClient:
    return sign_in(app.test_client(), session, people.lan)


@pytest.fixture
def door(session: Session, people: People) -> Household:
    made = make.create_household(session, people.neighbourhood, address="Số 7 ngõ 34")
    work.commit(session)
    return made


def _upload(desk: FlaskClient, listed: list[object], **changed: object) -> object:
    told = {"format": "gocua-rescue", "version": 1, "device": None, "items": listed} | changed
    data = {"file": (BytesIO(json.dumps(told).encode()), "go-cua.json")}
    return desk.post("/cho-duyet/tep", data=data, content_type="multipart/form-data", follow_redirects=True)


def test_a_rescue_file_from_upload_to_count(
    desk: FlaskClient, door: Household, people: People, session: Session
) -> None:
    assert "Không có gì chờ duyệt" in desk.get("/cho-duyet").text
    item = visit(people.minh.id, door.id, "helped")
    wire = {"id": str(item.id), "sha256": item.sha256, "core": item.core}
    told = _upload(desk, [wire, {"id": "x"}])
    assert "1 lần ghi chờ bạn duyệt" in told.text  # type: ignore[attr-defined]
    assert "1 mục không đọc được" in told.text  # type: ignore[attr-defined]
    page = desk.get("/cho-duyet").text
    assert "Nguyễn Văn Minh" in page
    assert "Đã giúp được" in page
    assert "Số 7 ngõ 34" in page
    assert "1 lần ghi từ máy đã thu hồi hoặc tệp cứu chờ bạn duyệt" in desk.get("/nguoi").text

    address = f"/cho-duyet/{people.minh.id}"
    empty = desk.post(f"{address}/tra", data={"source": "rescue", "reason": "  "})
    assert empty.status_code == 422
    assert "Mời điền ô này" in empty.text
    back = desk.post(f"{address}/tra", data={"source": "rescue", "reason": "chưa rõ"}, follow_redirects=True)
    assert "Đã trả lại 1 lần ghi" in back.text
    assert "chưa rõ" in back.text
    taken = desk.post(f"{address}/nhan", data={"source": "rescue"}, follow_redirects=True)
    assert "Đã nhận 1 lần ghi" in taken.text
    assert session.get_one(VisitEvent, item.id).author == people.minh.id
    assert desk.post(f"{address}/nhan", data={"source": "rescue"}).status_code == 404
    assert desk.post(f"{address}/nhan", data={"source": "khác"}).status_code == 422


@pytest.mark.parametrize("changed", [{"format": "khác"}, {"items": {}}, {"version": 2}])
def test_another_file_is_refused_with_what_to_do(desk: FlaskClient, changed: dict[str, object]) -> None:
    told = _upload(desk, [], **changed)
    assert told.status_code == 422  # type: ignore[attr-defined]
    assert 'role="alert"' in told.text  # type: ignore[attr-defined]
    assert desk.post("/cho-duyet/tep", data={}).status_code == 422


def test_a_household_is_erased_after_saying_what_goes(
    desk: FlaskClient, door: Household, people: People, session: Session
) -> None:
    page = desk.get(f"/ho/{door.id}/xoa").text
    assert "2 người" in page
    assert "không đến nữa" in page
    done = desk.post(f"/ho/{door.id}/xoa", follow_redirects=True)
    assert "Đã xoá dữ liệu" in done.text
    assert session.get_one(Household, door.id, populate_existing=True).state == "withdrawn"
    shown = desk.get(f"/ho/{door.id}").text
    assert "Đã xin thôi, không đến nữa" in shown
    assert "/sua" not in shown
    assert desk.get(f"/ho/{door.id}/xoa").status_code == 422
    edited = desk.post(f"/ho/{door.id}/sua", data={"address": "Số 7"})
    assert edited.status_code == 422


def test_many_rows_stay_readable(
    desk: FlaskClient, people: People, door: Household, session: Session
) -> None:
    wire = []
    for _ in range(70):
        item = visit(people.minh.id, door.id)
        wire.append({"id": str(item.id), "sha256": item.sha256, "core": item.core})
    _upload(desk, wire)
    assert len(session.scalars(select(HeldEvent)).all()) == 70
    assert "và 20 lần ghi nữa" in desk.get("/cho-duyet").text
    taken = desk.post(f"/cho-duyet/{people.minh.id}/nhan", data={"source": "rescue"}, follow_redirects=True)
    assert "Đã nhận 70 lần ghi" in taken.text


def test_the_ledger_lies_beside_the_database(
    desk: FlaskClient, door: Household, settings: object, session: Session
) -> None:
    desk.post(f"/ho/{door.id}/xoa")
    folder: Path = settings.data_dir  # type: ignore[attr-defined]
    [line] = (folder / "erasures.jsonl").read_text().splitlines()
    assert json.loads(line).keys() == {"pseudonym", "ward", "at"}
    assert json.loads(line)["at"].startswith(str(now().year))
