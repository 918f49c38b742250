"""Asking for help, places, surveys and slips in a real browser: axe-clean in both languages, dark, large, light."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from backend.database import work
from backend.models import Household
from tests import factories as make
from tests.browser.conftest import Live, OpenPage, axe
from tests.browser.help_pages import make_pages
from tests.people import acting
from tests.sync.kit import on_device


@pytest.fixture(scope="module")
def pages(live: Live) -> dict[str, str]:
    with work.unit_of_work(live.engine) as session:
        doors: list[Household] = [
            make.create_household(session, live.people.neighbourhood, address=f"Số {n} ngõ 90")
            for n in range(5)
        ]
        phone = on_device(session, live.people.minh, live.people.minh_device)
        lan = acting(session, live.people.lan)
        return make_pages(session, lan, phone, live.people.neighbourhood.id, [door.id for door in doors])


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing(open_page: OpenPage, size: str, lang: str, pages: dict[str, str]) -> None:
    page = open_page(size, lang=lang)
    for path in pages.values():
        page.goto(path)
        axe(page)


def test_axe_finds_nothing_in_the_dark(open_page: OpenPage, pages: dict[str, str]) -> None:
    page = open_page("phone")
    page.emulate_media(color_scheme="dark")
    for path in pages.values():
        page.goto(path)
        axe(page)


@pytest.fixture
def plain(browser: Browser, live: Live) -> Iterator[Page]:
    context = browser.new_context(base_url=live.url, viewport={"width": 360, "height": 740})
    yield context.new_page()
    context.close()


def test_twice_the_text_size_still_fits_and_targets_are_large(plain: Page, pages: dict[str, str]) -> None:
    for name, path in pages.items():
        plain.goto(path)
        small = plain.evaluate(
            """[...document.querySelectorAll('a.go, button, input:not([type=hidden]), select, .pick, .list a')]
               .filter(one => one.offsetParent && one.getBoundingClientRect().height < 47.5)
               .map(one => one.outerHTML.slice(0, 80))"""
        )
        assert not small, (name, small)
        plain.evaluate("document.documentElement.style.setProperty('font-size', '250%')")
        wide = plain.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, name


def test_the_desk_pages_are_clean(open_page: OpenPage, size: str, live: Live, pages: dict[str, str]) -> None:
    page = open_page(size, live.people.lan)
    for path in (
        "/yeu-cau",
        "/yeu-cau?xong=1",
        "/diem",
        "/diem/them?loai=support_point",
        "/diem/them?loai=survey",
        "/soat-ma",
    ):
        page.goto(path)
        axe(page)
    page.goto("/yeu-cau")
    page.locator(".cover").first.click()
    axe(page)
    page.goto("/diem")
    page.get_by_role("link", name="Nhà văn hoá tổ 7").first.click()
    axe(page)
