"""POST /api/v1/device/sign-out."""

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.models import AuditEntry, Device, PushTarget
from tests.people import People

URL = "/api/v1/device/sign-out"
HEADERS = {"X-Gocua-Client": "test"}


def test_works(phone: FlaskClient, session: Session, people: People) -> None:
    phone.post("/api/v1/device/push-target", json={"kind": "fid", "value": "installation-1"}, headers=HEADERS)
    reply = phone.post(URL, headers=HEADERS)
    assert reply.status_code == 204
    assert "gocua_device=;" in reply.headers["Set-Cookie"]
    session.expire_all()
    device = session.get_one(Device, people.minh_device.id)
    assert device.revoked_at == device.wiped_at is not None
    assert not session.scalars(select(PushTarget)).all()
    assert session.scalars(select(AuditEntry.action)).all() == ["device.sign_out"]


def test_afterwards_the_token_is_worth_nothing(phone: FlaskClient, people: People) -> None:
    phone.post(URL, headers=HEADERS)
    assert phone.get("/api/v1/me").status_code == 401
    phone.set_cookie("gocua_device", people.minh_token)
    assert phone.get("/api/v1/me").json["code"] == "revoked"  # type: ignore[index]


def test_header_and_credential(client: FlaskClient, phone: FlaskClient, people: People) -> None:
    assert phone.post(URL).status_code == 400
    assert client.post(URL, headers=HEADERS).status_code == 401
    assert phone.get(URL).status_code == 405
    assert phone.get("/api/v1/me").status_code == 200
