"""The room /ma: print, list, revoke, replace; audited, and closed to other wards."""

import pypdfium2 as pdfium
import pytest
import zxingcpp
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.models import AuditEntry, CodeKind, QrCode
from backend.services import codes, guides
from tests import factories as make
from tests.people import People, acting, sign_in


@pytest.fixture
def desk(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.lan)


def _read(pdf: bytes) -> list[str]:
    pages = pdfium.PdfDocument(pdf)
    return [
        found.text
        for page in pages
        for found in zxingcpp.read_barcodes(
            page.render(scale=150 / 72).to_pil().convert("L"), formats=zxingcpp.BarcodeFormat.QRCodeModel2
        )
    ]


def test_door_labels_in_walking_order(desk: FlaskClient, session: Session, people: People) -> None:
    alley = make.create_alley(session, people.neighbourhood)
    doors = [
        make.create_household(
            session, people.neighbourhood, address=f"Số {number}", alley=alley, code=f"H{number}"
        )
        for number in (3, 1, 2)
    ]
    make.create_household(session, people.neighbourhood, address="Ngoài ngõ")
    session.commit()
    answer = desk.post(
        "/ma/in",
        data={"loai": "household", "giay": "24", "khu": str(people.neighbourhood.id), "ngo": str(alley.id)},
    )
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    tokens = {
        code.household_id: code.token
        for code in session.scalars(select(QrCode).where(QrCode.kind == CodeKind.HOUSEHOLD))
    }
    assert sorted(_read(answer.data)) == sorted(f"HTTP://LOCALHOST/H/{tokens[door.id]}" for door in doors)
    text = pdfium.PdfDocument(answer.data)[0].get_textpage().get_text_range()
    assert text.index("Số 1") < text.index("Số 2") < text.index("Số 3")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "code.export")).one()
    assert (entry.count, entry.actor_id) == (3, people.lan.id)


@pytest.mark.parametrize(("kind", "expected"), [("guide", 2 * len(guides.slugs())), ("badge", 2)])
def test_other_labels(desk: FlaskClient, session: Session, people: People, kind: str, expected: int) -> None:
    answer = desk.post("/ma/in", data={"loai": kind, "giay": "8", "ban": "2", "noi": "Nhà văn hoá"})
    assert answer.mimetype == "application/pdf"
    assert len(_read(answer.data)) == expected
    again = desk.post("/ma/in", data={"loai": kind, "giay": "40", "ban": "2", "noi": "Nhà văn hoá"})
    assert sorted(_read(again.data)) == sorted(_read(answer.data))


def test_a_poster(desk: FlaskClient, session: Session) -> None:
    answer = desk.post("/ma/ap-phich", data={"bai": "so-suc-khoe", "co": "A3"})
    code = session.scalars(select(QrCode).where(QrCode.guide == "so-suc-khoe")).one()
    assert _read(answer.data) == [f"HTTP://LOCALHOST/G/{code.token}"]
    assert desk.post("/ma/ap-phich", data={"bai": "khong-co", "co": "A4"}).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {"loai": "household", "giay": "24"},
        {"loai": "household", "giay": "7", "khu": ""},
        {"loai": "money", "giay": "24"},
        {"loai": "guide", "giay": "24", "ban": "0"},
        {"loai": "guide", "giay": "24", "surprise": "1"},
    ],
)
def test_an_odd_form_is_refused_with_the_page(desk: FlaskClient, form: dict[str, str]) -> None:
    answer = desk.post("/ma/in", data=form)
    assert answer.status_code == 422
    assert "Có ô chưa đúng" in answer.text


def test_an_empty_neighbourhood_says_the_next_step(desk: FlaskClient, people: People) -> None:
    answer = desk.post(
        "/ma/in", data={"loai": "household", "giay": "24", "khu": str(people.neighbourhood.id)}
    )
    assert answer.status_code == 422
    assert "Chưa có gì để in" in answer.text


def test_the_list_shows_scans_and_is_audited(desk: FlaskClient, session: Session, people: People) -> None:
    household = make.create_household(session, people.neighbourhood, address="Số 12 ngõ 34")
    code = codes.code_for_household(session, acting(session, people.lan), household.id)
    session.commit()
    for _ in range(3):
        assert desk.get(f"/H/{code.token}").status_code == 200
    page = desk.get("/ma").text
    assert "Số 12 ngõ 34" in page
    assert f"{code.token[:5]}-{code.token[5:]}" in page
    assert page.count('">3</td>') == 2
    assert session.scalars(select(AuditEntry.count).where(AuditEntry.action == "code.read")).all() == [1]


