"""What every answer carries, what no log line holds, and what the form token stops."""

import io
import json
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.settings import Settings
from backend.database import work
from backend.edge.security import JsonLines
from tests import factories as make
from tests.people import People, on_phone, sign_in


@pytest.mark.parametrize(
    "path", ["/", "/vao", "/healthz", "/static/base.css", "/nothing-here", "/G/ZZZZZZZZZZ", "/bang"]
)
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as reply:
        headers = reply.headers
    csp = headers["Content-Security-Policy"]
    assert "unsafe" not in csp
    assert "default-src 'none'" in csp
    assert "frame-ancestors 'none'" in csp
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
    }.items():
        assert headers[name] == value
    assert headers["X-Request-Id"]


def test_pages_with_data_are_never_cached(client: FlaskClient, session: Session, people: People) -> None:
    sign_in(client, session, people.lan)
    for path in ("/bang", "/ho", "/tuyen", "/nguoi"):
        assert client.get(path).headers["Cache-Control"] == "no-store", path


def test_the_session_cookie_says_nothing(
    client: FlaskClient, session: Session, people: People, app: Flask
) -> None:
    sign_in(client, session, people.lan)
    cookie = client.get_cookie("gocua_session")
    assert cookie is not None
    assert str(people.lan.id) not in cookie.value
    stored = session.execute(text("SELECT token_hash FROM login_session")).scalars().all()
    assert cookie.value.encode() not in stored


def test_a_form_without_its_token_is_refused(app: Flask, session: Session, people: People) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = sign_in(app.test_client(), session, people.lan)
    reply = client.post("/ra", headers={"Accept": "application/json"})
    assert reply.status_code == 400
    assert reply.json
    assert reply.json["code"] == "stale_form"


def test_logs_hold_no_personal_data(
    client: FlaskClient, session: Session, people: People, app: Flask
) -> None:
    """Canaries in names, addresses and tokens; then a day's use; then the log is searched for them."""
    household = make.create_household(session, people.neighbourhood, address="Số 77 ngõ Chimyen")
    household.head_name, household.phone = "Chimyen Thị Canh", "+84999000111"
    make.create_walk(session, people.team, [people.minh], [household])
    work.commit(session)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("gocua")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        sign_in(client, session, people.lan)
        for path in ("/ho", f"/ho/{household.id}", "/ho?q=chimyen", "/bang", "/tuyen"):
            assert client.get(path).status_code == 200, path
        on_phone(client, people.minh_token)
        client.get("/api/v1/me", headers={"X-Gocua-Client": "test"})
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    written = stream.getvalue()
    assert len(written.splitlines()) >= 6
    for canary in ("himyen", "999000111", people.minh_token, str(household.id), "Minh", "Lan"):
        assert canary not in written, canary
    assert all(json.loads(line)["what"] == "request" for line in written.splitlines())


def test_an_exception_is_logged_without_its_text() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError("Nguyễn Thị Canary 0912 000 000")
    except ValueError:
        logger.exception("unexpected")
    line = json.loads(stream.getvalue())
    assert line["error"] == "ValueError"
    assert "Canary" not in stream.getvalue()
    assert any("test_security.py" in place for place in line["where"])


def test_names_and_phones_are_unreadable_in_the_database(session: Session, people: People) -> None:
    household = make.create_household(session, people.neighbourhood)
    household.head_name, household.phone = "Chimyen Thị Canh", "+84999000111"
    session.flush()
    for table in ("household", "account", "resident", "household_view"):
        dump = session.execute(
            text(f"SELECT coalesce(string_agg(t::text, '|'), '') FROM {table} t")
        ).scalar_one()
        for canary in (
            "Chimyen",
            b"Chimyen".hex(),
            "999000111",
            b"999000111".hex(),
            "Nguyễn Văn Minh",
        ):
            assert canary not in dump, (table, canary)


def test_a_body_over_the_limit_is_refused(
    client: FlaskClient, settings: Settings, session: Session, people: People
) -> None:
    sign_in(client, session, people.lan)
    reply = client.post(
        "/nhap",
        data=b"x" * (settings.upload_limit + 1),
        content_type="multipart/form-data; boundary=x",
        headers={"Accept": "application/json"},
    )
    assert reply.status_code == 413
    assert reply.json
    assert "16 MB" in reply.json["message"]
