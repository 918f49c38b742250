"""`python -m tests.browser.first_hour`: a new leader's first hour in a real browser, counted, with numbered pictures.

From `gocua open-ward` on a fresh server to twelve phones that hold their doors: the ward officer makes the place and the
team, the leader brings in the demo's Excel list, adds her people, prints their slips and cuts the walks. Only what a person
does with hand and eye is counted; `test_first_hour.py` does the same walk.
"""

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
import zxingcpp
from playwright.sync_api import Browser, Download, Locator, Page, expect, sync_playwright

from backend.core.settings import PROJECT
from backend.services.demo_list import household_list
from tests.browser.conftest import SIZES
from tests.browser.install import FLAGS, chromium_path
from tests.browser.screenshots import few_colours
from tests.cli.server import Running, gocua, launch
from tests.evening.phone import Phone

OUT = PROJECT / "docs" / "screenshots" / "leader"
VOLUNTEERS = (
    "Mẫu Thị An",
    "Mẫu Văn Bình",
    "Mẫu Thị Chi",
    "Mẫu Văn Dũng",
    "Mẫu Thu Giang",
    "Mẫu Thị Hoa",
    "Mẫu Văn Khánh",
    "Mẫu Thị Lan",
    "Mẫu Đức Nam",
    "Mẫu Thị Oanh",
    "Mẫu Văn Phúc",
    "Mẫu Thị Yến",
)
# What a careful person of sixty takes, in seconds: to find and press something; a letter; a pasted list; to look at a
# new page before going on; to find a file in a folder. Double what practised people take.
CLICK, KEY, PASTE, LOOK, FILE = 6.0, 0.7, 30.0, 8.0, 25.0
Seen = Callable[[Page, str], None]


