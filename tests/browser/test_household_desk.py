"""A leader of 1,300 households in a real browser: lists come in, are put right and taken back; doors are found, marked, merged."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.models import AreaUnit, Household, Role, TeamArea
from backend.services import codes, events
from tests import factories as make
from tests.browser.conftest import Live, OpenPage, axe
from tests.importing.files import xlsx
from tests.importing.test_commit import bring_in
from tests.people import acting
from tests.sync.kit import on_device, visit

DOORS = 1300
_HEAD = ("STT hộ", "Họ và tên", "Năm sinh", "Quan hệ với chủ hộ", "Số điện thoại", "Địa chỉ")


class Ward:
    """Mai leads two neighbourhoods of Hoa's ward: one with 1,300 doors, one that is empty for lists."""

    def __init__(self, live: Live) -> None:
        with work.unit_of_work(live.engine) as session:
            ward = session.get_one(AreaUnit, live.people.other_ward.id)
            self.full = make.create_neighbourhood(session, ward, "Tổ dân phố 50")
            self.empty = make.create_neighbourhood(session, ward, "Tổ dân phố 51")
            team = make.create_team(session, self.full, "Tổ CNSCĐ tổ dân phố 50")
            session.add(TeamArea(ward_id=ward.id, team_id=team.id, area_unit_id=self.empty.id))
            self.mai = make.create_account(
                session, ward.id, "Nguyễn Thị Mai", role=Role.TEAM_LEADER, team=team, login="mai50"
            )
            self.hung = make.create_account(session, ward.id, "Trần Văn Hùng", team=team)
            device, _ = make.create_device(session, self.hung)
            session.flush()
            bring_in(session, self.full, [_HEAD, *_rows()])
            walked = self._at(session, "ngõ 2")
            make.create_walk(session, team, [self.hung], walked)
            phone = on_device(session, self.hung, device)
            events.store(session, phone, [visit(self.hung.id, walked[0].id, "not_home")])
            later = visit(
                self.hung.id,
                walked[0].id,
                "helped",
                note="Hẹn con gái về cùng",
                at=now() + timedelta(minutes=1),
            )
            events.store(session, phone, [later])
            codes.code_for_household(session, acting(session, self.mai), walked[0].id)
            self.visited = walked[0].id

    def _at(self, session: Session, alley: str) -> list[Household]:
        ends = Household.address.like(f"% {alley}")
        here = select(Household).where(Household.neighbourhood_id == self.full.id, ends)
        return list(session.scalars(here.order_by(Household.walk_key)))


def _rows() -> Iterator[tuple[Any, ...]]:
    names = ("Nguyễn Văn", "Trần Thị", "Phạm Văn", "Phan Thị", "Đỗ Văn")
    given = ("An", "Bình", "Cúc", "Dũng", "Hoa", "Khoa", "Lan", "Mai", "Nam", "Oanh", "Phúc", "Quý", "Sơn")
    for n in range(1, DOORS + 1):
        address = f"Số {n // 40 + 1} ngõ {n % 40 + 1}"
        if n <= 24:
            address = f"Căn {(n - 1) // 4 + 1}0{(n - 1) % 4 + 1} chung cư CT1"
        phone = None
        if n in (101, 102, 103, 104):  # two pairs, one for each size of screen
            address = (
                f"Số {'7' if n < 103 else '8'} ngõ Trùng"
                if n % 2
                else f"Số {'7' if n < 103 else '8'}, Ngõ trùng"
            )
            phone = "0912345671" if n < 103 else "0912345672"
        yield (
            n,
            f"{names[n % 5]} {given[n % 13]} {given[n // 100 % 13]}",
            1950 + n % 50,
            "Chủ hộ",
            phone,
            address,
        )


@pytest.fixture(scope="module")
def ward(live: Live) -> Ward:
    return Ward(live)


def _list(size: str, *, wrong: bool = True) -> bytes:
    """Three households of one size's own; two births that cannot be."""
    return xlsx(
        [
            _HEAD,
            (1, f"Nguyễn Văn {size}", 1975, "Chủ hộ", "0912345678", f"Số 5 ngõ {size}"),
            (None, f"Trần Thị {size}", "31/02/1978" if wrong else 1978, "Vợ", None, None),
            (2, f"Phạm Văn {size}", "năm Tỵ" if wrong else 1953, "Chủ hộ", None, f"Số 7 ngõ {size}"),
            (3, f"Phan Thị {size}", 1960, "Chủ hộ", None, f"Số 9 ngõ {size}"),
        ]
    )


