"""Asking for help from every door: what is taken, what is refused, what is never stored or told."""

import re
from random import randrange

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.core.crypto import keyring
from backend.models import HelpRequest
from backend.services import codes, help_asking
from qr.codes.tokens import new_token, token_from
from qr.pages import guard
from tests import factories as make
from tests.help.conftest import Fill, filled
from tests.people import People, acting


def only(session: Session) -> HelpRequest:
    session.expire_all()
    return session.scalars(select(HelpRequest)).one()


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(HelpRequest)) or 0


def test_from_the_front_page(fill: Fill, client: FlaskClient, session: Session, people: People) -> None:
    reply = fill(khu=str(people.neighbourhood.id), viec=["eid_level_2", "cashless"], dt="0912.000.333")
    assert reply.status_code == 303
    assert re.fullmatch(r"/Y/[0-9A-HJKMNP-TV-Z]{10}", reply.location)
    asked = only(session)
    assert (asked.ward_id, asked.neighbourhood_id, asked.household_id) == (
        people.ward.id,
        people.neighbourhood.id,
        None,
    )
    assert (asked.door, asked.services, asked.suits) == ("home", ["eid_level_2", "cashless"], "evenings")
    assert (asked.place, asked.phone) == ("Số 12 ngõ 34", "+84912000333")
    page = client.get(reply.location)
    assert page.status_code == 200
    assert "Tổ đã nhận được" in page.text
    assert people.team.name in page.text
    assert "Kích hoạt" in page.text or "VNeID" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for secret in ("0912", "000 333", "ngõ 34"):
        assert secret not in page.text
    assert "Set-Cookie" not in page.headers


def test_from_a_plate_nothing_is_typed(
    fill: Fill, client: FlaskClient, session: Session, people: People
) -> None:
    door = make.create_household(session, people.neighbourhood)
    plate = codes.code_for_household(session, acting(session, people.lan), door.id).token
    session.commit()
    assert f'href="/giup/{plate}"' in client.get(f"/H/{plate}").text
    form = client.get(f"/giup/{plate}").text
    assert 'name="nha"' not in form
    assert 'name="dt"' not in form
    assert 'name="khu"' not in form
    assert fill(f"/giup/{plate.lower()}", nha="Số 9", dt="0912000333").status_code == 303
    asked = only(session)
    assert (asked.door, asked.household_id) == ("plate", door.id)
    assert (asked.place, asked.phone) == (None, None)  # what was sent all the same is not kept


def test_from_a_poster_only_its_ward_can_be_chosen(
    fill: Fill, client: FlaskClient, session: Session, people: People
) -> None:
    poster = codes.code_for_guide(session, acting(session, people.lan), "vneid-muc-2", placement="Chợ").token
    session.commit()
    form = client.get(f"/giup/{poster}").text
    assert str(people.neighbourhood.id) in form
    assert str(people.other_neighbourhood.id) not in form
    reply = fill(f"/giup/{poster}", khu=str(people.other_neighbourhood.id))
    assert reply.status_code == 422
    assert count(session) == 0
    assert fill(f"/giup/{poster}", khu=str(people.neighbourhood.id)).status_code == 303
    assert only(session).door == "poster"


def test_from_the_page_of_a_neighbourhood(fill: Fill, session: Session, people: People) -> None:
    assert fill(f"/giup?khu={people.neighbourhood.code}").status_code == 303
    asked = only(session)
    assert (asked.door, asked.neighbourhood_id) == ("neighbourhood", people.neighbourhood.id)


@pytest.mark.parametrize("kind", ["revoked", "unknown", "typed wrong"])
def test_a_code_that_is_no_longer_valid_takes_no_request(
    kind: str, client: FlaskClient, session: Session, people: People
) -> None:
    token = new_token() if kind == "unknown" else "!!"
    if kind == "revoked":
        lan = acting(session, people.lan)
        plate = codes.code_for_household(
            session, lan, make.create_household(session, people.neighbourhood).id
        )
        codes.revoke(session, lan, plate.id)
        token = plate.token
        session.commit()
    assert client.get(f"/giup/{token}").status_code == 404
    assert client.post(f"/giup/{token}", data={"viec": "x"}).status_code == 404
    assert count(session) == 0


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("viec", None, "Mời chọn một dòng."),
        ("viec", ["no_such_service"], "Ô này chưa đúng."),
        ("khi", None, "Mời chọn một dòng."),
        ("khi", "never", "Mời chọn một dòng."),
        ("khu", "", "Mời chọn một dòng."),
        ("khu", "00000000-0000-7000-8000-000000000000", "Mời điền ô này."),
        ("nha", "   ", "Mời điền ô này."),
        ("nha", "x" * 121, "Dài quá."),
        ("nha", "căn cước 001175" + "000001", "số căn cước"),
        ("nha", "mã OTP 123456", "mã OTP"),
        ("nha", "mã 12 34 56", "mã OTP"),
        ("dt", "12", "Số điện thoại chưa đúng"),
        ("dong_y", None, "Mời đánh dấu đồng ý"),
        ("dong_y", "yes", "Mời đánh dấu đồng ý"),
    ],
)
def test_what_is_not_right_says_so_and_loses_nothing(
    fill: Fill, session: Session, people: People, field: str, value: object, says: str
) -> None:
    kept = {"nha": "Nhà có giàn hoa", "khi": "weekend", "khu": str(people.neighbourhood.id)}
    reply = fill(**(kept | {field: value}))
    assert reply.status_code == 422
    assert says in reply.text
    assert f'id="e-{field}"' in reply.text
    for name, word in (("nha", "Nhà có giàn hoa"), ("khi", 'value="weekend" checked')):
        assert field == name or word in reply.text
    assert count(session) == 0


