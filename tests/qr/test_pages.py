"""The resident's pages: both languages, every state, light, alone, telling nothing that they should not."""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.core.clock import VIETNAM, now, today
from backend.models import Account, Membership, ScanCount, Walk
from backend.services import badges, codes, guides
from qr.pages import answer
from tests import factories as make
from tests.people import People, acting

LIMIT = 10 * 1024
# A Tuesday evening and morning, a Saturday morning: all after the badge was made.
EVENING = datetime(2030, 11, 19, 19, 30, tzinfo=VIETNAM)
MORNING = EVENING.replace(hour=10)
SATURDAY = datetime(2030, 11, 23, 10, 0, tzinfo=VIETNAM)
PUBLIC = (
    "/",
    "/huong-dan",
    *(f"/huong-dan/{slug}" for slug in guides.slugs()),
    "/huong-dan/vneid-muc-2/cam-on?buoc=3",
    "/quyen-rieng-tu",
)


class Codes:
    """One live and one revoked code of each kind; `canaries` are words that no page may hold."""

    def __init__(self, session: Session, people: People) -> None:
        lan = acting(session, people.lan)
        self.household = make.create_household(
            session, people.neighbourhood, address="Số 99 ngõ Chim Hoàng Yến"
        )
        self.household.head_name = "Nguyễn Chim Yến"
        self.household.phone = "0912000111"
        self.walk = make.create_walk(session, people.team, [people.minh], [self.household])
        people.minh.phone = "0912000222"
        self.guide = codes.code_for_guide(session, lan, "vneid-muc-2").token
        self.plate = codes.code_for_household(session, lan, self.household.id).token
        self.badge = codes.code_for_account(session, lan, people.minh.id).token
        old_door = make.create_household(session, people.neighbourhood)
        gone = [
            codes.code_for_guide(session, lan, "so-suc-khoe", placement="Chợ"),
            codes.code_for_household(session, lan, old_door.id),
            codes.code_for_account(session, lan, people.lan.id),
        ]
        for code in gone:
            codes.revoke(session, lan, code.id)
        self.old_guide, self.old_plate, self.old_badge = (code.token for code in gone)
        session.commit()
        self.canaries = (
            "Chim",
            "0912000111",
            "0912000222",
            "0912 000",
            self.household.code,
            "Nguyễn Văn",
            "99",
        )


@pytest.fixture
def made(session: Session, people: People) -> Codes:
    return Codes(session, people)


@pytest.fixture
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(badges, "now", lambda: EVENING)


def every_page(made: Codes) -> Iterator[tuple[str, int]]:
    for path in PUBLIC:
        yield path, 200
    for path in (f"/G/{made.guide}", f"/H/{made.plate}", f"/B/{made.badge}"):
        yield path, 200
    for path in (f"/G/{made.old_guide}", f"/H/{made.old_plate}", f"/B/{made.old_badge}"):
        yield path, 410
    for path in (
        "/G/0000000000",
        "/H/0000000000",
        "/B/0000000000",
        "/G/khong-phai-ma",
        "/huong-dan/khong-co",
        "/tim?ma=0000000000",
    ):
        yield path, 404


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_page_in_every_state(client: FlaskClient, made: Codes, lang: str) -> None:
    client.set_cookie("gocua_lang", lang)
    for path, status in every_page(made):
        page = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert page.status_code == status, path
        assert page.headers["Content-Encoding"] == "gzip", path
        assert len(page.data) <= LIMIT, (path, len(page.data))
        html = gzip.decompress(page.data).decode()
        assert f'<html lang="{lang}">' in html
        assert_stands_alone(page, html)
        for canary in made.canaries:
            assert canary not in text_of(html), (path, canary)


def assert_stands_alone(page: TestResponse, html: str) -> None:
    """No script, nothing fetched from anywhere, the style allowed by its hash."""
    assert not re.search(
        r"<script\s|<iframe|<link|<img|<object|\son\w+=|javascript:|\sstyle=|@import|url\(", html
    )
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert scripts == ([answer.ALOUD] if 'class="step"' in html else [])
    assert (f"script-src {answer._hash(answer.ALOUD)}" in policy) is bool(scripts)
    assert ("script-src" in policy) is bool(scripts)
    assert policy.startswith("default-src 'none'")
    for attribute, target in re.findall(r'(src|action|href)="([^"]*)"', html):
        if attribute != "href":
            assert target.startswith("/"), target
        elif target.startswith("http"):
            assert 'rel="noreferrer"' in html  # a source to read, followed only by a tap


def text_of(html: str) -> str:
    body = html.partition("<main>")[2].partition("</main>")[0]
    return re.sub(r"<[^>]+>", " ", body)