def _upload(page: Page, size: str, data: bytes, *, drop: bool = False) -> None:
    page.goto("/nhap")
    page.get_by_label("Danh sách của tổ dân phố, thôn nào?").select_option(label="Tổ dân phố 51")
    if drop:
        # As a browser does when a file is let go above the form.
        given = page.evaluate_handle(
            """(bytes) => { const data = new DataTransfer();
               data.items.add(new File([new Uint8Array(bytes)], "to 51.xlsx")); return data; }""",
            list(data),
        )
        page.dispatch_event("form[data-drop]", "drop", {"dataTransfer": given})
    else:
        file: Any = {"name": "to 51.xlsx", "mimeType": "", "buffer": data}
        page.get_by_label("Tệp danh sách").set_input_files(file)
    page.get_by_role("button", name="Tải lên và xem").click()
    page.get_by_role("button", name="Xem trước").click()


def test_rows_are_put_right_in_the_page(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    page = open_page(size, ward.mai)
    _upload(page, size, _list(f"sửa {size}"), drop=size == "desk")
    expect(page.get_by_text("Dòng 3: Ngày sinh '31/02/1978' chưa đúng.")).to_be_visible()
    page.get_by_role("link", name="Sửa các dòng ngay ở đây").click()
    axe(page)
    third = page.get_by_role("group", name="Dòng 3")
    expect(third.get_by_label("Ngày hoặc năm sinh")).to_have_value("31/02/1978")
    third.get_by_label("Ngày hoặc năm sinh").fill("28/02/1978")
    page.get_by_role("group", name="Dòng 4").get_by_label("Ngày hoặc năm sinh").fill("1953?x")
    page.get_by_role("button", name="Lưu và kiểm tra lại").click()
    expect(page.get_by_role("status")).to_contain_text("1 dòng đã đúng, còn 1 dòng chưa vào được")
    expect(page.get_by_role("group", name="Dòng 4").get_by_label("Ngày hoặc năm sinh")).to_have_value(
        "1953?x"
    )
    axe(page)
    page.get_by_role("group", name="Dòng 4").get_by_label("Ngày hoặc năm sinh").fill("1953")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Đã sửa xong mọi dòng")
    page.get_by_role("button", name="Nhập 3 hộ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đã nhập xong")
    axe(page)


def test_rows_are_put_right_in_the_returned_file(
    live: Live, ward: Ward, open_page: OpenPage, size: str
) -> None:
    page = open_page(size, ward.mai)
    _upload(page, size, _list(f"tệp {size}"))
    page.get_by_role("button", name="Nhập 2 hộ").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải tệp các dòng chưa vào").click()
    book = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))
    sheet = book.worksheets[0]
    births = [cell.value for cell in sheet[1]].index("Ngày tháng năm sinh") + 1
    sheet.cell(2, births).value, sheet.cell(3, births).value = "28/02/1978", "1953"
    out = io.BytesIO()
    book.save(out)
    _upload(page, size, out.getvalue())
    page.get_by_role("button", name="Nhập 2 hộ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đã nhập xong")
    numbers = page.locator(".numbers").inner_text().split("\n")
    assert [numbers[numbers.index(word) + 1] for word in ("Hộ mới", "Hộ cập nhật", "Dòng chưa vào")] == [
        "1",
        "1",
        "0",
    ]


