"""Day sheets on paper, opened again by another library: what stands on them, how large, and what does not."""

import ctypes
from datetime import timedelta

import pypdfium2 as pdfium
import pytest
import zxingcpp
from pypdfium2 import raw
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import Refusal
from backend.database import work
from backend.models import Adoption, Household, PaperSheet, Walk
from backend.services import paper_print, walks_live
from backend.services.actor import Actor
from qr.codes import DaySheet, SheetDoor, SheetPerson, day_sheets_pdf
from qr.codes.day_sheet import LEAST_POINTS
from tests import factories as make
from tests.paper.conftest import BASE
from tests.people import People


def sheet_of(doors: int, people: int = 3) -> DaySheet:
    crowd = tuple(
        SheetPerson(f"{n}. (19{50 + n})", ("VNeID 2", "Sổ sức khỏe", "Không tiền mặt", "Dịch vụ công"))
        for n in range(1, people + 1)
    )
    rows = tuple(SheetDoor(n, f"{n}A", "lần trước vắng" if n % 3 else "", crowd) for n in range(1, doors + 1))
    half = doors // 2
    return DaySheet(
        "Tuyến 3",
        "Tổ công nghệ số cộng đồng tổ dân phố 7",
        "Nguyễn Thị Phương Thảo + Trần Văn Minh",
        "21/11/2026",
        "HTTPS://ABCD.VN/T/7K3QX9ZP2M",
        "7K3QX9ZP2M",
        (("Ngõ 34 phố Hoa Mẫu", rows[:half]), ("Ngách 12/34", rows[half:])),
    )


def texts(page: pdfium.PdfPage) -> str:
    return str(page.get_textpage().get_text_range())


def test_every_door_stands_once_in_order_on_numbered_pages() -> None:
    document = pdfium.PdfDocument(day_sheets_pdf([sheet_of(40), sheet_of(3)]))
    said = [texts(page) for page in document]
    first = [text for text in said if "40 hộ" in text]
    for number, text in enumerate(first, start=1):
        assert f"trang {number}/{len(first)}" in text
        assert "Không bao giờ" in text
        assert "Mã phiếu 7K3QX-9ZP2M" in text
        assert "Đồng ý" in text
    whole = "\n".join(first)
    places = [
        whole.index(f"\n{n}. {n}A") if f"\n{n}. {n}A" in whole else whole.index(f"{n}A") for n in range(1, 41)
    ]
    assert len(set(places)) == 40
    assert "3 hộ · trang 1/1" in said[-1]


def test_nothing_on_a_sheet_is_smaller_than_fourteen_points() -> None:
    for page in pdfium.PdfDocument(day_sheets_pdf([sheet_of(12)])):
        lines = page.get_textpage()
        for index in range(lines.count_chars()):
            if lines.get_text_range(index, 1).isspace():
                continue  # line ends that the reader makes up
            size = raw.FPDFText_GetFontSize(lines, index)
            assert size >= LEAST_POINTS - 0.01, lines.get_text_range(index, 1)


def test_nothing_runs_over_the_edge_or_into_the_foot() -> None:
    for page in pdfium.PdfDocument(day_sheets_pdf([sheet_of(25, people=6)])):
        width, height = page.get_size()
        assert (round(width), round(height)) == (595, 842)
        lines = page.get_textpage()
        box = [ctypes.c_double() for _ in range(4)]
        for index in range(lines.count_chars()):
            if lines.get_text_range(index, 1).isspace():
                continue
            raw.FPDFText_GetCharBox(lines, index, *(ctypes.byref(edge) for edge in box))
            left, right, bottom, top = (edge.value for edge in box)
            assert left > 20
            assert right < width - 20
            assert bottom > 15
            assert top < height - 15


def test_the_code_on_every_page_is_read_at_the_resolution_of_a_cheap_printer() -> None:
    for page in pdfium.PdfDocument(day_sheets_pdf([sheet_of(20)])):
        found = zxingcpp.read_barcodes(
            page.render(scale=150 / 72).to_pil().convert("L"), formats=zxingcpp.BarcodeFormat.QRCodeModel2
        )
        assert [code.text for code in found] == ["HTTPS://ABCD.VN/T/7K3QX9ZP2M"]


def test_a_printed_walk_names_no_resident(
    session: Session, people: People, lan: Actor, walk: Walk, doors: list[Household]
) -> None:
    doors[0].head_name, doors[0].phone = "Chimyen Thị Canh", "+84912345678"
    session.flush()
    made = paper_print.day_sheets(session, lan, [walk.id], today(), BASE)
    text = "".join(texts(page) for page in pdfium.PdfDocument(day_sheets_pdf(made)))
    assert "(1958)" in text
    assert "Nguyễn Văn Minh" in text
    for secret in ("Chimyen", "912", "345 678"):
        assert secret not in text


def test_the_same_print_gives_the_same_sheet_and_another_day_another(
    session: Session, lan: Actor, walk: Walk
) -> None:
    one = paper_print.day_sheets(session, lan, [walk.id], today(), BASE)
    two = paper_print.day_sheets(session, lan, [walk.id], today(), BASE)
    other = paper_print.day_sheets(session, lan, [walk.id], today() + timedelta(days=1), BASE)
    assert one[0].token == two[0].token != other[0].token
    assert len(session.scalars(select(PaperSheet)).all()) == 2


def test_doors_with_nothing_left_are_left_out(
    session: Session, people: People, lan: Actor, walk: Walk, doors: list[Household]
) -> None:
    for row in session.scalars(select(Adoption).where(Adoption.household_id == doors[0].id)):
        row.state = "does_alone"
    session.flush()
    assert paper_print.day_sheets(session, lan, [walk.id], today(), BASE)[0].doors == 7
    assert paper_print.day_sheets(session, lan, [walk.id], today(), BASE, only_open=False)[0].doors == 8


def test_only_walks_in_force_are_printed(session: Session, people: People, lan: Actor, walk: Walk) -> None:
    second = make.create_walk(session, people.team, [people.lan], [])
    draft = make.create_walk(session, people.team, [people.lan], [], published=False)
    work.commit(session)
    assert len(paper_print.day_sheets(session, lan, [walk.id, second.id], today(), BASE)) == 1
    for walk_id, code in ((draft.id, "walk_state"), (second.id, "no_doors")):
        with pytest.raises(Refusal) as refused:
            paper_print.day_sheets(session, lan, [walk_id], today(), BASE)
        assert refused.value.code == code
    walks_live.close(session, lan, walk.id)
    with pytest.raises(Refusal):
        paper_print.day_sheets(session, lan, [walk.id], today(), BASE)
