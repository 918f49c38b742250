"""The phone's screens in a real browser: axe in both languages, large targets, 200 % text, the dark, a few taps."""

import io
import re
from collections.abc import Callable, Iterator
from datetime import time

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from backend.core.clock import now, today
from backend.database import work
from backend.services import codes, events, visit_codes
from backend.services.actor import load_actor
from backend.services.event_core import compose
from mobile_api.shell import DIST
from tests.browser.conftest import SIZES, Live, axe
from tests.people import acting

PhonePage = Callable[..., Page]
# The machine that tests may be busy with much else; nothing here measures time.
expect.set_options(timeout=20_000)
# Where no door or guide is needed, and with one: {door} is a door of Minh's walk, {event} a visit of this phone.
SCREENS = (
    "/",
    "/ho/{door}",
    "/ho/{door}/ghi",
    "/ho/{door}/nguoi",
    "/ho-moi",
    "/cho-gui",
    "/the",
    "/huong-dan",
    "/huong-dan/vneid-muc-2",
    "/quet",
    "/toi",
    "/toi/ma-khoa",
    "/toi/giup",
    "/khong-co",
    "/phieu/{event}",
)
# What fingers touch, of those that are visible; a link inside a sentence may be as high as its line.
_SMALL = """() => [...document.querySelectorAll('button, a, select, input, textarea, summary, label.choice')]
  .filter((node) => !node.closest('p') && node.getClientRects().length)
  .filter((node) => !(node.matches('input') && node.closest('label')))
  .map((node) => [node.outerHTML.slice(0, 120), node.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.height < 48 || box.width < 48))
  .map(([html, box]) => `${html} ${Math.round(box.width)}×${Math.round(box.height)}`)"""


@pytest.fixture
def phone(browser: Browser, live: Live) -> Iterator[PhonePage]:
    """`phone(lang="vi", workers="block", **look)`: the app on Minh's paired phone, past the greeting, its doors loaded.

    An error in a page's script or a blocked file fails the test.
    """
    assert (DIST / "index.html").is_file(), "no build of the phone app: run `make setup`"
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_phone(lang: str = "vi", workers: str = "block", **look: str) -> Page:
        context = browser.new_context(
            base_url=live.url,
            locale="vi-VN",
            service_workers=workers,  # type: ignore[arg-type]
            **SIZES["phone"],
        )
        contexts.append(context)
        context.add_cookies([{"name": "gocua_device", "value": live.people.minh_token, "url": live.url}])
        kept = {"welcomed": True, "language": lang, "size": "usual", "theme": "light"} | look
        context.add_init_script(
            f"localStorage['gocua.look'] ??= JSON.stringify({kept})".replace("True", "true")
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None,
        )
        page.goto("/m/")
        page.locator(".door").first.wait_for()
        return page

    yield open_phone
    for context in contexts:
        context.close()
    assert not problems, problems


def visit(page: Page, path: str) -> None:
    """Another screen, as a tap would open it."""
    page.evaluate("path => { location.hash = path }", path)
    page.wait_for_function("path => location.hash === '#' + path", arg=path)
    page.locator("h1").wait_for()


def open_door(page: Page, number: int) -> None:
    page.locator(".door a", has_text=re.compile(rf"Số {number}\b")).first.click()
    expect(page.locator("h1")).to_have_text(f"Số {number}")


def a_visit(page: Page) -> str:
    """Nobody home at number 18; the id of that visit on this phone."""
    page.get_by_role("searchbox").fill("so 18")
    open_door(page, 18)
    page.locator("button", has_text=re.compile("Vắng nhà|Nobody home")).first.click()
    visit(page, "/cho-gui")
    way = page.locator("a[href^='#/phieu/']").first.get_attribute("href")
    assert way
    return way.rpartition("/")[2]


def choose(page: Page, label: str) -> None:
    page.locator("label.choice", has_text=label).first.click()


