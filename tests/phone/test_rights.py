"""Whose doors, for how long, and by whose clock: reassigned, revoked, lease over, PIN forgotten, clock wrong."""

import re

import pytest
from playwright.sync_api import expect

from backend.database import work
from backend.models import Device
from backend.services import enrol, held, walks_live
from tests import factories as make
from tests.browser.conftest import axe
from tests.people import acting
from tests.phone.app import all_sent, away, counts, home, open_door, pair, send_now, set_clock, shift_clock
from tests.phone.conftest import FIRST, Ground, NewPhone


def test_reassigned_while_offline(ground: Ground, new_phone: NewPhone) -> None:
    """The visit counts for who made it, the door goes, and the person is told."""
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 2)
    with work.unit_of_work(ground.server.engine) as session:
        hue = make.create_account(session, ground.ward.id, "Lý Thị Huệ", team=ground.team)
        keep = make.create_household(session, ground.neighbourhood, address="Số 5 ngõ 36")
        other = make.create_walk(session, ground.team, [hue], [keep])
        session.flush()
        taken = [ground.households[0].id, ground.households[5].id]
        walks_live.hand_over(session, acting(session, ground.lan), ground.walk.id, other.id, taken)
    phone.set_offline(False)
    send_now(page)
    all_sent(page, 2)
    expect(page.get_by_text("Hộ này đã chuyển cho người khác")).to_be_visible()
    home(page)
    expect(page.get_by_text("2/20").or_(page.get_by_text("1/20"))).to_be_visible()
    stored = {row["address"]: row for row in ground.stored()}
    assert {row["author"] for row in stored.values()} == {ground.minh.id}
    assert stored[f"Số {FIRST} ngõ 34"]["flags"][:1] == ["out_of_scope"]


def test_revoked_with_something_waiting(ground: Ground, new_phone: NewPhone) -> None:
    """The list goes, the visits are handed over for the leader's word, and the screen says so, also offline."""
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 3)
    with work.unit_of_work(ground.server.engine) as session:
        device = session.query(Device).filter_by(account_id=ground.minh.id).one()
        enrol.revoke_device(session, acting(session, ground.lan), device.id)
    phone.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", name="Máy này đã được ngừng")).to_be_visible()
    expect(page.get_by_text("Đã giao máy chủ 3 mục chưa gửi")).to_be_visible()
    expect(page.get_by_text(f"hỏi tổ trưởng của {ground.team.name}")).to_be_visible()
    expect(page.get_by_role("link", name="Gọi tổ")).to_have_attribute("href", "tel:02438250000")
    axe(page)
    assert counts(page) == (0, 0, 0)
    assert _rows(page) == 0
    page.evaluate("localStorage['gocua.look'] = JSON.stringify({welcomed: true, language: 'en'})")
    phone.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="This phone has been stopped")).to_be_visible()
    expect(page.get_by_text("3 unsent items were handed to the server")).to_be_visible()
    axe(page)
    phone.set_offline(False)
    page.evaluate("localStorage['gocua.look'] = JSON.stringify({welcomed: true, language: 'vi'})")

    page.goto(ground.invitation())
    page.get_by_role("button", name=re.compile("Ghép máy này|Pair this phone")).tap()
    page.wait_for_url("**/m/**")
    expect(page.get_by_role("heading", name=re.compile("Tối nay|Tonight"))).to_be_visible()
    with work.unit_of_work(ground.server.engine) as session:
        assert held.accept(session, acting(session, ground.lan), ground.minh.id, "revoked") == 3
    assert {row["author"] for row in ground.stored()} == {ground.minh.id}
    assert len(ground.stored()) == 3


def test_the_lease_ends(ground: Ground, new_phone: NewPhone) -> None:
    """Eight days without the server: the list is unreadable, what was written stays; contact brings it back."""
    phone = new_phone()
    shift_clock(phone)
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 3)
    set_clock(page, 8 * 24 * 60)
    page.reload()
    expect(page.get_by_role("heading", name="Đã lâu máy chưa gặp mạng")).to_be_visible()
    expect(page.get_by_text("ngõ 34")).to_have_count(0)
    assert _rows(page) == 0
    set_clock(page, 0)
    page.reload()
    expect(page.get_by_role("heading", name="Đã lâu máy chưa gặp mạng")).to_be_visible()
    assert counts(page) == (3, 0, 0)
    phone.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", name="Tối nay")).to_be_visible()
    all_sent(page, 3)


def test_a_forgotten_pin_costs_no_visit(ground: Ground, new_phone: NewPhone) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 3)
    page.evaluate("location.hash = '#/toi/ma-khoa'")
    page.get_by_label("Mã mới", exact=True).fill("2580")
    page.get_by_label("Gõ lại mã mới").fill("2580")
    page.get_by_role("button", name="Lưu", exact=True).tap()
    expect(page.get_by_label("Mã mới", exact=True)).to_have_count(0)
    page.reload()
    page.get_by_label("Mã khoá").fill("2580")
    page.get_by_role("button", name="Mở", exact=True).tap()
    expect(page.get_by_label("Mã khoá")).to_have_count(0)
    page.reload()
    for left in range(9, -1, -1):
        page.get_by_label("Mã khoá").fill("1111")
        page.get_by_role("button", name="Mở", exact=True).tap()
        if left:
            expect(page.get_by_text(f"Còn {left} lần thử")).to_be_visible()
    expect(page.get_by_text("Máy này chưa được ghép")).to_be_visible()
    assert _rows(page) == 0
    phone.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(page, 3)
    assert len(ground.stored()) == 3


@pytest.mark.parametrize(
    "minutes", [2 * 24 * 60, -2 * 24 * 60, 30], ids=["two days on", "two days back", "30 min"]
)
def test_a_wrong_clock_refuses_nothing(ground: Ground, new_phone: NewPhone, minutes: int) -> None:
    phone = new_phone()
    shift_clock(phone)
    page = pair(phone, ground.invitation())
    set_clock(page, minutes)
    phone.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="Tối nay")).to_be_visible()
    away(page, 2)
    phone.set_offline(False)
    send_now(page)
    all_sent(page, 2)
    home(page)
    expect(page.get_by_text("Đồng hồ máy lệch")).to_be_visible()
    assert len(ground.stored()) == 2
    open_door(page, f"Số {FIRST + 4} ngõ 34")


def _rows(page: object) -> int:
    """Households that lie in the cache, readable or not."""
    found: int = page.evaluate(  # type: ignore[attr-defined]
        """async () => {
          const names = (await indexedDB.databases()).map((each) => each.name);
          const name = names.find((each) => each.startsWith("gocua-cache-"));
          const db = await new Promise((resolve) => {
            const request = indexedDB.open(name);
            request.onsuccess = () => resolve(request.result);
          });
          const keys = await new Promise((resolve) => {
            const request = db.transaction("rows").objectStore("rows").getAllKeys();
            request.onsuccess = () => resolve(request.result);
          });
          db.close();
          return keys.filter((key) => key[2] === "household").length;
        }"""
    )
    return found
