"""GET /api/v1/me."""

from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.models import Membership
from mobile_api.schemas import MeOut
from tests import factories as make
from tests.people import People


def test_works(phone: FlaskClient, session: Session, people: People) -> None:
    mai = make.create_account(session, people.ward.id, "Vũ Thị Mai", team=people.team)
    door = make.create_household(session, people.neighbourhood)
    make.create_walk(session, people.team, [people.minh, mai], [door])
    make.create_walk(
        session,
        people.team,
        [people.minh],
        [make.create_household(session, people.neighbourhood)],
        published=False,
    )
    work.commit(session)
    body = phone.get("/api/v1/me").json
    assert body
    assert not MeOut().validate(body)
    assert (body["full_name"], body["device_id"]) == ("Nguyễn Văn Minh", str(people.minh_device.id))
    assert [(walk["name"], walk["doors"], walk["with"]) for walk in body["walks"]] == [
        ("Tuyến 1", 1, ["Mai"])
    ]


def test_nothing_of_others(phone: FlaskClient, session: Session, people: People) -> None:
    make.create_walk(
        session, people.team, [people.lan], [make.create_household(session, people.neighbourhood)]
    )
    work.commit(session)
    body = phone.get("/api/v1/me").json
    assert body
    assert body["walks"] == []


def test_method_and_credential(client: FlaskClient, phone: FlaskClient, people: People) -> None:
    assert client.get("/api/v1/me").status_code == 401
    reply = phone.post("/api/v1/me")
    assert reply.status_code == 405
    assert "GET" in reply.headers["Allow"]
    client.set_cookie("gocua_device", "wrong")
    assert client.get("/api/v1/me").json["code"] == "sign_in"  # type: ignore[index]


def test_a_former_member_is_shut_out(phone: FlaskClient, session: Session, people: People) -> None:
    session.execute(update(Membership).where(Membership.account_id == people.minh.id).values(valid_to=now()))
    session.commit()
    assert phone.get("/api/v1/me").json["code"] == "revoked"  # type: ignore[index]
