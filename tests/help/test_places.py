"""Places with codes: each kind in both states, what leaders write, rounds, surveys, walk-ins that enter no measure."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import Adoption, AnswerCount, CodeCheck, QrCode, ScanCount, Spot, SpotKind, WalkIn
from backend.services import code_rounds, codes, neighbourhood_page, spots
from backend.services.spots import SpotIn
from qr.codes import new_token, wifi_text
from tests import factories as make
from tests.help.conftest import filled
from tests.people import People, acting, on_phone, sign_in

TOLD = {
    SpotKind.SUPPORT_POINT: SpotIn(
        SpotKind.SUPPORT_POINT, "Nhà văn hoá tổ 7", "Ngõ 34", equipment=("printer", "computer", "rocket")
    ),
    SpotKind.WIFI: SpotIn(
        SpotKind.WIFI, "Wifi nhà văn hoá", ssid='Nha;van"hoa', wifi_password="chao:ca\\nha"
    ),
    SpotKind.PLACE: SpotIn(SpotKind.PLACE, "Đình làng", about="Dựng năm 1780.\n\nMở cửa ngày rằm."),
    SpotKind.STALL: SpotIn(SpotKind.STALL, "Sạp rau cô Tư"),
    SpotKind.SURVEY: SpotIn(
        SpotKind.SURVEY, "Một cửa", question="Hài lòng không?", answers=("Có", "Không", "")
    ),
}
LETTER = {"support_point": "D", "wifi": "W", "place": "P", "stall": "M", "survey": "K"}
SAYS = {
    "support_point": "Giờ mở cửa",
    "wifi": "Dùng wifi chung thì không",
    "place": "Dựng năm 1780",
    "stall": "Mã nhận tiền chưa được soát",
    "survey": "Hài lòng không?",
}


@pytest.fixture
def made(session: Session, people: People) -> dict[str, tuple[Spot, QrCode]]:
    lan = acting(session, people.lan)
    found = {str(kind): spots.add(session, lan, people.neighbourhood.id, told) for kind, told in TOLD.items()}
    work.commit(session)
    return found


@pytest.mark.parametrize("kind", list(LETTER))
def test_every_kind_in_both_states(
    kind: str, made: dict[str, tuple[Spot, QrCode]], client: FlaskClient, session: Session, people: People
) -> None:
    spot, code = made[kind]
    path = f"/{LETTER[kind]}/{code.token}"
    live = client.get(path)
    assert live.status_code == 200
    assert SAYS[kind] in live.text
    assert "<script" not in live.text
    assert "Set-Cookie" not in live.headers
    # Below /m/ the phone app lives.
    assert client.get(path.lower() if kind != "stall" else path).status_code == 200
    assert 'lang="en"' in client.get(f"{path}?lang=en").text
    assert len(client.get(path, headers={"Accept-Encoding": "gzip"}).data) <= 10 * 1024
    assert session.scalar(select(ScanCount.n).where(ScanCount.qr_code_id == code.id)) == 4
    assert client.get(f"/G/{code.token}").status_code == 404  # another letter tells nothing
    spots.close(session, acting(session, people.lan), spot.id)
    work.commit(session)
    gone = client.get(f"{path}?lang=vi")
    assert gone.status_code == 410
    assert "Mã này không dùng nữa" in gone.text
    assert SAYS[kind] not in gone.text


def test_typed_codes_lead_to_their_page(made: dict[str, tuple[Spot, QrCode]], client: FlaskClient) -> None:
    for kind, (_spot, code) in made.items():
        reply = client.get("/tim", query_string={"ma": code.token})
        assert reply.location == f"/{LETTER[kind]}/{code.token}"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    target=st.sampled_from(("https://evil.example", "//evil.example", "/vao", "javascript:alert(1)")),
    name=st.sampled_from(("to", "next", "url", "u", "r", "redirect", "ma")),
)
def test_no_parameter_redirects(
    client: FlaskClient, made: dict[str, tuple[Spot, QrCode]], target: str, name: str
) -> None:
    """Whatever stands in the address, a scanned code answers itself or goes to a path of our own list."""
    for kind, (_spot, code) in made.items():
        for path in (f"/{LETTER[kind]}/{code.token}", "/tim", "/giup", "/khu-pho"):
            reply = client.get(path, query_string={name: target})
            assert reply.status_code in (200, 404, 429)
            assert "Location" not in reply.headers


def test_the_wifi_page_shows_what_phones_read(
    made: dict[str, tuple[Spot, QrCode]], client: FlaskClient
) -> None:
    assert wifi_text("nha", "") == "WIFI:T:nopass;S:nha;;"
    assert wifi_text('Nha;van"hoa', "chao:ca\\nha") == 'WIFI:T:WPA;S:Nha\\;van\\"hoa;P:chao\\:ca\\\\nha;;'
    page = client.get(f"/W/{made['wifi'][1].token}").text
    assert "<svg" in page.split("Mật khẩu mạng")[1]
    # What is printed opens the page: that can be revoked and carries the safety line.
    assert codes.url_of(made["wifi"][1], "https://ba.vn").startswith("HTTPS://BA.VN/W/")


def test_bad_forms_say_what_is_missing(session: Session, people: People) -> None:
    lan = acting(session, people.lan)
    for told, fields in (
        (SpotIn(SpotKind.WIFI, "Wifi"), {"ssid": "needed"}),
        (SpotIn(SpotKind.PLACE, "  "), {"ten": "needed"}),
        (SpotIn(SpotKind.PLACE, "x", about="căn cước 001175" + "000001"), {"gioi_thieu": "no_id_numbers"}),
        (SpotIn(SpotKind.SURVEY, "x", question="?", answers=("một",)), {"dap": "spot_answers"}),
        (SpotIn(SpotKind.SURVEY, "x", answers=("a", "b")), {"hoi": "needed"}),
    ):
        with pytest.raises(Refusal) as refused:
            spots.add(session, lan, people.neighbourhood.id, told)
        assert refused.value.fields == fields
    with pytest.raises(NotFound):
        spots.add(session, lan, people.other_neighbourhood.id, TOLD[SpotKind.PLACE])


def test_a_survey_counts_each_form_once(
    made: dict[str, tuple[Spot, QrCode]], client: FlaskClient, session: Session
) -> None:
    spot, code = made["survey"]
    path = f"/K/{code.token}"
    form = {"ve": filled(client.get(path))["ve"], "trang_web": ""}
    assert client.post(path, data=form).status_code == 422
    for bad in ("9", "x", "-1"):
        assert client.post(path, data=form | {"dap": bad}).status_code == 422
    for _ in range(3):
        reply = client.post(path, data=form | {"dap": "1"})
        assert reply.status_code == 303
    assert "Cảm ơn" in client.get(reply.location).text
    assert spots.answers_of(session, spot) == [("Có", 0), ("Không", 1)]
    assert client.post(path, data={"dap": "1"}).status_code == 400
    assert session.scalar(select(func.sum(AnswerCount.n))) == 1
    assert not {"account_id", "address", "created_at"} & set(AnswerCount.__table__.columns.keys())


def test_walk_ins_are_set_and_enter_no_measure(
    made: dict[str, tuple[Spot, QrCode]], session: Session, people: People
) -> None:
    lan, (spot, _code) = acting(session, people.lan), made["support_point"]
    make.create_household(session, people.neighbourhood)
    work.commit(session)
    before = session.execute(select(Adoption.state, func.count()).group_by(Adoption.state)).all()
    spots.count_walk_ins(session, lan, spot.id, today(), {"cashless": 7})
    spots.count_walk_ins(session, lan, spot.id, today(), {"cashless": 5, "eid_level_2": 1})
    assert spots.walk_ins(session, spot.id) == {"cashless": 5, "eid_level_2": 1}
    assert session.execute(select(Adoption.state, func.count()).group_by(Adoption.state)).all() == before
    for people_, field in (({"nonsense": 1}, "so"), ({"cashless": 501}, "so")):
        with pytest.raises(Refusal) as refused:
            spots.count_walk_ins(session, lan, spot.id, today(), people_)
        assert field in refused.value.fields
    assert session.scalar(select(func.count()).select_from(WalkIn)) == 2


def test_the_desk_adds_edits_and_keeps_a_roster(
    client: FlaskClient, session: Session, people: People
) -> None:
    sign_in(client, session, people.lan)
    assert "Chưa có điểm nào" in client.get("/diem").text
    form = {
        "loai": "support_point",
        "khu": str(people.neighbourhood.id),
        "ten": "",
        "tu": [""] * 7,
        "den": [""] * 7,
    }
    bad = client.post("/diem/them", data=form | {"dia_chi": "Ngõ 34"})
    assert bad.status_code == 422
    assert "Ngõ 34" in bad.text
    hours = {"tu": ["19:00", *[""] * 6], "den": ["18:00", *[""] * 6]}
    assert "Giờ đóng phải sau" in client.post("/diem/them", data=form | {"ten": "Nhà văn hoá"} | hours).text
    wrong = {"tu": ["19:00", *[""] * 6], "den": ["9 giờ tối", *[""] * 6]}
    reply = client.post("/diem/them", data=form | {"ten": "Nhà văn hoá"} | wrong)
    assert (reply.status_code, "ví dụ 19:30" in reply.text, "9 giờ tối" in reply.text) == (422, True, True)
    # A closed Tuesday does not move Wednesday's hours.
    hours = {"tu": ["19:00", "", "8h", *[""] * 4], "den": ["21:00", "", "11h30", *[""] * 4]}
    reply = client.post("/diem/them", data=form | {"ten": "Nhà văn hoá", "trang_bi": ["wifi"]} | hours)
    assert reply.status_code == 303
    spot = session.scalars(select(Spot)).one()
    assert (spot.hours, spot.equipment) == (
        {"0": ["19:00", "21:00"], "2": ["08:00", "11:30"]},
        ["wifi"],
    )
    code = codes.live_code_of_spot(session, spot)
    assert code
    page = client.get(f"/D/{code.token}").text
    assert "Thứ hai: 19:00–21:00" in page
    duty = {"nguoi": str(people.minh.id), "ngay": f"{today()}", "tu": "19:00", "den": "21:00"}
    assert client.post(f"{reply.location}/truc", data=duty | {"den": "18:00"}).status_code == 422
    assert client.post(f"{reply.location}/truc", data=duty).status_code == 303
    page = client.get(f"/D/{code.token}").text
    assert "Hôm nay có người trực 19:00–21:00" in page
    assert "Minh" not in page
    assert (
        client.post(f"{reply.location}/luot", data={"ngay": f"{today()}", "so-cashless": "x"}).status_code
        == 422
    )
    assert (
        client.post(f"{reply.location}/luot", data={"ngay": f"{today()}", "so-cashless": "4"}).status_code
        == 303
    )
    assert client.post(f"{reply.location}/sua", data={"ten": "Nhà văn hoá mới", **hours}).status_code == 303
    assert "Nhà văn hoá mới" in client.get(f"/D/{code.token}").text
    assert client.post(f"/khu/{people.neighbourhood.id}/ma").status_code == 303
    assert client.get("/ma?loai=support_point").text.count("Nhà văn hoá mới") >= 1
    shown = client.get(f"/ma/{code.id}")
    assert "Lượt quét từng ngày" in shown.text
    assert client.post(f"{reply.location}/khep").status_code == 303
    assert client.get(f"/D/{code.token}").status_code == 410


def test_a_round_finds_covered_and_foreign_codes(
    made: dict[str, tuple[Spot, QrCode]], app: Flask, client: FlaskClient, session: Session, people: People
) -> None:
    phone = on_phone(app.test_client(), people.minh_token)
    page = phone.get("/m/soat-ma").text
    assert "Sạp rau cô Tư" in page
    stall = made["stall"][1]
    post = lambda **form: phone.post("/m/soat-ma", data=form)  # noqa: E731
    assert post(code=str(stall.id), state="intact").status_code == 303
    assert f"còn nguyên ngày {today():%d/%m/%Y}" in client.get(f"/M/{stall.token}").text
    assert post(code=str(stall.id), state="covered").status_code == 303
    assert "chưa được soát" in client.get(f"/M/{stall.token}").text
    assert post(code=str(stall.id), state="odd").status_code == 422
    assert post(code="x", state="intact").status_code == 404
    assert post(ma=new_token(), noi="").status_code == 422
    assert post(ma=new_token(), noi="Cột điện đầu ngõ 34").status_code == 303
    assert post(ma="không đọc được", noi="Cổng chợ").status_code == 303
    assert post(ma=made["wifi"][1].token.lower(), noi="Nhà văn hoá").status_code == 303
    lan = acting(session, people.lan)
    assert code_rounds.open_incidents(session, lan) == 3
    sign_in(client, session, people.lan)
    rounds = client.get("/soat-ma").text
    assert "Cột điện đầu ngõ 34" in rounds
    unlisted = session.scalars(select(CodeCheck).where(CodeCheck.place == "Cổng chợ")).one()
    assert client.post(f"/soat-ma/{unlisted.id}/xong").status_code == 303
    assert code_rounds.open_incidents(session, lan) == 2
    hoa = acting(session, people.hoa)
    assert code_rounds.open_incidents(session, hoa) == 0
    with pytest.raises(NotFound):
        code_rounds.handle(session, hoa, unlisted.id)
    # Hoa's people do not pass here.
    other = make.create_account(session, people.other_ward.id, "Đỗ Văn Nam", team=people.other_team)
    with pytest.raises(NotFound):
        code_rounds.check(session, acting(session, other), stall.id, code_rounds.CheckState.INTACT)


def test_a_plain_page_of_the_phone_wants_its_form_token(app: Flask, session: Session, people: People) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    phone = on_phone(app.test_client(), people.minh_token)
    sent = {"ma": new_token(), "noi": "Cổng chợ"}
    assert phone.post("/m/soat-ma", data=sent).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', phone.get("/m/soat-ma").text)
    assert token
    # Only a team's neighbourhood has a leader to tell; the round itself works for everybody with a phone.
    assert phone.post("/m/soat-ma", data=sent | {"csrf_token": token[1]}).status_code == 303


def test_the_neighbourhood_tells_no_names_and_no_small_numbers(
    made: dict[str, tuple[Spot, QrCode]], client: FlaskClient, session: Session, people: People
) -> None:
    lan = acting(session, people.lan)
    code = codes.code_for_neighbourhood(session, lan, people.neighbourhood.id)
    door = make.create_household(session, people.neighbourhood, address="Số 9 ngõ Chimyen")
    people.minh.phone = "0912000222"
    work.commit(session)
    assert people.neighbourhood.code in client.get("/khu-pho").text
    for path in (f"/N/{code.token}", f"/n/{code.token.lower()}", f"/khu-pho/{people.neighbourhood.code}"):
        page = client.get(path)
        assert page.status_code == 200
        assert people.team.name in page.text
        assert "Nhà văn hoá tổ 7" in page.text
        assert "chưa đủ số để nêu" in page.text
        assert 'href="/giup' in page.text
        for canary in ("Chimyen", "Minh", "Lan", "0912000222", door.code):
            assert canary not in page.text
    assert client.get("/khu-pho/00004-T99").status_code == 404
    codes.revoke(session, lan, code.id)
    work.commit(session)
    assert client.get(f"/N/{code.token}").status_code == 410


@pytest.mark.parametrize(
    ("done", "eligible", "told"),
    [
        (0, 100, None),
        (4, 100, None),
        (5, 100, 5),
        (99, 100, None),
        (95, 100, 95),
        (100, 100, 100),
        (19, 19, None),
        (33, 100, 30),
    ],
)
def test_small_numbers_are_hidden(done: int, eligible: int, told: int | None) -> None:
    assert neighbourhood_page.told_percent(done, eligible) == told
