"""POST and DELETE /api/v1/device/push-target."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.models import PushTarget
from tests import factories as make
from tests.people import People, on_phone

URL = "/api/v1/device/push-target"
HEADERS = {"X-Gocua-Client": "test"}


def targets(session: Session) -> list[tuple[str, str]]:
    session.expire_all()
    rows = session.execute(
        select(PushTarget.kind, PushTarget.value).order_by(PushTarget.kind, PushTarget.value)
    )
    return [(row.kind, row.value) for row in rows]


def test_works_and_repeats_harmlessly(phone: FlaskClient, session: Session) -> None:
    for body in (
        {"kind": "fid", "value": "installation-1"},
        {"kind": "token", "value": "registration:1"},
        {"kind": "fid", "value": "installation-2"},
        {"kind": "fid", "value": "installation-2"},
    ):
        reply = phone.post(URL, json=body, headers=HEADERS)
        assert (reply.status_code, reply.data) == (204, b"")
    assert targets(session) == [("fid", "installation-2"), ("token", "registration:1")]
    assert phone.delete(URL, headers=HEADERS).status_code == 204
    assert phone.delete(URL, headers=HEADERS).status_code == 204
    assert targets(session) == []


def test_an_address_moves_with_the_browser(
    app: Flask, phone: FlaskClient, session: Session, people: People
) -> None:
    device, token = make.create_device(session, people.lan)
    session.commit()
    hers = on_phone(app.test_client(), token)
    for client in (phone, hers):
        client.post(URL, json={"kind": "fid", "value": "installation-1"}, headers=HEADERS)
    assert session.scalars(select(PushTarget.device_id)).all() == [device.id]
    phone.delete(URL, headers=HEADERS)
    assert targets(session) == [("fid", "installation-1")]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "apns", "value": "x" * 10},
        {"kind": "fid", "value": "a b c d e"},
        {"kind": "fid", "value": "x"},
        {"kind": "fid", "value": "y" * 4097},
        {"kind": "fid", "value": "x" * 10, "device": "1"},
    ],
)
def test_bad_bodies(phone: FlaskClient, session: Session, body: dict[str, str]) -> None:
    reply = phone.post(URL, json=body, headers=HEADERS)
    assert (reply.status_code, reply.json["code"]) == (422, "bad_request")  # type: ignore[index]
    assert targets(session) == []


def test_header_and_credential(client: FlaskClient, phone: FlaskClient, people: People) -> None:
    body = {"kind": "fid", "value": "installation-1"}
    assert phone.post(URL, json=body).status_code == 400
    assert client.post(URL, json=body, headers=HEADERS).status_code == 401
    assert client.delete(URL, headers=HEADERS).status_code == 401
    assert phone.get(URL).status_code == 405
