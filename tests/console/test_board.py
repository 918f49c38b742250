"""The board: true numbers in a fixed number of statements, each opening the rows behind it."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound
from backend.database import work
from backend.models import Role
from backend.services.board import board
from tests import factories as make
from tests.console.conftest import Evening, statements
from tests.people import acting, on_phone, sign_in


def test_every_person_is_counted_once_per_service(session: Session, evening: Evening) -> None:
    shown = board(session, acting(session, evening.people.lan), None, evening.campaign.id)
    assert [service.code for service in shown.services] == ["eid_level_2", "ehealth_book"]
    identity = shown.services[0]
    assert (identity.eligible, identity.done, identity.stuck, identity.open) == (6, 1, 1, 4)
    assert identity.eligible == identity.done + identity.keeps + identity.open + identity.stuck
    assert (identity.unknown, identity.not_eligible, shown.residents) == (0, 0, 6)


def test_doors_volunteers_and_reasons(session: Session, evening: Evening) -> None:
    shown = board(session, acting(session, evening.people.lan), None, evening.campaign.id)
    (place,) = shown.neighbourhoods
    assert (place.doors, place.done, place.begun, place.untouched, place.on_no_walk) == (3, 0, 2, 1, 1)
    assert (place.visits, place.stuck, place.left) == (2, 1, 3)
    (minh,) = shown.volunteers
    assert (minh.name, minh.doors, minh.begun, minh.visits, minh.phones) == ("Nguyễn Văn Minh", 2, 2, 2, 1)
    (reason,) = shown.reasons
    assert (reason.code, reason.people, reason.service_code) == ("otp_not_received", 1, "eid_level_2")
    assert (shown.tonight.visits, shown.tonight.doors) == (2, 2)
    assert shown.tonight.outcomes == {"helped": 1, "not_home": 1}


def test_unknown_birth_years_are_not_eligible_people(session: Session, evening: Evening) -> None:
    make.create_household(session, evening.people.neighbourhood, birth_year=None, people=3)
    work.commit(session)
    identity = board(session, acting(session, evening.people.lan), None, evening.campaign.id).services[0]
    assert (identity.eligible, identity.unknown) == (6, 3)


def test_a_ward_without_households_has_no_figures(
    client: FlaskClient, session: Session, evening: Evening
) -> None:
    shown = board(session, acting(session, evening.people.hoa), None, None)
    assert shown.total("doors") == 0
    page = sign_in(client, session, evening.people.hoa).get("/bang").text
    assert "Chưa có hộ nào. Tải danh sách Excel của phường lên." in page
    assert 'href="/nhap"' in page


def test_another_wards_neighbourhood_is_not_there(session: Session, evening: Evening) -> None:
    with pytest.raises(NotFound):
        board(session, acting(session, evening.people.hoa), evening.people.neighbourhood.id, None)
    with pytest.raises(NotFound):
        board(session, acting(session, evening.people.hoa), None, evening.campaign.id)


def test_the_board_costs_the_same_whatever_the_size(
    connection: Connection, session: Session, evening: Evening
) -> None:
    lan = acting(session, evening.people.lan)
    with statements(connection) as few:
        board(session, lan, None, None)
    for number in range(40):
        make.create_household(session, evening.people.neighbourhood, address=f"Số {number} ngõ 36")
    make.create_account(session, evening.people.ward.id, "Bùi Thị Sáu", team=evening.people.team)
    work.commit(session)
    with statements(connection) as many:
        board(session, lan, None, None)
    assert len(few) == len(many) <= 11


def test_the_page_answers_the_four_questions_in_order(lan: FlaskClient) -> None:
    page = lan.get("/bang").text
    places = [page.index(words) for words in ("Tối nay thế nào?", "Còn ai?", "Kẹt ở đâu?", "Ai cần tôi?")]
    assert places == sorted(places)
    assert "1/6" in page
    assert "(16,66 %)" in page
    assert "kẹt ở Kích hoạt VNeID mức 2:" in page
    assert "/ho?viec=eid_level_2&amp;ly-do=otp_not_received&amp;buoc=blocked" in page
    assert 'hx-get="/bang/so"' in page


def test_the_refreshed_part_is_only_the_numbers(lan: FlaskClient) -> None:
    part = lan.get("/bang/so").text
    assert "Tối nay thế nào?" in part
    assert "<html" not in part


def test_a_chosen_place_follows_the_person(officer: FlaskClient, evening: Evening, session: Session) -> None:
    other = make.create_neighbourhood(session, evening.people.ward, "Tổ dân phố 9")
    work.commit(session)
    assert "Chưa có hộ nào" in officer.get(f"/bang?khu={other.id}&dot=").text
    assert "Chưa có hộ nào" in officer.get("/bang").text
    assert "Chưa có hộ nào" not in officer.get("/bang?khu=&dot=").text


def test_a_foreign_place_in_the_address_counts_as_none(lan: FlaskClient, evening: Evening) -> None:
    reply = lan.get(f"/bang?khu={evening.people.other_neighbourhood.id}&dot=sai")
    assert reply.status_code == 200
    assert "1/6" in reply.text


def test_a_volunteer_and_a_stranger_do_not_see_it(client: FlaskClient, evening: Evening) -> None:
    assert client.get("/bang").location == "/vao"
    assert on_phone(client, evening.people.minh_token).get("/bang").location == "/vao"


def test_a_viewer_of_the_ward_sees_the_board_and_no_names_of_residents(
    client: FlaskClient, session: Session, evening: Evening
) -> None:
    viewer = make.create_account(session, evening.people.ward.id, "Cao Thị Xem", role=Role.WARD_VIEWER)
    work.commit(session)
    page = sign_in(client, session, viewer).get("/bang")
    assert page.status_code == 200
    assert "Đỗ Thị Hường" not in page.text
    assert '<a href="/nguoi"' not in page.text
    assert client.get("/ho").status_code == 403


def test_in_english_no_vietnamese_is_left(lan: FlaskClient) -> None:
    page = lan.get("/bang?lang=en").text
    assert "How is tonight going?" in page
    assert "Activate VNeID level 2" in page
    assert "Code did not arrive".lower() in page.lower()
    assert "Kẹt" not in page
