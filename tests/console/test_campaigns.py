"""Campaigns by the ward's officers: opened, changed, ended early, their targets; and the desk without any."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from backend.console.forms import parse_day
from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import AuditEntry, Campaign, Role, Target, Visit, Walk
from backend.services import campaign_targets, campaigns
from backend.services.campaign_forms import FORMS
from backend.services.campaign_targets import Goal
from backend.services.campaigns import Phase, Wish
from tests import factories as make
from tests.console.conftest import Evening, statements
from tests.people import People, acting, sign_in

_DAY = date(2026, 12, 1)


def _form(**changed: object) -> dict[str, object]:
    return {
        "name": "Đợt cao điểm tháng 12",
        "starts_on": "2026-12-01",
        "ends_on": "2026-12-31",
        "services": ["eid_level_2", "cashless"],
    } | changed


def _only(session: Session, name: str) -> Campaign:
    return session.scalars(select(Campaign).where(Campaign.name == name)).one()


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Campaign)) or 0


def _actions(session: Session) -> list[str]:
    return list(
        session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.object_kind == "campaign")
            .order_by(AuditEntry.at, AuditEntry.id)
        )
    )


def test_an_officer_opens_a_campaign(officer: FlaskClient, session: Session) -> None:
    assert officer.post("/dot/moi", data=_form(name="  Đợt cao điểm   tháng 12 ")).status_code == 303
    made = _only(session, "Đợt cao điểm tháng 12")
    assert (made.starts_on, made.ends_on) == (date(2026, 12, 1), date(2026, 12, 31))
    assert made.service_codes == ["eid_level_2", "cashless"]
    assert _actions(session) == ["campaign.create"]
    page = officer.get("/dot").text
    assert "Từ 01/12/2026 đến 31/12/2026" in page
    assert "Thanh toán không dùng tiền mặt" in page


def test_a_campaign_that_runs_is_what_the_desk_shows_next(officer: FlaskClient, session: Session) -> None:
    form = _form(starts_on=today().isoformat(), ends_on=today().strftime("%d/%m/%Y"))
    reply = officer.post("/dot/moi", data=form)
    assert reply.location == f"/dot?dot={_only(session, 'Đợt cao điểm tháng 12').id}"
    assert officer.get(reply.location).status_code == 200
    board = officer.get("/bang").text
    assert "Thanh toán không dùng tiền mặt" in board
    assert "Sổ sức khỏe điện tử" not in board, "only its services"


def test_a_second_tap_opens_nothing(officer: FlaskClient, session: Session) -> None:
    officer.post("/dot/moi", data=_form())
    before = _count(session)
    again = officer.post("/dot/moi", data=_form())
    assert again.status_code == 422
    assert "Đã có đợt mang tên này" in again.text
    assert _count(session) == before


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"name": " "}, "name", "Mời điền ô này."),
        ({"name": "x" * 121}, "name", "Dài quá."),
        ({"name": "Đợt 0012" + "34567890"}, "name", "Có dãy số dài."),
        ({"starts_on": ""}, "starts_on", "Mời điền ô này."),
        ({"starts_on": "30/02/2026"}, "starts_on", "Ngày ghi theo ngày/tháng/năm"),
        ({"ends_on": "0026-12-31"}, "ends_on", "Ngày ghi theo ngày/tháng/năm"),
        ({"ends_on": "2026-11-30"}, "ends_on", "Ngày cuối phải từ ngày đầu trở đi."),
        ({"services": []}, "services", "Chọn ít nhất một việc."),
        ({"services": ["eid_level_9"]}, "services", "Ô này chưa đúng."),
    ],
)
def test_a_bad_form_keeps_what_was_typed(
    officer: FlaskClient, session: Session, changed: dict[str, object], field: str, sentence: str
) -> None:
    before = _count(session)
    form = _form(**changed)
    reply = officer.post("/dot/moi", data=form)
    assert reply.status_code == 422
    assert f'id="e-{field}">{sentence}' in reply.text
    for name in {"name", "starts_on", "ends_on"} - {field}:
        assert f'value="{form[name]}"' in reply.text, name
    if field != "services":
        assert reply.text.count(" checked") == 2
    assert _count(session) == before


def test_a_day_that_cannot_be_read_stays_in_its_field(officer: FlaskClient) -> None:
    reply = officer.post("/dot/moi", data=_form(starts_on="mai", ends_on="31.12.2026"))
    assert 'value="mai"' in reply.text
    assert 'value="31.12.2026"' in reply.text


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("2026-12-01", _DAY),
        ("01/12/2026", _DAY),
        (" 1/12/2026 ", _DAY),
        ("1-12-2026", _DAY),
        ("12/31/2026", None),
        ("29/02/2027", None),
        ("1/12/26", None),
        ("2026-13-01", None),
        ("", None),
    ],
)
def test_days_are_read_as_people_write_them(typed: str, found: date | None) -> None:
    assert parse_day(typed) == found


def test_every_form_of_a_real_campaign_fills_in_name_and_days(officer: FlaskClient) -> None:
    for one in FORMS:
        first, last = one.dates(today())
        assert today() <= first <= last
        page = officer.get(f"/dot/moi?mau={one.slug}").text
        for value in (one.name, f"{first:%d/%m/%Y}", f"{last:%d/%m/%Y}"):
            assert f'value="{value}"' in page, one.slug
    assert officer.get("/dot/moi?mau=khong-co").status_code == 200


def test_the_days_of_the_forms() -> None:
    by_slug = {one.slug: one for one in FORMS}
    saturday = by_slug["thu-bay"]
    assert saturday.dates(date(2026, 11, 21)) == (date(2026, 11, 21), date(2026, 11, 21))
    assert saturday.dates(date(2026, 11, 22))[0] == date(2026, 11, 28)
    assert by_slug["45-ngay-dem"].dates(date(2025, 7, 25)) == (date(2025, 7, 25), date(2025, 9, 7))
    assert by_slug["mua-he"].dates(date(2025, 7, 1)) == (date(2025, 7, 7), date(2025, 8, 31))
    assert by_slug["mua-dong"].dates(date(2025, 12, 19)) == (date(2026, 12, 18), date(2027, 2, 15))


def test_a_change_keeps_order_walks_and_visits(
    officer: FlaskClient, session: Session, evening: Evening
) -> None:
    evening.walk.campaign_id = evening.campaign.id
    evening.campaign.service_codes = ["ehealth_book", "eid_level_2"]
    work.commit(session)
    visits = session.scalar(select(func.count()).select_from(Visit))
    where = f"/dot/{evening.campaign.id}"
    page = officer.get(where).text
    assert page.index('value="ehealth_book"') < page.index('value="eid_level_2"')
    assert page.index('value="eid_level_2"') < page.index('value="eid_level_1"'), (
        "its own first, in its order"
    )
    assert "1 tuyến của đợt tính lại" in page
    form = _form(name="60 ngày đêm", starts_on="2026-11-01", services=["ehealth_book", "eid_level_2"])
    for _ in range(2):  # the second one changes nothing
        assert officer.post(where, data=form).location == "/dot"
    changed = session.get_one(Campaign, evening.campaign.id, populate_existing=True)
    assert (changed.name, changed.service_codes) == ("60 ngày đêm", ["ehealth_book", "eid_level_2"])
    entry = session.scalars(select(AuditEntry).where(AuditEntry.object_kind == "campaign")).one()
    assert entry.action == "campaign.change"
    assert entry.detail["before"]["name"] == "45 ngày đêm"
    assert session.get_one(Walk, evening.walk.id, populate_existing=True).state == "published"
    assert session.scalar(select(func.count()).select_from(Visit)) == visits


def test_a_bad_change_keeps_the_campaign(officer: FlaskClient, session: Session, evening: Evening) -> None:
    reply = officer.post(f"/dot/{evening.campaign.id}", data=_form(ends_on="2026-11-01"))
    assert reply.status_code == 422
    assert 'value="Đợt cao điểm tháng 12"' in reply.text
    kept = session.get_one(Campaign, evening.campaign.id, populate_existing=True)
    assert kept.name == "45 ngày đêm"


def test_ending_early_says_what_happens_and_loses_nothing(
    officer: FlaskClient, session: Session, evening: Evening
) -> None:
    evening.walk.campaign_id = evening.campaign.id
    work.commit(session)
    where = f"/dot/{evening.campaign.id}/ket-thuc"
    page = officer.get(where).text
    assert "Không mất gì: mọi lần thăm, kết quả và chỉ tiêu vẫn giữ." in page
    assert "1 tuyến đang đi vẫn ở máy của tình nguyện viên" in page
    for _ in range(2):  # a repeat is harmless
        assert officer.post(where).status_code == 303
    assert session.get_one(Campaign, evening.campaign.id, populate_existing=True).ends_on == today()
    assert _actions(session) == ["campaign.end"]
    assert session.get_one(Walk, evening.walk.id, populate_existing=True).state == "published"
    assert "Hôm nay đã là ngày cuối" in officer.get(where).text
    assert "hôm nay là ngày cuối" in officer.get("/dot").text


@pytest.mark.parametrize(("shift", "said"), [(5, "Đợt chưa bắt đầu"), (-50, "Đợt đã xong từ")])
def test_only_a_running_campaign_ends_early(
    officer: FlaskClient, session: Session, evening: Evening, shift: int, said: str
) -> None:
    campaign = session.get_one(Campaign, evening.campaign.id)
    campaign.starts_on = today() + timedelta(days=shift)
    campaign.ends_on = last = campaign.starts_on + timedelta(days=10)
    work.commit(session)
    where = f"/dot/{campaign.id}/ket-thuc"
    assert said in officer.get(where).text
    reply = officer.post(where)
    assert reply.status_code == 409
    assert "không cần kết thúc sớm" in reply.text
    assert session.get_one(Campaign, campaign.id, populate_existing=True).ends_on == last


def test_a_phase_holds_its_last_day() -> None:
    campaign = Campaign(starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30))
    days = (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1))
    phases = [campaigns.phase(campaign, day) for day in days]
    assert phases == [Phase.COMING, Phase.RUNNING, Phase.RUNNING, Phase.PAST]


def _fields(evening: Evening, ward: str, own: str, base: str = "", **more: str) -> dict[str, str]:
    place, whole = evening.people.neighbourhood.id, evening.people.ward.id
    return {
        "viec": "eid_level_2",
        f"goal:{whole}": ward,
        f"base:{whole}": "",
        f"goal:{place}": own,
        f"base:{place}": base,
    } | more


def test_targets_that_do_not_sum_are_a_notice_and_no_refusal(
    officer: FlaskClient, session: Session, evening: Evening
) -> None:
    where = f"/dot/{evening.campaign.id}/chi-tieu"
    form = _fields(evening, "1.000", "900", "1,200", source="Kế hoạch 31/KH-UBND")
    assert officer.post(where, data=form).location == f"{where}?viec=eid_level_2"
    page = officer.get(f"{where}?viec=eid_level_2").text
    assert "các tổ cộng lại 900, phường 1.000, còn thiếu 100." in page
    assert 'value="Kế hoạch 31/KH-UBND"' in page
    kept = session.scalars(select(Target).where(Target.area_unit_id == evening.people.neighbourhood.id)).one()
    assert (kept.goal, kept.denominator, kept.source) == (900, 1200, "Kế hoạch 31/KH-UBND")
    officer.post(where, data=form | {f"goal:{evening.people.ward.id}": "800"})
    assert "phường 800, thừa 100." in officer.get(where).text
    officer.post(where, data=form | {f"goal:{evening.people.ward.id}": "900"})
    assert "bằng chỉ tiêu phường: 900." in officer.get(where).text
    assert "2 chỉ tiêu" in officer.get("/dot").text
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "target.set")).all()
    assert [entry.count for entry in entries] == [2, 1, 1]
    whole = str(evening.people.ward.id)
    assert sorted(entry.detail["changed"][0] for entry in entries[1:]) == [
        [whole, 800, None, 900, None],
        [whole, 1000, None, 800, None],
    ]


def test_an_empty_target_is_none_and_not_zero(
    officer: FlaskClient, session: Session, evening: Evening
) -> None:
    where = f"/dot/{evening.campaign.id}/chi-tieu"
    officer.post(where, data=_fields(evening, "0", "10"))
    goals = {one.area_unit_id: one.goal for one in session.scalars(select(Target))}
    assert goals == {evening.people.ward.id: 0, evening.people.neighbourhood.id: 10}
    officer.post(where, data={"viec": "eid_level_2", f"goal:{evening.people.ward.id}": ""})
    left = session.scalars(select(Target)).all()
    assert [target.goal for target in left] == [10], "a field that was not sent keeps its target"


def test_the_page_counts_who_is_eligible(officer: FlaskClient, session: Session, evening: Evening) -> None:
    actor = acting(session, evening.people.officer)
    page = campaign_targets.targets_page(session, actor, evening.campaign.id, "eid_level_2")
    assert [area.eligible for area in page.areas] == [6]
    assert page.ward.eligible == 6
    assert page.total is None
    assert page.gap is None


@pytest.mark.parametrize(
    ("own", "base", "source", "sentence"),
    [
        ("nhiều", "", "", "Ô này là một số người"),
        ("-5", "", "", "Ô này là một số người"),
        ("1.5", "", "", "Ô này là một số người"),
        ("999999999", "", "", "Ô này là một số người"),
        ("", "50", "KH 31", "Có mẫu số thì ghi cả chỉ tiêu."),
        ("60", "50", "KH 31", "Chỉ tiêu lớn hơn mẫu số."),
        ("40", "50", "", "Ghi mẫu số lấy từ đâu"),
        ("40", "50", "x" * 201, "Dài quá."),
    ],
)
def test_bad_targets_keep_what_was_typed(
    officer: FlaskClient, session: Session, evening: Evening, own: str, base: str, source: str, sentence: str
) -> None:
    where = f"/dot/{evening.campaign.id}/chi-tieu"
    reply = officer.post(where, data=_fields(evening, "777", own, base, source=source))
    assert reply.status_code == 422
    assert sentence in reply.text
    for value in ("777", own, base):
        assert f'value="{value}"' in reply.text
    assert session.scalar(select(func.count()).select_from(Target)) == 0


def test_targets_of_another_service_or_place_are_not_there(
    officer: FlaskClient, session: Session, evening: Evening
) -> None:
    where = f"/dot/{evening.campaign.id}/chi-tieu"
    assert officer.get(f"{where}?viec=cashless").status_code == 404, "not a service of this campaign"
    assert officer.post(where, data=_fields(evening, "1", "1", viec="cashless")).status_code == 404
    assert officer.post(where, data={}).status_code == 404
    actor = acting(session, evening.people.officer)
    foreign = Goal(evening.people.other_neighbourhood.id, 5)
    with pytest.raises(NotFound):
        campaign_targets.set_targets(session, actor, evening.campaign.id, "eid_level_2", [foreign])


def test_a_former_neighbourhood_keeps_its_target_in_sight(
    officer: FlaskClient, session: Session, evening: Evening
) -> None:
    old = make.create_neighbourhood(session, evening.people.ward, "Tổ dân phố 8")
    work.commit(session)
    where = f"/dot/{evening.campaign.id}/chi-tieu"
    officer.post(where, data={"viec": "eid_level_2", f"goal:{old.id}": "70"})
    old.valid_to = today()
    work.commit(session)
    assert "Tổ dân phố 8" in officer.get(where).text
    officer.post(where, data={"viec": "eid_level_2", f"goal:{old.id}": ""})
    assert "Tổ dân phố 8" not in officer.get(where).text


def _calls(campaign_id: UUID) -> list[tuple[str, str]]:
    one = f"/dot/{campaign_id}"
    return [
        (method, path) for path in (one, f"{one}/ket-thuc", f"{one}/chi-tieu") for method in ("GET", "POST")
    ]


def test_another_wards_campaign_is_not_there(app: Flask, session: Session, people: People) -> None:
    foreign = make.create_campaign(session, people.other_ward.id)
    work.commit(session)
    here = sign_in(app.test_client(), session, people.officer)
    for id_ in (foreign.id, uuid4()):
        for method, path in _calls(id_):
            assert here.open(path, method=method, data=_form(viec="eid_level_2")).status_code == 404, path
    assert "45 ngày đêm" not in here.get("/dot").text.partition("<main")[2].replace("ví dụ “45 ngày đêm”", "")
    kept = session.get_one(Campaign, foreign.id, populate_existing=True)
    assert (kept.name, kept.ends_on) == ("45 ngày đêm", date(2027, 12, 31))


def test_only_officers_come_in(lan: FlaskClient, session: Session, evening: Evening, app: Flask) -> None:
    viewer = make.create_account(session, evening.people.ward.id, "Bùi Thị Xem", role=Role.WARD_VIEWER)
    work.commit(session)
    looks_on = sign_in(app.test_client(), session, viewer)
    for method, path in [("GET", "/dot"), ("POST", "/dot/moi"), *_calls(evening.campaign.id)]:
        assert lan.open(path, method=method, data=_form()).status_code == 403, path
        assert looks_on.open(path, method=method, data=_form()).status_code == 403, path
        assert app.test_client().open(path, method=method).location == "/vao", path
    leader = acting(session, evening.people.lan)
    wish = Wish("Đợt lạ", _DAY, _DAY, ("cashless",))
    for call in (
        lambda: campaigns.create_campaign(session, leader, wish),
        lambda: campaigns.change_campaign(session, leader, evening.campaign.id, wish),
        lambda: campaigns.end_early(session, leader, evening.campaign.id),
        lambda: campaigns.list_campaigns(session, leader),
    ):
        with pytest.raises(Refusal, match="not_allowed"):
            call()


def test_the_list_costs_the_same_whatever_the_size(
    connection: Connection, session: Session, evening: Evening
) -> None:
    actor = acting(session, evening.people.officer)
    with statements(connection) as few:
        campaigns.list_campaigns(session, actor)
    for number in range(5):
        campaigns.create_campaign(session, actor, Wish(f"Đợt {number}", _DAY, _DAY, ("cashless",)))
    work.commit(session)
    with statements(connection) as many:
        assert len(campaigns.list_campaigns(session, actor)) == 6
    assert len(few) == len(many) == 4


def test_the_desk_works_and_explains_itself_without_a_campaign(
    app: Flask, lan: FlaskClient, officer: FlaskClient, session: Session, evening: Evening
) -> None:
    session.delete(session.get_one(Campaign, evening.campaign.id))
    work.commit(session)
    assert "Chưa có đợt nào" in officer.get("/dot").text
    for path in ("/bang", "/bang/so", f"/tuyen/moi?khu={evening.people.neighbourhood.id}"):
        page = lan.get(path).text
        assert "Chưa có đợt nào, nên mọi việc đều được tính." in page, path
        assert "nhờ cán bộ phường mở đợt" in page, path
        assert 'href="/dot' not in page, path
        assert 'href="/dot/moi"' in officer.get(path).text, path
    made = lan.post(
        "/tuyen/moi",
        data={
            "neighbourhood": str(evening.people.neighbourhood.id),
            "crews": f"{evening.people.minh.id}:1",
            "alleys": [str(evening.alley.id)],
        },
    )
    assert made.location.startswith("/tuyen/ke-hoach/")
    assert lan.get(made.location).status_code == 200
