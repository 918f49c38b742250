"""The people room: add, invite, shut out, change roles, end a membership; teams by the ward's officers."""

import re

import pypdfium2 as pdfium
import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import (
    Account,
    Assignment,
    AuditEntry,
    Device,
    Enrolment,
    LoginSession,
    Membership,
    RateLimit,
    StreamAccess,
    StreamHead,
    Team,
    TeamArea,
    Walk,
    WalkMember,
)
from backend.services import people_rows
from tests import factories as make
from tests.console.conftest import Evening, statements
from tests.people import acting, on_phone, sign_in

_PHONE = {"X-Gocua-Client": "test"}


def _add(lan: FlaskClient, evening: Evening, name: str = "Phan Văn Tý", **more: str) -> str:
    form = {"team": str(evening.people.team.id), "full_name": name, **more}
    return lan.post("/nguoi/them", data=form).location.rpartition("/")[2]


def test_the_list_shows_who_holds_what(lan: FlaskClient) -> None:
    page = lan.get("/nguoi").text
    for words in ("Trần Thị Lan", "Nguyễn Văn Minh", "Tổ trưởng", "1 máy", "Tổ dân phố 7"):
        assert words in page
    assert "Lê Thị Hoa" not in page


def test_the_list_costs_the_same_whatever_the_size(
    connection: Connection, session: Session, evening: Evening
) -> None:
    officer = acting(session, evening.people.officer)
    with statements(connection) as few:
        people_rows.teams(session, officer)
    for number in range(5):
        team = make.create_team(session, evening.people.neighbourhood, f"Tổ {number}")
        make.create_account(session, evening.people.ward.id, "Bùi Thị Sáu", team=team)
    work.commit(session)
    with statements(connection) as many:
        people_rows.teams(session, officer)
    assert len(few) == len(many) == 6


def test_a_new_volunteer_gets_the_streams_of_the_team(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    account_id = _add(lan, evening, " Phan  Văn Tý ", phone="0912 345 678")
    account = session.get_one(Account, account_id)
    assert (account.full_name, account.phone, account.login) == ("Phan Văn Tý", "+84912345678", None)
    assert session.get(StreamHead, f"user:{account.id}") is not None
    granted = session.scalars(select(StreamAccess).where(StreamAccess.user_id == account.id)).one()
    assert granted.audience == f"team:{evening.people.team.id}"
    assert "Hiện mã QR" in lan.get(f"/nguoi/{account.id}").text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"full_name": " "}, "Mời điền ô này."),
        ({"phone": "113"}, "Số điện thoại chưa đúng."),
        ({"full_name": "Tý 0012" + "34567890"}, "Xin đừng ghi số căn cước"),
        ({"role": "admin"}, "Ô này chưa đúng."),
        ({"role": "team_leader"}, "Ô này chưa đúng."),
    ],
)
def test_a_bad_form_keeps_what_was_typed(
    lan: FlaskClient, session: Session, evening: Evening, changed: dict[str, str], sentence: str
) -> None:
    before = session.scalar(select(func.count()).select_from(Account))
    form = {"team": str(evening.people.team.id), "full_name": "Phan Văn Tý", "phone": ""} | changed
    reply = lan.post("/nguoi/them", data=form)
    assert reply.status_code == 422
    assert sentence in reply.text
    assert session.scalar(select(func.count()).select_from(Account)) == before


def test_an_invitation_lets_one_phone_in(
    app: Flask, lan: FlaskClient, session: Session, evening: Evening
) -> None:
    account_id = _add(lan, evening)
    reply = lan.post(f"/nguoi/{account_id}/moi")
    assert "<svg" in reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    token = re.search(r"/E/([0-9A-Z-]{26,40})<", reply.text)
    assert token is not None
    assert "Đang chờ quét" in lan.get(f"/nguoi/{account_id}/moi/xem").text
    phone = app.test_client()
    assert phone.post(f"/E/{token[1]}", data={"label": "Máy của Tý"}, headers=_PHONE).status_code < 400
    assert "Máy đã vào việc" in lan.get(f"/nguoi/{account_id}/moi/xem").text
    assert "Máy của Tý" in lan.get(f"/nguoi/{account_id}").text
    assert session.scalars(select(Enrolment)).one().used_at is not None


def test_a_second_invitation_ends_the_first(lan: FlaskClient, session: Session, evening: Evening) -> None:
    account_id = _add(lan, evening)
    for _ in range(2):
        assert lan.post(f"/nguoi/{account_id}/moi").status_code == 200
    open_ones = select(func.count()).where(Enrolment.revoked_at.is_(None))
    assert session.scalar(open_ones) == 1


