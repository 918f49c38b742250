"""The resident's pages in a real browser: axe-clean, no script, no other host, readable large, dark and printed."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from backend.core.clock import now
from backend.database import work
from backend.services import codes, live_badges
from backend.services.sessions import actor_of_device
from qr.codes.live import live_token, step_at
from tests.browser.conftest import SIZES, Live, OpenPage, axe
from tests.people import acting

# name → path; {} is filled with the tokens of `Tokens`.
PATHS = {
    "home": "/",
    "guides": "/huong-dan",
    "guide": "/G/{guide}",
    "guide-welfare": "/huong-dan/tai-khoan-an-sinh",
    "guide-health": "/huong-dan/so-suc-khoe",
    "household": "/H/{plate}",
    "badge": "/B/{badge}",
    "badge-revoked": "/B/{old_badge}",
    "household-revoked": "/H/{old_plate}",
    "unknown": "/H/0000000000",
    "badge-unknown": "/B/0000000000",
    "live-badge": "/V/{fresh}",
    "live-badge-old": "/V/{stale}",
    "live-badge-early": "/V/{early}",
    "live-badge-forged": "/V/00000000000000000000000000",
    "visit-code": "/xac-minh",
    "privacy": "/quyen-rieng-tu",
}


@dataclass(frozen=True)
class Tokens:
    """Live and revoked codes on the served application."""

    guide: str
    plate: str
    badge: str
    old_plate: str
    old_badge: str
    handle: str
    secret: bytes

    def path(self, name: str) -> str:
        """The address now: a rotating code is made when it is asked for."""
        step = step_at(now().timestamp())
        shown = {"fresh": step, "stale": step - 4, "early": step + 4}
        live = {word: live_token(self.handle, self.secret, one) for word, one in shown.items()}
        return PATHS[name].format(**self.__dict__, **live)


@pytest.fixture(scope="module")
def tokens(live: Live) -> Tokens:
    with work.unit_of_work(live.engine) as session:
        lan = acting(session, live.people.lan)
        old_plate = codes.code_for_household(session, lan, live.households[1].id)
        old_badge = codes.code_for_account(session, lan, live.people.lan.id)
        phone = actor_of_device(session, live.people.minh_token)
        assert phone is not None
        handle, secret = live_badges.new_key(session, phone)
        made = Tokens(
            guide=codes.code_for_guide(session, lan, "vneid-muc-2").token,
            plate=codes.code_for_household(session, lan, live.households[0].id).token,
            badge=codes.code_for_account(session, lan, live.people.minh.id).token,
            old_plate=old_plate.token,
            old_badge=old_badge.token,
            handle=handle,
            secret=secret,
        )
        codes.revoke(session, lan, old_plate.id)
        codes.revoke(session, lan, old_badge.id)
    return made


def open_without_script(browser: Browser, live: Live, **options: object) -> Page:
    context = browser.new_context(
        base_url=live.url, java_script_enabled=False, locale="vi-VN", **{**SIZES["phone"], **options}
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing(live: Live, open_page: OpenPage, size: str, tokens: Tokens, lang: str) -> None:
    page = open_page(size, lang=lang)
    for name in PATHS:
        page.goto(tokens.path(name))
        assert page.locator("html").get_attribute("lang") == lang
        axe(page)


def test_axe_finds_nothing_in_the_dark(live: Live, open_page: OpenPage, tokens: Tokens) -> None:
    page = open_page("phone")
    page.emulate_media(color_scheme="dark")
    for name in PATHS:
        page.goto(tokens.path(name))
        axe(page)


def test_one_request_and_no_script(browser: Browser, live: Live, tokens: Tokens) -> None:
    page = open_without_script(browser, live)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in PATHS:
        asked.clear()
        path = tokens.path(name)
        page.goto(path, wait_until="networkidle")
        assert [url for url in asked if not url.endswith("/favicon.ico")] == [live.url + path]
        assert page.locator("h1").first.is_visible()
    page.context.close()


def test_twice_the_text_size_still_fits(browser: Browser, live: Live, tokens: Tokens) -> None:
    """Our 20 px as 40 px on a phone (WCAG 1.4.4): nothing scrolls sideways."""
    page = browser.new_context(base_url=live.url, viewport={"width": 360, "height": 740}).new_page()
    for name in PATHS:
        page.goto(tokens.path(name))
        page.evaluate("document.documentElement.style.setProperty('font-size', '250%')")
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "40px"
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, name
    page.context.close()


def test_text_and_targets_are_large(open_page: OpenPage, live: Live, tokens: Tokens) -> None:
    page = open_page("phone")
    for name in PATHS:
        page.goto(tokens.path(name))
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "20px"
        small = page.evaluate(
            """[...document.querySelectorAll('a.go, button, input:not([type=hidden]), summary, .list a, .tel a, header a, footer a')]
               .filter(one => one.getBoundingClientRect().height < 47.5).map(one => one.outerHTML.slice(0, 80))"""
        )
        assert not small, (name, small)


def test_a_guide_step_by_step_without_script(browser: Browser, live: Live, tokens: Tokens) -> None:
    page = open_without_script(browser, live)
    page.goto(tokens.path("guide"))
    page.get_by_role("link", name="Bắt đầu bước 1").click()
    for number in range(2, 8):
        page.locator(f"#b{number - 1}").get_by_role("link", name="Bước sau").click()
        assert page.url.endswith(f"#b{number}")
        assert page.locator(f"#b{number}").get_by_text(f"Bước {number}/7").is_visible()
    page.get_by_role("link", name="Chưa được? Xem ở đây").click()
    page.get_by_text("Không nhận được mã").click()
    assert page.get_by_text("Không lắp SIM của mình vào máy người khác.").is_visible()
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Activate VNeID level 2"
    page.context.close()


def test_typing_a_printed_code_without_script(browser: Browser, live: Live, tokens: Tokens) -> None:
    page = open_without_script(browser, live)
    page.goto("/")
    page.get_by_label("Mã in cạnh ô vuông").fill(f"{tokens.plate[:5].lower()} {tokens.plate[5:].lower()}")
    page.get_by_role("button", name="Xem trang của mã này").click()
    assert page.url == f"{live.url}/H/{tokens.plate}"
    page.goto("/")
    page.get_by_label("Mã in cạnh ô vuông").fill("ZZZZZZZZZZ")
    page.get_by_role("button", name="Xem trang của mã này").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Không thấy mã này"
    page.context.close()


def test_a_guide_prints_with_every_answer_open(open_page: OpenPage, live: Live, tokens: Tokens) -> None:
    page = open_page("desk")
    page.goto(tokens.path("guide"))
    page.emulate_media(media="print")
    assert not page.get_by_role("link", name="Bước sau").first.is_visible()
    assert page.locator("#b7").is_visible()
    assert page.get_by_text("Không lắp SIM của mình vào máy người khác.").is_visible()
