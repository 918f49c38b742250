"""A resident asks, the leader sends somebody, the phone shows it without signal, the visit answers, the page tells it.

All three doors in real browsers: from a door plate, from the page of a neighbourhood, and from a poster.
"""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from backend.database import work
from backend.services import codes, sessions
from tests.people import acting
from tests.phone.app import all_sent, counts, home, pair, send_now
from tests.phone.conftest import FIRST, Ground, NewPhone

_NUMBERS = {"một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5}
DOOR = f"Số {FIRST + 3} ngõ 34"


@pytest.fixture
def resident(chromium: Browser, ground: Ground) -> Page:
    """An old phone without script."""
    context = chromium.new_context(
        base_url=ground.server.url,
        java_script_enabled=False,
        locale="vi-VN",
        viewport={"width": 360, "height": 740},
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def leader(chromium: Browser, ground: Ground) -> Page:
    with work.unit_of_work(ground.server.engine) as session:
        token = sessions.open_session(session, ground.lan)
    context = chromium.new_context(base_url=ground.server.url, locale="vi-VN")
    context.add_cookies([{"name": "gocua_session", "value": token, "url": ground.server.url}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def ask(page: Page, ground: Ground, door: str) -> str:
    """The three questions, answered faster than any person would, so the small question, too; gives the code."""
    with work.unit_of_work(ground.server.engine) as session:
        lan = acting(session, ground.lan)
        plate = codes.code_for_household(session, lan, ground.households[3].id).token
        poster = codes.code_for_guide(session, lan, "vneid-muc-2", placement="Nhà văn hoá").token
    if door == "plate":
        page.goto(f"/H/{plate}")
        page.get_by_role("link", name="Nhờ tổ đến giúp").first.click()
    elif door == "poster":
        page.goto(f"/G/{poster}")
        page.get_by_role("link", name="Nhờ tổ đến giúp").first.click()
    else:
        page.goto(f"/giup?khu={ground.neighbourhood.code}")
    page.get_by_label("mức 2").first.check()
    page.get_by_label("Tối nay").check()
    if door == "poster":
        page.get_by_label("Tổ dân phố, thôn").select_option(str(ground.neighbourhood.id))
    if door != "plate":
        page.get_by_label("Số nhà, ngõ").fill(DOOR)
        page.locator("#dt").fill("0912 000 333")
    else:
        assert page.get_by_label("Số nhà, ngõ").count() == 0
    page.get_by_label("Tôi đồng ý").check()
    page.get_by_role("button", name="Gửi cho tổ").click()
    question = page.get_by_label("bằng mấy")
    if question.count():
        words = re.search(r"(\w+) cộng (\w+) bằng", page.locator("label[for=tinh]").inner_text())
        assert words
        question.fill(str(_NUMBERS[words[1].lower()] + _NUMBERS[words[2]]))
        page.get_by_role("button", name="Gửi cho tổ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tổ đã nhận được")
    return page.locator(".code").inner_text().replace("-", "")


def assign(page: Page, ground: Ground, *, known: bool) -> None:
    """The leader sees it on the board, finds the door where the resident only wrote words, sends Minh tonight."""
    page.goto("/bang")
    page.get_by_role("link", name=re.compile("nhờ giúp, chờ bạn xếp người")).click()
    page.get_by_role("link", name=DOOR).click()
    if not known:
        page.get_by_role("button", name=f"Đúng hộ này {DOOR}").click()
    page.get_by_label("Người hoặc tuyến").select_option(f"nguoi:{ground.minh.id}")
    page.get_by_role("button", name="Giao").click()
    expect(page.get_by_text("Đã giao:")).to_be_visible()


@pytest.mark.parametrize("door", ["plate", "neighbourhood", "poster"])
def test_a_request_goes_all_the_way_and_back(
    door: str, ground: Ground, new_phone: NewPhone, chromium: Browser, resident: Page
) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    code = ask(resident, ground, door)
    desk = leader(chromium, ground)
    assign(desk, ground, known=door == "plate")
    desk.context.close()
    resident.goto(f"/Y/{code}")
    expect(resident.get_by_role("heading", level=1)).to_contain_text("Tổ sẽ đến tối")

    send_now(page)  # a cycle brings what is new
    home(page)
    marked = page.locator(".door", has_text="nhờ giúp")
    expect(marked).to_have_count(1)
    phone.set_offline(True)
    _visit_without_signal(page, phone, door)
    assert counts(page) == (1, 0, 0)
    resident.goto(f"/Y/{code}")
    expect(resident.get_by_role("heading", level=1)).to_contain_text("Tổ sẽ đến tối")

    phone.set_offline(False)
    send_now(page)
    all_sent(page, 1)
    resident.goto("/")
    resident.get_by_label("Mã in cạnh ô vuông").fill(f"{code[:5].lower()} {code[5:]}")
    resident.get_by_role("button", name="Xem trang của mã này").click()
    expect(resident.get_by_role("heading", level=1)).to_have_text("Đã đến và đã giúp")
    expect(resident.get_by_text("Minh (")).to_be_visible()
    resident.context.close()


def _visit_without_signal(page: Page, phone: BrowserContext, door: str) -> None:
    """The app is opened anew without signal: the request is there; the visit takes it off the list."""
    page.reload()
    page.locator(".door", has_text="nhờ giúp").locator("a").tap()
    expect(page.get_by_role("heading", name="Nhà này nhờ giúp")).to_be_visible()
    if door != "plate":
        expect(page.get_by_role("link", name="Gọi 0912000333")).to_be_visible()
    page.get_by_role("link", name="Ghi kết quả").tap()
    page.locator("label").filter(has_text="Đã giúp được").first.tap()
    page.get_by_role("button", name="Lưu", exact=True).tap()
    expect(page).not_to_have_url(re.compile("/ghi$"))
    home(page)
    expect(page.locator(".door", has_text="nhờ giúp")).to_have_count(0)
