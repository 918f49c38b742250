"""The leader's side: find the door, send somebody, close; the phone has it, the page tells it."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import AuditEntry, HelpClosed, Household, Resident, Walk
from backend.services import help_answer, help_asking, help_desk, help_retention
from backend.services.event_core import compose
from backend.services.help_answer import Stage
from tests import factories as make
from tests.people import People, acting, sign_in
from tests.sync.conftest import Team
from tests.sync.kit import Phone, result, visit


@pytest.fixture
def lan(session: Session, people: People) -> object:
    return acting(session, people.lan)


def help_of(phone: Phone, household: Household) -> list[dict[str, object]]:
    phone.sync()
    rows = {
        id_: row for rows in phone.rows.values() for (kind, id_), row in rows.items() if kind == "household"
    }
    return rows[str(household.id)]["data"].get("help", [])


def test_the_mark_reaches_the_phone_and_the_visit_answers_it(
    team: Team, phone: Phone, session: Session
) -> None:
    door = team.doors[0]
    assert help_of(phone, door) == []
    asked = make.create_help_request(session, team.people.neighbourhood, household=door)
    work.commit(session)
    (mark,) = help_of(phone, door)
    assert mark["id"] == str(asked.id)
    assert mark["services"] == ["eid_level_2"]
    assert (mark["suits"], mark["place"], mark["phone"]) == ("evenings", asked.place, asked.phone)
    phone.push(visit(phone.account.id, door.id, "not_home"))
    assert len(help_of(phone, door)) == 1
    person = session.scalars(select(Resident.id).where(Resident.household_id == door.id)).first()
    assert person
    done = visit(
        phone.account.id, door.id, "helped", results=[result(person, "eid_level_2", "done_with_help")]
    )
    phone.push(done)
    assert help_of(phone, door) == []


def test_a_visit_taken_back_brings_the_mark_again(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0]
    make.create_help_request(session, team.people.neighbourhood, household=door)
    work.commit(session)
    helped = visit(phone.account.id, door.id, "helped")
    phone.push(helped)
    assert help_of(phone, door) == []
    phone.push(compose(phone.account.id, door.id, "correction", {"void": True}, corrects=helped.id))
    assert len(help_of(phone, door)) == 1


def test_a_visit_before_the_request_does_not_answer_it(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0]
    phone.push(visit(phone.account.id, door.id, "helped", at=now() - timedelta(hours=1)))
    make.create_help_request(session, team.people.neighbourhood, household=door)
    work.commit(session)
    assert len(help_of(phone, door)) == 1


def test_assigning_a_person_brings_the_door_to_that_phone(
    team: Team, session: Session, people: People, lan: object
) -> None:
    """A door that nobody walks: the leader finds it by its words, sends Minh, his phone has it; another has not."""
    elsewhere = make.create_household(session, people.neighbourhood, address="Số 77 ngõ 5")
    mai = make.create_account(session, people.ward.id, "Vũ Thị Mai", team=people.team)
    asked = make.create_help_request(session, people.neighbourhood, place="số 77 ngõ 5")
    work.commit(session)
    minhs, mais = team.phone(), team.phone(mai)
    with pytest.raises(Refusal, match="help_no_door"):
        help_desk.assign_person(session, lan, asked.id, people.minh.id, today())
    session.rollback()
    help_desk.choose_door(session, lan, asked.id, elsewhere.id)
    help_desk.assign_person(session, lan, asked.id, people.minh.id, today())
    work.commit(session)
    (mark,) = help_of(minhs, elsewhere)
    assert mark["on"] == f"{today():%Y-%m-%d}"
    mais.sync()
    assert str(elsewhere.id) not in mais.doors
    # Given to Mai instead: Minh's phone reads a tombstone, hers has the door.
    walk = help_desk.assign_person(session, lan, asked.id, mai.id, today() + timedelta(days=1))
    work.commit(session)
    minhs.sync()
    assert str(elsewhere.id) not in minhs.doors
    assert len(help_of(mais, elsewhere)) == 1
    assert walk.name == f"Nhờ giúp {today() + timedelta(days=1):%d/%m}"
    # To her once more: the walk that brings it already, not a second one.
    again = help_desk.assign_person(session, lan, asked.id, mai.id, today())
    assert again.id == walk.id


def test_assigning_a_walk_moves_the_door(team: Team, session: Session, people: People, lan: object) -> None:
    mai = make.create_account(session, people.ward.id, "Vũ Thị Mai", team=people.team)
    other = make.create_walk(
        session, people.team, [mai], [make.create_household(session, people.neighbourhood)]
    )
    asked = make.create_help_request(session, people.neighbourhood, household=team.doors[0])
    work.commit(session)
    help_desk.assign_walk(session, lan, asked.id, other.id, today())
    work.commit(session)
    phone = team.phone(mai)
    assert len(help_of(phone, team.doors[0])) == 1
    live = session.execute(
        text("SELECT walk_id FROM assignment WHERE household_id = :h AND ended_at IS NULL"),
        {"h": team.doors[0].id},
    ).scalars()
    assert list(live) == [other.id]


def test_a_new_door_for_who_is_not_in_the_list(session: Session, people: People, lan: object) -> None:
    asked = make.create_help_request(session, people.neighbourhood)
    made = help_desk.new_door(session, lan, asked.id, "Số 12 ngõ 34")
    session.refresh(asked)
    assert asked.household_id == made.id


def test_yesterday_and_closed_requests_are_not_assigned(
    team: Team, session: Session, people: People, lan: object
) -> None:
    asked = make.create_help_request(session, people.neighbourhood, household=team.doors[0])
    with pytest.raises(Refusal) as refused:
        help_desk.assign_walk(session, lan, asked.id, team.walk.id, today() - timedelta(days=1))
    assert refused.value.fields == {"ngay": "help_past"}
    help_desk.close(session, lan, asked.id, HelpClosed.COUNTER)
    with pytest.raises(Refusal, match="help_closed"):
        help_desk.assign_walk(session, lan, asked.id, team.walk.id, today())


def test_another_ward_does_not_exist(session: Session, people: People, lan: object) -> None:
    theirs = make.create_help_request(session, people.other_neighbourhood)
    door = make.create_household(session, people.other_neighbourhood)
    mine = make.create_help_request(session, people.neighbourhood)
    for act in (
        lambda: help_desk.request_row(session, lan, theirs.id),
        lambda: help_desk.choose_door(session, lan, theirs.id, door.id),
        lambda: help_desk.choose_door(session, lan, mine.id, door.id),
        lambda: help_desk.close(session, lan, theirs.id, HelpClosed.DONE),
    ):
        with pytest.raises(NotFound):
            act()
    assert {row.id for row in help_desk.list_requests(session, lan)} == {mine.id}


def followed(session: Session, people: People, team: Team) -> str:
    """A request from the plate of the first door; returns its code."""
    code = help_asking.code_of("nonce")
    asked = make.create_help_request(session, people.neighbourhood, household=team.doors[0], place=None)
    asked.follow = help_asking.follow_key(code)
    work.commit(session)
    return code


def stage(session: Session, code: str) -> help_answer.Answer:
    session.expire_all()
    answer = help_answer.follow(session, code)
    assert answer is not None
    return answer


def test_the_page_follows_every_step(
    team: Team, phone: Phone, session: Session, people: People, lan: object, client: FlaskClient
) -> None:
    code, door = followed(session, people, team), team.doors[0]
    assert stage(session, code).stage is Stage.RECEIVED
    (row,) = help_desk.list_requests(session, lan)
    assert help_desk.waiting(session, lan) == 1
    help_desk.assign_walk(session, lan, row.id, team.walk.id, today())
    work.commit(session)
    assert help_desk.waiting(session, lan) == 0
    assert "Tổ sẽ đến tối" in client.get(f"/Y/{code}").text
    phone.push(visit(phone.account.id, door.id, "not_home"))
    assert stage(session, code).stage is Stage.TRIED
    assert help_desk.waiting(session, lan) == 1
    page = client.get(f"/Y/{code}").text
    assert "Đã đến nhưng vắng nhà" in page
    on = today() + timedelta(days=2)
    phone.push(
        visit(phone.account.id, door.id, "rescheduled", appointment={"on": f"{on:%Y-%m-%d}", "at": "20:00"})
    )
    assert stage(session, code).stage is Stage.PLANNED
    assert f"Hẹn ngày {on:%d/%m/%Y}, 20:00" in client.get(f"/Y/{code}").text
    people_here = session.scalars(select(Resident.id).where(Resident.household_id == door.id)).all()
    helped = visit(
        phone.account.id,
        door.id,
        "helped",
        results=[
            result(people_here[0], "eid_level_2", "done_with_help"),
            result(people_here[1], "cashless", "shown"),
        ],
        note="Bác Chimyen vui lắm",
    )
    phone.push(helped)
    page = client.get(f"/Y/{code}").text
    assert "Đã đến và đã giúp" in page
    assert "Minh (" in page
    for canary in ("Chimyen", "Nguyễn Văn", door.code, "ngõ 34", str(door.id), str(people_here[0])):
        assert canary not in page
    answer = stage(session, code)
    assert (answer.work.done, answer.work.shown, answer.work.stuck) == (("eid_level_2",), ("cashless",), ())
    assert help_desk.list_requests(session, lan) == []
    assert [one.stage for one in help_desk.list_requests(session, lan, closed=True)] == [Stage.DONE]


@pytest.mark.parametrize("reason", list(HelpClosed))
def test_every_reason_is_told_with_what_to_do(
    reason: HelpClosed, team: Team, session: Session, people: People, lan: object, client: FlaskClient
) -> None:
    code = followed(session, people, team)
    (row,) = help_desk.list_requests(session, lan)
    help_desk.close(session, lan, row.id, reason)
    work.commit(session)
    for lang, head in (("vi", "Tiếp theo"), ("en", "What is next")):
        page = client.get(f"/Y/{code}?lang={lang}")
        assert page.status_code == 200
        assert head in page.text
    assert help_desk.list_requests(session, lan) == []


def test_a_planned_evening_that_passed_is_said(
    team: Team, session: Session, people: People, lan: object, client: FlaskClient
) -> None:
    code = followed(session, people, team)
    session.execute(text("UPDATE help_request SET planned_on = :day"), {"day": today() - timedelta(days=1)})
    session.commit()
    assert stage(session, code).late
    assert "nhưng chưa đến được" in client.get(f"/Y/{code}").text
    assert help_desk.waiting(session, lan) == 1


def test_the_desk_pages(team: Team, session: Session, people: People, client: FlaskClient) -> None:
    asked = make.create_help_request(session, people.neighbourhood, place="Số 2 ngõ 34")
    work.commit(session)
    sign_in(client, session, people.lan)
    assert "1 nhà nhờ giúp" in client.get("/bang").text
    assert "Số 2 ngõ 34" in client.get("/yeu-cau").text
    shown = client.get(f"/yeu-cau/{asked.id}")
    assert "Đúng hộ này" in shown.text
    assert "0912 000 333" in shown.text
    path = f"/yeu-cau/{asked.id}"
    assert client.post(f"{path}/ho", data={"household": "x"}).status_code == 422
    assert client.post(f"{path}/ho", data={"household": str(team.doors[0].id)}).status_code == 303
    bad = client.post(f"{path}/giao", data={"ai": "", "ngay": "x"})
    assert bad.status_code == 422
    assert "21/11/2026" in bad.text
    assert client.post(f"{path}/giao", data={"ai": "nguoi:x", "ngay": f"{today()}"}).status_code == 422
    day = f"{today() + timedelta(days=1):%d/%m/%Y}"
    reply = client.post(f"{path}/giao", data={"ai": f"nguoi:{people.minh.id}", "ngay": day})
    assert reply.status_code == 303
    session.refresh(asked)
    assert asked.planned_on == today() + timedelta(days=1)
    assert client.post(f"{path}/khep", data={"vi_sao": ""}).status_code == 422
    assert client.post(f"{path}/khep", data={"vi_sao": "counter"}).status_code == 303
    assert "Phải ra điểm phục vụ" in client.get(path).text
    acts = set(session.scalars(select(AuditEntry.action).where(AuditEntry.object_id == asked.id)))
    assert acts >= {"help.read", "help.door", "help.assign", "help.close"}


def test_what_is_old_is_forgotten(team: Team, phone: Phone, session: Session, people: People) -> None:
    answered = make.create_help_request(session, people.neighbourhood, household=team.doors[0])
    unanswered = make.create_help_request(session, people.neighbourhood)
    ancient = make.create_help_request(session, people.neighbourhood)
    young = make.create_help_request(session, people.neighbourhood, place="Số 3")
    answered.created_at = now() - timedelta(days=20)
    unanswered.created_at = now() - timedelta(days=91)
    ancient.created_at = now() - timedelta(days=181)
    work.commit(session)
    phone.push(visit(phone.account.id, team.doors[0].id, "helped", at=now() - timedelta(days=15)))
    old, kept, ancient_id, new = (each.id for each in (answered, unanswered, ancient, young))
    assert help_retention.forget_old(session) == 3
    work.commit(session)
    session.expire_all()
    rows = session.execute(text("SELECT id, place IS NULL AND phone IS NULL FROM help_request")).all()
    left = {row[0]: row[1] for row in rows}
    assert left == {old: True, kept: True, new: False}
    assert ancient_id not in left
    assert help_retention.forget_old(session) == 0


def test_erased_walk_names_say_nothing(session: Session, people: People, lan: object) -> None:
    """The walk that a request makes carries a date and no address: its name is seen on boards and phones."""
    asked = make.create_help_request(session, people.neighbourhood, place="Chimyen")
    help_desk.new_door(session, lan, asked.id, "Số 1")
    walk = help_desk.assign_person(session, lan, asked.id, people.minh.id, today())
    assert "Chim" not in session.get_one(Walk, walk.id).name
