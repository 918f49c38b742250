"""How a real ward begins: one command, one officer, who can then do everything at the desk."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound, Refusal
from backend.models import Account, AuditEntry
from backend.services import ward_start
from tests import factories as make


def test_the_first_officer_signs_in_and_may_run_the_ward(session: Session, client: FlaskClient) -> None:
    given = ward_start.open_ward(session, "00004", "Phạm  Quốc Việt")
    session.commit()
    assert given.login == "viet.pham"
    reply = client.post("/vao", data={"login": given.login, "password": given.password})
    assert reply.status_code == 303
    for page in ("/bang", "/khu", "/to/them", "/nguoi"):
        assert client.get(page, follow_redirects=True).status_code == 200, page
    account = session.get_one(Account, given.account_id)
    assert account.ward_id == make.find_ward(session, "00004").id
    assert given.password not in (account.password_hash or "")


def test_it_is_written_down(session: Session) -> None:
    given = ward_start.open_ward(session, "00004", "Phạm Quốc Việt")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.object_id == given.account_id)).one()
    assert (entry.action, entry.actor_id) == ("ward.open", None)


def test_a_second_officer_gets_another_login(session: Session) -> None:
    first = ward_start.open_ward(session, "00004", "Phạm Quốc Việt")
    second = ward_start.open_ward(session, "00004", "Phạm Quốc Việt")
    assert first.login != second.login


def test_what_cannot_be_is_refused(session: Session) -> None:
    before = session.scalar(select(func.count()).select_from(Account))
    with pytest.raises(NotFound):
        ward_start.open_ward(session, "99999", "Phạm Quốc Việt")
    with pytest.raises(Refusal):
        ward_start.open_ward(session, "00004", "  ")
    with pytest.raises(Refusal):
        ward_start.open_ward(session, "00004", "Phạm Quốc Việt", login="Có dấu")
    assert session.scalar(select(func.count()).select_from(Account)) == before