def test_an_import_is_taken_back(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    page = open_page(size, ward.mai)
    _upload(page, size, _list(f"bỏ {size}", wrong=False))
    page.get_by_role("button", name="Nhập 3 hộ").click()
    page.get_by_role("link", name="Nhập nhầm? Hoàn tác lần nhập này").click()
    expect(page.get_by_text(f"Số 5 ngõ bỏ {size}")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Hoàn tác, bỏ 3 hộ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đã hoàn tác lần nhập")
    axe(page)
    page.get_by_role("link", name="‹ Nhập danh sách").click()
    expect(page.get_by_text("đã hoàn tác").first).to_be_visible()
    axe(page)
    with Session(live.engine) as session:
        left = select(Household).where(Household.address == f"Số 5 ngõ bỏ {size}")
        assert session.scalars(left).all() == []


def test_doors_are_found_chosen_and_marked(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    """Two pages of a filter, one door of each; the mark on both; and taken back."""
    page = open_page(size, ward.mai)
    page.goto(f"/ho?khu={ward.full.id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1.300")
    axe(page)
    page.locator("summary").filter(has_text="Lọc").click()
    page.get_by_label("Lần thăm").select_option("none")
    page.get_by_role("button", name="Lọc", exact=True).click()
    page.get_by_label("Tìm theo số nhà").fill("nguyen van")
    page.get_by_role("button", name="Tìm", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("260")
    page.locator("input[name=chon]").first.check()
    page.get_by_role("link", name="Trang sau").click()
    page.wait_for_url("**trang=2**")
    page.locator("input[name=chon]").first.check()
    expect(page.locator("[data-pick-count]")).to_have_text("Đã chọn 2 hộ")
    page.get_by_role("button", name="Làm với các hộ đã chọn").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Làm gì với 2 hộ đã chọn?")
    axe(page)
    page.get_by_label("Dấu", exact=True).select_option("first" if size == "desk" else "call_first")
    page.get_by_role("button", name="Xem trước khi đánh dấu").click()
    expect(page.get_by_text("2 hộ sẽ đổi")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Làm với 2 hộ").click()
    expect(page.get_by_role("status")).to_contain_text("Đã làm với 2 hộ.")
    page.get_by_role("button", name="Hoàn tác, trả 2 hộ về như trước").click()
    expect(page.get_by_role("status")).to_contain_text("2 hộ đã trở lại như trước.")
    page.get_by_role("link", name="Các việc hàng loạt gần đây").click()
    expect(page.get_by_text("đã hoàn tác").first).to_be_visible()
    axe(page)


def test_all_of_an_alley_goes_to_a_walk(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    """Without a script, too: the box for all pages is plain HTML."""
    page = open_page(size, ward.mai)
    page.goto(f"/ho?khu={ward.full.id}&tim=ngo+{'21' if size == 'desk' else '22'}")
    page.get_by_label("Chọn cả trang").check()
    page.get_by_role("button", name="Làm với các hộ đã chọn").last.click()
    page.get_by_label("Tuyến đang đi và người đi").select_option(index=0)
    page.get_by_role("button", name="Xem trước khi giao").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Giao cho Tuyến 1 (Trần Văn Hùng)")
    expect(page.get_by_text("hộ chưa giao cho ai")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Làm với").click()
    expect(page.get_by_role("status")).to_contain_text("Đã làm với")


def test_two_doors_become_one(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    page = open_page(size, ward.mai)
    number = "7" if size == "desk" else "8"
    page.goto(f"/ho?khu={ward.full.id}")
    page.get_by_role("link", name="Hộ có thể trùng").click()
    axe(page)
    page.get_by_role("link", name=f"Số {number} ngõ Trùng").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hai hộ này là một?")
    axe(page)
    page.get_by_label("Tôi đã xem hai bên, đây là một hộ").check()
    page.get_by_role("button", name="Gộp thành một hộ").click()
    expect(page.get_by_role("status")).to_contain_text("Đã gộp")
    expect(page.get_by_text("Đã nhận hộ trùng")).to_be_visible()
    axe(page)
    with Session(live.engine) as session:
        states = session.scalars(
            select(Household.state).where(
                Household.neighbourhood_id == ward.full.id,
                Household.search_key.like(f"so {number} ngo trung %"),
            )
        ).all()
    assert sorted(states) == ["active", "merged"]


def test_the_whole_story_of_a_door(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    page = open_page(size, ward.mai)
    page.goto(f"/ho/{ward.visited}")
    for heading in ("Người trong hộ", "Các lần thăm", "Mã QR của hộ", "Tuyến và nơi chốn"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text("“Hẹn con gái về cùng”")).to_be_visible()
    axe(page)


def test_a_building_floor_by_floor(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    page = open_page(size, ward.mai)
    page.goto("/ho/toa-nha")
    axe(page)
    page.get_by_role("link", name="Chung cư CT1").click()
    expect(page.get_by_role("heading", name="Tầng 6")).to_be_visible()
    axe(page)
    page.goto("/ho/toa-nha")
    page.locator("summary").filter(has_text="Thêm tòa nhà").click()
    page.get_by_label("Tổ dân phố, thôn", exact=True).last.select_option(label="Tổ dân phố 51")
    page.get_by_label("Tên tòa nhà").fill(f"chung cư Mới {size}")
    page.get_by_label("Đến tầng").fill("3")
    page.get_by_label("Số căn mỗi tầng").fill("4")
    page.get_by_role("button", name="Thêm các căn").click()
    expect(page.get_by_role("status")).to_contain_text("Đã thêm 12 căn.")
    axe(page)


def test_pages_of_1300_doors_stay_small(live: Live, ward: Ward, open_page: OpenPage) -> None:
    page = open_page("desk", ward.mai)
    for path in (
        "/ho",
        f"/ho?khu={ward.full.id}&trang=20",
        f"/ho/trung?khu={ward.full.id}",
        "/nhap",
        "/ho/toa-nha",
    ):
        reply = page.goto(path)
        assert reply is not None
        assert reply.ok
        assert len(reply.body()) < 200_000, path


def test_english(live: Live, ward: Ward, open_page: OpenPage, size: str) -> None:
    page = open_page(size, ward.mai, lang="en")
    for path in ("/ho/trung", "/ho/toa-nha", "/ho/viec", f"/ho/{ward.visited}/gop"):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == "en"
        axe(page)
