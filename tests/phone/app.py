"""What a volunteer does with the phone, as taps and words on the screen."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route, expect

OUTCOMES = {
    "helped": "Đã giúp được",
    "not_home": "Vắng nhà",
    "rescheduled": "Hẹn lại…",
    "refused": "Từ chối",
    "moved_away": "Chuyển đi",
    "no_need": "Không cần giúp",
    "no_access": "Không vào được",
}
# The machine that tests may be busy with much else; nothing here measures time.
expect.set_options(timeout=20_000)
# A person looks at the next door before tapping; the app takes a faster tap for a slip of the finger.
LOOK_MS = 700
SAVED = "Đã lưu trên máy này"


def pair(phone: BrowserContext, address: str) -> Page:
    """Open the leader's code with the phone's camera, and walk in once everything is loaded."""
    page = phone.new_page()
    page.goto(address)
    page.get_by_role("button", name="Ghép máy này").tap()
    page.wait_for_url("**/m/**")
    expect(page.get_by_text("Đã tải đủ")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Bắt đầu").tap()
    expect(page.get_by_role("heading", name="Tối nay")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return page


def visit(page: Page, address: str, outcome: str) -> None:
    """One visit from the list: search the door, choose the outcome, save, come back to the list."""
    open_door(page, address)
    page.get_by_role("link", name="Ghi kết quả").tap()
    page.locator("label").filter(has_text=OUTCOMES[outcome]).first.tap()
    expect(page.get_by_role("radio", name=OUTCOMES[outcome])).to_be_checked()
    if outcome == "rescheduled":
        page.get_by_role("button", name="19:30").first.tap()
    page.get_by_role("button", name="Lưu", exact=True).tap()
    # The app goes on to the next door by itself, and only once the visit is on the disk.
    expect(page).not_to_have_url(re.compile("/ghi$"))
    expect(page.get_by_text(SAVED).first).to_be_visible()
    home(page)


def away(page: Page, n: int) -> None:
    """ "Vắng nhà" at `n` doors one after the other: two taps for the first, one for each next."""
    open_first(page)
    for _ in range(n):
        here = page.url
        page.wait_for_timeout(LOOK_MS)
        page.get_by_role("button", name="Vắng nhà").tap()
        expect(page).not_to_have_url(here)
    home(page)


def open_first(page: Page) -> None:
    """The first door of the list."""
    page.get_by_label("Tìm số nhà, ngõ, tên").fill("")
    page.locator(".door a").first.tap()
    expect(page.get_by_role("link", name="Ghi kết quả")).to_be_visible()


def open_door(page: Page, address: str) -> None:
    page.get_by_label("Tìm số nhà, ngõ, tên").fill(address)
    expect(page.locator(".door")).to_have_count(1)
    page.locator(".door a").tap()
    expect(page.get_by_role("link", name="Ghi kết quả")).to_be_visible()


def home(page: Page) -> None:
    page.evaluate("location.hash = '#/'")
    expect(page.get_by_role("heading", name="Tối nay")).to_be_visible()


def counts(page: Page) -> tuple[int, int, int]:
    """Waiting, sent, attention: read from the outbox database itself, not from the screen."""
    found: list[int] = page.evaluate(
        """async () => {
          const names = (await indexedDB.databases()).map((each) => each.name);
          const name = names.find((each) => each.startsWith("gocua-outbox-"));
          const db = await new Promise((resolve, reject) => {
            const request = indexedDB.open(name);
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
          const count = (store) => new Promise((resolve) => {
            const request = db.transaction(store).objectStore(store).count();
            request.onsuccess = () => resolve(request.result);
          });
          const found = [await count("outbox"), await count("retained"), await count("dead")];
          db.close();
          return found;
        }"""
    )
    return found[0], found[1], found[2]


def send_now(page: Page) -> None:
    """The button on the page "Chờ gửi"."""
    page.evaluate("location.hash = '#/cho-gui'")
    page.get_by_role("button", name="Gửi ngay").tap()


def all_sent(page: Page, n: int) -> None:
    """Wait until `n` events are acknowledged and nothing waits."""
    for _ in range(600):
        if counts(page) == (0, n, 0):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"waiting, sent, attention: {counts(page)}, expected (0, {n}, 0)")


def shift_clock(phone: BrowserContext, minutes: int = 0) -> None:
    """Let the pages of this phone show a clock that `set_clock` moves; to be called before the first page."""
    phone.add_init_script(
        """(() => {
          const Real = Date;
          const shift = () => Number(localStorage.getItem("test-shift") ?? FIRST);
          globalThis.Date = class extends Real {
            constructor(...given) { if (given.length) super(...given); else super(Real.now() + shift()); }
            static now() { return Real.now() + shift(); }
          };
        })()""".replace("FIRST", str(minutes * 60_000))
    )


def set_clock(page: Page, minutes: int) -> None:
    """The phone's clock from now on: so many minutes ahead of the real one."""
    page.evaluate("(shift) => localStorage.setItem('test-shift', shift)", str(minutes * 60_000))


@contextmanager
def captive_portal(phone: BrowserContext) -> Iterator[list[str]]:
    """The café's network: everything is answered with its own page and status 200. Gives the paths it caught."""
    caught: list[str] = []

    def answer(route: Route) -> None:
        caught.append(route.request.url)
        route.fulfill(
            status=200, content_type="text/html", body="<html><h1>Xin chào! Bấm để vào mạng</h1></html>"
        )

    phone.route("**/api/**", answer)
    yield caught
    phone.unroute("**/api/**", answer)


def body_of(route: Route) -> dict[str, Any]:
    """The JSON of a request."""
    return dict(json.loads(route.request.post_data or "{}"))