def far_enough_apart(page: Page) -> None:
    """Contrast 7:1 (WCAG 1.4.6) and targets of 48 px, also those that axe lets pass."""
    found = Axe().run(page, options={"runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}})
    said = [node["html"][:160] for one in found.response["violations"] for node in one["nodes"]]
    assert not said, f"{page.url}: contrast below 7:1\n" + "\n".join(said)
    assert page.evaluate(_SMALL) == [], page.url


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_screen_for_everybody(live: Live, phone: PhonePage, lang: str, theme: str) -> None:
    with work.unit_of_work(live.engine) as session:
        evening = {"opens": time(19, 30), "closes": time(21, 30)}
        lan = acting(session, live.people.lan)
        visit_codes.announce(session, lan, live.people.team.id, starts_on=today(), ends_on=today(), **evening)
    page = phone(lang, theme=theme)
    event = a_visit(page)
    for screen in SCREENS:
        visit(page, screen.format(door=live.households[0].id, event=event))
        axe(page)
        far_enough_apart(page)
    visit(page, f"/ho/{live.households[0].id}/ghi")
    page.locator("label.choice").first.click()
    page.locator(".service > button").first.click()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    axe(page)
    far_enough_apart(page)


def test_twice_the_text_still_fits(live: Live, phone: PhonePage) -> None:
    page = phone(size="most")
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= 36
    event = a_visit(page)
    for screen in SCREENS:
        visit(page, screen.format(door=live.households[0].id, event=event))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} is {wide} px wider than the screen"
    visit(page, f"/ho/{live.households[0].id}/ghi")
    for button in (page.locator("label.choice").nth(1), page.get_by_role("button", name="Lưu", exact=True)):
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport()


def test_nobody_home_is_two_taps_and_can_be_taken_back(phone: PhonePage) -> None:
    page = phone()
    open_door(page, 3)
    page.get_by_role("button", name="Vắng nhà").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("Đã lưu trên máy này|Đã gửi lúc"))
    expect(page.locator("h1")).to_have_text("Số 4")
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("h1")).to_have_text("Số 3")
    expect(page.get_by_text("Chưa ai đến thăm.")).to_be_visible()


def test_back_keeps_what_was_typed_and_a_long_number_is_refused(phone: PhonePage) -> None:
    page = phone()
    open_door(page, 5)
    page.get_by_role("link", name="Ghi kết quả").click()
    choose(page, "Đã giúp được")
    page.locator(".service > button").first.click()
    choose(page, "Tự làm được")
    note = page.get_by_label("Ghi chú ngắn")
    note.fill("gọi số " + "9" * 12)
    expect(page.get_by_role("alert").filter(has_text="Ghi chú có dãy số dài")).to_be_visible()
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.locator("h1")).to_have_text("Kết quả ở số 5")
    note.fill("cửa xanh")
    page.go_back()
    page.get_by_role("link", name="Ghi tiếp").click()
    expect(note).to_have_value("cửa xanh")
    expect(page.locator(".service .tag.ok")).to_have_text("✓ Tự làm được")
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.locator("h1")).to_have_text("Số 6")


def test_what_was_saved_can_be_put_right_later(phone: PhonePage) -> None:
    page = phone()
    open_door(page, 7)
    page.get_by_role("link", name="Ghi kết quả").click()
    choose(page, "Từ chối")
    page.get_by_role("button", name="Lưu", exact=True).click()
    visit(page, "/cho-gui")
    page.get_by_role("link", name="Sửa").first.click()
    page.get_by_text("Bản sửa thay cho lần ghi trước").wait_for()
    axe(page)
    far_enough_apart(page)
    choose(page, "Hẹn lại…")
    page.get_by_role("button", name="Thứ Bảy").or_(page.get_by_role("button", name="19:30")).first.click()
    page.get_by_role("button", name="Lưu", exact=True).click()
    visit(page, "/")
    expect(page.locator(".door", has_text="Số 7").first).to_contain_text("Hẹn lại")


def test_two_visits_of_one_door_in_one_minute(live: Live, phone: PhonePage) -> None:
    """Two people who both found nobody: the door opens, and tells of both."""
    minh, door = live.people.minh.id, live.households[16].id
    with work.unit_of_work(live.engine) as session:
        sender = load_actor(session, minh, device_id=live.people.minh_device.id)
        assert sender is not None
        both = [compose(minh, door, "visit", {"outcome": "not_home"}, device_time=now()) for _ in range(2)]
        events.store(session, sender, both)
    page = phone()
    page.get_by_role("searchbox").fill("so 17")
    open_door(page, 17)
    page.get_by_text("Các lần thăm").click()
    expect(page.locator("details li", has_text="Vắng nhà")).to_have_count(2)


def test_search_order_and_several_doors_at_once(phone: PhonePage) -> None:
    page = phone()
    page.get_by_role("searchbox").fill("SO 19 ngo")
    expect(page.locator(".door", has_text="Số 20")).to_have_count(0)
    expect(page.locator(".door", has_text="Số 19")).to_have_count(1)
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Xếp và lọc").select_option("oldest")
    expect(page.locator(".alley")).to_have_count(0)
    page.get_by_label("Xếp và lọc").select_option("order")
    page.get_by_role("button", name="Chọn nhiều").click()
    for number in (11, 12):
        page.get_by_role("checkbox", name=re.compile(rf"Số {number}\b")).check()
    page.get_by_role("button", name="Vắng nhà: 2 hộ").click()
    expect(page.get_by_role("button", name="Hoàn tác")).to_be_visible()
    for number in (11, 12):
        card = page.locator(".door a", has_text=re.compile(rf"Số {number}\b")).first
        expect(card).to_contain_text("✓ Vắng nhà")