def test_alley_numbers_are_no_secrets(fill: Fill, session: Session, people: People) -> None:
    assert fill(nha="12/34/56 ngách 7, tầng 3 phòng 1204").status_code == 303
    assert only(session).place == "12/34/56 ngách 7, tầng 3 phòng 1204"


def test_the_same_form_twice_is_one_request(client: FlaskClient, session: Session, people: People) -> None:
    sent = filled(client.get("/giup"))
    first, second = client.post("/giup", data=sent), client.post("/giup", data=sent)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert count(session) == 1


def test_what_is_stored_is_sealed(fill: Fill, session: Session, people: People) -> None:
    reply = fill(nha="Số 9 ngõ Chimyen", dt="0912000333")
    code = reply.location[-10:]
    row = session.execute(text("SELECT help_request::text AS all FROM help_request")).scalar_one()
    for word in ("Chimyen", "912000333", code, code.encode().hex(), b"Chimyen".hex()):
        assert word not in row
    assert only(session).follow == help_asking.follow_key(code)


def test_a_form_of_another_purpose_or_none_is_not_taken(
    client: FlaskClient, session: Session, people: People
) -> None:
    sent = filled(client.get("/giup"))
    for ticket in ("", "abc", str(sent["ve"])[:-3] + "xyz"):
        reply = client.post("/giup", data=sent | {"ve": ticket})
        assert reply.status_code == 400
        assert "Trang mở đã lâu" in reply.text
        assert "Số 12 ngõ 34" in reply.text
    assert count(session) == 0
    # Sent again, the form works: it brought a new ticket.
    assert client.post("/giup", data=filled(reply)).status_code == 303


def test_an_old_form_is_renewed(
    client: FlaskClient, session: Session, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = filled(client.get("/giup"))
    monkeypatch.setattr(guard, "MAX_SECONDS", -1)
    assert client.post("/giup", data=sent).status_code == 400
    assert count(session) == 0


def answer_of(page: str) -> str:
    """What a person answers to the small question on the page."""
    words = {"một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5}
    asked = re.search(r"(\w+) cộng (\w+) bằng mấy", page)
    assert asked
    return str(words[asked[1].lower()] + words[asked[2]])


@pytest.mark.parametrize("why", ["haste", "trap"])
def test_what_looks_like_a_machine_is_asked_a_question(
    why: str, client: FlaskClient, session: Session, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MIN_SECONDS", 600 if why == "haste" else -1)
    sent = filled(client.get("/giup"), nha="Nhà có giàn hoa")
    if why == "trap":
        sent["trang_web"] = "http://buy.example"
    reply = client.post("/giup", data=sent)
    assert reply.status_code == 422
    assert "Nhà có giàn hoa" in reply.text
    answer = answer_of(reply.text)
    again = filled(reply, nha="Nhà có giàn hoa")
    assert client.post("/giup", data=again | {"tinh": "99"}).status_code == 422
    assert client.post("/giup", data=again).status_code == 422  # asked once, it must be answered
    assert count(session) == 0
    assert client.post("/giup", data=again | {"tinh": answer}).status_code == 303
    assert count(session) == 1


def test_many_from_one_address_are_slowed_then_stopped(
    fill: Fill, session: Session, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_STOP_AT", 8)
    seen = [fill().status_code for _ in range(10)]
    assert seen[:5] == [303] * 5
    assert seen[5:8] == [422] * 3
    assert seen[8:] == [429] * 2
    assert fill(address=f"11.{randrange(256)}.{randrange(256)}.1").status_code == 303  # others are not slowed


def test_one_door_does_not_ask_without_end(fill: Fill, session: Session, people: People) -> None:
    door = make.create_household(session, people.neighbourhood)
    plate = codes.code_for_household(session, acting(session, people.lan), door.id).token
    session.commit()
    seen = [
        fill(f"/giup/{plate}", address=f"12.{randrange(256)}.{randrange(256)}.{n}").status_code
        for n in range(5)
    ]
    assert seen == [303, 303, 303, 429, 429]
    assert count(session) == 3


def test_codes_are_not_guessed(client: FlaskClient, fill: Fill, session: Session, people: People) -> None:
    fill()
    seen = {client.get(f"/Y/{new_token()}").status_code for _ in range(120)}
    assert seen == {404}
    assert client.get(f"/Y/{new_token()}").status_code == 429
    assert client.get("/tim", query_string={"ma": new_token()}).status_code == 429


def test_a_code_is_typed_on_the_front_page(client: FlaskClient, fill: Fill, people: People) -> None:
    place = fill().location
    typed = client.get("/tim", query_string={"ma": f"{place[3:8].lower()} {place[8:].lower()}"})
    assert (typed.status_code, typed.location) == (303, place)
    assert client.get(place.replace("/Y/", "/y/").lower()).status_code == 200


def test_both_languages_and_light(client: FlaskClient, fill: Fill, people: People) -> None:
    place = fill().location
    for path in ("/giup", place):
        reply = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert len(reply.data) <= 10 * 1024
        assert "<script" not in client.get(path).text
        assert 'lang="en"' in client.get(f"{path}?lang=en").text


def test_a_token_is_the_first_bits_of_a_secret() -> None:
    assert token_from(b"\xff" * 16) == "Z" * 10
    assert token_from(b"\x00" * 16) == "0" * 10
    assert token_from(b"\x08\x42" + b"\x00" * 14)[:3] == "111"
    made = {token_from(keyring().blind(str(n), "test")) for n in range(2000)}
    assert len(made) == 2000


def test_the_form_needs_no_cookie(app: Flask, people: People) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client(use_cookies=False)
    client.environ_base["REMOTE_ADDR"] = f"13.{randrange(256)}.{randrange(256)}.1"
    assert client.post("/giup", data=filled(client.get("/giup"))).status_code == 303
