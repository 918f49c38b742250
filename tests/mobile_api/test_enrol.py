"""POST /api/v1/enrol and the page /E/<token>: a one-time code lets one phone in."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import AuditEntry, Device, Enrolment
from backend.services import enrol
from mobile_api import phone as phone_door
from tests import factories as make
from tests.people import People, acting

URL = "/api/v1/enrol"


def test_works(client: FlaskClient, session: Session, people: People, token: str) -> None:
    reply = client.post(URL, json={"token": token, "label": "Máy của Minh"})
    assert reply.status_code == 201, reply.text
    assert reply.json
    assert reply.json["first_name"] == "Minh"
    assert [team["name"] for team in reply.json["teams"]] == [people.team.name]
    assert reply.json["streams"] == [f"user:{people.minh.id}", f"team:{people.team.id}"]
    assert reply.json["lease_days"] == 7
    cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith("gocua_device=")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"):
        assert word in cookie
    device = session.get_one(Device, UUID(reply.json["device_id"]))
    assert (device.label, device.account_id) == ("Máy của Minh", people.minh.id)
    used = session.scalars(select(Enrolment).where(Enrolment.device_id == device.id)).one()
    assert used.used_at is not None
    again = client.get("/api/v1/me").json
    assert again
    assert again | {"server_time": ""} == reply.json | {"server_time": ""}


@pytest.mark.parametrize("change", [str.lower, lambda t: f" {t[:8]}-{t[8:]} ", lambda t: t.replace("0", "O")])
def test_as_people_type_it(client: FlaskClient, token: str, change) -> None:  # type: ignore[no-untyped-def]
    assert client.post(URL, json={"token": change(token)}).status_code == 201


def test_a_code_works_once(client: FlaskClient, session: Session, token: str) -> None:
    devices = select(func.count()).select_from(Device)
    assert client.post(URL, json={"token": token}).status_code == 201
    before = session.scalar(devices)
    reply = client.post(URL, json={"token": token})
    assert (reply.status_code, reply.json["code"]) == (410, "enrol_used")  # type: ignore[index]
    assert "Set-Cookie" not in reply.headers
    assert session.scalar(devices) == before


def test_an_expired_code(client: FlaskClient, session: Session, token: str) -> None:
    session.scalars(select(Enrolment)).one().expires_at = now() - timedelta(seconds=1)
    session.commit()
    assert client.post(URL, json={"token": token}).json["code"] == "enrol_expired"  # type: ignore[index]


def test_a_newer_code_ends_the_older(
    client: FlaskClient, session: Session, people: People, token: str
) -> None:
    newer = enrol.invite(session, acting(session, people.lan), people.minh.id)
    session.commit()
    assert client.post(URL, json={"token": token}).json["code"] == "enrol_revoked"  # type: ignore[index]
    assert client.post(URL, json={"token": newer}).status_code == 201


@pytest.mark.parametrize("token", ["0" * 26, "x", "Mã", "../../etc"])
def test_an_unknown_code(client: FlaskClient, people: People, token: str) -> None:
    reply = client.post(URL, json={"token": token})
    assert (reply.status_code, reply.json["code"]) == (404, "enrol_unknown")  # type: ignore[index]


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 3}, {"token": "x", "role": "admin"}, [], "x"])
def test_a_bad_body(client: FlaskClient, people: People, body: object) -> None:
    reply = client.post(URL, json=body)
    assert (reply.status_code, reply.json["code"]) == (422, "bad_request")  # type: ignore[index]


def test_a_disabled_account(client: FlaskClient, session: Session, people: People, token: str) -> None:
    people.minh.disabled_at = now()
    session.merge(people.minh)
    session.commit()
    assert client.post(URL, json={"token": token}).json["code"] == "enrol_revoked"  # type: ignore[index]


def test_guessing_is_slowed_down(
    client: FlaskClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_door, "_PER_ADDRESS", 3)
    codes = [client.post(URL, json={"token": f"{n:026d}"}).status_code for n in range(5)]
    assert codes == [404, 404, 404, 429, 429]


def test_who_may_invite(session: Session, people: People) -> None:
    """A leader her own people, an officer the ward's; of another ward nobody exists."""
    stranger = make.create_account(session, people.other_ward.id, "Hồ Văn Xa", team=people.other_team)
    apart = make.create_account(
        session,
        people.ward.id,
        "Tô Văn Kia",
        team=make.create_team(session, people.neighbourhood, "Tổ CNSCĐ 3"),
    )
    assert len(enrol.invite(session, acting(session, people.lan), people.minh.id)) == 26
    assert enrol.invite(session, acting(session, people.officer), apart.id)
    for actor, account in (
        (people.lan, stranger),
        (people.officer, stranger),
        (people.lan, apart),
        (people.minh, people.lan),
        (people.hoa, people.minh),
    ):
        with pytest.raises(NotFound):
            enrol.invite(session, acting(session, actor), account.id)


