"""Two people wrote otherwise of one door: the leader finds it, reads both, and says that it was looked at."""

from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound
from backend.database import work
from backend.models import AuditEntry, Household, Visit, VisitEvent, VisitReview
from backend.services import board, events, recount, visit_review
from backend.services.event_core import Item
from tests import factories as make
from tests.console.conftest import Evening
from tests.people import acting, sign_in
from tests.sync.kit import on_device, result, visit


@pytest.fixture
def conflict(evening: Evening, session: Session) -> Item:
    """Mai, with the list of before the evening, says otherwise of whom Minh has helped."""
    people, door = evening.people, evening.doors[0]
    mai = make.create_account(session, people.ward.id, "Vũ Thị Mai", team=people.team)
    device, _ = make.create_device(session, mai, token="mai")
    steps = [result(evening.residents[0].id, "eid_level_2", "blocked", "no_smartphone")]
    item = visit(mai.id, door.id, "helped", results=steps, base_v=0)
    [answer] = events.store(session, on_device(session, mai, device), [item])
    work.commit(session)
    assert answer.code.startswith("accepted")
    assert "conflict" in session.get_one(VisitEvent, item.id).flags
    return item


def flagged(session: Session, evening: Evening) -> int:
    return board.board(session, acting(session, evening.people.lan), None, None).tonight.flagged


def test_found_read_and_settled(
    client: FlaskClient, session: Session, evening: Evening, conflict: Item
) -> None:
    door = evening.doors[0]
    lan = sign_in(client, session, evening.people.lan)
    assert flagged(session, evening) == 1
    assert "1 lần thăm hôm nay cần xem lại" in lan.get("/bang").text
    for which in ("conflict", "flagged"):
        assert "Số 12 ngõ 34" in lan.get(f"/ho?lan={which}").text
    page = lan.get(f"/ho/{door.id}").text
    assert "người khác cũng vừa ghi ở đây và nói khác" in page
    assert page.count("/da-xem") == 1
    version = session.scalar(select(Household.v).where(Household.id == door.id))
    path = f"/ho/{door.id}/lan-tham/{conflict.id}/da-xem"
    for _ in range(2):  # twice is as once
        assert lan.post(path).headers["Location"] == f"/ho/{door.id}#visits"
    page = lan.get(f"/ho/{door.id}").text
    assert "/da-xem" not in page
    assert "Đã xem: Trần Thị Lan" in page
    assert "người khác cũng vừa ghi ở đây và nói khác" in page  # what it was about stays to be read
    assert flagged(session, evening) == 0
    for which in ("conflict", "flagged"):
        assert "Số 12 ngõ 34" not in lan.get(f"/ho?lan={which}").text
    assert session.scalar(select(func.count()).where(AuditEntry.action == "visit.review")) == 1
    # Both visits stand as they were told, and no phone fetches a door for that.
    session.expire_all()
    assert session.scalar(select(Household.v).where(Household.id == door.id)) == version
    assert "conflict" in session.get_one(VisitEvent, conflict.id).flags
    assert session.scalar(select(func.count()).where(Visit.household_id == door.id, Visit.effective)) == 2


def test_in_english_too(client: FlaskClient, session: Session, evening: Evening, conflict: Item) -> None:
    lan = sign_in(client, session, evening.people.lan)
    evening.people.lan.locale = "en"
    session.commit()
    path = f"/ho/{evening.doors[0].id}"
    assert "says otherwise: better ask both" in lan.get(path).text
    lan.post(f"{path}/lan-tham/{conflict.id}/da-xem")
    assert "Looked at by Trần Thị Lan" in lan.get(path).text


def test_an_old_conflict_is_found_on_any_day(
    client: FlaskClient, session: Session, evening: Evening, conflict: Item
) -> None:
    session.execute(text("UPDATE visit SET est_time = est_time - interval '9 days'"))
    session.commit()
    lan = sign_in(client, session, evening.people.lan)
    assert "Số 12 ngõ 34" in lan.get("/ho?lan=conflict").text
    assert "Số 14 ngõ 34" not in lan.get("/ho?lan=conflict").text


def test_a_recount_knows_what_was_settled(session: Session, evening: Evening, conflict: Item) -> None:
    ward = evening.people.ward.id
    assert recount.in_ward(session, ward) == []
    visit_review.review(session, acting(session, evening.people.lan), evening.doors[0].id, conflict.id)
    work.commit(session)
    assert recount.in_ward(session, ward) == []
    session.execute(text("DELETE FROM visit"))
    assert recount.in_ward(session, ward)
    recount.repair(session, ward)
    work.commit(session)
    session.expire_all()
    assert recount.in_ward(session, ward) == []
    assert flagged(session, evening) == 0


def test_only_who_leads_the_door(
    client: FlaskClient, session: Session, evening: Evening, conflict: Item
) -> None:
    path = f"/ho/{evening.doors[0].id}/lan-tham/{conflict.id}/da-xem"
    assert sign_in(client, session, evening.people.hoa).post(path).status_code == 404
    lan = acting(session, evening.people.lan)
    for door, event in ((evening.doors[1].id, conflict.id), (evening.doors[0].id, uuid4())):
        with pytest.raises(NotFound):
            visit_review.review(session, lan, door, event)
    assert session.scalar(select(func.count()).select_from(VisitReview)) == 0
