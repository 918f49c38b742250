"""A leader's evening in a real browser, on a phone and on a laptop."""

from tests.browser.conftest import PASSWORD, Live, OpenPage, axe


def test_sign_in(live: Live, open_page: OpenPage, size: str) -> None:
    page = open_page(size)
    page.goto("/toi")
    assert page.url.endswith("/vao")
    axe(page)
    page.get_by_label("Tên đăng nhập").fill("lan")
    page.get_by_label("Mật khẩu", exact=True).fill("không phải")
    page.get_by_role("button", name="Đăng nhập").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Tên đăng nhập").input_value() == "lan"
    axe(page)
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/bang")
    page.goto("/toi")
    axe(page)
    page.screenshot(path=f"/tmp/h5-toi-{size}.png", full_page=True)
