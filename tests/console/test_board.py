"""The board: true numbers in a fixed number of statements, each opening the rows behind it."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound
from backend.database import work
from backend.models import AuditEntry, Role
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


def test_a_new_ward_begins_with_its_places(client: FlaskClient, session: Session) -> None:
    """First make neighbourhoods, then import."""
    ward = make.find_ward(session, "00008")
    officer = make.create_account(session, ward.id, "Vũ Thị Mai", role=Role.WARD_OFFICER, login="mai")
    work.commit(session)
    page = sign_in(client, session, officer).get("/bang").text
    assert "Bắt đầu từ địa bàn" in page
    assert page.index('class="button primary" href="/khu"') < page.index('class="button" href="/nhap"')


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
    assert len(few) == len(many) <= 13


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
    for href in re.findall(r'href="(/(?!static)[^"#]*)"', page.text):
        assert client.get(href.replace("&amp;", "&")).status_code in (200, 303), href


def test_every_number_opens_its_rows(lan: FlaskClient) -> None:
    page = lan.get("/bang").text
    links = {href.replace("&amp;", "&") for href in re.findall(r'href="(/ho\?[^"]*)"', page)}
    assert len(links) > 10
    for href in links:
        assert lan.get(href).status_code == 200, href


def test_what_has_not_changed_is_not_sent_again(
    lan: FlaskClient, evening: Evening, session: Session, connection: Connection
) -> None:
    (known,) = re.findall(r'name="ban" value="([^"]*)"', lan.get("/bang").text)
    with statements(connection) as seen:
        reply = lan.get(f"/bang/so?ban={known}")
    assert (reply.status_code, reply.data) == (204, b"")
    assert len(seen) <= 4, seen  # who asks, what they look at, and one for the answer
    make.create_household(session, evening.people.other_neighbourhood)
    work.commit(session)
    assert lan.get(f"/bang/so?ban={known}").status_code == 204, "another ward's change"
    make.create_household(session, evening.people.neighbourhood)
    work.commit(session)
    reply = lan.get(f"/bang/so?ban={known}")
    assert reply.status_code == 200
    assert known not in reply.text


def test_the_wards_counts_as_a_file(officer: FlaskClient, evening: Evening, session: Session) -> None:
    evening.people.neighbourhood.name = "=HYPERLINK(1)"
    make.create_neighbourhood(session, evening.people.ward, "Tổ dân phố 9")
    work.commit(session)
    reply = officer.get("/bang/so-lieu.xlsx?khu=&dot=")
    assert reply.mimetype.endswith("spreadsheetml.sheet")
    book = CalamineWorkbook.from_filelike(io.BytesIO(reply.data))
    people, doors = (book.get_sheet_by_index(number).to_python() for number in (0, 1))
    found = {(row[0], row[1]): row[2:] for row in people[1:]}
    # done, eligible, keeps, open, stuck, unknown, not eligible, shown
    assert found["'=HYPERLINK(1)", "Kích hoạt VNeID mức 2"] == [1, 6, 0, 4, 1, 0, 0, 0]
    assert set(found["Tổ dân phố 9", "Kích hoạt VNeID mức 2"]) == {""}, (
        "nobody there: no data, which is not 0"
    )
    assert [row[:3] for row in doors[1:]] == [["'=HYPERLINK(1)", 0, 3], ["Tổ dân phố 9", 0, 0]]
    assert "<f>" not in zipfile.ZipFile(io.BytesIO(reply.data)).read("xl/worksheets/sheet1.xml").decode()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "board.export")).one()
    assert (entry.actor_id, entry.count) == (evening.people.officer.id, 2)
    assert "Đỗ Thị Hường" not in str(people)


def test_phones_that_need_somebody(lan: FlaskClient, evening: Evening, session: Session) -> None:
    phone = evening.people.minh_device
    phone.last_seen_at, phone.waiting, phone.oldest_waiting_s = now() - timedelta(hours=3), 2, 7200
    session.commit()
    page = lan.get("/bang").text
    assert "1 máy còn lần thăm chưa gửi:" in page
    assert "(2, cũ nhất 5 giờ)" in page
    phone.dead = 1
    session.commit()
    assert "Có lần thăm không gửi được:" in lan.get("/bang").text
    phone.dead, phone.last_seen_at = 0, now() - timedelta(days=3)
    session.commit()
    assert "(còn 2 lần thăm trong máy)" in lan.get("/bang").text
    profile = lan.get(f"/nguoi/{evening.people.minh.id}").text
    assert "Còn 2 lần thăm trong máy này, cũ nhất 3 ngày." in profile
    assert "im hơn 2 ngày" in profile


def test_a_place_without_a_team_and_one_where_nobody_goes(
    officer: FlaskClient, evening: Evening, session: Session
) -> None:
    lonely = make.create_neighbourhood(session, evening.people.ward, "Tổ dân phố 9")
    idle = make.create_neighbourhood(session, evening.people.ward, "Tổ dân phố 10")
    make.create_team(session, idle, "Tổ mười")
    for place in (lonely, idle):
        make.create_household(session, place)
    work.commit(session)
    page = officer.get("/bang?khu=&dot=").text
    assert "Chưa có tổ nào phụ trách: Tổ dân phố 9" in page
    assert "14 ngày qua chưa ai đi ở:" in page
    found = officer.get("/bang?tim=to+muoi").text
    assert f'href="/bang?khu={idle.id}"' in found
    table = found[found.index('id="places"') :]
    assert "Tổ dân phố 9" not in table
    assert "Không có tổ dân phố, thôn nào như vậy." in officer.get("/bang?tim=khong+co").text
    assert officer.get("/bang?trang=x&viec=la&tim=" + "a" * 200).status_code == 200


def test_the_trend_tells_each_day(lan: FlaskClient) -> None:
    page = lan.get("/bang").text
    assert "Hộ đã gõ cửa mỗi ngày" in page
    table = page[page.index('id="trend-table"') :]
    assert table.count("<tr>") >= 15


def test_in_english_no_vietnamese_is_left(lan: FlaskClient) -> None:
    page = lan.get("/bang?lang=en").text
    assert "How is tonight going?" in page
    assert "Activate VNeID level 2" in page
    assert "Code did not arrive".lower() in page.lower()
    assert "Kẹt" not in page
