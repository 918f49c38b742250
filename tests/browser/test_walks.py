"""Walks in a ward of 1,300 households: choose on the drawing, cut, drag and tap, publish, hand over when somebody is ill."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.database.engine import make_engine
from backend.models import Account, Assignment
from backend.services import demo, sessions
from backend.services.walk_doors import live as in_force
from tests.browser.conftest import SIZES, axe, serve
from tests.conftest import fresh_database
from tests.ground import lay_ground


@dataclass(frozen=True)
class Ward:
    """The demo ward of 1,300 doors and twelve volunteers, served; its leader's cookie."""

    url: str
    engine: Engine
    token: str


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    url = fresh_database("gocua_live_1300")
    engine = make_engine(url)
    lay_ground(engine)
    with work.unit_of_work(engine) as session:
        made = demo.make(session, demo.Size(1300, 12, 7))
        token = sessions.open_session(session, session.get_one(Account, made.leader.account_id))
    with serve(url, tmp_path_factory.mktemp("ward")) as address:
        yield Ward(address, engine, token)
    engine.dispose()


@pytest.fixture
def page(browser: Browser, ward: Ward, size: str) -> Iterator[Page]:
    context = browser.new_context(base_url=ward.url, locale="vi-VN", **SIZES[size])
    context.add_cookies([{"name": "gocua_session", "value": ward.token, "url": ward.url}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda told: said.append(told.text) if "Content Security" in told.text else None)
    yield page
    context.close()
    assert not said, said


def _live(ward: Ward) -> int:
    with Session(ward.engine) as session:
        doors = session.scalars(select(Assignment.household_id).where(in_force())).all()
        assert len(doors) == len(set(doors))
        return len(doors)


def _doors(card: object) -> int:
    found = re.search(r"([\d.]+) hộ", card.locator("p.quiet.small").first.inner_text())  # type: ignore[attr-defined]
    assert found
    return int(found[1].replace(".", ""))


def _until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until the cards, which are exchanged one after the other, say it."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    assert holds()


def test_choose_cut_move_and_publish(ward: Ward, page: Page, size: str) -> None:
    page.goto("/tuyen/moi")
    axe(page)
    page.locator("summary").filter(has_text="Chọn riêng?").click()
    page.get_by_role("button", name="Bỏ chọn tất cả").click()
    expect(page.locator("[data-chosen]")).to_have_text("Đã chọn 0 hộ")
    shapes = page.locator("[data-map] g[data-alley]")
    assert shapes.count() > 10
    for place in range(6):
        shapes.nth(place).locator(".hit").dispatch_event("click")
    boxes = page.locator("input[name=alleys]:checked")
    expect(boxes).to_have_count(6)
    page.get_by_role("button", name="Chọn tất cả", exact=True).click()
    page.get_by_label("Chỉ những hộ chưa giao cho ai").set_checked(False)
    page.get_by_role("button", name="Chia thử").click()
    page.wait_for_url("**/tuyen/ke-hoach/*")
    expect(page.locator(".walk-card")).to_have_count(13)
    axe(page)
    cards = page.locator(".walk-card")
    before = [_doors(cards.nth(n)) for n in range(13)]
    assert max(before) < 2 * min(before)

    # Tap: choose an alley of the first walk, take it at the second.
    cards.nth(0).locator("summary").click()
    cards.nth(0).get_by_role("button", name=re.compile("^Chọn")).first.click()
    axe(page)
    with page.expect_response("**/chuyen"):
        cards.nth(1).get_by_role("button", name=re.compile("^Nhận")).click()
    expect(page.locator("[data-said]")).to_have_text(re.compile("^Đã chuyển "))
    _until(page, lambda: _doors(cards.nth(0)) < before[0] and _doors(cards.nth(1)) > before[1])
    assert sum(_doors(cards.nth(n)) for n in range(13)) == sum(before)

    # Keyboard only: back again.
    cards.nth(1).locator("summary").focus()
    if cards.nth(1).locator("details").get_attribute("open") is None:
        page.keyboard.press("Enter")
    pick = cards.nth(1).get_by_role("button", name=re.compile("^Chọn")).first
    pick.focus()
    page.keyboard.press("Enter")
    take = cards.nth(0).get_by_role("button", name=re.compile("^Nhận"))
    take.focus()
    with page.expect_response("**/chuyen"):
        page.keyboard.press("Enter")
    expect(page.locator("[data-said]")).to_have_text(re.compile("^Đã chuyển "))
    _until(page, lambda: sum(_doors(cards.nth(n)) for n in range(13)) == sum(before))
    axe(page)

    page.get_by_role("button", name="Giao 13 tuyến").click()
    page.wait_for_url("**/tuyen")
    expect(page.get_by_role("status").first).to_contain_text("Đã giao 13 tuyến")
    axe(page)
    assert _live(ward) >= sum(before)


def test_drag_an_alley_to_another_walk(ward: Ward, page: Page, size: str) -> None:
    if size == "phone":
        pytest.skip("a phone has no drag: it taps, above")
    page.goto("/tuyen/moi")
    page.get_by_label("Chỉ những hộ chưa giao cho ai").set_checked(False)
    page.get_by_role("button", name="Chia thử").click()
    cards = page.locator(".walk-card")
    before = [_doors(cards.nth(n)) for n in range(2)]
    cards.nth(1).locator("summary").click()
    with page.expect_response("**/chuyen"):
        cards.nth(1).locator("li[data-alley]").first.drag_to(cards.nth(0).locator("h3"))
    expect(page.locator("[data-said]")).to_have_text(re.compile("^Đã chuyển "))
    _until(page, lambda: _doors(cards.nth(0)) > before[0] and _doors(cards.nth(1)) < before[1])
    # The line breaks: nothing changes, and it is said.
    page.route("**/chuyen", lambda route: route.abort())
    cards.nth(0).locator("details").evaluate("one => one.open = true")
    cards.nth(0).get_by_role("button", name=re.compile("^Chọn")).first.click()
    cards.nth(2).get_by_role("button", name=re.compile("^Nhận")).click()
    expect(page.locator("[data-said]")).to_contain_text("chưa có gì thay đổi")
    page.unroute("**/chuyen")
    page.get_by_role("button", name="Bỏ bản chia này").click()
    expect(page.get_by_role("status").first).to_contain_text("Chưa ai nhận được gì")


def test_somebody_is_ill(ward: Ward, page: Page, size: str) -> None:
    held = _live(ward)
    page.goto("/tuyen")
    page.get_by_role("link", name="Ai giữ gì, bàn giao").click()
    axe(page)
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=re.compile("^Bàn giao"))).first
    row.get_by_role("link", name=re.compile("^Bàn giao")).click()
    axe(page)
    boxes = page.get_by_role("checkbox")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Xem chia thử").click()
    expect(page.get_by_role("heading", name="Sẽ xảy ra")).to_be_visible()
    axe(page)
    page.get_by_role("button", name=re.compile("^Bàn giao ")).click()
    page.wait_for_url("**/tuyen/ai-giu")
    expect(page.get_by_role("status").first).to_contain_text("Đã bàn giao")
    assert _live(ward) == held


def test_all_walks_on_paper_in_one_file(ward: Ward, page: Page) -> None:
    page.goto("/tuyen")
    with page.expect_download() as got:
        page.get_by_role("button", name=re.compile("^In phiếu giấy của cả")).click()
    document = pdfium.PdfDocument(got.value.path())
    firsts = [text for one in document if "trang 1/" in (text := one.get_textpage().get_text_range())]
    assert len(firsts) >= 10
    assert sum(int(re.search(r"(\d+) hộ", text)[1]) for text in firsts) > 600  # type: ignore[index]
