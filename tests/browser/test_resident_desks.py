"""The leader's desks behind the residents' pages in a real browser, with something in each of their lists."""

from tests.browser.conftest import Live, OpenPage, axe
from tests.browser.resident_pages import Pages


def test_the_desk_pages_are_clean(open_page: OpenPage, size: str, live: Live, pages: Pages) -> None:
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