def test_the_token_is_stored_only_as_a_hash(session: Session, people: People, token: str) -> None:
    row = session.scalars(select(Enrolment)).one()
    assert token.encode() not in bytes(row.token_hash)
    assert row.expires_at - row.created_at < timedelta(minutes=31)
    assert session.scalars(select(AuditEntry.action)).all() == ["device.invite"]


def test_revoking_a_phone(client: FlaskClient, session: Session, people: People) -> None:
    client.set_cookie("gocua_device", people.minh_token)
    assert client.get("/api/v1/me").status_code == 200
    with pytest.raises(NotFound):
        enrol.revoke_device(session, acting(session, people.hoa), people.minh_device.id)
    enrol.revoke_device(session, acting(session, people.lan), people.minh_device.id)
    enrol.revoke_device(session, acting(session, people.lan), people.minh_device.id)
    session.commit()
    reply = client.get("/api/v1/me")
    assert (reply.status_code, reply.json["code"]) == (403, "revoked")  # type: ignore[index]
    assert session.scalars(select(AuditEntry.action)).all() == ["device.revoke"]


def test_looking_uses_nothing(session: Session, token: str, people: People) -> None:
    for _ in range(2):
        seen = enrol.look(session, token)
        assert (seen.first_name, seen.team) == ("Minh", people.team.name)
    with pytest.raises(Refusal):
        enrol.look(session, "0" * 26)


# --- the page ---


@pytest.mark.parametrize("path", ["/E/{}", "/e/{}"])
def test_the_page_greets(client: FlaskClient, token: str, people: People, path: str) -> None:
    reply = client.get(path.format(token))
    assert reply.status_code == 200
    for words in ("Chào Minh!", people.team.name, "Chỉ ghép máy của chính bạn", "Ghép máy này"):
        assert words in reply.text
    assert "Nguyễn Văn" not in reply.text
    assert "Set-Cookie" not in reply.headers or "gocua_device" not in reply.headers["Set-Cookie"]


def test_the_page_pairs_and_shows_tonights_doors(
    client: FlaskClient, session: Session, token: str, people: People
) -> None:
    alley = make.create_alley(session, people.neighbourhood)
    doors = [
        make.create_household(session, people.neighbourhood, alley=alley, address=f"Số {n}") for n in (8, 2)
    ]
    make.create_walk(session, people.team, [people.minh], doors)
    work.commit(session)
    reply = client.post(f"/E/{token}", data={"label": "Máy Minh"})
    assert (reply.status_code, reply.location) == (303, "/m/")
    page = client.get("/m/tuyen")
    assert "Máy này đã ghép cho Minh – 2 hộ trong tuyến" in page.text
    assert page.text.index("Số 8") < page.text.index("Số 2")
    assert "Ngõ 34" in page.text
    assert session.scalars(select(Device.label).where(Device.label != "Máy thử")).all() == ["Máy Minh"]


def test_the_page_refuses_kindly(client: FlaskClient, token: str) -> None:
    client.post(f"/E/{token}")
    for method in (client.get, client.post):
        reply = method(f"/E/{token}")
        assert reply.status_code == 410
        assert "Mã này đã dùng rồi" in reply.text
    reply = client.get("/E/0000000000000000000000000A")
    assert reply.status_code == 404
    assert "Nhờ tổ trưởng đưa mã mới" in reply.text


def test_the_form_needs_its_token(app: Flask, client: FlaskClient, token: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert client.post(f"/E/{token}").status_code == 400
    assert client.get(f"/E/{token}").status_code == 200


def test_the_page_in_english(client: FlaskClient, token: str) -> None:
    assert "Hello Minh!" in client.get(f"/E/{token}?lang=en").text


def test_tonight_needs_a_paired_phone(client: FlaskClient, people: People) -> None:
    assert client.get("/m/tuyen").status_code == 401