def test_guides_and_badge_without_a_network(phone: PhonePage) -> None:
    page = phone()
    visit(page, "/huong-dan")
    page.locator("a.guide").first.wait_for()
    visit(page, "/the")
    page.get_by_role("img", name=re.compile("quét và xem thẻ này")).wait_for()
    page.context.set_offline(True)
    visit(page, "/huong-dan")
    page.get_by_role("link", name="Kích hoạt VNeID mức 2").click()
    expect(page.get_by_role("heading", name="1/7.")).to_be_visible()
    page.get_by_role("button", name="Đưa mã").click()
    expect(page.get_by_role("img", name="Mã mở bài hướng dẫn này")).to_be_in_viewport()
    visit(page, "/the")
    expect(page.get_by_text("Nguyễn Văn Minh")).to_be_visible()


@pytest.mark.parametrize(("lang", "title"), [("vi", "Phiếu cho người dân"), ("en", "Slip for the resident")])
def test_the_slip_of_a_visit_without_a_network(live: Live, phone: PhonePage, lang: str, title: str) -> None:
    """The symbol and the words below it name the same page, which opens once the visit was sent."""
    page = phone(lang, workers="allow")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.reload()
    page.locator(".door").first.wait_for()
    visit(page, f"/phieu/{a_visit(page)}")
    expect(page.locator("h1")).to_have_text(title)
    expect(page.get_by_role("img", name=title)).to_be_visible()
    axe(page)
    far_enough_apart(page)
    shown = Image.open(io.BytesIO(page.get_by_role("img", name=title).screenshot()))
    address = zxingcpp.read_barcodes(shown)[0].text
    code = page.locator(".slip").inner_text().replace("-", "")
    assert address == f"{live.url.rstrip('/').upper()}/S/{code}"
    page.context.set_offline(False)
    visit(page, "/cho-gui")
    page.locator(".bar button").click()
    expect(page.get_by_role("status").locator(".note.ok")).to_be_visible()
    page.goto(f"/S/{code}")
    expect(page.locator("body")).to_contain_text(f"{code[:5]}-{code[5:]}")


def test_the_rounds_open_from_scan_and_without_a_network_it_says_so(phone: PhonePage) -> None:
    page = phone()
    visit(page, "/quet")
    page.context.set_offline(True)
    page.get_by_role("link", name="Soát mã đang treo").click()
    expect(page.get_by_role("alert").filter(has_text="Chưa có mạng")).to_be_visible()
    axe(page)
    far_enough_apart(page)
    page.context.set_offline(False)
    page.get_by_role("link", name="Soát mã đang treo").click()
    expect(page.locator("h1")).to_have_text("Soát mã")
    axe(page)


def test_a_typed_code_opens_its_door(live: Live, phone: PhonePage) -> None:
    page = phone()
    visit(page, "/quet")
    page.get_by_label("Hoặc gõ mã").fill("không có")
    page.get_by_role("button", name="Mở hộ").click()
    expect(page.get_by_role("alert").filter(has_text="Không thấy hộ này")).to_be_visible()
    page.get_by_label("Hoặc gõ mã").fill(live.households[14].code.lower())
    page.get_by_role("button", name="Mở hộ").click()
    expect(page.locator("h1")).to_have_text("Số 15")


def test_the_camera_opens_the_door_of_a_plate(live: Live, phone: PhonePage) -> None:
    with work.unit_of_work(live.engine) as session:
        plate = codes.code_for_household(session, acting(session, live.people.lan), live.households[15].id)
        url = codes.url_of(plate, "https://abcd.vn")
    page = phone()
    page.evaluate(
        """() => {
          globalThis.BarcodeDetector = class { async detect() { return globalThis.seen ?? []; } };
          const canvas = document.createElement("canvas");
          canvas.getContext("2d");
          navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
        }"""
    )
    visit(page, "/quet")
    page.get_by_role("button", name="Mở máy ảnh").click()
    page.get_by_label("Hình từ máy ảnh").wait_for()
    page.evaluate("globalThis.seen = [{rawValue: 'HTTPS://ABCD.VN/B/0000000000'}]")
    expect(page.get_by_role("alert").filter(has_text="thẻ của tình nguyện viên")).to_be_visible()
    page.evaluate("url => { globalThis.seen = [{rawValue: url}] }", url)
    expect(page.locator("h1")).to_have_text("Số 16")


