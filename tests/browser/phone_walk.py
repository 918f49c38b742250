"""`python -m tests.browser.phone_walk`: a new volunteer's first evening, screen by screen, in docs/screenshots/phone.

A demo ward of its own; the phone pairs, loads, loses its network at the first door and finds it again at the end.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright
from sqlalchemy import select

from backend.core import crypto
from backend.core.crypto import Keyring
from backend.database import work
from backend.database.embedded import EmbeddedPostgres
from backend.models import Account, Device
from backend.services import enrol
from backend.services.actor import load_actor
from tests.browser.conftest import SIZES, serve
from tests.browser.desk_pages import World, world
from tests.browser.install import FLAGS, chromium_path
from tests.browser.screenshots import OUT, few_colours

Take = Callable[[str], None]


def main() -> None:
    """Make the ward, serve it, walk."""
    crypto.configure(Keyring.from_secret(bytes(range(32))))
    with tempfile.TemporaryDirectory(prefix="gocua-walk-") as folder:
        server = EmbeddedPostgres(Path(folder))
        ward = world(server.url)
        with serve(server.url, Path(folder)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            phone = browser.new_context(
                base_url=address, locale="vi-VN", device_scale_factor=1.5, **SIZES["phone"]
            )
            _walk(phone, f"{address}/E/{_invitation(ward)}", lambda: _stop(ward))
            browser.close()
        ward.engine.dispose()
        server.stop()


def _walk(phone: BrowserContext, code: str, stop: Callable[[], None]) -> None:
    page = phone.new_page()
    page.goto(code)
    numbers = iter(range(1, 100))

    def take(name: str) -> None:
        page.wait_for_timeout(300)
        path = OUT / "phone" / f"{next(numbers):02d}-{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(few_colours(page.screenshot()))
        print(path.name, path.stat().st_size // 1024, "KB")

    take("ghep-may")
    page.get_by_role("button", name="Ghép máy này").click()
    page.get_by_text("Đã tải đủ").wait_for(timeout=60_000)
    take("chao")
    page.get_by_role("button", name="Bắt đầu").click()
    _list(page, take)
    phone.set_offline(True)
    _door(page, take)
    _visit(page, take)
    _others(page, take)
    phone.set_offline(False)
    _go(page, "/cho-gui")
    page.get_by_role("button", name="Gửi ngay").click()
    page.get_by_text("Tất cả đã gửi").wait_for(timeout=60_000)
    page.evaluate("scrollTo(0, 0)")
    take("da-gui-het")
    _rooms(page, take)
    _leave(page, take, stop)


def _list(page: Page, take: Take) -> None:
    page.locator(".door").first.wait_for()
    take("toi-nay")
    page.get_by_role("searchbox").fill("so 5 ng")
    take("tim-khong-dau")
    page.get_by_role("searchbox").fill("")


def _door(page: Page, take: Take) -> None:
    page.locator(".door:not(.done) a").filter(has_not_text="Chưa rõ").first.click()
    take("mot-ho")
    page.locator(".script").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('.script').scrollIntoView({block: 'center'})")
    take("khi-cua-mo")
    page.evaluate("document.querySelector('.never').scrollIntoView({block: 'center'})")
    take("khong-bao-gio")


def _visit(page: Page, take: Take) -> None:
    page.get_by_role("link", name="Ghi kết quả").click()
    take("ket-qua")
    _pick(page, "Đã giúp được")
    take("tung-nguoi-tung-viec")
    page.locator(".service > button").first.click()
    _pick(page, "Đang kẹt")
    page.locator(".service").first.locator("label.choice").nth(1).click()
    take("ket-vi-sao")
    page.get_by_role("button", name="Xong việc này").click()
    page.locator(".service > button").nth(1).click()
    _pick(page, "Xong, có giúp")
    page.get_by_text("Ông/bà đồng ý gì?").click()
    page.get_by_text("Không trả lời thì để trống").scroll_into_view_if_needed()
    take("dong-y")
    note = page.get_by_label("Ghi chú ngắn")
    note.fill("số " + "0" * 12)
    note.scroll_into_view_if_needed()
    take("ghi-chu-co-so-dai")
    note.fill("Bấm chuông, đợi một lúc")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.get_by_role("button", name="Hoàn tác").wait_for()
    take("da-luu-khong-can-mang")


def _others(page: Page, take: Take) -> None:
    page.get_by_role("link", name="Ghi kết quả").click()
    _pick(page, "Hẹn lại…")
    page.get_by_role("button", name="19:30").first.click()
    take("hen-lai")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.get_by_role("link", name="Ghi kết quả").wait_for()
    _go(page, "/")
    page.get_by_role("button", name="Chọn nhiều").click()
    for box in page.locator(".door input").all()[3:6]:
        box.check()
    take("vang-nha-nhieu-ho")
    page.get_by_role("button", name="Vắng nhà: 3 hộ").click()
    page.get_by_role("button", name="Chọn nhiều").wait_for()
    _go(page, "/ho-moi")
    page.get_by_label("Địa chỉ").fill("Số 5B ngõ 34")
    page.get_by_role("button", name="Thêm người").click()
    page.get_by_label("Năm sinh").fill("1958")
    take("ho-moi")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.get_by_role("link", name="Ghi kết quả").wait_for()
    _go(page, "/cho-gui")
    page.get_by_text("Đang chờ gửi").wait_for()
    take("cho-gui")


def _rooms(page: Page, take: Take) -> None:
    for path, name in (
        ("/the", "the"),
        ("/huong-dan", "huong-dan"),
        ("/huong-dan/vneid-muc-2", "bai-huong-dan"),
    ):
        _go(page, path)
        take(name)
    page.get_by_role("button", name="Đưa mã").click()
    take("dua-ma")
    _go(page, "/quet")
    take("quet-ma")
    _go(page, "/toi")
    take("toi")
    page.locator("label.choice", has_text="Rất to").click()
    page.locator("label.choice", has_text="Tối").last.click()
    _go(page, "/")
    take("chu-rat-to-nen-toi")
    _go(page, "/toi")
    page.locator("label.choice", has_text="Vừa").click()
    page.locator("label.choice", has_text="Theo máy").click()
    _go(page, "/toi/ma-khoa")
    page.get_by_label("Mã mới", exact=True).fill("2468")
    page.get_by_label("Gõ lại mã mới").fill("2468")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.get_by_role("button", name="Khoá máy ngay").click()
    take("dang-khoa")


def _leave(page: Page, take: Take, stop: Callable[[], None]) -> None:
    page.get_by_label("Mã khoá").fill("2468")
    page.get_by_role("button", name="Mở", exact=True).click()
    page.get_by_label("Mã khoá").wait_for(state="detached")
    _go(page, "/cho-gui")
    page.locator("a[href^='#/phieu/']").first.click()
    page.locator(".slip").wait_for()
    take("phieu")
    _go(page, "/cho-gui")
    stop()
    page.get_by_role("button", name="Gửi ngay").click()
    page.get_by_text("Máy này không còn giữ gì").wait_for(timeout=60_000)
    take("da-ngung")


def _go(page: Page, path: str) -> None:
    page.evaluate("path => { location.hash = path }", path)
    page.wait_for_timeout(400)


def _pick(page: Page, label: str) -> None:
    page.locator("label.choice", has_text=label).first.click()


def _invitation(ward: World) -> str:
    with work.unit_of_work(ward.engine) as session:
        leader = session.scalars(select(Account).where(Account.login == "totruong.mau")).one()
        actor = load_actor(session, leader.id)
        assert actor is not None
        return enrol.invite(session, actor, ward.names["volunteer"])  # type: ignore[arg-type]


def _stop(ward: World) -> None:
    """The leader stops every phone of the volunteer."""
    with work.unit_of_work(ward.engine) as session:
        leader = session.scalars(select(Account).where(Account.login == "totruong.mau")).one()
        actor = load_actor(session, leader.id)
        assert actor is not None
        mine = select(Device.id).where(
            Device.account_id == ward.names["volunteer"], Device.revoked_at.is_(None)
        )
        for device in session.scalars(mine).all():
            enrol.revoke_device(session, actor, device)


if __name__ == "__main__":
    main()
