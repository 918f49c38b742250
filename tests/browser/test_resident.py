"""The resident's pages in a real browser: axe-clean, no script, no other host, readable large, dark and printed."""

import pypdfium2 as pdfium
import pytest
import zxingcpp
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from backend.database import work
from backend.models import GuideReport
from tests.browser.conftest import SIZES, Live, OpenPage, axe
from tests.browser.resident_pages import LETTERS, PAGES, Pages, unlisted

# What each page answers besides 200; with LETTERS: a live and a revoked page of every kind of code.
UNKNOWN = {"ma-khong-co", "the-khong-co", "the-tren-may-gia", "ma-hen-khong-co", "phieu-chua-co"}
OVER = {"the-tren-may-het-han", "phieu-rut-lai"} | {name for name in PAGES if name.endswith("-thu-hoi")}


def test_every_public_page_is_listed(app: Flask) -> None:
    assert unlisted(app) == []


def test_a_page_that_is_not_listed_would_be_seen(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.delitem(PAGES, "quyen-rieng-tu")
    assert unlisted(app) == ["/quyen-rieng-tu"]


def test_every_kind_of_code_is_listed_live_and_revoked() -> None:
    """The statuses themselves are asserted by test_one_small_answer_and_no_script."""
    shown = set(PAGES) - UNKNOWN
    assert {PAGES[name][1] for name in shown - OVER if PAGES[name][2:3] == "/"} >= LETTERS
    assert {PAGES[name][1] for name in shown & OVER} >= LETTERS


def open_without_script(browser: Browser, live: Live, **options: object) -> Page:
    context = browser.new_context(
        base_url=live.url, java_script_enabled=False, locale="vi-VN", **{**SIZES["phone"], **options}
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing(open_page: OpenPage, pages: Pages, lang: str) -> None:
    """At 360 and 1280 pixels; the colours also in the dark, and headings in order as Lighthouse wants them."""
    page = open_page("phone", lang=lang)
    narrow, wide = SIZES["phone"]["viewport"], SIZES["desk"]["viewport"]
    for name in PAGES:
        page.goto(pages.path(name))
        assert page.locator("html").get_attribute("lang") == lang
        axe(page)
        page.emulate_media(color_scheme="dark")
        axe(page, "color-contrast", "heading-order")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(wide)
        axe(page)
        page.set_viewport_size(narrow)


def test_one_small_answer_and_no_script(browser: Browser, live: Live, pages: Pages) -> None:
    """One request, at most 14 KB: what the first congestion window carries."""
    page = open_without_script(browser, live)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        asked.clear()
        path = pages.path(name)
        answer = page.goto(path, wait_until="load")
        assert answer is not None
        assert answer.status == (404 if name in UNKNOWN else 410 if name in OVER else 200), name
        assert answer.request.sizes()["responseBodySize"] <= 14_000, name
        assert [url for url in asked if not url.endswith("/favicon.ico")] == [live.url + path]
        assert page.locator("h1").first.is_visible()
    page.context.close()


def test_text_and_targets_are_large_and_twice_the_size_still_fits(open_page: OpenPage, pages: Pages) -> None:
    """20 px of text and 48 px to tap; 40 px of text on a phone (WCAG 1.4.4): nothing scrolls sideways."""
    page = open_page("phone")
    for name in PAGES:
        page.goto(pages.path(name))
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "20px"
        small = page.evaluate(
            """[...document.querySelectorAll('a.go, button:not([hidden]), input:not([type=hidden]), select, .pick, summary, .list a, .tel a, header a, footer a')]
               .filter(one => one.offsetParent && one.checkVisibility() && one.getBoundingClientRect().height < 47.5)
               .filter(one => !one.closest('.pick') || one.matches('.pick')).map(one => one.outerHTML.slice(0, 80))"""
        )
        assert not small, (name, small)
        page.evaluate("document.documentElement.style.setProperty('font-size', '250%')")
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "40px"
        page.evaluate(  # codes are random, and W is the widest letter they can hold
            """document.querySelectorAll('.kind span, .code')
               .forEach(one => { one.textContent = one.textContent.replace(/[0-9A-Z]/g, 'W') })"""
        )
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, name


def test_forced_colours_keep_the_edges(open_page: OpenPage, pages: Pages) -> None:
    page = open_page("phone")
    page.emulate_media(forced_colors="active")
    for name in PAGES:
        page.goto(pages.path(name))
        bare = page.evaluate(
            """[...document.querySelectorAll('.step, .list a, .box, .go, button:not([hidden], .odd), .verdict, .jump a')]
               .filter(one => { const how = getComputedStyle(one); return how.borderStyle == 'none' || how.borderTopWidth == '0px' })
               .map(one => one.outerHTML.slice(0, 80))"""
        )
        assert not bare, (name, bare)


def test_a_guide_step_by_step_without_script(browser: Browser, live: Live, pages: Pages) -> None:
    page = open_without_script(browser, live)
    page.goto(pages.path("vneid-muc-2"))
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


def test_typing_a_printed_code_without_script(browser: Browser, live: Live, pages: Pages) -> None:
    page = open_without_script(browser, live)
    page.goto("/")
    page.get_by_label("Mã in cạnh ô vuông").fill(
        f"{pages.names['plate'][:5].lower()} {pages.names['plate'][5:].lower()}"
    )
    page.get_by_role("button", name="Xem trang của mã này").click()
    assert page.url == f"{live.url}/H/{pages.names['plate']}"
    page.goto("/")
    page.get_by_label("Mã in cạnh ô vuông").fill("ZZZZZZZZZZ")
    page.get_by_role("button", name="Xem trang của mã này").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Không thấy mã này"
    page.context.close()


def test_a_step_that_looks_otherwise_is_reported_without_script(
    browser: Browser, live: Live, pages: Pages
) -> None:
    page = open_without_script(browser, live)
    page.goto(pages.path("vneid-muc-2"))
    page.locator("#b3").get_by_role("button", name="Màn hình khác? Báo tại đây").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Cảm ơn ông/bà đã báo"
    assert page.get_by_text("bước 3 của bài").is_visible()
    page.reload()  # a page got by GET: nothing is counted twice
    page.get_by_role("link", name="Quay lại bài hướng dẫn").click()
    assert page.url.endswith(pages.path("vneid-muc-2") + "#b3")
    assert page.context.cookies() == []
    with work.unit_of_work(live.engine) as session:
        assert [(one.step, one.n) for one in session.scalars(select(GuideReport))] == [(3, 1)]
    page.context.close()


# What a phone's voice would be told; Chromium on a server has no voices.
_VOICE = """
    window.said = [];
    Object.defineProperty(window, "speechSynthesis", {value: Object.assign(new EventTarget(), {
        getVoices: () => [{lang: "vi-VN"}], cancel() { window.said.push("stop") },
        speak(one) { window.said.push(one.text); setTimeout(() => one.onstart?.()); window.last = one },
    })});
    window.SpeechSynthesisUtterance = function (text) { this.text = text };
"""


def test_a_guide_is_read_aloud_where_the_phone_has_a_voice(
    open_page: OpenPage, live: Live, pages: Pages
) -> None:
    page = open_page("phone")
    page.goto(pages.path("vneid-muc-2"))
    assert not page.locator("#doc").is_visible()  # no voice, no button
    page.add_init_script(_VOICE)
    page.goto(pages.path("vneid-muc-2"))
    page.get_by_role("button", name="Đọc to bài này").click()
    said = page.evaluate("window.said")
    assert len(said) == 9  # title, who taps, seven steps
    assert said[0] == "Kích hoạt VNeID mức 2"
    assert "Không đọc mã cho ai nghe" in said[4]
    assert "Báo tại đây" not in " ".join(said)
    page.get_by_role("button", name="Dừng đọc").click()
    assert page.evaluate("window.said.at(-1)") == "stop"
    assert page.get_by_role("button", name="Đọc to bài này").is_visible()


def test_the_printed_page_carries_the_code_and_every_step(
    open_page: OpenPage, live: Live, pages: Pages
) -> None:
    page = open_page("desk")
    for name, leads_to in (
        ("vneid-muc-2", pages.path("vneid-muc-2")),
        ("tranh-bi-lua", pages.path("tranh-bi-lua")),
    ):
        page.goto(pages.path(name))
        document = pdfium.PdfDocument(page.pdf(prefer_css_page_size=True))
        assert [round(side / 72 * 25.4) for side in document[0].get_size()] == [148, 210]
        seen = [
            code.text
            for sheet in document
            for code in zxingcpp.read_barcodes(
                sheet.render(scale=150 / 72).to_pil().convert("L"),
                formats=zxingcpp.BarcodeFormat.QRCodeModel2,
            )
        ]
        assert [one.lower() for one in seen] == [(live.url + leads_to).lower()]
        words = "".join(sheet.get_textpage().get_text_range() for sheet in document)
        assert "Bước 7/" in words
        assert "Báo tại đây" not in words
        assert len(document) <= 8


def test_a_guide_prints_with_every_answer_open(open_page: OpenPage, live: Live, pages: Pages) -> None:
    page = open_page("desk")
    page.goto(pages.path("vneid-muc-2"))
    page.emulate_media(media="print")
    assert not page.get_by_role("link", name="Bước sau").first.is_visible()
    assert page.locator("#b7").is_visible()
    assert page.get_by_text("Không lắp SIM của mình vào máy người khác.").is_visible()
