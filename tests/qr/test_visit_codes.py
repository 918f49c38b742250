"""Visit codes: announced by the leader, on the phone, checked by anybody, gone when cancelled; and the officers' list."""

from datetime import datetime, time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, today
from backend.core.refusal import NotFound, Refusal
from backend.models import AuditEntry, RateLimit, ReportAbout, ReportReason, ScamReport, VisitCode
from backend.services import scam_reports, visit_codes
from backend.services.visit_codes import Announced
from tests.people import People, acting, on_phone, sign_in

HEADERS = {"X-Gocua-Client": "test"}


def announce(session: Session, people: People, *, first: int = 0, last: int = 0) -> Announced:
    lan = acting(session, people.lan)
    made = visit_codes.announce(
        session,
        lan,
        people.team.id,
        starts_on=today() + timedelta(days=first),
        ends_on=today() + timedelta(days=last),
        opens=time(0, 0),
        closes=time(23, 59),
    )
    session.commit()
    return visit_codes.one(session, lan, made)


def form(people: People, **changed: str) -> dict[str, str]:
    day = today().isoformat()
    usual = {"starts_on": day, "ends_on": day, "opens": "19:30", "closes": "21:30"}
    return {"team": str(people.team.id), **usual, **changed}


class TestDesk:
    def test_announce_and_the_text(self, client: FlaskClient, session: Session, people: People) -> None:
        sign_in(client, session, people.lan)
        made = client.post("/ma/hen", data=form(people))
        assert made.status_code == 303
        page = client.get(made.location).text
        code = session.scalar(select(VisitCode.code))
        assert code is not None
        for said in (
            " ".join(code),
            f"Ngày {today():%d/%m/%Y}, từ 19:30 đến 21:30,",
            "Tổ dân phố 7",
            "localhost/xac-minh",
            "KHÔNG BAO GIỜ hỏi mã OTP",
            people.team.contact_phone,
        ):
            assert said in page, said
        assert session.scalar(select(func.count()).where(AuditEntry.action == "visit_code.announce")) == 1
        assert f"{code[:3]} {code[3:]}" in client.get("/ma/hen").text

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"starts_on": "2020-01-01"}, "ngày đầu từ hôm nay"),
            ({"ends_on": "2020-01-01"}, "ngày đầu từ hôm nay"),
            ({"ends_on": "2999-01-01"}, "nhiều nhất 31 ngày"),
            ({"closes": "19:30"}, "Giờ cuối phải sau giờ đầu"),
            ({"closes": "25:00"}, "Giờ ghi theo giờ:phút"),
            ({"starts_on": "hôm nay"}, "Ngày ghi theo"),
            ({"opens": ""}, "Mời điền ô này"),
        ],
    )
    def test_what_is_wrong_is_said_and_what_was_typed_stays(
        self, client: FlaskClient, session: Session, people: People, changed: dict[str, str], said: str
    ) -> None:
        sign_in(client, session, people.lan)
        page = client.post("/ma/hen", data=form(people, **changed))
        assert page.status_code == 422
        assert said in page.text
        kept = form(people, **changed)["opens"]
        assert f'value="{kept}"' in page.text
        assert session.scalar(select(func.count(VisitCode.id))) == 0

    def test_another_wards_team_is_not_found(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        sign_in(client, session, people.lan)
        assert client.post("/ma/hen", data=form(people, team=str(people.other_team.id))).status_code == 404
        with pytest.raises(NotFound):
            visit_codes.one(session, acting(session, people.hoa), announce(session, people).id)

    def test_cancelled_is_gone_everywhere(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        code = announce(session, people)
        sign_in(client, session, people.lan)
        for _ in range(2):
            assert client.post(f"/ma/hen/{code.id}/thu-hoi").status_code == 303
        session.expire_all()
        assert session.scalar(select(func.count()).where(AuditEntry.action == "visit_code.take_back")) == 1
        assert client.get(f"/xac-minh?ma={code.code}").status_code == 404
        assert visit_codes.for_phone(session, acting(session, people.minh)) == []
        assert "đã huỷ" in client.get("/ma/hen").text


class TestCheck:
    def test_tonights_code_says_team_area_and_hours(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        code = announce(session, people)
        for typed in (code.code, code.spoken, f" {code.code[:2]}-{code.code[2:4]}.{code.code[4:]} "):
            page = client.get("/xac-minh", query_string={"ma": typed})
            assert page.status_code == 200, typed
            for said in ("Đúng mã hẹn tối nay", people.team.name, "Tổ dân phố 7", "00:00", "23:59"):
                assert said in page.text, said

    @pytest.mark.parametrize(("first", "last"), [(1, 2), (3, 3)])
    def test_another_days_code_is_none_of_tonight(
        self, client: FlaskClient, session: Session, people: People, first: int, last: int
    ) -> None:
        code = announce(session, people, first=first, last=last)
        page = client.get(f"/xac-minh?ma={code.code}")
        assert (page.status_code, "Không có mã này tối nay" in page.text) == (404, True)
        at = datetime.combine(today() + timedelta(days=first), time(20), tzinfo=VIETNAM)
        assert visit_codes.check(session, code.code, at=at) is not None

    @pytest.mark.parametrize("typed", ["12345", "1234567", "abcdef", "１２３４５６", "<b>", "a" * 500])
    def test_what_is_no_code_says_how_one_looks(self, client: FlaskClient, typed: str) -> None:
        page = client.get("/xac-minh", query_string={"ma": typed})
        assert page.status_code == 422
        assert "gồm đúng 6 số" in page.text

    def test_the_form_alone(self, client: FlaskClient) -> None:
        page = client.get("/xac-minh")
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "Set-Cookie" not in page.headers
        assert "/xac-minh" in client.get("/").text

    def test_guessing_is_slowed_down(self, client: FlaskClient, session: Session, people: People) -> None:
        address = {"REMOTE_ADDR": "203.0.113.77"}
        answers = [
            client.get(f"/xac-minh?ma={number:06d}", environ_base=address).status_code for number in range(16)
        ]
        assert answers[-1] == 429
        assert "Thử quá nhiều lần" in client.get("/xac-minh?ma=000000", environ_base=address).text
        stored = session.scalars(select(RateLimit.key)).all()
        assert all(b"203.0.113" not in bytes(key) for key in stored)


def test_codes_are_not_plain_and_never_given_twice(session: Session, people: People) -> None:
    codes = {announce(session, people).code for _ in range(30)}
    assert len(codes) == 30
    assert codes.isdisjoint({"000000", "123456"})


def test_no_code_left_is_a_refusal(session: Session, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = announce(session, people).code
    monkeypatch.setattr(visit_codes, "_new_code", lambda: taken)
    with pytest.raises(Refusal):
        announce(session, people)


def test_the_phone_holds_its_own_teams_codes(client: FlaskClient, session: Session, people: People) -> None:
    code = announce(session, people, last=2)
    announce(session, people, first=20, last=20)
    on_phone(client, people.minh_token)
    pack = client.get("/api/v1/badge", headers=HEADERS).get_json()
    assert [one["code"] for one in pack["visit_codes"]] == [code.code]
    assert pack["visit_codes"][0]["opens"] == "00:00"
    assert visit_codes.for_phone(session, acting(session, people.hoa)) == []


class TestOfficersList:
    def test_new_ones_are_told_and_settled(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        row = scam_reports.report(
            session,
            people.ward.id,
            ReportAbout.LIVE_BADGE,
            ReportReason.MONEY,
            verdict="old",
            account_id=people.minh.id,
        )
        scam_reports.report(session, people.other_ward.id, ReportAbout.VISIT, ReportReason.OTHER)
        session.commit()
        sign_in(client, session, people.officer)
        assert "Người dân vừa báo đáng ngờ: 1" in client.get("/bang").text
        assert "1 mới" in client.get("/ma").text
        page = client.get("/ma/bao").text
        for said in ("Hỏi tiền", "Nguyễn Văn Minh", "mã hết hạn"):
            assert said in page
        assert session.scalar(select(AuditEntry.count).where(AuditEntry.action == "scam_report.list")) == 1
        client.post(f"/ma/bao/{row.id}/xem")
        client.post(f"/ma/bao/{row.id}/xong")
        session.expire_all()
        found = session.get_one(ScamReport, row.id)
        assert (found.state, found.handled_by) == ("closed", people.officer.id)
        assert "báo đáng ngờ" not in client.get("/bang").text

    def test_never_the_teams(self, client: FlaskClient, session: Session, people: People) -> None:
        sign_in(client, session, people.lan)
        assert client.get("/ma/bao").status_code == 403
        assert "/ma/bao" not in client.get("/ma").text