def test_no_page_asks_for_anything_but_a_printed_code(client: FlaskClient, made: Codes) -> None:
    for path, _ in every_page(made):
        html = client.get(path).text
        names = re.findall(r"<(?:input|select|textarea)[^>]*?name=\"(\w+)\"", html)
        assert names in ([], ["ma"]), path
        assert 'type="password"' not in html
        if path.startswith("/B/"):
            assert names == []


def test_the_never_list_stands_on_every_page(client: FlaskClient, made: Codes) -> None:
    for path, _ in every_page(made):
        if path != "/quyen-rieng-tu":
            text = client.get(path).text
            assert "Không bao giờ" in text
            assert "hỏi mã OTP, mật khẩu" in text


def test_a_guide_is_read_in_one_request_and_three_statements(
    client: FlaskClient, made: Codes, session: Session, statements
) -> None:  # type: ignore[no-untyped-def]
    with statements() as seen:
        page = client.get(f"/G/{made.guide}")
    assert page.status_code == 200
    assert "Bước 7/7" in page.text
    assert len(seen) == 3, seen
    assert session.execute(select(ScanCount.day, ScanCount.n)).all() == [(today(), 1)]


@pytest.mark.parametrize(("kind", "most"), [("plate", 3), ("badge", 2)])
def test_other_codes_take_few_statements(
    client: FlaskClient, made: Codes, statements, kind: str, most: int
) -> None:  # type: ignore[no-untyped-def]
    letter = {"plate": "H", "badge": "B"}[kind]
    with statements() as seen:
        client.get(f"/{letter}/{getattr(made, kind)}")
    assert len(seen) == most, seen


def test_codes_are_read_in_any_case_and_grouping(client: FlaskClient, made: Codes) -> None:
    token = made.plate
    for path in (
        f"/h/{token.lower()}",
        f"/H/{token[:5]}-{token[5:]}",
        f"/h/{token[:5].lower()}%20{token[5:]}",
    ):
        assert client.get(path).status_code == 200, path


def test_a_token_under_another_letter_is_unknown(client: FlaskClient, made: Codes) -> None:
    for path in (f"/G/{made.plate}", f"/H/{made.badge}", f"/B/{made.guide}", f"/B/{made.plate}"):
        assert client.get(path).status_code == 404, path


def test_unknown_and_malformed_codes_look_the_same(client: FlaskClient, made: Codes) -> None:
    unknown, malformed = client.get("/H/0000000000"), client.get("/H/%3Cb%3E")
    assert unknown.data == malformed.data
    assert client.get("/B/0000000000").data == client.get("/B/x").data


def test_typing_a_code(client: FlaskClient, made: Codes) -> None:
    token = made.plate
    found = client.get("/tim", query_string={"ma": f" {token[:5].lower()} - {token[5:].lower()}"})
    assert (found.status_code, found.location) == (303, f"/H/{token}")
    assert client.get("/tim", query_string={"ma": made.guide}).location == f"/G/{made.guide}"
    assert client.get("/tim").status_code == 404


@pytest.mark.parametrize("extra", ["to", "next", "url", "ma", "redirect"])
def test_no_parameter_leads_elsewhere(client: FlaskClient, made: Codes, extra: str) -> None:
    for path in ("/tim", f"/G/{made.guide}", f"/H/{made.plate}", "/"):
        page = client.get(path, query_string={extra: "https://evil.example/", "lang": "vi"})
        assert page.location is None
        assert "evil.example" not in page.text


def test_a_scan_leaves_a_count_and_no_cookie(client: FlaskClient, made: Codes, session: Session) -> None:
    for _ in range(2):
        page = client.get(f"/H/{made.plate}")
        assert "Set-Cookie" not in page.headers
    client.head(f"/H/{made.plate}")
    assert session.scalar(select(func.sum(ScanCount.n))) == 2
    assert set(ScanCount.__table__.columns.keys()) == {"qr_code_id", "day", "ward_id", "n"}


def test_caching(client: FlaskClient, made: Codes) -> None:
    assert client.get("/huong-dan/vneid-muc-2").headers["Cache-Control"] == "public, max-age=600"
    assert client.get(f"/B/{made.badge}").headers["Cache-Control"] == "no-store"
    switched = client.get("/huong-dan/vneid-muc-2?lang=en")
    assert switched.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in switched.headers["Vary"]
    assert "Activate VNeID level 2" in switched.text