@dataclass
class Hand:
    """Who sits at the desk; counts what they do."""

    page: Page
    seen: Seen
    clicks: int = 0
    keys: int = 0
    pastes: int = 0
    looks: int = 0
    files: int = 0
    steps: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Type an address, as only the first page needs it."""
        self.page.goto(path)
        self.looks += 1

    def click(self, what: Locator, says: str) -> None:
        """Find something and press it."""
        what.click()
        self.clicks += 1
        self.steps.append(says)

    def open(self, what: Locator, says: str) -> None:
        """Press something that leads to another page, and look at that page."""
        self.click(what, says)
        self.page.wait_for_load_state()
        self.looks += 1

    def type(self, label: str, words: str, *, exact: bool = False) -> None:
        """Fill a field letter by letter."""
        self.page.get_by_label(label, exact=exact).fill(words)
        self.clicks += 1
        self.keys += len(words)

    def look(self, name: str) -> None:
        """Keep a picture of what is on the screen."""
        self.seen(self.page, name)

    @property
    def seconds(self) -> float:
        """An estimate of the time this takes."""
        return (
            self.clicks * CLICK
            + self.keys * KEY
            + self.pastes * PASTE
            + self.looks * LOOK
            + self.files * FILE
        )

    def told(self, who: str) -> str:
        """One line for people."""
        minutes, seconds = divmod(round(self.seconds), 60)
        return (
            f"{who}: {self.clicks} clicks, {self.keys} keys, {self.pastes} pastes, {self.files} files, "
            f"{self.looks} pages looked at, about {minutes} min {seconds:02d} s"
        )


def first_hour(
    browser: Browser, server: Running, size: str, seen: Seen, households: int = 1300
) -> list[Hand]:
    """The whole first hour; gives the officer's and the leader's hands. Fails when a phone has no doors."""
    opened = gocua(server.folder, "open-ward", "Phường Ba Đình", "--officer", "Phạm Mẫu Việt", "--json")
    assert opened.returncode == 0, opened.stderr
    given = json.loads(opened.stdout)
    officer = _desk(browser, server, size, seen)
    login, password = _officer(officer, given["login"], given["password"])
    leader = _desk(browser, server, size, seen)
    _sign_in(leader, login, password, "mot cau de nho cua to truong", first="05")
    _list(leader, households)
    slips = _people(leader)
    phones = [
        Phone(code, server=server.port, line=server.port, seed=n) for n, code in enumerate(_codes(slips))
    ]
    assert len(phones) == len(VOLUNTEERS) + 1  # the leader has a slip, too
    _walks(leader)
    held = []
    for phone in phones:
        phone.pull()
        held.append(len(phone.to_do()))
    # A leader's own phone sees all doors of the team, the twelve others see their own.
    own = sorted(held)[:-1]
    assert len(own) == 12
    assert min(own) > 0
    assert sum(own) == max(held)
    assert max(own) <= 1.25 * sum(own) / 12
    return [officer, leader]


def _desk(browser: Browser, server: Running, size: str, seen: Seen) -> Hand:
    context = browser.new_context(base_url=server.url, locale="vi-VN", **SIZES[size])
    page = context.new_page()
    page.set_default_timeout(30_000)
    return Hand(page, seen)


def _sign_in(hand: Hand, login: str, password: str, own: str, *, first: str = "") -> None:
    hand.go("/vao")
    if first:
        hand.look(f"{first}-dang-nhap")
    hand.type("Tên đăng nhập", login)
    hand.type("Mật khẩu", password, exact=True)
    hand.open(hand.page.get_by_role("button", name="Đăng nhập"), "Đăng nhập")
    if first:
        hand.look(f"{int(first) + 1:02d}-doi-mat-khau")
    hand.type("Mật khẩu đang dùng", password)
    hand.type("Mật khẩu mới", own, exact=True)
    hand.type("Nhập lại mật khẩu mới", own)
    hand.open(hand.page.get_by_role("button", name="Đổi mật khẩu"), "Đổi mật khẩu")
    hand.page.wait_for_url("**/bang")


def _officer(hand: Hand, login: str, password: str) -> tuple[str, str]:
    """The ward's part: the place, the team, the leader's slip with her first password."""
    page = hand.page
    _sign_in(hand, login, password, "mot cau de nho cua can bo")
    hand.look("01-phuong-moi")
    hand.click(page.locator("details.place summary"), "Đang xem")
    hand.open(page.get_by_role("link", name="Thêm, chia, gộp địa bàn"), "Thêm địa bàn")
    hand.type("Tên đầy đủ", "Tổ dân phố 7")
    hand.look("02-them-to-dan-pho")
    hand.open(page.get_by_role("button", name="Thêm", exact=True), "Thêm tổ dân phố")
    hand.open(page.get_by_role("navigation").get_by_role("link", name="Người"), "Phòng Người")
    hand.open(page.get_by_role("link", name="Thêm tổ").first, "Thêm tổ")
    hand.type("Tên tổ", "Tổ công nghệ số cộng đồng tổ dân phố 7", exact=True)
    hand.click(page.get_by_label("Tổ dân phố 7", exact=True), "Chọn địa bàn")
    hand.type("Họ tên tổ trưởng", "Mẫu Thị Lan Anh")
    hand.look("03-them-to")
    hand.open(page.get_by_role("button", name="Tạo tổ và tổ trưởng"), "Tạo tổ và tổ trưởng")
    hand.look("04-mat-khau-to-truong")
    login, password = page.locator(".code.big").all_inner_texts()
    return login, password


def _list(hand: Hand, households: int) -> None:
    """The Excel list comes in."""
    page = hand.page
    hand.open(page.get_by_role("navigation").get_by_role("link", name="Nhập"), "Phòng Nhập danh sách")
    hand.look("07-nhap-danh-sach")
    page.get_by_label("Tệp danh sách").set_input_files(
        {"name": "Danh sách tổ 7.xlsx", "mimeType": "", "buffer": household_list(households)}
    )
    hand.files += 1
    hand.open(page.get_by_role("button", name="Tải lên và xem"), "Tải lên và xem")
    hand.look("08-cac-cot")
    hand.open(page.get_by_role("button", name="Xem trước"), "Xem trước")
    hand.look("09-xem-truoc")
    hand.open(page.locator("form[action$='/ghi'] button.primary"), "Nhập các hộ")
    page.get_by_role("link", name="Xem các hộ").wait_for(timeout=180_000)
    hand.look("10-da-nhap")


def _people(hand: Hand) -> Path:
    """Twelve names pasted, their slips printed."""
    page = hand.page
    hand.open(page.get_by_role("navigation").get_by_role("link", name="Người"), "Phòng Người")
    hand.open(page.get_by_role("link", name="Thêm nhiều người"), "Thêm nhiều người")
    page.get_by_label("Mỗi dòng một người").fill("\n".join(VOLUNTEERS))
    hand.clicks, hand.pastes = hand.clicks + 1, hand.pastes + 1
    hand.look("11-them-nhieu-nguoi")
    hand.open(page.get_by_role("button", name="Thêm vào tổ"), "Thêm vào tổ")
    hand.look("12-ca-to")
    with page.expect_download() as got:
        hand.click(page.get_by_role("button", name=re.compile("^In phiếu mời")), "In phiếu mời")
    return _kept(got.value)


def _walks(hand: Hand) -> None:
    """Cut, looked at, handed out."""
    page = hand.page
    hand.open(page.get_by_role("navigation").get_by_role("link", name="Tuyến"), "Phòng Tuyến")
    hand.open(page.get_by_role("link", name="Chia tuyến mới"), "Chia tuyến mới")
    page.get_by_label("Mẫu Thị Lan Anh").select_option("")
    hand.clicks += 2
    hand.look("13-chia-tuyen")
    hand.open(page.get_by_role("button", name="Chia thử"), "Chia thử")
    expect(page.locator(".walk-card")).to_have_count(12)
    hand.look("14-ban-chia-nhap")
    hand.open(page.get_by_role("button", name="Giao 12 tuyến"), "Giao 12 tuyến")
    expect(page.get_by_role("status").first).to_contain_text("Đã giao 12 tuyến")
    hand.look("15-da-giao")


def _kept(download: Download) -> Path:
    return Path(download.path())


def _codes(slips: Path) -> list[str]:
    """The addresses on the slips, read as a camera reads them."""
    return [
        code.text
        for page in pdfium.PdfDocument(slips)
        for code in zxingcpp.read_barcodes(
            page.render(scale=150 / 72).to_pil().convert("L"), formats=zxingcpp.BarcodeFormat.QRCodeModel2
        )
    ]


def main() -> None:
    """Walk it once at 1280 and once at 360 px, keep the pictures, print the counts."""
    for size, width in (("desk", 1280), ("phone", 360)):

        def keep(page: Page, name: str, width: int = width) -> None:
            page.wait_for_load_state()
            path = OUT / f"gio-dau-{name}-{width}.png"
            path.write_bytes(few_colours(page.screenshot()))

        with tempfile.TemporaryDirectory(prefix="gocua-hour-", ignore_cleanup_errors=True) as folder:
            server = launch(Path(folder))
            try:
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
                    hands = first_hour(browser, server, size, keep)
                    browser.close()
            finally:
                server.process.terminate()
                server.process.wait(60)
        for hand, who in zip(hands, ("officer", "leader"), strict=True):
            print(f"{width} px, {hand.told(who)}")
            print("   " + " → ".join(hand.steps))


if __name__ == "__main__":
    main()
