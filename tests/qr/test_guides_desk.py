"""The ward's guides: its own wording with versions, the rules at the desk, reported steps, take-home cards."""

import re
import unicodedata
from datetime import date, timedelta

import pypdfium2 as pdfium
import pytest
import zxingcpp
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.models import AuditEntry, GuideReport, GuideText, QrCode
from backend.services import codes, guide_reports, guide_texts, guides
from backend.services.guides import slugs
from tests.people import People, acting, on_phone, sign_in
from tests.qr.test_sheets import pictures

EDIT = "/ma/bai/vneid-muc-2/vi"


@pytest.fixture
def desk(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.officer)


def form_of(session: Session, people: People, **changes: str) -> dict[str, str]:
    """The form as it opens, with `changes`."""
    draft = guide_texts.draft_of(session, acting(session, people.officer), "vneid-muc-2", "vi")
    return {
        "base": "0",
        "title": draft.title,
        "summary": draft.summary,
        "minutes": str(draft.minutes),
        "fee": draft.fee,
        "taps": draft.taps,
        "needs": "\n".join(draft.needs),
        "sources": "\n".join(f"{one.name} | {one.url} | {one.date}" for one in draft.sources),
        "checked_on": today().isoformat(),
        "review_by": (today() + timedelta(days=60)).strftime("%d/%m/%Y"),
        "body": draft.body.replace("\n", "\r\n"),
        "viec": "luu",
        **changes,
    }


def test_what_is_saved_is_read_by_the_wards_residents_and_phones(
    desk: FlaskClient, session: Session, people: People
) -> None:
    code = codes.code_for_guide(session, acting(session, people.officer), "vneid-muc-2").token
    session.commit()
    answer = desk.post(EDIT, data=form_of(session, people, title="Mở VNeID mức 2 ở phường mình"))
    assert (answer.status_code, answer.location) == (303, EDIT)
    assert "Mở VNeID mức 2 ở phường mình" in desk.get(f"/G/{code}").text
    assert "Mở VNeID mức 2 ở phường mình" in desk.get(EDIT).text
    phone = on_phone(desk.application.test_client(), people.minh_token)
    pack = phone.get("/api/v1/guides", headers={"X-Gocua-Client": "test"}).get_json()
    assert "Mở VNeID mức 2 ở phường mình" in {each["title"] for each in pack["guides"]["vi"]}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "guide.save")).one()
    assert (entry.actor_id, entry.detail["slug"]) == (people.officer.id, "vneid-muc-2")


def test_another_ward_keeps_its_own_text(desk: FlaskClient, session: Session, people: People) -> None:
    theirs = codes.code_for_guide(session, acting(session, people.hoa), "vneid-muc-2").token
    session.commit()
    desk.post(EDIT, data=form_of(session, people, title="Chỉ của phường mình"))
    assert "Chỉ của phường mình" not in desk.get(f"/G/{theirs}").text
    assert not guide_texts.rewritten(session, acting(session, people.hoa))


def test_versions_say_who_and_go_back(desk: FlaskClient, session: Session, people: People) -> None:
    for number, title in enumerate(("Lần một", "Lần hai")):
        answer = desk.post(EDIT, data=form_of(session, people, title=title, base=str(number)))
        assert answer.status_code == 303
    page = desk.get(EDIT).text
    assert people.officer.full_name in page
    assert "Lần một" in desk.get(EDIT + "?ban=1").text
    assert desk.post(EDIT + "/lay-lai", data={"base": "2", "number": "1"}).status_code == 303
    assert 'value="Lần một"' in desk.get(EDIT).text
    assert desk.post(EDIT + "/lay-lai", data={"base": "3", "number": "0"}).status_code == 303
    assert 'value="Kích hoạt VNeID mức 2"' in desk.get(EDIT).text
    assert guide_texts.rewritten(session, acting(session, people.officer)) == set()
    kept = session.execute(select(GuideText.number, GuideText.restored).order_by(GuideText.number)).all()
    assert kept == [(1, None), (2, None), (3, 1), (4, 0)]
    assert desk.post(EDIT + "/lay-lai", data={"base": "4", "number": "9"}).status_code == 404
    assert desk.get(EDIT + "?ban=9").status_code == 404


def test_two_writers_do_not_overwrite_each_other(desk: FlaskClient, session: Session, people: People) -> None:
    desk.post(EDIT, data=form_of(session, people, title="Người thứ nhất"))
    late = desk.post(EDIT, data=form_of(session, people, title="Người thứ hai"))
    assert late.status_code == 409
    assert "Người khác vừa lưu bài này" in late.text
    assert 'value="Người thứ hai"' in late.text  # nothing typed is lost
    assert "Người thứ nhất" in desk.get(EDIT).text