def test_a_phone_is_shut_out_at_once(
    app: Flask, lan: FlaskClient, session: Session, evening: Evening
) -> None:
    minh, device = evening.people.minh, evening.people.minh_device
    session.get_one(Device, device.id).waiting = 3
    work.commit(session)
    where = f"/nguoi/{minh.id}/may/{device.id}"
    page = lan.get(where).text
    assert "Thu hồi máy của Nguyễn Văn Minh?" in page
    assert "3 lần thăm chưa gửi sẽ vào hàng chờ duyệt." in page
    phone = on_phone(app.test_client(), evening.people.minh_token)
    assert phone.get("/api/v1/me").status_code == 200
    for _ in range(2):  # a repeat is harmless
        assert lan.post(where).location == f"/nguoi/{minh.id}"
    assert phone.get("/api/v1/me").status_code == 403
    actions = select(func.count()).where(AuditEntry.action == "device.revoke")
    assert session.scalar(actions) == 1


def test_a_deputy_gets_a_desk_and_loses_it(
    app: Flask, lan: FlaskClient, session: Session, evening: Evening
) -> None:
    minh, team = evening.people.minh, {"team": str(evening.people.team.id)}
    home = f"/nguoi/{minh.id}"
    assert lan.post(f"{home}/mat-khau", data=team).status_code == 404, "a member needs no password"
    assert lan.post(f"{home}/vai-tro", data=team | {"role": "deputy_leader"}).location == home
    assert "minh.nguyen" in lan.get(home).text
    reply = lan.post(f"{home}/mat-khau", data=team | {"login": "minh.nguyen"})
    shown = re.findall(r'class="code big">([^<]+)<', reply.text)
    assert shown[0] == "minh.nguyen"
    assert re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", shown[1])
    assert shown[1] not in lan.get(home).text, "shown once"
    desk = app.test_client()
    _first_sign_in(desk, shown[0], shown[1])
    assert desk.get("/bang").status_code == 200
    assert lan.post(f"{home}/vai-tro", data=team | {"role": "member"}).location == home
    assert desk.get("/bang").status_code == 403
    roles = session.scalars(
        select(Membership.role).where(Membership.account_id == minh.id).order_by(Membership.valid_from)
    ).all()
    assert roles == ["member", "deputy_leader", "member"]


def test_a_login_that_is_taken_or_odd_is_refused(lan: FlaskClient, evening: Evening) -> None:
    home, team = f"/nguoi/{evening.people.minh.id}", {"team": str(evening.people.team.id)}
    lan.post(f"{home}/vai-tro", data=team | {"role": "deputy_leader"})
    taken = lan.post(f"{home}/mat-khau", data=team | {"login": "Lan"})
    assert "Tên đăng nhập này đã có người dùng" in taken.text
    odd = lan.post(f"{home}/mat-khau", data=team | {"login": "tên có dấu"})
    assert odd.status_code == 422
    assert "chỉ gồm chữ không dấu" in odd.text


def _first_sign_in(browser: FlaskClient, login: str, password: str) -> None:
    assert browser.post("/vao", data={"login": login, "password": password}).location == "/bang"
    own = "mot cau chi minh toi biet"
    reply = browser.post("/toi", data={"current": password, "new": own, "again": own})
    assert reply.location == "/bang"


