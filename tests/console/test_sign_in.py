"""Sign-in, sign-out and one's own password."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import LoginSession, RateLimit
from backend.services import sessions
from tests.people import People, sign_in

_PASSWORD = "mot cau de nho 7"


@pytest.fixture(autouse=True)
def no_attempts_yet(engine) -> None:
    """Attempts are counted outside the test's transaction."""
    with engine.begin() as connection:
        connection.execute(delete(RateLimit))


@pytest.fixture
def lan(session: Session, people: People) -> People:
    people.lan.password_hash = sessions.hash_password(_PASSWORD)
    work.commit(session)
    return people


def test_the_right_password_opens_the_board(client: FlaskClient, lan: People) -> None:
    reply = client.post("/vao", data={"login": " Lan ", "password": _PASSWORD})
    assert (reply.status_code, reply.location) == (303, "/bang")
    cookie = next(line for line in reply.headers.getlist("Set-Cookie") if line.startswith("gocua_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/toi").status_code == 200


def test_a_wrong_password_keeps_the_login_and_not_the_password(client: FlaskClient, lan: People) -> None:
    reply = client.post("/vao", data={"login": "lan", "password": "khong phai vay"})
    assert reply.status_code == 401
    assert "Tên đăng nhập hoặc mật khẩu chưa đúng." in reply.text
    assert 'value="lan"' in reply.text
    assert "khong phai vay" not in reply.text
    assert client.get("/toi").location == "/vao"


def test_an_unknown_login_is_answered_like_a_wrong_password(client: FlaskClient, lan: People) -> None:
    reply = client.post("/vao", data={"login": "ai-do", "password": _PASSWORD})
    assert reply.status_code == 401
    assert "Tên đăng nhập hoặc mật khẩu chưa đúng." in reply.text


def test_an_empty_form_marks_its_fields(client: FlaskClient) -> None:
    reply = client.post("/vao", data={"login": "", "password": " "})
    assert reply.status_code == 422
    assert reply.text.count("Mời điền ô này.") == 2
    assert reply.text.count('aria-invalid="true"') == 2


def test_a_volunteer_has_no_password(client: FlaskClient, session: Session, lan: People) -> None:
    lan.minh.login = "minh"
    work.commit(session)
    assert client.post("/vao", data={"login": "minh", "password": ""}).status_code == 422
    assert client.post("/vao", data={"login": "minh", "password": "x" * 12}).status_code == 401


def test_guessing_is_slowed_down_per_login(client: FlaskClient, lan: People) -> None:
    for _ in range(5):
        assert client.post("/vao", data={"login": "lan", "password": "đoán mò"}).status_code == 401
    reply = client.post("/vao", data={"login": "lan", "password": _PASSWORD})
    assert reply.status_code == 429
    assert "Thử quá nhiều lần" in reply.text


def test_guessing_is_slowed_down_per_address(client: FlaskClient, lan: People) -> None:
    for number in range(20):
        assert client.post("/vao", data={"login": f"ten-{number}", "password": "đoán"}).status_code == 401
    assert client.post("/vao", data={"login": "lan", "password": _PASSWORD}).status_code == 429


def test_sign_out_ends_the_session(client: FlaskClient, session: Session, lan: People) -> None:
    sign_in(client, session, lan.lan)
    assert client.get("/ra").status_code == 405
    assert client.post("/ra").location == "/vao"
    assert session.scalars(select(func.count()).where(LoginSession.revoked_at.is_(None))).one() == 0
    assert client.get("/toi").location == "/vao"


def test_signing_out_everywhere_ends_every_session(
    client: FlaskClient, app, session: Session, lan: People
) -> None:
    elsewhere = sign_in(app.test_client(), session, lan.lan)
    sign_in(client, session, lan.lan)
    assert "2 nơi" in client.get("/toi").text
    client.post("/toi/dang-xuat-moi-noi")
    assert elsewhere.get("/toi").location == "/vao"


@pytest.mark.parametrize(
    ("current", "new", "again", "sentence"),
    [
        ("sai rồi", "mat khau moi 9", "mat khau moi 9", "Mật khẩu đang dùng chưa đúng."),
        (_PASSWORD, "ngan", "ngan", "Mật khẩu cần ít nhất 10 ký tự."),
        (_PASSWORD, "mat khau moi 9", "mat khau moi 8", "Hai lần nhập chưa giống nhau."),
        (_PASSWORD, "", "", "Mời điền ô này."),
    ],
)
def test_a_bad_new_password_says_why(
    client: FlaskClient, session: Session, lan: People, current: str, new: str, again: str, sentence: str
) -> None:
    sign_in(client, session, lan.lan)
    reply = client.post("/toi", data={"current": current, "new": new, "again": again})
    assert reply.status_code == 422
    assert sentence in reply.text
    assert new == "" or new not in reply.text


def test_a_password_is_not_the_login(client: FlaskClient, session: Session, lan: People) -> None:
    lan.lan.login = "tran-thi-lan"
    sign_in(client, session, lan.lan)
    data = {"current": _PASSWORD, "new": "Tran-Thi-Lan", "again": "Tran-Thi-Lan"}
    assert "không được trùng tên đăng nhập" in client.post("/toi", data=data).text


def test_a_new_password_works_and_shuts_other_browsers(
    client: FlaskClient, app, session: Session, lan: People
) -> None:
    elsewhere = sign_in(app.test_client(), session, lan.lan)
    sign_in(client, session, lan.lan)
    data = {"current": _PASSWORD, "new": "cau moi dai hon 9", "again": "cau moi dai hon 9"}
    assert client.post("/toi", data=data).location == "/toi"
    assert client.get("/toi").status_code == 200
    assert elsewhere.get("/toi").location == "/vao"
    reply = app.test_client().post("/vao", data={"login": "lan", "password": "cau moi dai hon 9"})
    assert reply.status_code == 303


def test_the_pages_speak_english(client: FlaskClient, session: Session, lan: People) -> None:
    sign_in(client, session, lan.lan)
    page = client.get("/toi?lang=en").text
    assert "Password and sessions" in page
    assert client.get("/toi").text.count("Password and sessions") > 0, "the choice stays"