BODY = "Lời dẫn.\n\n## Bước một {phone}\n\n%s\n\n## Bước hai {check}\n\nÔng/bà xem lại.\n\n# Khi chưa được\n\n## Hỏng\n\nGọi phường."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body": BODY % "Ông/bà đọc mã cho tình nguyện viên."}, "không được hỏi xin mã"),
        ({"body": BODY % "Gõ mật khẩu vào ô."}, "Phải nói rõ ông/bà tự gõ"),
        ({"body": BODY % ("một hai " * 11).strip() + "."}, "Câu dài 22 chữ"),
        ({"body": BODY % "Ông/bà bấm <b>đây</b>."}, "Không dùng thẻ HTML"),
        ({"body": BODY % "Ông/bà bấm [đây](javascript:alert)."}, "không dùng được"),
        ({"body": BODY % "Gọi 1900 9068."}, "không có trong danh sách số"),
        ({"body": "Chỉ có lời dẫn."}, "Bài có 0 bước"),
        ({"body": BODY % "Ông/bà bấm." + "\n\n# x", "minutes": "0"}, "Có ô chưa đúng"),
        ({"body": (BODY % "Ông/bà bấm.").replace("{phone}", "{dragon}")}, "Không có hình tên"),
        (
            {
                "body": BODY.replace(
                    "## Bước hai",
                    "\n\n".join(f"## Bước {n}\n\nÔng/bà bấm.\n" for n in range(9)) + "\n## Bước hai",
                )
                % "Ông/bà bấm."
            },
            "Bài có 11 bước",
        ),
        ({"sources": "CafeF"}, "Mỗi dòng một nguồn"),
        ({"sources": "CafeF | cafef.vn | 2026"}, "cần địa chỉ đầy đủ"),
        ({"sources": "CafeF | https://cafef.vn/x.chn | hôm qua"}, "cần ngày như"),
        ({"sources": ""}, "Mời điền ô này"),
        ({"review_by": "2031-01-01"}, "nhiều nhất 90 ngày"),
        ({"checked_on": "ngày mai"}, "Có ô chưa đúng"),
        ({"title": "  "}, "Mời điền ô này"),
    ],
)
def test_the_rules_are_held_on_save(
    desk: FlaskClient, session: Session, people: People, changes: dict[str, str], said: str
) -> None:
    answer = desk.post(EDIT, data=form_of(session, people, summary="Vẫn còn đây.", **changes))
    assert answer.status_code == 422
    assert said in answer.text
    assert "Vẫn còn đây." in answer.text
    assert session.scalars(select(GuideText)).all() == []


def test_a_check_in_the_future_is_refused(desk: FlaskClient, session: Session, people: People) -> None:
    tomorrow = today() + timedelta(days=1)
    answer = desk.post(EDIT, data=form_of(session, people, checked_on=tomorrow.isoformat()))
    assert "Ngày kiểm tra không thể ở sau hôm nay" in answer.text


def test_looking_saves_nothing(desk: FlaskClient, session: Session, people: People) -> None:
    body = BODY % "Ông/bà bấm **đậm**. <script>alert(1)</script>"
    answer = desk.post(EDIT, data=form_of(session, people, viec="xem", body=body))
    assert answer.status_code == 200
    preview = answer.text.partition('id="xem-truoc"')[2]
    assert "<strong>đậm</strong>" in preview
    assert "<script>alert" not in preview
    assert "Không dùng thẻ HTML" in answer.text
    assert session.scalars(select(GuideText)).all() == []
    good = desk.post(EDIT, data=form_of(session, people, viec="xem"))
    assert "Bài đúng các quy tắc" in good.text


def test_a_leader_reads_the_counts_and_does_not_edit(
    client: FlaskClient, session: Session, people: People
) -> None:
    lan = sign_in(client, session, people.lan)
    page = lan.get("/ma/bai").text
    assert "Chưa ai báo bước nào" in page
    assert EDIT not in page
    assert lan.get(EDIT).status_code == 403
    for path in ("/ma/bai/khong-co/vi", "/ma/bai/vneid-muc-2/zz"):
        assert sign_in(client, session, people.officer).get(path).status_code == 404