def test_who_leaves_hands_the_doors_over_in_the_same_act(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    heir = _add(lan, evening)
    minh, team = evening.people.minh, evening.people.team
    where = f"/nguoi/{minh.id}/nghi/{team.id}"
    assert "Ai nhận các hộ ấy?" in lan.get(where).text
    assert lan.post(where, data={"cho": str(evening.people.hoa.id)}).status_code == 422
    assert lan.post(where, data={"cho": str(heir)}).location == "/nguoi"
    live = select(Assignment.walk_id).where(Assignment.ended_at.is_(None), Assignment.started_at.is_not(None))
    walks = session.scalars(live).all()
    assert len(walks) == 2
    members = select(WalkMember.account_id).where(
        WalkMember.walk_id.in_(walks), WalkMember.ended_at.is_(None)
    )
    assert [str(one) for one in session.scalars(members)] == [str(heir)]
    assert lan.get(f"/nguoi/{minh.id}").status_code == 404


def test_a_whole_list_of_people_comes_in_or_none(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    team = str(evening.people.team.id)
    before = session.scalar(select(func.count()).select_from(Account))
    for names, said in (
        ("Phan Thị Tám, 0912\nHồ Văn Chín", "Dòng 1 chưa đúng"),
        ("Phan Thị Tám\n\n, 0912345678", "Dòng 3 chưa đúng"),
        ("Phan Thị Tám\nphan thi tam", "Dòng 2 trùng tên"),
        ("\n".join(f"Người {n}" for n in range(61)), "nhiều nhất 60 người"),
        ("  \n ", "Mời điền ô này"),
        ("0010" + "85012345 Lê Văn Số", "Dòng 1 chưa đúng"),
    ):
        reply = lan.post("/nguoi/them-nhieu", data={"team": team, "names": names})
        assert reply.status_code == 422, names
        assert said in reply.text, reply.text[-2500:]
        assert names.strip().splitlines()[:1] == [] or names.strip().splitlines()[0] in reply.text
    assert session.scalar(select(func.count()).select_from(Account)) == before
    names = "Phan Thị Tám, 0912 345 678\nHồ Văn Chín\t0912345679\n\nVũ Mười"
    assert lan.post("/nguoi/them-nhieu", data={"team": team, "names": names}).location == "/nguoi"
    assert (session.scalar(select(func.count()).select_from(Account)) or 0) == (before or 0) + 3
    assert "Hồ Văn Chín" in lan.get("/nguoi").text


def test_slips_invite_everybody_without_a_phone_once(
    app: Flask, lan: FlaskClient, session: Session, evening: Evening
) -> None:
    team = evening.people.team
    lan.post("/nguoi/them-nhieu", data={"team": str(team.id), "names": "Phan Thị Tám\nHồ Văn Chín\nVũ Mười"})
    reply = lan.post(f"/nguoi/phieu/{team.id}")
    assert reply.mimetype == "application/pdf"
    pages = list(pdfium.PdfDocument(reply.data))
    said = "".join(page.get_textpage().get_text_range() for page in pages)
    codes = [
        code.text
        for page in pages
        for code in zxingcpp.read_barcodes(
            page.render(scale=150 / 72).to_pil().convert("L"), formats=zxingcpp.BarcodeFormat.QRCodeModel2
        )
    ]
    # Three new people and Lan herself; Minh has a phone.
    assert len(codes) == 4
    assert "Mời Phan Thị Tám vào việc" in said
    assert "Nguyễn Văn Minh" not in said
    assert "Dùng một lần, đến" in said
    token = codes[0].rpartition("/")[2]
    browser = app.test_client()
    first = browser.get(f"/E/{token}")
    assert first.status_code == 200
    lan.post(f"/nguoi/phieu/{team.id}")  # printed again: the codes of before end
    assert app.test_client().get(f"/E/{token}").status_code == 410
    assert lan.post(f"/nguoi/{evening.people.minh.id}/phieu/{team.id}").mimetype == "application/pdf"


def test_who_leaves_alone_gives_the_doors_back(
    app: Flask, lan: FlaskClient, session: Session, evening: Evening
) -> None:
    minh = evening.people.minh
    where = f"/nguoi/{minh.id}/nghi/{evening.people.team.id}"
    page = lan.get(where).text
    assert "1 tuyến đi một mình: 2 hộ cần người nhận." in page
    assert "1 máy bị thu hồi ngay." in page
    assert lan.post(where).location == "/nguoi"
    live = select(func.count()).where(Assignment.ended_at.is_(None), Assignment.started_at.is_not(None))
    assert session.scalar(live) == 0
    assert session.get_one(Walk, evening.walk.id, populate_existing=True).state == "closed"
    assert on_phone(app.test_client(), evening.people.minh_token).get("/api/v1/me").status_code == 403
    assert lan.get(f"/nguoi/{minh.id}").status_code == 404
    assert lan.post(where).status_code == 404
    assert "Nguyễn Văn Minh" in lan.get(f"/ho/{evening.doors[0].id}").text, "the visits keep their name"


def test_a_partner_goes_on_with_a_shared_walk(lan: FlaskClient, session: Session, evening: Evening) -> None:
    partner = _add(lan, evening)
    walk = session.get_one(Walk, evening.walk.id)
    session.add(WalkMember(ward_id=walk.ward_id, walk_id=walk.id, account_id=partner))
    work.commit(session)
    where = f"/nguoi/{evening.people.minh.id}/nghi/{evening.people.team.id}"
    assert "1 tuyến đi chung: người đi cùng giữ tiếp." in lan.get(where).text
    lan.post(where)
    live = select(func.count()).where(Assignment.ended_at.is_(None), Assignment.started_at.is_not(None))
    assert session.scalar(live) == 2
    assert session.get_one(Walk, walk.id, populate_existing=True).state == "published"


def test_a_leader_changes_neither_themselves_nor_another_leader(
    lan: FlaskClient, officer: FlaskClient, session: Session, evening: Evening
) -> None:
    people = evening.people
    own = f"/nguoi/{people.lan.id}/nghi/{people.team.id}"
    assert lan.post(own).status_code == 409
    last = officer.post(own)
    assert last.status_code == 409
    assert "tổ trưởng duy nhất" in last.text
    other = make.create_account(
        session, people.ward.id, "Hồ Thị Tư", role=people_rows.Role.TEAM_LEADER, team=people.team
    )
    work.commit(session)
    assert lan.post(f"/nguoi/{other.id}/nghi/{people.team.id}").status_code == 403
    assert officer.post(own).location == "/nguoi"
    open_ones = select(func.count()).where(
        LoginSession.account_id == people.lan.id, LoginSession.revoked_at.is_(None)
    )
    assert session.scalar(open_ones) == 0


def test_another_wards_people_are_not_there(client: FlaskClient, session: Session, evening: Evening) -> None:
    people = evening.people
    hoa = sign_in(client, session, people.hoa)
    minh, team = f"/nguoi/{people.minh.id}", {"team": str(people.team.id)}
    assert hoa.get(minh).status_code == 404
    assert hoa.get(f"{minh}/may/{people.minh_device.id}").status_code == 404
    assert hoa.get(f"{minh}/moi/xem").status_code == 404
    for path in ("moi", "vai-tro", "mat-khau", f"may/{people.minh_device.id}", f"nghi/{people.team.id}"):
        assert hoa.post(f"{minh}/{path}", data=team | {"role": "member"}).status_code == 404, path
    assert hoa.post("/nguoi/them", data=team | {"full_name": "Ai Đó"}).status_code == 404
    own = f"/nguoi/{people.hoa.id}/may/{people.minh_device.id}"
    assert hoa.post(own).status_code == 404
    assert session.get_one(Device, people.minh_device.id, populate_existing=True).revoked_at is None


def test_a_volunteer_and_a_stranger_do_not_come_in(client: FlaskClient, evening: Evening) -> None:
    for path in ("/nguoi", "/nguoi/them", f"/nguoi/{evening.people.minh.id}", "/to/them"):
        assert client.get(path).location == "/vao"
    assert on_phone(client, evening.people.minh_token).get("/nguoi").location == "/vao"


def test_an_officer_makes_a_place_a_team_and_a_leader(
    app: Flask, officer: FlaskClient, session: Session, evening: Evening, engine: object
) -> None:
    with session.get_bind().engine.begin() as connection:
        connection.execute(delete(RateLimit))
    assert officer.post("/khu/moi", data={"kind": "thon", "name": "Thôn Đoài"}).status_code == 303
    page = officer.get("/to/them").text
    place = re.search(r'value="([0-9a-f-]{36})"> <span>Thôn Đoài', page)
    assert place is not None
    form = {"name": "Tổ thôn Đoài", "areas": place[1], "leader": "Hồ Thị Tư", "login": ""}
    reply = officer.post("/to/them", data=form)
    assert reply.status_code == 200
    login, password = re.findall(r'class="code big">([^<]+)<', reply.text)
    assert login == "tu.ho"
    team = session.scalars(select(Team).where(Team.name == "Tổ thôn Đoài")).one()
    assert session.scalar(select(func.count()).where(TeamArea.team_id == team.id)) == 1
    assert session.get(StreamHead, f"team:{team.id}") is not None
    leader = app.test_client()
    _first_sign_in(leader, login, password)
    assert "Tổ thôn Đoài" in leader.get("/nguoi").text
    assert "Nguyễn Văn Minh" not in leader.get("/nguoi").text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "Mời điền ô này."),
        ({"areas": ""}, "Chọn ít nhất một tổ dân phố, thôn"),
        ({"areas": "sai"}, "Ô này chưa đúng."),
        ({"leader": " "}, "Mời điền ô này."),
        ({"login": "Lan"}, "Tên đăng nhập này đã có người dùng."),
    ],
)
def test_a_team_is_made_whole_or_not_at_all(
    officer: FlaskClient, session: Session, evening: Evening, changed: dict[str, str], sentence: str
) -> None:
    before = session.scalar(select(func.count()).select_from(Team))
    area = str(evening.people.neighbourhood.id)
    form = {"name": "Tổ mới", "areas": area, "leader": "Hồ Thị Tư", "login": ""} | changed
    reply = officer.post("/to/them", data=form)
    assert reply.status_code == 422
    assert sentence in reply.text
    assert session.scalar(select(func.count()).select_from(Team)) == before


def test_a_leader_makes_no_teams(lan: FlaskClient) -> None:
    assert lan.get("/to/them").status_code == 403
    assert lan.post("/to/them", data={}).status_code == 403


def test_the_pages_speak_english(lan: FlaskClient, officer: FlaskClient, evening: Evening) -> None:
    minh = f"/nguoi/{evening.people.minh.id}"
    assert "Last heard of" in lan.get("/nguoi?lang=en").text
    assert "Walks held" in lan.get(minh).text
    assert "End the membership of" in lan.get(f"{minh}/nghi/{evening.people.team.id}").text
    assert "Add a team" in officer.get("/to/them?lang=en").text
