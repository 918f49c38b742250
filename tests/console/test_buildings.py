"""Apartment buildings: read from a list, shown floor by floor, renamed so that lists still find them, made by hand."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from backend.models import AreaUnit, Household
from tests.console.conftest import Evening, statements
from tests.importing.test_commit import bring_in
from tests.people import sign_in

LIST = (
    ("STT hộ", "Họ và tên chủ hộ", "Địa chỉ"),
    (1, "Vũ Văn Một", "Căn 502 chung cư CT1"),
    (2, "Vũ Văn Hai", "P.1205 CT1"),
    (3, "Vũ Văn Ba", "căn hộ 501 chung cư CT1"),
    (4, "Vũ Văn Bốn", "Số 7 ngõ 36"),
)


@pytest.fixture
def ct1(session: Session, evening: Evening) -> AreaUnit:
    bring_in(session, evening.people.neighbourhood, LIST)
    return session.scalars(select(AreaUnit).where(AreaUnit.name == "Chung cư CT1")).one()


def test_a_list_makes_the_building(lan: FlaskClient, ct1: AreaUnit) -> None:
    page = lan.get("/ho/toa-nha").text
    assert f"/ho/toa-nha/{ct1.id}" in page
    assert page.count("/ho/toa-nha/") == 1
    page = lan.get(f"/ho/toa-nha/{ct1.id}").text
    assert re.findall(r"Tầng (\d+)", page) == ["12", "5"]
    assert page.index("<strong>501") < page.index("<strong>502")
    assert "chưa thăm" in page


def test_the_page_of_a_flat_says_its_floor(lan: FlaskClient, session: Session, ct1: AreaUnit) -> None:
    flat = session.scalars(select(Household).where(Household.address.like("%1205%"))).one()
    page = lan.get(f"/ho/{flat.id}").text
    assert f'<a href="/ho/toa-nha/{ct1.id}">Chung cư CT1</a>, tầng 12' in page


def test_a_renamed_building_is_found_by_old_lists(
    lan: FlaskClient, session: Session, evening: Evening, ct1: AreaUnit
) -> None:
    before = session.scalars(select(Household).where(Household.alley_id == ct1.id)).first()
    assert before is not None
    v = before.v
    answer = lan.post(f"/ho/toa-nha/{ct1.id}/ten", data={"name": "Chung cư Sao Mai"}, follow_redirects=True)
    assert "3 căn theo tên mới" in answer.text
    assert session.get_one(Household, before.id, populate_existing=True).v == v + 1
    bring_in(session, evening.people.neighbourhood, (*LIST, (5, "Vũ Văn Năm", "Căn 801 chung cư CT1")))
    page = lan.get(f"/ho/toa-nha/{ct1.id}").text
    assert "Chung cư Sao Mai" in page
    assert re.findall(r"Tầng (\d+)", page) == ["12", "8", "5"]
    assert session.scalar(select(AreaUnit).where(AreaUnit.name == "Chung cư CT1")) is None


@pytest.mark.parametrize("name", ["", "x" * 81, "Chung cư 001075" + "000012"])
def test_a_bad_name(lan: FlaskClient, session: Session, ct1: AreaUnit, name: str) -> None:
    answer = lan.post(f"/ho/toa-nha/{ct1.id}/ten", data={"name": name})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert session.get_one(AreaUnit, ct1.id, populate_existing=True).name == "Chung cư CT1"


def floors(evening: Evening, **more: str) -> dict[str, str]:
    form = {"neighbourhood": str(evening.people.neighbourhood.id), "name": "chung cư CT1"}
    return form | {"first": "4", "last": "6", "each": "4"} | more


def test_floors_are_added_beside_what_is_there(
    lan: FlaskClient, session: Session, evening: Evening, ct1: AreaUnit
) -> None:
    answer = lan.post("/ho/toa-nha", data=floors(evening), follow_redirects=True)
    assert "Đã thêm 10 căn; 2 căn có sẵn giữ nguyên." in answer.text
    assert re.findall(r"Tầng (\d+)", answer.text) == ["12", "6", "5", "4"]
    codes = session.scalars(select(Household.code).where(Household.alley_id == ct1.id)).all()
    assert len(set(codes)) == 13
    answer = lan.post("/ho/toa-nha", data=floors(evening), follow_redirects=True)
    assert "Đã thêm 0 căn; 12 căn có sẵn" in answer.text


def test_a_new_building(lan: FlaskClient, session: Session, evening: Evening) -> None:
    form = floors(evening, name="tòa A2 chung cư Sao Mai", first="1", last="20", each="8")
    answer = lan.post("/ho/toa-nha", data=form, follow_redirects=True)
    assert "Đã thêm 160 căn." in answer.text
    assert "Chung cư A2 Sao Mai" in answer.text
    assert len(answer.data) < 100_000


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"first": "9"}, "Tầng cuối phải từ tầng đầu trở lên"),
        ({"last": "61"}, "cao nhất là 60"),
        ({"each": "0"}, "Chưa"),
        ({"last": "60", "each": "20"}, "mỗi lần nhiều nhất 600"),
        ({"name": "khu vườn"}, "chung cư CT1"),
        ({"name": ""}, "Mời điền ô này."),
        ({"first": "x"}, "Chưa"),
    ],
)
def test_bad_floors_lose_nothing(
    lan: FlaskClient, session: Session, evening: Evening, more: dict[str, str], said: str
) -> None:
    answer = lan.post("/ho/toa-nha", data=floors(evening, **more))
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="6"' in answer.text or "last" in more
    assert len(session.scalars(select(Household)).all()) == 3


def test_other_wards(app: Flask, session: Session, evening: Evening, ct1: AreaUnit) -> None:
    hoa = sign_in(app.test_client(), session, evening.people.hoa)
    assert "CT1" not in hoa.get("/ho/toa-nha").text.replace("chung cư CT1; tòa A2", "")
    assert hoa.get(f"/ho/toa-nha/{ct1.id}").status_code == 404
    assert hoa.post(f"/ho/toa-nha/{ct1.id}/ten", data={"name": "Của tôi"}).status_code == 404
    assert hoa.post("/ho/toa-nha", data=floors(evening)).status_code == 404


def test_a_fixed_number_of_statements(
    lan: FlaskClient, session: Session, connection: Connection, evening: Evening, ct1: AreaUnit
) -> None:
    lan.get("/ho/toa-nha")  # the names around the page are read once
    with statements(connection) as few:
        lan.get("/ho/toa-nha")
        lan.get(f"/ho/toa-nha/{ct1.id}")
    lan.post("/ho/toa-nha", data=floors(evening, first="1", last="30", each="20"))
    with statements(connection) as more:
        lan.get("/ho/toa-nha")
        page = lan.get(f"/ho/toa-nha/{ct1.id}")
    assert len(more) == len(few)
    assert len(page.data) < 250_000