def test_english_names_the_services_too(phone: PhonePage) -> None:
    page = phone()
    visit(page, "/toi")
    choose(page, "English")
    expect(page.get_by_role("link", name="Tonight")).to_be_visible()
    visit(page, "/")
    page.locator(".door a").first.click()
    page.get_by_role("link", name="Write result").click()
    choose(page, "Helped")
    expect(page.get_by_text("Activate VNeID level 2").first).to_be_visible()


def test_inside_another_app_the_way_out_is_told(live: Live, browser: Browser) -> None:
    agent = "Mozilla/5.0 (Linux; Android 12; wv) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36 Zalo android"
    context = browser.new_context(
        base_url=live.url, service_workers="block", user_agent=agent, **SIZES["phone"]
    )
    page = context.new_page()
    page.goto("/m/")
    expect(page.locator("h1")).to_have_text("Máy này chưa được ghép")
    expect(page.get_by_text("Bấm dấu ⋮")).to_be_visible()
    axe(page)
    context.close()


def test_a_new_door_and_its_people(phone: PhonePage) -> None:
    page = phone()
    page.get_by_role("link", name="Hộ mới").click()
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="số nhà")).to_be_visible()
    page.get_by_label("Địa chỉ").fill("Số 77 ngõ 34")
    page.get_by_role("button", name="Thêm người").click()
    page.get_by_label("Năm sinh").fill("1958")
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.get_by_text("Số 77 ngõ 34").first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Đã lưu trên máy này")).to_be_visible()
    expect(page.get_by_role("button", name="Hoàn tác")).to_have_count(0)
    page.get_by_role("link", name="Ghi kết quả").click()
    choose(page, "Không cần giúp")
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.get_by_role("button", name="Hoàn tác")).to_be_visible()


def test_a_pin_locks_and_opens(phone: PhonePage) -> None:
    page = phone()
    visit(page, "/toi/ma-khoa")
    page.get_by_label("Mã mới", exact=True).fill("2468")
    page.get_by_label("Gõ lại mã mới").fill("2469")
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="chưa giống nhau")).to_be_visible()
    page.get_by_label("Gõ lại mã mới").fill("2468")
    page.get_by_role("button", name="Lưu", exact=True).click()
    page.get_by_role("button", name="Khoá máy ngay").click()
    axe(page)
    far_enough_apart(page)
    page.get_by_label("Mã khoá").fill("1111")
    page.get_by_role("button", name="Mở", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Mã chưa đúng")).to_be_visible()
    page.get_by_label("Mã khoá").fill("2468")
    page.get_by_role("button", name="Mở", exact=True).click()
    expect(page.get_by_role("heading", name="Nguyễn Văn Minh")).to_be_visible()


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_first_screen_greets_and_says_when_it_is_safe(live: Live, phone: PhonePage, lang: str) -> None:
    page = phone(lang, workers="allow")
    page.evaluate("localStorage['gocua.look'] = JSON.stringify({language: document.documentElement.lang})")
    page.reload()
    safe = {"vi": "Bây giờ mất mạng cũng không sao", "en": "You may lose the network now"}
    expect(page.get_by_role("status")).to_contain_text(safe[lang])
    expect(page.locator("h1")).to_contain_text("Minh")
    axe(page)
    far_enough_apart(page)


def test_an_unpaired_phone_is_told_what_to_do(live: Live, browser: Browser) -> None:
    context = browser.new_context(base_url=live.url, service_workers="block", **SIZES["phone"])
    page = context.new_page()
    page.goto("/m/")
    expect(page.locator("h1")).to_have_text("Máy này chưa được ghép")
    axe(page)
    far_enough_apart(page)
    context.close()


def test_an_iphone_is_told_its_own_way_to_the_home_screen(live: Live, browser: Browser) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
    context = browser.new_context(base_url=live.url, locale="vi-VN", user_agent=agent, **SIZES["phone"])
    context.add_cookies([{"name": "gocua_device", "value": live.people.minh_token, "url": live.url}])
    page = context.new_page()
    page.goto("/m/")
    expect(page.get_by_text("Bấm nút Chia sẻ")).to_be_visible()
    expect(page.get_by_text("Thêm vào MH chính")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Bây giờ mất mạng cũng không sao")
    axe(page)
    far_enough_apart(page)
    context.close()
