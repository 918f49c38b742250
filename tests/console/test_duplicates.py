"""Doors that may be one: suggested, looked at side by side, merged so that phones follow, or kept apart for good."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from backend.core.crypto import keyring
from backend.database import work
from backend.models import AuditEntry, Household, HouseholdAlias, HouseholdDistinct, Visit
from backend.services import events
from tests import factories as make
from tests.console.conftest import Evening, statements
from tests.people import sign_in
from tests.sync.kit import on_device, visit


@pytest.fixture
def twin(session: Session, evening: Evening) -> Household:
    """The same address as `doors[1]` (written otherwise) and the same phone."""
    first = evening.doors[1]
    found = make.create_household(session, evening.people.neighbourhood, address="SỐ 14, ngõ 34", people=1)
    for door in (first, found):
        door.phone, door.phone_index = "+84912345678", keyring().blind("+84912345678", "phone")
    work.commit(session)
    return found


def path(one: Household, other: Household) -> str:
    return f"/ho/{one.id}/gop?voi={other.id}"


def test_pairs_are_suggested_with_their_reasons(lan: FlaskClient, evening: Evening, twin: Household) -> None:
    page = lan.get("/ho/trung").text
    assert path(evening.doors[1], twin) in page
    assert "cùng địa chỉ" in page
    assert "cùng số điện thoại" in page
    assert "Hộ có thể trùng" in lan.get("/ho").text


def test_the_same_head_close_by(lan: FlaskClient, session: Session, evening: Evening) -> None:
    evening.doors[2].head_name = "DO THI HUONG"
    far = make.create_household(session, evening.people.neighbourhood, address="Số 3 ngõ 90")
    far.alley_id = make.create_alley(session, evening.people.neighbourhood, "Ngõ 90").id
    far.head_name = "Đỗ Thị Hường"
    work.commit(session)
    page = lan.get("/ho/trung").text
    assert path(evening.doors[0], evening.doors[2]) in page
    assert "cùng tên chủ hộ, cùng ngõ" in page
    assert str(far.id) not in page


def test_side_by_side(lan: FlaskClient, session: Session, evening: Evening, twin: Household) -> None:
    page = lan.get(path(evening.doors[1], twin)).text
    assert "Số 14 ngõ 34" in page
    assert "SỐ 14, ngõ 34" in page
    assert "0912 345 678" in page
    assert f'value="{evening.doors[1].id}" checked' in page  # the one with a visit is proposed to stay
    assert "nhận thêm 1 lần thăm, 2 người" in page
    assert "Gộp rồi không tách lại được" in page
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "household.read")).all()
    assert entry[-1].count == 2


def test_merged_history_is_kept_and_late_visits_follow(
    lan: FlaskClient, session: Session, evening: Evening, twin: Household
) -> None:
    old, minh = evening.doors[1], evening.people.minh
    form = {"voi": str(twin.id), "giu": str(twin.id), "hieu": "1"}
    answer = lan.post(f"/ho/{old.id}/gop", data=form)
    assert answer.location == f"/ho/{twin.id}"
    page = lan.get(answer.location).text
    assert "1 lần thăm" in page
    assert "Vắng nhà" in page
    assert "Đã nhận hộ trùng" in page
    assert "Đã gộp vào hộ khác" in lan.get(f"/ho/{old.id}").text
    assert session.scalars(select(HouseholdAlias)).one().new_id == twin.id
    events.store(
        session, on_device(session, minh, evening.people.minh_device), [visit(minh.id, old.id, "refused")]
    )
    work.commit(session)
    told = session.scalars(select(Visit.household_id).where(Visit.outcome == "refused")).one()
    assert told == twin.id
    assert str(old.id) not in lan.get("/ho/trung").text


def test_a_merge_needs_the_tick(
    lan: FlaskClient, session: Session, evening: Evening, twin: Household
) -> None:
    answer = lan.post(f"/ho/{evening.doors[1].id}/gop", data={"voi": str(twin.id), "giu": str(twin.id)})
    assert answer.status_code == 422
    assert f'value="{twin.id}" checked' in answer.text
    assert session.scalar(select(HouseholdAlias)) is None


def test_the_one_that_stays_is_one_of_the_two(
    lan: FlaskClient, session: Session, evening: Evening, twin: Household
) -> None:
    form = {"voi": str(twin.id), "giu": str(evening.doors[0].id), "hieu": "1"}
    assert lan.post(f"/ho/{evening.doors[1].id}/gop", data=form).status_code == 422
    assert session.scalar(select(HouseholdAlias)) is None


def test_a_door_is_not_merged_with_itself(lan: FlaskClient, evening: Evening) -> None:
    assert lan.get(path(evening.doors[0], evening.doors[0])).status_code == 409


def test_two_are_two_for_good(lan: FlaskClient, session: Session, evening: Evening, twin: Household) -> None:
    one = evening.doors[1]
    assert lan.post(f"/ho/{twin.id}/khac", data={"voi": str(one.id)}).status_code == 303
    assert lan.post(f"/ho/{one.id}/khac", data={"voi": str(twin.id)}).status_code == 303
    assert len(session.scalars(select(HouseholdDistinct)).all()) == 1
    assert str(twin.id) not in lan.get("/ho/trung").text


def test_any_door_by_its_code(lan: FlaskClient, evening: Evening) -> None:
    here = f"/ho/{evening.doors[0].id}/gop"
    assert "với hộ nào?" in lan.get(here).text
    answer = lan.post(f"{here}/tim", data={"code": f" {evening.doors[2].code.lower()} "})
    assert answer.location == path(evening.doors[0], evening.doors[2])
    answer = lan.post(f"{here}/tim", data={"code": "H9999"})
    assert answer.status_code == 422
    assert "Không có hộ mang mã này" in answer.text
    assert 'value="H9999"' in answer.text


def test_other_wards(app: Flask, session: Session, evening: Evening, twin: Household) -> None:
    hoa = sign_in(app.test_client(), session, evening.people.hoa)
    theirs = make.create_household(session, evening.people.other_neighbourhood)
    work.commit(session)
    assert hoa.get(path(evening.doors[1], twin)).status_code == 404
    assert hoa.get(path(theirs, twin)).status_code == 404
    form = {"voi": str(twin.id), "giu": str(theirs.id), "hieu": "1"}
    assert hoa.post(f"/ho/{theirs.id}/gop", data=form).status_code == 404
    assert hoa.post(f"/ho/{theirs.id}/khac", data={"voi": str(twin.id)}).status_code == 404
    assert str(twin.id) not in hoa.get("/ho/trung").text


def test_a_fixed_number_of_statements(
    lan: FlaskClient, session: Session, connection: Connection, evening: Evening, twin: Household
) -> None:
    lan.get("/ho/trung")  # the names around the page are read once
    with statements(connection) as few:
        lan.get("/ho/trung")
    for _ in range(40):
        make.create_household(session, evening.people.neighbourhood, address="Số 1 tập thể", people=0)
    work.commit(session)
    with statements(connection) as more:
        page = lan.get("/ho/trung").text
    assert len(more) == len(few)
    assert "Trang 1/2" in page or "Trang 1/3" in page
