"""A leader's evening in a real browser, on a phone and on a laptop, in both languages, clean by axe-core."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, SIZES, Live, OpenPage, axe


def _room(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def test_a_wrong_password_keeps_the_login(live: Live, open_page: OpenPage, size: str) -> None:
    page = open_page(size)
    page.goto("/toi")
    assert page.url.endswith("/vao")
    axe(page)
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Mật khẩu", exact=True).fill("không phải")
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("alert")).to_have_text("Tên đăng nhập hoặc mật khẩu chưa đúng.")
    assert page.get_by_label("Tên đăng nhập").input_value() == "lan"
    axe(page)


def test_an_evening_at_the_desk(live: Live, open_page: OpenPage, size: str) -> None:
    """Sign in, the board, a household put right, a new volunteer, the code for the phone."""
    page = open_page(size)
    page.goto("/vao")
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/bang")
    expect(page.get_by_role("heading", name="Tối nay thế nào?")).to_be_visible()
    axe(page)

    _room(page, "Nhập")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    axe(page)

    _room(page, "Hộ")
    page.get_by_label("Tìm theo số nhà, ngõ, mã hộ hoặc tên").fill("so 7 ngo")
    page.get_by_role("button", name="Tìm", exact=True).click()
    axe(page)
    page.get_by_role("link", name="Số 7 ngõ 34").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Số 7 ngõ 34")
    axe(page)
    page.get_by_role("link", name="Sửa", exact=True).first.click()
    axe(page)
    page.get_by_label("Tên chủ hộ").fill(f"Đỗ Thị {size}")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_role("status")).to_contain_text("Đã lưu")
    expect(page.get_by_text(f"Đỗ Thị {size}")).to_be_visible()

    _room(page, "Người")
    axe(page)
    page.get_by_role("link", name="Thêm người").first.click()
    axe(page)
    page.get_by_label("Họ tên").fill(f"Phan Văn {size}")
    page.get_by_role("button", name="Thêm người").click()
    axe(page)
    page.get_by_role("button", name="Hiện mã QR").click()
    expect(page.get_by_role("img", name="Mã QR để vào việc")).to_be_visible()
    expect(page.get_by_text("Đang chờ quét")).to_be_visible()
    axe(page)


def test_the_board_refreshes_itself(live: Live, open_page: OpenPage) -> None:
    page = open_page("desk", live.people.lan)
    page.clock.install()
    page.goto("/bang")
    with page.expect_response("**/bang/so*") as reply:
        page.clock.run_for(31_000)
    assert reply.value.ok
    expect(page.get_by_role("heading", name="Tối nay thế nào?")).to_have_count(1)


def test_a_session_that_ended_goes_to_the_sign_in(live: Live, open_page: OpenPage) -> None:
    page = open_page("desk", live.people.lan)
    page.clock.install()
    page.goto("/bang")
    page.context.clear_cookies(name="gocua_session")
    page.clock.run_for(31_000)
    page.wait_for_url("**/vao")


def test_every_page_works_without_script(live: Live, browser, size: str) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(base_url=live.url, java_script_enabled=False, **SIZES[size])
    context.add_cookies([{"name": "gocua_session", "value": live.token(live.people.lan), "url": live.url}])
    page = context.new_page()
    page.goto("/bang")
    _room(page, "Hộ")
    page.locator("summary").filter(has_text="Lọc").click()
    page.get_by_label("Lần thăm").select_option("none")
    page.get_by_role("button", name="Lọc").click()
    assert "lan=none" in page.url
    assert page.get_by_role("table").is_visible()
    context.close()


@pytest.mark.parametrize(
    "path",
    ["/bang", "/ho", "/ho/them", "/nguoi", "/nguoi/them", "/toi", "/to/them", "/tuyen", "/ma", "/nhap"],
)
def test_english_pages_are_english(live: Live, open_page: OpenPage, size: str, path: str) -> None:
    """Nothing Vietnamese is left but names and addresses; axe-core is content."""
    page = open_page(size, live.people.officer, lang="en")
    page.goto(path)
    assert page.locator("html").get_attribute("lang") == "en"
    axe(page)
    text = page.locator("body").inner_text()
    data = re.compile(
        r"^(H\d+ ·|Phường|Tổ|Thôn|Số|Ngõ|Nguyễn|Trần|Phạm|Phan|Đỗ|Tuyến|45|today |e\.g\.|As people|For example)"
    )
    left = [
        line.strip()
        for line in text.splitlines()
        if re.search(r"[ăđơưạảấầậắặẹẻẽếềểễệỉịọỏốồổỗộớờởợụủứừửữựỳỷỹ]", line.lower())
        and not data.match(line.strip())
        and "Tiếng Việt" not in line
        and "gõ cửa" not in line
    ]
    assert not left, left


def test_dark_mode_is_readable(live: Live, open_page: OpenPage, size: str) -> None:
    page = open_page(size, live.people.lan)
    page.emulate_media(color_scheme="dark")
    for path in ("/bang", "/ho", f"/ho/{live.households[0].id}", "/nguoi"):
        page.goto(path)
        axe(page)