class TestReports:
    """“Màn hình khác? Báo tại đây”."""

    def test_a_report_is_counted_and_the_desk_sees_it(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        code = codes.code_for_guide(session, acting(session, people.lan), "vneid-muc-2").token
        session.commit()
        html = client.get(f"/G/{code}").text
        assert html.count('name="buoc"') == 7
        for _ in range(2):
            answer = client.post("/huong-dan/vneid-muc-2/bao", data={"ma": code, "buoc": "3"})
            assert (answer.status_code, answer.location) == (
                303,
                f"/huong-dan/vneid-muc-2/cam-on?buoc=3&ma={code}",
            )
            assert "Set-Cookie" not in answer.headers
        thanks = client.get(answer.location).text
        assert "bước 3 của bài" in thanks
        assert f'href="/G/{code}#b3"' in thanks
        row = session.scalars(select(GuideReport)).one()
        assert (row.ward_id, row.slug, row.lang, row.step, row.day, row.n) == (
            people.ward.id,
            "vneid-muc-2",
            "vi",
            3,
            today(),
            2,
        )
        assert set(GuideReport.__table__.columns.keys()) == {
            "id",
            "ward_id",
            "slug",
            "lang",
            "version",
            "step",
            "day",
            "n",
        }
        assert re.search(
            r'data-label="Lượt báo">2<', sign_in(client, session, people.lan).get("/ma/bai").text
        )
        assert guide_reports.reports(session, acting(session, people.hoa)) == []

    @pytest.mark.parametrize("step", ["0", "8", "-1", "1e3", "", "x", "²"])
    def test_an_odd_step_counts_nothing(
        self, client: FlaskClient, session: Session, people: People, step: str
    ) -> None:
        session.commit()
        assert client.post("/huong-dan/vneid-muc-2/bao", data={"buoc": step}).status_code == 404
        assert client.post("/huong-dan/khong-co/bao", data={"buoc": "1"}).status_code == 404
        assert session.scalars(select(GuideReport)).all() == []

    def test_another_page_cannot_press_the_button(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        session.commit()
        for site in ("cross-site", "same-site", "none"):
            answer = client.post(
                "/huong-dan/vneid-muc-2/bao", data={"buoc": "1"}, headers={"Sec-Fetch-Site": site}
            )
            assert answer.status_code == 400
        assert session.scalars(select(GuideReport)).all() == []

    def test_pressing_often_is_thanked_and_counted_no_further(
        self, client: FlaskClient, session: Session, people: People
    ) -> None:
        session.commit()
        for _ in range(25):
            answer = client.post(
                "/huong-dan/an-toan/bao", data={"buoc": "1"}, environ_base={"REMOTE_ADDR": "203.0.113.9"}
            )
            assert answer.status_code == 303
        assert session.scalars(select(GuideReport.n)).one() == 20

    def test_a_day_has_a_ceiling(self, session: Session, people: People) -> None:
        found = guides.guide("an-toan")
        assert found is not None
        for _ in range(guide_reports.MOST_A_DAY + 5):
            guide_reports.report(session, None, found, 2)
        assert [one.n for one in guide_reports.reports(session, acting(session, people.lan))] == [50]


class TestCard:
    """The A5 card: read by another decoder, its words by another reader."""

    @pytest.mark.parametrize("slug", slugs())
    def test_every_guide_on_a5(self, desk: FlaskClient, session: Session, slug: str) -> None:
        answer = desk.post(f"/ma/bai/{slug}/the")
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        document = pdfium.PdfDocument(answer.data)
        assert 2 <= len(document) <= 3
        assert all(round(side / 72 * 25.4) in (148, 210) for page in document for side in page.get_size())
        code = session.scalars(select(QrCode).where(QrCode.guide == slug)).one()
        (found,) = zxingcpp.read_barcodes(
            pictures(answer.data, 100)[0], formats=zxingcpp.BarcodeFormat.QRCodeModel2
        )
        assert found.text == f"HTTP://LOCALHOST/G/{code.token}"
        words = "".join(page.get_textpage().get_text_range() for page in document)
        joined = unicodedata.normalize("NFC", "".join(words.split())).replace("\ufffe", "-")
        guide = guides.guide(slug)
        assert guide is not None
        for number, step in enumerate(guide.steps, 1):
            assert f"{number}.{step.title}".replace(" ", "") in joined
        assert f"{code.token[:5]}-{code.token[5:]}" in joined
        assert "Khôngaiđượchỏi" in joined
        assert guide.checked_on.strftime("%d/%m/%Y") in joined

    def test_in_english_and_refused_when_withdrawn(
        self, desk: FlaskClient, session: Session, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = pdfium.PdfDocument(desk.post("/ma/bai/an-toan/the", data={"lang": "en"}).data)
        assert "GUIDE TO TAKE HOME" in document[0].get_textpage().get_text_range()
        assert desk.post("/ma/bai/khong-co/the").status_code == 404
        monkeypatch.setattr(guides, "today", lambda: date(2031, 1, 1))
        assert desk.post("/ma/bai/an-toan/the").status_code == 404
