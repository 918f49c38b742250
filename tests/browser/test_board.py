"""The board in a real browser: it lives without reloading, says when the line is lost, and shows a ward of 110 teams.

The whole ward of 60,000 households stands here with 20,000 of its 400,000 visits, so that the run keeps to its time;
`make bench` (bench/board.py) measures the full one.
"""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from backend.database import work
from backend.database.engine import make_engine
from backend.models import Account
from backend.services import sessions
from tests import factories as make
from tests.big_ward import BigWard, Size, make_big_ward
from tests.browser.conftest import SIZES, Live, OpenPage, axe, serve
from tests.conftest import fresh_database
from tests.ground import lay_ground


def _tick(page: Page, seconds: int = 6) -> None:
    page.clock.run_for(seconds * 1000)


def test_a_change_arrives_without_reloading(live: Live, open_page: OpenPage, size: str) -> None:
    page = open_page(size, live.people.lan)
    page.clock.install()
    page.goto("/bang")
    page.evaluate("window.kept = true")
    before = page.get_by_text(re.compile(r"trong \d+ hộ có người ở")).inner_text()
    with page.expect_response("**/bang/so*") as nothing:
        page.locator("h1").click()
        _tick(page)
    assert nothing.value.status in (200, 204)
    with work.unit_of_work(live.engine) as session:
        make.create_household(session, live.people.neighbourhood, address=f"Số 99 {size}")
    with page.expect_response(lambda reply: "/bang/so" in reply.url and reply.status == 200):
        _tick(page)
    expect(page.get_by_text(re.compile(r"trong \d+ hộ có người ở"))).not_to_have_text(before)
    assert page.evaluate("window.kept"), "the page itself was not loaded again"
    axe(page)


def test_a_hidden_board_asks_nothing_and_a_lost_line_is_said(live: Live, open_page: OpenPage) -> None:
    page = open_page("desk", live.people.lan)
    page.clock.install()
    page.goto("/bang")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/bang/so" in request.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    _tick(page, 30)
    assert asked == []
    page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    page.context.set_offline(True)
    _tick(page)
    expect(page.get_by_text("Mất kết nối với máy chủ.")).to_be_visible()
    page.context.set_offline(False)
    _tick(page)
    expect(page.get_by_text("Mất kết nối với máy chủ.")).to_be_hidden()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, BigWard, Engine]]:
    """The address of a served ward of 110 teams and 60,000 households."""
    url = fresh_database(f"gocua_large_{os.getpid()}")
    engine = make_engine(url)
    lay_ground(engine)
    made = make_big_ward(engine, Size(visits=20_000))
    with serve(url, tmp_path_factory.mktemp("large")) as address:
        yield address, made, engine
    engine.dispose()


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_ward_of_110_teams(
    browser: Browser, large: tuple[str, BigWard, Engine], size: str, lang: str
) -> None:
    address, made, engine = large
    context = browser.new_context(base_url=address, locale="vi-VN", **SIZES[size])
    _sign_in(context, engine, made.officer, address, lang)
    page = context.new_page()
    page.goto("/bang")
    headings = {
        "vi": ["Tối nay thế nào?", "Còn ai?", "Kẹt ở đâu?", "Ai cần tôi?"],
        "en": ["How is tonight going?", "Who is left?", "What is stuck?", "Who needs me?"],
    }
    shown = page.get_by_role("heading").all_inner_texts()
    places = [shown.index(heading) for heading in headings[lang]]
    assert places == sorted(places)
    axe(page)
    # In the order of their names, twenty-five to a page; nobody is ranked.
    rows = page.get_by_role("table").last.locator("tbody th[scope=row] a")
    assert rows.all_inner_texts() == [f"Tổ dân phố {number}" for number in range(1, 26)]
    page.locator("a[rel=next]").click()
    assert rows.first.inner_text() == "Tổ dân phố 26"
    page.locator("input[name=tim]").fill("to dan pho 110")
    page.locator("form:has(input[name=tim]) button").click()
    assert rows.all_inner_texts() == ["Tổ dân phố 110"]
    axe(page)
    rows.first.click()
    expect(page.locator("h1")).to_have_text(headings[lang][0])
    expect(page.get_by_role("heading", level=2).last).to_be_visible()
    assert page.locator("tbody th[scope=row]", has_text="Nguyễn Văn Minh 110.").count() == 10
    axe(page)
    page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
    axe(page)
    context.close()


def test_who_looks_on_meets_no_closed_door(browser: Browser, large: tuple[str, BigWard, Engine]) -> None:
    address, made, engine = large
    context = browser.new_context(base_url=address, locale="vi-VN", **SIZES["desk"])
    _sign_in(context, engine, made.viewer, address, "vi")
    page = context.new_page()
    page.goto("/bang")
    closed = page.locator("main a[href^='/ho'], main a[href^='/nguoi']")
    assert closed.count() == 0
    with page.expect_download() as file:
        page.get_by_role("link", name="Tải số liệu (Excel)").click()
    assert file.value.suggested_filename.endswith(".xlsx")
    context.close()


def _sign_in(context: object, engine: Engine, account: Account, address: str, lang: str) -> None:
    with work.unit_of_work(engine) as session:
        token = sessions.open_session(session, account)
    context.add_cookies(  # type: ignore[attr-defined]
        [
            {"name": "gocua_session", "value": token, "url": address},
            {"name": "gocua_lang", "value": lang, "url": address},
        ]
    )