def test_revoke_and_replace(desk: FlaskClient, session: Session, people: People) -> None:
    code = codes.code_for_account(session, acting(session, people.lan), people.minh.id)
    session.commit()
    shown = desk.get(f"/ma/{code.id}").text
    assert "Không lấy lại được" in shown
    assert "<svg" in shown
    replaced = desk.post(f"/ma/{code.id}/thay")
    assert replaced.status_code == 303
    new = session.scalars(select(QrCode).where(QrCode.revoked_at.is_(None))).one()
    assert replaced.location == f"/ma/{new.id}"
    assert desk.get(f"/B/{code.token}").status_code == 410
    assert _read(desk.post(f"/ma/{new.id}/in").data) == [f"HTTP://LOCALHOST/B/{new.token}"]
    assert desk.post(f"/ma/{new.id}/thu-hoi").status_code == 303
    assert desk.post(f"/ma/{new.id}/in").status_code == 404


def test_another_ward_sees_nothing(client: FlaskClient, session: Session, people: People) -> None:
    household = make.create_household(session, people.neighbourhood, address="Số 12 ngõ 34")
    code = codes.code_for_household(session, acting(session, people.lan), household.id)
    session.commit()
    hoa = sign_in(client, session, people.hoa)
    for path in ("", "/in", "/thay", "/thu-hoi"):
        method = hoa.get if path == "" else hoa.post
        assert method(f"/ma/{code.id}{path}").status_code == 404
    assert "ngõ 34" not in hoa.get("/ma").text
    foreign = {"loai": "household", "giay": "24", "khu": str(people.neighbourhood.id)}
    assert hoa.post("/ma/in", data=foreign).status_code == 404
    assert session.get_one(QrCode, code.id, populate_existing=True).revoked_at is None


def test_the_list_takes_a_fixed_number_of_statements(
    desk: FlaskClient, session: Session, people: People, statements
) -> None:  # type: ignore[no-untyped-def]
    lan = acting(session, people.lan)

    def ask() -> int:
        with statements() as seen:
            assert desk.get("/ma?loai=household").status_code == 200
        return len(seen)

    codes.codes_for_households(session, lan, [make.create_household(session, people.neighbourhood).id])
    session.commit()
    ask()  # the names around the page are read once
    for_one = ask()
    more = [make.create_household(session, people.neighbourhood).id for _ in range(30)]
    codes.codes_for_households(session, lan, more)
    session.commit()
    assert ask() == for_one


def test_only_chosen_guides_and_people_are_printed(
    desk: FlaskClient, session: Session, people: People
) -> None:
    slug = sorted(guides.slugs())[0]
    some = desk.post("/ma/in", data={"loai": "guide", "giay": "14", "ban": "3", "bai": [slug]})
    assert len(_read(some.data)) == 3
    one = desk.post("/ma/in", data={"loai": "badge", "giay": "8", "nguoi": [str(people.minh.id)]})
    assert "Minh" in pdfium.PdfDocument(one.data)[0].get_textpage().get_text_range()
    assert len(_read(one.data)) == 1
    stranger = desk.post("/ma/in", data={"loai": "badge", "giay": "8", "nguoi": [str(people.hoa.id)]})
    assert "Chưa có gì để in" in stranger.text
    shown = desk.get("/ma").text
    assert f'value="{people.minh.id}"' in shown
    assert f'value="{people.hoa.id}"' not in shown


def test_the_first_page_can_be_looked_at_before(desk: FlaskClient, session: Session, people: People) -> None:
    for number in range(1, 7):
        make.create_household(session, people.neighbourhood, address=f"Số {number} ngõ 34")
    session.commit()
    wanted = {"loai": "household", "giay": "4", "khu": str(people.neighbourhood.id)}
    look = desk.post("/ma/in", data={**wanted, "xem": "1"})
    assert look.headers["Content-Disposition"].startswith("inline")
    assert len(pdfium.PdfDocument(look.data)) == 1
    assert len(_read(look.data)) == 4
    whole = desk.post("/ma/in", data=wanted)
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert len(_read(whole.data)) == 6


@pytest.mark.parametrize("phone", ["024 3733 0000", ""])
def test_a_pad_of_slips_to_fill_in_by_hand(
    desk: FlaskClient, session: Session, people: People, phone: str
) -> None:
    people.team.contact_phone = phone
    session.commit()
    assert 'href="/ma/phieu-tham.pdf"' in desk.get("/ma").text
    reply = desk.get("/ma/phieu-tham.pdf")
    assert (reply.status_code, reply.mimetype) == (200, "application/pdf")
    (page,) = pdfium.PdfDocument(reply.data)
    assert [round(side / 72 * 25.4) for side in page.get_size()] == [210, 297]
    assert _read(reply.data) == ["HTTP://LOCALHOST/"] * 4
    text = page.get_textpage().get_text_range()
    for words in ("localhost", "rồi gõ mã phiếu", "hỏi mã OTP, mật khẩu, mật mã", people.ward.name, phone):
        assert text.count(words) >= 4, words
    # The address on it is a page with a field for the code.
    assert 'action="/tim"' in desk.get("/").text
