"""Two people with the same household's form open: nobody undoes the other, and two numbers are put to the leader."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.models import Household
from backend.services import erasure
from tests.console.conftest import Evening
from tests.people import acting, sign_in

FIRST, LATER, OTHER = "0912345678", "0987654321", "0903111222"


@pytest.fixture
def lan(client: FlaskClient, session: Session, evening: Evening) -> FlaskClient:
    return sign_in(client, session, evening.people.lan)


def opened(lan: FlaskClient, door: Household) -> dict[str, str]:
    """The form as somebody holds it open."""
    page = lan.get(f"/ho/{door.id}/sua").text
    found = re.search(r'name="phone_seen" value="([^"]*)"', page)
    assert found is not None
    return {"address": door.address, "kind": door.kind, "phone": found[1], "phone_seen": found[1]}


def save(lan: FlaskClient, door: Household, form: dict[str, str], **changed: str) -> None:
    assert lan.post(f"/ho/{door.id}/sua", data=form | changed).status_code == 303


def numbers(session: Session, door: Household) -> tuple[str | None, str | None]:
    session.expire_all()
    found = session.scalars(select(Household).where(Household.id == door.id)).one()
    return found.phone, found.other_phone


def test_the_later_number_stands_and_the_other_is_asked_about(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    door = evening.doors[0]
    save(lan, door, opened(lan, door), phone=FIRST)
    hers, his = opened(lan, door), opened(lan, door)
    save(lan, door, hers, phone=OTHER)
    save(lan, door, his, phone=LATER)
    assert numbers(session, door) == ("+84987654321", "+84903111222")
    page = lan.get(f"/ho/{door.id}").text
    assert "Hai người cùng sửa số của hộ này" in page
    assert "Giữ 0987 654 321" in page
    assert "Lấy 0903 111 222" in page


@pytest.mark.parametrize(("choice", "stands"), [("nay", "+84987654321"), ("kia", "+84903111222")])
def test_somebody_says_which_is_right(
    lan: FlaskClient, session: Session, evening: Evening, choice: str, stands: str
) -> None:
    door = evening.doors[0]
    hers, his = opened(lan, door), opened(lan, door)
    save(lan, door, hers, phone=OTHER)
    save(lan, door, his, phone=LATER)
    for _ in range(2):
        assert lan.post(f"/ho/{door.id}/so-dien-thoai", data={"so": choice}).status_code == 303
    assert numbers(session, door) == (stands, None)
    assert "Hai người cùng sửa" not in lan.get(f"/ho/{door.id}").text
    found = session.scalars(select(Household).where(Household.id == door.id)).one()
    assert found.phone_index is not None
    assert numbers(session, evening.doors[1]) == (None, None)


def test_who_did_not_touch_the_number_brings_no_old_one_back(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    door = evening.doors[0]
    save(lan, door, opened(lan, door), phone=FIRST)
    his = opened(lan, door)
    save(lan, door, opened(lan, door), phone=OTHER)
    save(lan, door, his, address="Số 12A ngõ 34")
    assert numbers(session, door) == ("+84903111222", None)


def test_one_after_the_other_is_no_conflict(lan: FlaskClient, session: Session, evening: Evening) -> None:
    door = evening.doors[0]
    for number in (FIRST, OTHER, ""):
        save(lan, door, opened(lan, door), phone=number)
    assert numbers(session, door) == (None, None)
    same = opened(lan, door)
    save(lan, door, opened(lan, door), phone=LATER)
    save(lan, door, same, phone=LATER)  # both wrote the same
    assert numbers(session, door) == ("+84987654321", None)


def test_whoever_corrects_it_afterwards_has_answered(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    door = evening.doors[0]
    hers, his = opened(lan, door), opened(lan, door)
    save(lan, door, hers, phone=OTHER)
    save(lan, door, his, phone=LATER)
    save(lan, door, opened(lan, door), phone=FIRST)
    assert numbers(session, door) == ("+84912345678", None)


def test_an_erasure_takes_both(lan: FlaskClient, session: Session, evening: Evening) -> None:
    door = evening.doors[0]
    hers, his = opened(lan, door), opened(lan, door)
    save(lan, door, hers, phone=OTHER)
    save(lan, door, his, phone=LATER)
    erasure.erase(session, acting(session, evening.people.lan), door.id)
    assert numbers(session, door) == (None, None)


def test_another_wards_leader_chooses_nothing(
    client: FlaskClient, session: Session, evening: Evening
) -> None:
    hoa = sign_in(client, session, evening.people.hoa)
    assert hoa.post(f"/ho/{evening.doors[0].id}/so-dien-thoai", data={"so": "kia"}).status_code == 404
