"""The rotating badge on a real phone: made offline, read by a camera's decoder, right by the server's clock, wiped."""

import io
import re
from datetime import datetime, timedelta

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from backend.core.clock import now
from backend.database import work
from backend.models import Device
from backend.services import enrol, live_badges
from backend.services.live_badges import Verdict
from tests.people import acting
from tests.phone.app import pair, set_clock, shift_clock
from tests.phone.conftest import Ground, NewPhone


def scan(page: Page) -> str:
    """The address in the symbol on the screen, as a camera would read it."""
    page.evaluate("location.hash = '#/the'")
    expect(page.get_by_text("Mã tự đổi sau")).to_be_visible()
    page.locator(".badge svg.qr").scroll_into_view_if_needed()
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    assert len(found) == 1, "the symbol on the screen cannot be read"
    return str(found[0].text)


def verdict(ground: Ground, url: str, at: datetime | None = None) -> Verdict:
    with work.unit_of_work(ground.server.engine) as session:
        return live_badges.verify(session, url.rpartition("/")[2], at=at).verdict


def next_code(page: Page, old: str) -> str:
    """Wait until the screen shows another code than `old`."""
    page.wait_for_function(
        "(path) => document.querySelector('.badge svg.qr path').getAttribute('d') !== path", arg=old
    )
    return scan(page)


def drawn(page: Page) -> str:
    return page.locator(".badge svg.qr path").get_attribute("d") or ""


def test_made_offline_and_refused_a_minute_later(ground: Ground, new_phone: NewPhone) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    page.reload()
    url, seen = scan(page), now()
    assert re.fullmatch(rf"HTTP://LOCALHOST:{ground.server.port}/V/[0-9A-Z]{{26}}", url)
    assert verdict(ground, url, seen) is Verdict.FRESH
    assert verdict(ground, url, seen + timedelta(seconds=60)) is Verdict.OLD
    before = drawn(page)
    other = next_code(page, before)
    assert other != url
    assert other[:-16] == url[:-16]  # the same key
    assert verdict(ground, other) is Verdict.FRESH
    resident = new_phone().new_page()
    assert resident.goto(other.lower()) is not None
    expect(resident.get_by_text("Minh", exact=True)).to_be_visible()
    resident.get_by_role("button", name="Không đúng người này").tap()
    expect(resident.get_by_role("heading", name="Phường đã nhận")).to_be_visible()
    expect(resident.get_by_text("Phường Ba Đình", exact=False).first).to_be_visible()


@pytest.mark.parametrize("minutes", [2, -2, 2880], ids=["two ahead", "two behind", "two days ahead"])
def test_a_wrong_clock_makes_the_right_code(ground: Ground, new_phone: NewPhone, minutes: int) -> None:
    phone = new_phone()
    shift_clock(phone, minutes)
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    page.reload()
    url, seen = scan(page), now()
    assert verdict(ground, url, seen) is Verdict.FRESH
    assert verdict(ground, url, seen + timedelta(seconds=60)) is Verdict.OLD


def test_setting_the_clock_while_the_badge_is_shown_changes_nothing(
    ground: Ground, new_phone: NewPhone
) -> None:
    phone = new_phone()
    shift_clock(phone)
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    scan(page)
    before = drawn(page)
    set_clock(page, 2)
    assert verdict(ground, next_code(page, before)) is Verdict.FRESH


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_camera_reads_it_in_every_light_and_size(ground: Ground, new_phone: NewPhone, theme: str) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    assert verdict(ground, scan(page)) is Verdict.FRESH
    _size(page, "most")
    assert verdict(ground, scan(page)) is Verdict.FRESH


def test_the_secret_goes_with_the_right(ground: Ground, new_phone: NewPhone) -> None:
    """A phone that was shut out shows no code, and holds none of what makes it; nor does the store hold it in clear."""
    phone = new_phone()
    page = pair(phone, ground.invitation())
    url = scan(page)
    secret = page.evaluate(
        "fetch('/api/v1/badge').then((reply) => reply.json()).then((badge) => badge.live_handle)"
    )
    assert secret == url.rpartition("/")[2][:10]
    assert _packs(page) == [True]
    with work.unit_of_work(ground.server.engine) as session:
        device = session.query(Device).filter_by(account_id=ground.minh.id).one()
        enrol.revoke_device(session, acting(session, ground.lan), device.id)
    assert verdict(ground, url) is Verdict.OVER
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", name="Máy này đã được ngừng")).to_be_visible()
    assert _packs(page) == []


def test_another_key_when_the_server_forgot_this_one(ground: Ground, new_phone: NewPhone) -> None:
    """After a restore the server may not know the phone's key: the next contact brings a new one."""
    phone = new_phone()
    page = pair(phone, ground.invitation())
    url = scan(page)
    with work.unit_of_work(ground.server.engine) as session:
        device = session.query(Device).filter_by(account_id=ground.minh.id).one()
        session.execute(
            live_badges.BadgeKey.__table__.delete().where(live_badges.BadgeKey.device_id == device.id)
        )
    assert verdict(ground, url) is Verdict.FORGED
    before = drawn(page)
    page.evaluate("dispatchEvent(new Event('online'))")
    assert verdict(ground, next_code(page, before)) is Verdict.FRESH


def _size(page: Page, size: str) -> None:
    page.evaluate(
        "(size) => { const look = JSON.parse(localStorage['gocua.look'] ?? '{}');"
        " localStorage['gocua.look'] = JSON.stringify({ ...look, size, welcomed: true }) }",
        size,
    )
    page.reload()


def _packs(page: Page) -> list[bool]:
    """The pack with the secret in the cache: whether it is encrypted, [] when there is none."""
    found: list[bool] = page.evaluate(
        """async () => {
          const names = (await indexedDB.databases()).map((each) => each.name);
          const name = names.find((each) => each.startsWith("gocua-cache-"));
          const db = await new Promise((resolve) => {
            const request = indexedDB.open(name);
            request.onsuccess = () => resolve(request.result);
          });
          const rows = await new Promise((resolve) => {
            const request = db.transaction("rows").objectStore("rows").getAll();
            request.onsuccess = () => resolve(request.result);
          });
          db.close();
          return rows.filter((row) => row.id === "badge_secret").map((row) => row.enc.data instanceof Uint8Array);
        }"""
    )
    return found
