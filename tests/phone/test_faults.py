"""A bad line, a dead server, other tabs, a full disk: told to the person, nothing lost, nothing twice."""

import pytest
from playwright.sync_api import Route, expect

from tests.phone.app import LOOK_MS, all_sent, away, captive_portal, counts, open_first, pair, send_now
from tests.phone.conftest import Ground, NewPhone


def test_a_captive_portal_is_no_server(ground: Ground, new_phone: NewPhone) -> None:
    """HTML with status 200 acknowledges nothing, and the app says that nothing is lost."""
    phone = new_phone()
    page = pair(phone, ground.invitation())
    with captive_portal(phone) as caught:
        away(page, 3)
        send_now(page)
        expect(page.get_by_text("Không mất gì cả").first).to_be_visible()
        assert any(url.endswith(("/me", "/push")) for url in caught)
        assert counts(page) == (3, 0, 0)
    send_now(page)
    all_sent(page, 3)
    assert len(ground.stored()) == 3


@pytest.mark.parametrize("stored", [True, False], ids=["reply lost", "killed before it stored"])
def test_the_server_dies_while_we_send(ground: Ground, new_phone: NewPhone, stored: bool) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 8)
    phone.set_offline(False)
    pushes: list[str] = []

    def die(route: Route) -> None:
        pushes.append(route.request.url)
        if len(pushes) == 1 and stored:
            route.fetch()
        if ground.server.process:
            ground.server.kill()
        route.abort()

    phone.route("**/sync/push", die)
    send_now(page)
    expect(page.get_by_role("button", name="Gửi ngay")).to_be_enabled()
    assert pushes
    assert counts(page) == (8, 0, 0)
    phone.unroute("**/sync/push", die)
    ground.server.start()
    assert len(ground.stored()) == (8 if stored else 0)
    send_now(page)
    all_sent(page, 8)
    assert len(ground.stored()) == 8


@pytest.mark.parametrize("locks", [True, False], ids=["web locks", "no web locks"])
def test_two_tabs_send_once(ground: Ground, new_phone: NewPhone, locks: bool) -> None:
    phone = new_phone()
    if not locks:
        phone.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })")
    first = pair(phone, ground.invitation())
    second = phone.new_page()
    second.goto("/m/")
    expect(second.get_by_role("heading", name="Tối nay")).to_be_visible()
    phone.set_offline(True)
    away(first, 6)
    expect(second.get_by_role("link", name="6 chờ gửi")).to_be_visible()
    away(second, 4)
    expect(first.get_by_role("link", name="10 chờ gửi")).to_be_visible()
    phone.set_offline(False)
    for page in (first, second):
        page.evaluate("location.hash = '#/cho-gui'")
    for page in (first, second):
        page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(first, 10)
    for page in (first, second):
        expect(page.get_by_text("Tất cả đã gửi")).to_be_visible()
    assert len(ground.stored()) == 10


# Photographs fill a real disk; here a store of random bytes fills the browser's real quota, to the last few hundred.
_FILL = """async () => {
  const db = await new Promise((resolve, reject) => {
    const request = indexedDB.open("photographs");
    request.onupgradeneeded = () => request.result.createObjectStore("all", { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const put = (bytes) => new Promise((resolve) => {
    const taken = db.transaction("all", "readwrite", { durability: "strict" });
    for (let at = 0; at < bytes; at += 65536) {
      taken.objectStore("all").add(crypto.getRandomValues(new Uint8Array(Math.min(65536, bytes - at))));
    }
    taken.oncomplete = () => resolve("");
    taken.onabort = () => resolve(taken.error?.name ?? "aborted");
  });
  const said = new Set();
  for (const bytes of [1048576, 65536, 4096, 256]) {
    for (let error = ""; error === ""; said.add(error)) error = await put(bytes);
  }
  db.close();
  return [...said].filter(Boolean);
}"""
_EMPTY = """() => new Promise((resolve) => {
  const request = indexedDB.deleteDatabase("photographs");
  request.onsuccess = () => resolve(true);
})"""


def test_a_full_disk_is_told(ground: Ground, new_phone: NewPhone) -> None:
    """Chromium's real quota: never "saved" for what is not, a red banner, another try once there is room."""
    phone = new_phone()
    disk = phone.new_cdp_session(phone.new_page())
    disk.send("Storage.overrideQuotaForOrigin", {"origin": ground.server.url, "quotaSize": 8 * 1024 * 1024})
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 2)
    open_first(page)
    assert page.evaluate(_FILL) == ["QuotaExceededError"]
    page.wait_for_timeout(LOOK_MS)
    page.get_by_role("button", name="Vắng nhà").tap()
    expect(page.get_by_text("CHƯA LƯU ĐƯỢC 1 mục")).to_be_visible()
    expect(page.get_by_text("Bộ nhớ máy đã đầy")).to_be_visible()
    assert counts(page) == (2, 0, 0)
    page.get_by_role("button", name="Thử lại").tap()
    expect(page.get_by_text("CHƯA LƯU ĐƯỢC 1 mục")).to_be_visible()
    assert counts(page) == (2, 0, 0)
    assert page.evaluate(_EMPTY)
    page.get_by_role("button", name="Thử lại").tap()
    expect(page.get_by_text("CHƯA LƯU ĐƯỢC 1 mục")).to_have_count(0)
    assert counts(page) == (3, 0, 0)
    phone.set_offline(False)
    send_now(page)
    all_sent(page, 3)
