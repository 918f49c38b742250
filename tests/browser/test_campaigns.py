"""An officer opens a campaign, sets its targets and ends it early; on a phone and on a laptop, clean by axe-core."""

from datetime import timedelta

from playwright.sync_api import expect

from backend.core.clock import today
from tests.browser.conftest import Live, OpenPage, axe


def test_a_campaign_from_its_form_to_its_end(live: Live, open_page: OpenPage, size: str) -> None:
    page = open_page(size, live.people.officer)
    name = f"45 ngày đêm {size}"
    page.goto("/tuyen")
    page.get_by_role("link", name="Các đợt: mở, sửa").click()
    axe(page)
    page.get_by_role("link", name="Mở đợt").click()
    axe(page)
    page.get_by_role("link", name="45 ngày đêm", exact=True).click()
    expect(page.get_by_label("Ngày đầu", exact=True)).to_have_value(f"{today():%d/%m/%Y}")
    page.get_by_label("Tên đợt").fill(name)
    # The browser's own calendar is beside the field; what it gives is written as people write it.
    expect(page.get_by_role("button", name="Lịch: Ngày đầu")).to_be_visible()
    calendar = page.locator(".with-calendar", has=page.get_by_label("Ngày cuối", exact=True)).locator(
        "input[type=date]"
    )
    calendar.evaluate(
        "(one, day) => { one.value = day; one.dispatchEvent(new Event('change')) }",
        (today() + timedelta(days=40)).isoformat(),
    )
    expect(page.get_by_label("Ngày cuối", exact=True)).to_have_value(
        f"{today() + timedelta(days=40):%d/%m/%Y}"
    )
    page.get_by_role("button", name="Mở đợt").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("Chọn ít nhất một việc.")).to_be_visible()
    axe(page)
    assert page.get_by_label("Tên đợt").input_value() == name
    page.get_by_label("Kích hoạt VNeID mức 2").first.check()
    page.get_by_label("Thanh toán không dùng tiền mặt").check()
    page.get_by_role("button", name="Mở đợt").click()
    expect(page.get_by_role("status")).to_contain_text("Đã mở đợt.")
    axe(page)

    page.get_by_role("link", name=f"Chỉ tiêu {name}").click()
    axe(page)
    page.get_by_label("Chỉ tiêu · Phường Ba Đình").fill("100")
    page.get_by_label("Chỉ tiêu · Tổ dân phố 7").fill("60")
    page.get_by_label("Mẫu số · Tổ dân phố 7").fill("50")
    page.get_by_role("button", name="Lưu chỉ tiêu").click()
    expect(page.get_by_text("Chỉ tiêu lớn hơn mẫu số.")).to_be_visible()
    axe(page)
    page.get_by_label("Mẫu số · Tổ dân phố 7").fill("")
    page.get_by_role("button", name="Lưu chỉ tiêu").click()
    expect(page.get_by_text("còn thiếu 40")).to_be_visible()
    axe(page)

    page.get_by_role("link", name="Các đợt", exact=False).first.click()
    page.get_by_role("link", name=f"Kết thúc sớm {name}").click()
    expect(page.get_by_text("Không mất gì")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Kết thúc sớm").click()
    expect(page.get_by_role("status")).to_contain_text("là ngày cuối của đợt")
    ended = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))
    expect(ended.get_by_text("hôm nay là ngày cuối")).to_be_visible()


def test_the_desk_of_a_ward_without_a_campaign(live: Live, open_page: OpenPage, size: str) -> None:
    """Hoa's ward has none: her board says what is counted."""
    page = open_page(size, live.people.hoa)
    page.goto("/bang")
    expect(page.get_by_text("Chưa có đợt nào, nên mọi việc đều được tính.")).to_be_visible()
    axe(page)
