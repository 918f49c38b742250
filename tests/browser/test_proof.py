"""Proof at the door over three doors: the leader announces, the resident checks and reports, the officer sees it."""

import re

import pytest
from playwright.sync_api import expect

from backend.database import work
from backend.services import codes
from tests.browser.conftest import Live, OpenPage, axe
from tests.people import acting


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_desks_pages_of_proof(live: Live, open_page: OpenPage, size: str, lang: str) -> None:
    leader, officer = (open_page(size, who, lang) for who in (live.people.lan, live.people.officer))
    for page, path in ((leader, "/ma/hen"), (leader, "/nguoi/cham-cong"), (officer, "/ma/bao")):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        axe(page)


def test_announced_checked_reported_seen(live: Live, open_page: OpenPage, size: str) -> None:
    leader = open_page(size, live.people.lan)
    leader.goto("/ma")
    leader.get_by_role("link", name="Mã hẹn 6 số").click()
    leader.get_by_label("Đến giờ").fill("19:00")
    leader.get_by_role("button", name="Tạo mã và lời báo").click()
    expect(leader.get_by_role("alert")).to_have_text("Giờ cuối phải sau giờ đầu.")
    expect(leader.get_by_label("Đến giờ")).to_have_value("19:00")
    axe(leader)
    leader.get_by_label("Đến giờ").fill("21:30")
    leader.get_by_role("button", name="Tạo mã và lời báo").click()
    text = leader.get_by_label("Chép nguyên văn").input_value()
    found = re.search(r"MÃ HẸN CỦA TỔ: ([0-9 ]+)", text)
    assert found is not None
    code = found[1].replace(" ", "")
    axe(leader)

    resident = open_page("phone")
    resident.goto("/")
    resident.get_by_role("link", name="Có người gõ cửa? Kiểm tra ở đây").click()
    resident.get_by_label("Mã hẹn 6 số").fill("12")
    resident.get_by_role("button", name="Kiểm tra mã").click()
    expect(resident.get_by_text("gồm đúng 6 số")).to_be_visible()
    axe(resident)
    resident.get_by_label("Mã hẹn 6 số").fill(f"{code[:3]} {code[3:]}")
    resident.get_by_role("button", name="Kiểm tra mã").click()
    expect(resident.get_by_role("heading", name="Đúng mã hẹn tối nay")).to_be_visible()
    expect(resident.get_by_text("từ 19:30 đến 21:30")).to_be_visible()
    axe(resident)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    resident.goto(f"/xac-minh?ma={wrong}")
    expect(resident.get_by_role("heading", name="Không có mã này tối nay")).to_be_visible()
    axe(resident)

    with work.unit_of_work(live.engine) as session:
        badge = codes.code_for_account(session, acting(session, live.people.lan), live.people.minh.id).token
    resident.goto(f"/B/{badge}")
    resident.get_by_role("button", name="Hỏi tiền").click()
    expect(resident.get_by_role("heading", name="Phường đã nhận")).to_be_visible()
    axe(resident)

    officer = open_page(size, live.people.officer)
    officer.goto("/bang")
    officer.get_by_role("link", name=re.compile("Người dân vừa báo đáng ngờ")).click()
    row = officer.get_by_role("row").filter(has_text="Nguyễn Văn Minh").first
    expect(row).to_contain_text("Hỏi tiền")
    axe(officer)
    row.get_by_role("button", name="Xong").click()
    expect(officer.get_by_role("status")).to_contain_text("Đã đóng báo cáo")
    leader.goto("/ma/hen")
    leader.get_by_role("link", name=f"{code[:3]} {code[3:]}").click()
    leader.get_by_role("button", name=f"Huỷ mã {code[:3]} {code[3:]}").click()
    expect(leader.get_by_role("status")).to_contain_text("Đã huỷ mã hẹn")
