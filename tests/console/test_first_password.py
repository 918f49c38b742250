"""A first password opens the page where it is changed, and nothing else."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Account, Role
from backend.services import people as desk_people
from backend.services import sessions
from backend.services.people import FirstPassword
from tests import factories as make
from tests.people import People, acting

NEW = "mot cau chi minh toi biet"


@pytest.fixture
def given(session: Session, people: People) -> FirstPassword:
    deputy = make.create_account(
        session, people.ward.id, "Vũ Thị Mai", role=Role.DEPUTY_LEADER, team=people.team
    )
    found = desk_people.give_login(
        session, acting(session, people.officer), deputy.id, people.team.id, "mai.vu"
    )
    work.commit(session)
    return found


def enter(client: FlaskClient, login: str, password: str) -> None:
    assert client.post("/vao", data={"login": login, "password": password}).status_code == 303


def test_nothing_opens_before_it_is_changed(
    client: FlaskClient, session: Session, people: People, given: FirstPassword
) -> None:
    enter(client, given.login, given.password)
    for path in ("/bang", "/ho", "/tuyen", "/nguoi", "/ma", "/nhap"):
        reply = client.get(path)
        assert (reply.status_code, reply.location) == (303, "/toi"), path
    assert client.post("/nguoi/them", data={}).location == "/toi"
    assert "Đây là lần đầu bạn vào." in client.get("/toi").text
    same = {"current": given.password, "new": given.password, "again": given.password}
    refused = client.post("/toi", data=same)
    assert refused.status_code == 422
    assert "Đây là mật khẩu vừa được cấp." in refused.text
    assert client.get("/bang").location == "/toi"
    done = client.post("/toi", data={"current": given.password, "new": NEW, "again": NEW})
    assert done.location == "/bang"
    assert client.get("/bang").status_code == 200
    assert "Đây là lần đầu bạn vào." not in client.get("/toi").text


def test_one_may_leave_and_a_new_first_password_asks_again(
    client: FlaskClient, session: Session, people: People, given: FirstPassword
) -> None:
    enter(client, given.login, given.password)
    assert client.post("/ra").location == "/vao"
    account = session.get_one(Account, given.account_id)
    account.password_hash, account.password_once = sessions.hash_password(NEW), False
    session.flush()
    again = desk_people.give_login(session, acting(session, people.officer), account.id, people.team.id, "")
    work.commit(session)
    enter(client, again.login, again.password)
    assert client.get("/bang").location == "/toi"