def test_without_gzip_the_page_is_plain(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in page.headers
    assert "gõ cửa" in page.text


def test_the_wards_own_number_is_there(client: FlaskClient, made: Codes) -> None:
    for path in (f"/G/{made.guide}", f"/H/{made.plate}", f"/G/{made.old_guide}"):
        html = client.get(path).text
        assert 'href="tel:02438250000">' in html
        assert "Phường Ba Đình" in html


def test_a_guide_past_its_review_date_is_put_away(
    client: FlaskClient, made: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    review_by = guides.guides()[0].review_by
    monkeypatch.setattr(guides, "today", lambda: review_by + timedelta(days=1))
    monkeypatch.setattr("qr.pages.guides.today", lambda: review_by + timedelta(days=1))
    page = client.get(f"/G/{made.guide}")
    assert page.status_code == 410
    assert "đang được kiểm tra lại" in page.text
    assert "tel:02438250000" in page.text
    assert "Bước 1" not in page.text
    assert "vneid-muc-2" not in client.get("/huong-dan").text


class TestBadge:
    def test_on_duty(self, client: FlaskClient, made: Codes, evening: None) -> None:
        page = client.get(f"/B/{made.badge}").text
        assert "Đúng là tình nguyện viên" in page
        assert ">Minh<" in page
        assert "22:00" in page
        assert "Tổ dân phố 7" in page
        assert 'class="verdict"' in page

    @pytest.mark.parametrize(
        ("at", "on"),
        [(EVENING, True), (MORNING, False), (SATURDAY, True), (EVENING.replace(hour=22), False)],
    )
    def test_hours(
        self, client: FlaskClient, made: Codes, monkeypatch: pytest.MonkeyPatch, at: datetime, on: bool
    ) -> None:
        monkeypatch.setattr(badges, "now", lambda: at)
        page = client.get(f"/B/{made.badge}").text
        assert ("Đúng là tình nguyện viên" in page) is on
        assert ("Không trong giờ làm việc" in page) is not on

    def test_without_a_live_walk_nobody_is_on_duty(
        self, client: FlaskClient, made: Codes, session: Session, evening: None
    ) -> None:
        walk = session.get_one(Walk, made.walk.id)
        walk.until = EVENING.date() - timedelta(days=1)
        session.commit()
        assert "Không trong giờ làm việc" in client.get(f"/B/{made.badge}").text

    @pytest.mark.parametrize("how", ["left", "disabled"])
    def test_a_leaver_is_red_at_once(
        self, client: FlaskClient, made: Codes, session: Session, people: People, how: str, evening: None
    ) -> None:
        if how == "left":
            member = session.scalars(select(Membership).where(Membership.account_id == people.minh.id)).one()
            member.valid_to = now()
        else:
            session.get_one(Account, people.minh.id).disabled_at = now()
        session.commit()
        page = client.get(f"/B/{made.badge}")
        assert page.status_code == 410
        assert 'class="verdict gone"' in page.text
        assert "Minh" not in page.text

    def test_it_looks_unlike_a_guide(self, client: FlaskClient, made: Codes, evening: None) -> None:
        badge, guide_ = client.get(f"/B/{made.badge}").text, client.get(f"/G/{made.guide}").text
        assert "verdict" in badge.partition("</style>")[2]
        assert "verdict" not in guide_.partition("</style>")[2]
        assert 'class="kind"' in guide_
        assert 'class="kind"' not in badge


def test_contrast_of_the_palette() -> None:
    """Text on its ground holds 4.5 : 1 in both modes (WCAG 2.2, 1.4.3)."""

    def luminance(colour: str) -> float:
        wide = colour[1:] if len(colour) == 7 else "".join(char * 2 for char in colour[1:])
        parts = [int(wide[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    palettes = re.findall(r":root\{(.*?)\}", answer.STYLE)
    assert len(palettes) == 2
    for palette in palettes:
        colours = dict(re.findall(r"--([\w-]+):(#\w+)", palette))
        pairs = [(ink, ground) for ink in ("ink", "soft", "blue", "act") for ground in ("paper", "ground")]
        for ink, ground in [*pairs, ("warn", "warn-bg"), ("bad", "bad-bg"), ("bad", "paper")]:
            light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_the_script_that_reads_aloud_is_tiny_and_talks_to_nobody() -> None:
    assert len(answer.ALOUD.encode()) < 1024
    assert not re.search(
        r"fetch|XMLHttp|import|http|cookie|storage|innerHTML|eval", answer.ALOUD, re.IGNORECASE
    )


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("slug", guides.slugs())
def test_a_guide_is_light(
    client: FlaskClient, session: Session, people: People, lang: str, slug: str
) -> None:
    """10 KB compressed with words, pictures, script and printed code (without them 10 KB, with them 40 KB are allowed)."""
    session.commit()
    page = client.get(f"/huong-dan/{slug}?lang={lang}", headers={"Accept-Encoding": "gzip"})
    html = gzip.decompress(page.data).decode()
    words_only = gzip.compress(re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL).encode(), 6)
    assert len(words_only) <= LIMIT
    assert len(page.data) <= LIMIT
