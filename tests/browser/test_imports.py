"""A list comes in through a real browser: upload, columns, answer, import, the file of refused rows; clean by axe-core."""

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, OpenPage, axe
from tests.importing.files import xlsx

_SHOTS = os.environ.get("GOCUA_LOOK")  # a folder for looking at the pages while working on them


def _seen(page: Page, name: str) -> None:
    axe(page)
    if _SHOTS:
        page.screenshot(path=str(Path(_SHOTS) / f"{name}.png"), full_page=True)


def _list(size: str) -> bytes:
    number = "0010" + "00000012"
    return xlsx(
        [
            ("DANH SÁCH NHÂN KHẨU TỔ DÂN PHỐ 7",),
            ("STT", "Họ và tên", "Năm sinh", "Số điện thoại", "Nơi ở hiện nay", "Số CCCD", "Ghi chú"),
            (1, f"Nguyễn Văn {size}", 1975, 912345678.0, f"Số 5 ngõ {size}", number, None),
            (2, "Trần Thị Bình", "31/02/1978", None, f"Số 5 ngõ {size}", number, None),
            (3, "Lê Thị Hoa", 1950, "113", f"Số 7 ngõ {size}", number, "ốm"),
        ],
        merge=["A1:G1"],
    )


def test_a_list_comes_in(live: Live, open_page: OpenPage, size: str) -> None:
    page = open_page(size, live.people.lan)
    page.goto("/nhap")
    _seen(page, f"{size}-1-start")
    page.get_by_label("Tệp danh sách").set_input_files(
        {"name": "sai.xlsx", "mimeType": "", "buffer": b"%PDF-1.7"}
    )
    page.get_by_role("button", name="Tải lên và xem").click()
    expect(page.get_by_role("alert")).to_contain_text("không phải danh sách Excel")
    _seen(page, f"{size}-2-wrong")

    page.get_by_label("Tệp danh sách").set_input_files(
        {"name": "to 7.xlsx", "mimeType": "", "buffer": _list(size)}
    )
    page.get_by_role("button", name="Tải lên và xem").click()
    expect(page.get_by_text("Số CCCD: số định danh, căn cước")).to_be_visible()
    _seen(page, f"{size}-3-columns")
    page.get_by_role("button", name="Xem trước").click()

    expect(page.get_by_text("Danh sách không nói những dòng nào là một hộ")).to_be_visible()
    page.get_by_label("Cùng địa chỉ là một hộ").check()
    page.get_by_role("button", name="Gộp lại như vậy").click()
    expect(page.get_by_text("Dòng 4: Ngày sinh '31/02/1978' chưa đúng.")).to_be_visible()
    _seen(page, f"{size}-4-look")

    page.get_by_role("button", name="Nhập 2 hộ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đã nhập xong")
    _seen(page, f"{size}-5-result")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải tệp các dòng chưa vào").click()
    assert download.value.suggested_filename == "dong-chua-vao.xlsx"
    page.get_by_role("link", name="Xem các hộ").click()
    expect(page.get_by_text(f"Số 5 ngõ {size}").first).to_be_visible()
