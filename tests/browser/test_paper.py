"""A day sheet printed and typed in with nothing but the keyboard: quick, undone, lost line, two tabs, no script."""

import re

import pypdfium2 as pdfium
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import PaperSheet, Visit, VisitEvent, Walk
from tests import factories as make
from tests.browser.conftest import SIZES, Live, OpenPage, axe


@pytest.fixture
def paper(live: Live, size: str) -> tuple[Walk, list[str]]:
    """A walk of its own with eight doors, so that sizes do not meet."""
    with work.unit_of_work(live.engine) as session:
        doors = [
            make.create_household(
                session, live.people.neighbourhood, address=f"Số {n} ngách {size}/5", birth_year=1950 + n
            )
            for n in range(1, 9)
        ]
        walk = make.create_walk(session, live.people.team, [live.people.minh], doors)
        walk.name = f"Tuyến giấy {size}"
    return walk, [str(door.id) for door in doors]


def _print(page: Page, walk: Walk) -> str:
    """Download the sheet from the walk's page; gives the address of its entry screen."""
    page.goto(f"/tuyen/{walk.id}")
    page.get_by_text("Phiếu giấy: in ra, nhập lại").click()
    axe(page)
    with page.expect_download() as got:
        page.get_by_role("button", name="Tải phiếu (PDF)").click()
    document = pdfium.PdfDocument(got.value.path())
    assert "8 hộ" in document[0].get_textpage().get_text_range()
    page.goto(f"/tuyen/{walk.id}")
    page.get_by_text("Phiếu giấy: in ra, nhập lại").click()
    page.get_by_role("link", name=re.compile("^Phiếu ")).click()
    page.wait_for_url("**/tuyen/phieu/*")
    return page.url


def _stored(live: Live, walk: Walk) -> list[tuple[str, int]]:
    """(outcome, results) of the visits that count, by the order of the sheet."""
    with Session(live.engine) as session:
        sheet = session.scalars(select(PaperSheet).where(PaperSheet.walk_id == walk.id)).one()
        rows = session.execute(
            select(VisitEvent.household_id, Visit.outcome, Visit.results, Visit.author)
            .join(Visit, Visit.event_id == VisitEvent.id)
            .where(VisitEvent.paper_sheet_id == sheet.id, Visit.effective)
        ).all()
        assert {row.author for row in rows} <= {live.people.minh.id}
        assert len({row.household_id for row in rows}) == len(rows)
        by_door = {row.household_id: (row.outcome, len(row.results)) for row in rows}
        return [by_door[door] for door in sheet.doors if door in by_door]


def _sent(page: Page, n: int) -> None:
    expect(page.locator("[data-count]")).to_have_text(str(n))


def test_a_sheet_is_typed_in_with_the_keyboard_only(
    live: Live, open_page: OpenPage, size: str, paper: tuple[Walk, list[str]]
) -> None:
    walk, _doors = paper
    page = open_page(size, live.people.lan)
    _print(page, walk)
    axe(page)
    keys = page.keyboard
    keys.type("vt")  # rows 1 and 2
    keys.type("gxt")  # row 3: both boxes of the one person
    keys.press("Enter")
    keys.type("ko")  # rows 4 and 5
    keys.press("ArrowDown")  # row 6 stays empty
    keys.type("d")  # row 7
    _sent(page, 6)
    keys.type("z")  # row 7 taken back
    _sent(page, 5)
    assert _stored(live, walk) == [
        ("not_home", 0),
        ("refused", 0),
        ("helped", 2),
        ("no_need", 0),
        ("no_access", 0),
    ]
    axe(page)
    page.reload()
    _sent(page, 5)
    expect(page.locator("#hang-3 .state")).to_contain_text("Đã giúp được")


def test_what_cannot_be_sent_stays_and_goes_later(
    live: Live, open_page: OpenPage, size: str, paper: tuple[Walk, list[str]]
) -> None:
    walk, _doors = paper
    page = open_page(size, live.people.lan)
    _print(page, walk)
    broken = True

    def line(route: Route) -> None:
        if broken:
            route.abort()
        else:
            route.continue_()

    page.route("**/hang", line)
    page.keyboard.type("vvt")
    expect(page.locator("#hang-3 .state")).to_have_text("chưa gửi được, sẽ thử lại")
    expect(page.get_by_text("Có dòng chưa gửi được. Không mất gì cả")).to_be_visible()
    axe(page)
    broken = False
    page.evaluate("dispatchEvent(new Event('online'))")
    _sent(page, 3)
    expect(page.get_by_text("Có dòng chưa gửi được")).to_be_hidden()
    assert [outcome for outcome, _ in _stored(live, walk)] == ["not_home", "not_home", "refused"]


def test_an_answer_that_is_lost_and_a_second_tab_double_nothing(
    live: Live, open_page: OpenPage, paper: tuple[Walk, list[str]]
) -> None:
    walk, _doors = paper
    page = open_page("desk", live.people.lan)
    address = _print(page, walk)
    other = open_page("desk", live.people.lan)
    other.goto(address)
    lost: list[str] = []

    def swallow(route: Route) -> None:
        if not lost:
            lost.append(route.request.url)
            route.fetch()  # the server has it, the browser never hears of it
            route.abort()
        else:
            route.continue_()

    page.route("**/hang", swallow)
    page.keyboard.type("v")
    expect(page.locator("#hang-1 .state")).to_have_text("chưa gửi được, sẽ thử lại")
    page.evaluate("dispatchEvent(new Event('online'))")
    _sent(page, 1)
    other.keyboard.type("v")  # the same row, the same word
    expect(other.locator("#hang-1 .state")).to_contain_text("Vắng nhà")
    other.locator("#hang-1 [data-key=t]").focus()
    other.keyboard.type("t")
    expect(other.locator("#hang-1 .state")).to_contain_text("Từ chối")
    page.locator("#hang-1 [data-key=k]").focus()
    page.keyboard.type("k")
    expect(page.get_by_role("alert").filter(has_text="vừa được sửa ở nơi khác")).to_be_visible()
    expect(page.locator("#hang-1 .state")).to_contain_text("Từ chối")
    assert _stored(live, walk) == [("refused", 0)]
    with Session(live.engine) as session:
        sheet = session.scalars(select(PaperSheet).where(PaperSheet.walk_id == walk.id)).one()
        events = select(func.count()).where(VisitEvent.paper_sheet_id == sheet.id)
        assert session.scalar(events) == 2


def test_without_script_every_row_is_a_plain_form(
    live: Live, browser: Browser, open_page: OpenPage, size: str, paper: tuple[Walk, list[str]]
) -> None:
    walk, _doors = paper
    address = _print(open_page(size, live.people.lan), walk)
    context = browser.new_context(base_url=live.url, java_script_enabled=False, **SIZES[size])
    context.add_cookies([{"name": "gocua_session", "value": live.token(live.people.lan), "url": live.url}])
    page = context.new_page()
    page.goto(address)
    page.locator("#hang-1").get_by_role("button", name="Vắng nhà").click()
    assert page.url.endswith("#hang-2")
    page.locator("#hang-2 summary").first.click()
    page.locator("#hang-2 .box").first.fill("k")
    page.locator("#hang-2").get_by_role("button", name="Giúp được").click()
    assert _stored(live, walk) == [("not_home", 0), ("helped", 1)]
    context.close()
