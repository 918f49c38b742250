"""The room of walks in the browser: the whole way from a form to a walk in force, and another ward's is 404."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.database import work
from backend.models import Account, Household, Walk, WalkState
from backend.services import walks, walks_live
from backend.services.actor import Actor
from tests.people import People, sign_in
from tests.walks.conftest import Settle
from tests.walks.test_walks import ALLEYS, all_doors, doors_on, walks_of

Crew = Callable[[int], list[Account]]


@pytest.fixture
def desk(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.lan)


@pytest.fixture
def plan(session: Session, people: People, lan: Actor, settle: Settle, crew: Crew) -> UUID:
    settle(ALLEYS)
    one, two = crew(2)
    plan_id = walks.draft(session, lan, all_doors(people), [[one.id], [two.id]])
    work.commit(session)
    return plan_id


def form(session: Session, people: People, **changes: object) -> dict[str, object]:
    alleys = session.scalars(select(Household.alley_id).distinct()).all()
    return {
        "neighbourhood": str(people.neighbourhood.id),
        "campaign": "",
        "alleys": [str(alley) for alley in alleys],
        "crews": [f"{people.minh.id}:1", f"{people.lan.id}:2"],
        "until": (today() + timedelta(days=7)).isoformat(),
        "quiet": "0",
    } | changes


def test_an_empty_room_says_the_next_step(desk: FlaskClient) -> None:
    assert "Chưa có tuyến nào" in desk.get("/tuyen").text
    assert "Chưa có hộ nào để chia" in desk.get("/tuyen/moi").text


def test_from_the_form_to_walks_in_force(
    desk: FlaskClient, session: Session, people: People, settle: Settle
) -> None:
    settle(ALLEYS)
    work.commit(session)
    asked = desk.get("/tuyen/moi").text
    assert "Ngõ 34 Láng" in asked
    assert "12 hộ" in asked
    made = desk.post("/tuyen/moi", data=form(session, people))
    assert made.status_code == 303, made.text
    shown = desk.get(made.location).text
    assert "Giao 2 tuyến" in shown
    assert desk.post(f"{made.location}/giao").location == "/tuyen"
    assert "Đã giao 2 tuyến, 48 hộ" in desk.get("/tuyen").text
    session.expire_all()
    walk = session.scalars(select(Walk).where(Walk.name == "Tuyến 1")).one()
    assert (walk.state, walk.until) == (WalkState.PUBLISHED, today() + timedelta(days=7))
    assert "Ngõ 4 Láng" in desk.get(f"/tuyen/{walk.id}").text


def test_publishing_says_whose_doors_go(
    desk: FlaskClient, session: Session, people: People, lan: Actor, plan: UUID
) -> None:
    walks_live.publish(session, lan, plan)
    again = walks.draft(session, lan, all_doors(people), [[people.minh.id]])
    work.commit(session)
    shown = desk.get(f"/tuyen/ke-hoach/{again}").text
    assert "Tuyến 1 (Người 0) đang đi sẽ đóng: cả 24 hộ chuyển sang tuyến mới." in shown


def test_a_form_that_is_not_right_keeps_what_was_chosen(
    desk: FlaskClient, session: Session, people: People, settle: Settle
) -> None:
    settle(ALLEYS)
    work.commit(session)
    reply = desk.post("/tuyen/moi", data=form(session, people, crews=["", ""]))
    assert reply.status_code == 422
    assert "Chọn ít nhất một người cho tuyến." in reply.text
    only = form(session, people)["alleys"][0]  # type: ignore[index]
    reply = desk.post("/tuyen/moi", data=form(session, people, alleys=[only], crews=[]))
    assert reply.text.count('name="alleys"') == 4
    assert reply.text.count("checked") < 4
    assert not session.scalars(select(Walk)).all()


def test_alleys_and_doors_move_by_hand(desk: FlaskClient, session: Session, plan: UUID) -> None:
    one, two = walks_of(session, plan)
    alley = session.scalar(select(Household.alley_id).where(Household.id == doors_on(session, one)[0]))
    desk.post(f"/tuyen/ke-hoach/{plan}/chuyen", data={"source": one.id, "target": two.id, "alley": alley})
    assert (len(doors_on(session, one)), len(doors_on(session, two))) == (12, 36)
    door = doors_on(session, two)[0]
    desk.post(f"/tuyen/{two.id}/chuyen", data={"target": one.id, "doors": [door]})
    assert door in doors_on(session, one)
    before = doors_on(session, two)
    desk.post(f"/tuyen/{two.id}/thu-tu", data={"way": "turn"})
    assert doors_on(session, two) == before[::-1]


def test_a_walk_in_force_is_passed_on_and_closed(
    desk: FlaskClient, session: Session, lan: Actor, plan: UUID
) -> None:
    walks_live.publish(session, lan, plan)
    work.commit(session)
    one, two = walks_of(session, plan)
    desk.post(f"/tuyen/{one.id}/chuyen", data={"target": two.id, "all": "1"})
    assert len(doors_on(session, two)) == 48
    desk.post(f"/tuyen/{two.id}/dong")
    assert not doors_on(session, two)
    assert "đã đóng" in desk.get(f"/tuyen/{two.id}").text


def test_a_refusal_changes_nothing_and_is_said(desk: FlaskClient, session: Session, plan: UUID) -> None:
    one = walks_of(session, plan)[0]
    desk.post(f"/tuyen/{one.id}/nguoi", data={})
    assert "Chọn ít nhất một người cho tuyến." in desk.get(f"/tuyen/{one.id}").text
    desk.post(f"/tuyen/{one.id}/ten", data={"name": " "})
    assert session.get_one(Walk, one.id).name == "Tuyến 1"


def test_another_wards_walks_do_not_exist(
    client: FlaskClient, session: Session, people: People, plan: UUID
) -> None:
    hoa = sign_in(client, session, people.hoa)
    one = walks_of(session, plan)[0]
    for address in (f"/tuyen/ke-hoach/{plan}", f"/tuyen/{one.id}"):
        assert hoa.get(address).status_code == 404
    for address in (
        *(f"/tuyen/ke-hoach/{plan}/{act}" for act in ("chuyen", "giao", "bo")),
        *(f"/tuyen/{one.id}/{act}" for act in ("ten", "nguoi", "thu-tu", "chuyen", "dong")),
        f"/tuyen/thay-nguoi/{people.minh.id}",
    ):
        assert hoa.post(address, data={"heir": str(people.hoa.id)}).status_code == 404, address
    assert hoa.post("/tuyen/moi", data=form(session, people)).status_code == 404
    assert len(walks_of(session, plan)) == 2
