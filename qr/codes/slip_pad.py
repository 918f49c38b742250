"""A pad of slips for after the visit: four to a page, the code left open, for it comes from the visit itself.

The phone shows the code right after saving, without signal; the volunteer writes it into ten boxes (decision 0094).
"""

from dataclasses import dataclass

from qr.codes.pdf import GREY, INK, LOOKS, LabelKind, Sheet, fitted, width_mm, wrapped
from qr.codes.posters import NEVER
from qr.codes.sheets import PAGE_MM, domain_of
from qr.codes.symbol import encode

A6_MM = (PAGE_MM[0] / 2, PAGE_MM[1] / 2)
_EDGE = 9.0
_ROOM = A6_MM[0] - 2 * _EDGE
_BOX, _HIGH, _HYPHEN = 8.0, 11.0, 5.0  # mm: wide enough for a letter by hand
_SIDE = 34.0
_BLUE = LOOKS[LabelKind.GUIDE].colour


@dataclass(frozen=True)
class SlipPad:
    """`url`: the page where a code is typed; `ward`: its name; `phone`: its number, "" for a line to write it on."""

    url: str
    ward: str
    phone: str = ""


def slip_pad_pdf(pad: SlipPad) -> bytes:
    """One A4 page of four equal slips with marks to cut. Raises symbol.TooLong, pdf.TooDense."""
    sheet = Sheet(*PAGE_MM, "Phiếu sau lần thăm · gõ cửa")
    for row in (0, 1):
        for column in (0, 1):
            with sheet.at(column * A6_MM[0], row * A6_MM[1]):
                sheet.repeat("slip", lambda: _draw(sheet, pad))
    for step in range(6, int(PAGE_MM[0]) - 6, 8):
        sheet.line([(step, A6_MM[1]), (step + 3, A6_MM[1])], GREY, 0.2)
    for step in range(6, int(PAGE_MM[1]) - 6, 8):
        sheet.line([(A6_MM[0], step), (A6_MM[0], step + 3)], GREY, 0.2)
    return sheet.pdf()


def _draw(sheet: Sheet, pad: SlipPad) -> None:
    sheet.text(_EDGE, 14, "Phiếu sau lần thăm", 17, bold=True, colour=_BLUE)
    words, size = fitted(f"Tổ công nghệ số cộng đồng · {pad.ward}".rstrip(" ·"), _ROOM, 10, 7)
    sheet.text(_EDGE, 20, words, size, colour=GREY)
    _blank(sheet, 30, "Ngày", _EDGE, 36)
    _blank(sheet, 30, "Người đến", _EDGE + 39, _ROOM - 39)
    sheet.text(_EDGE, 39, "Mã phiếu (chép từ điện thoại của tổ):", 10, bold=True)
    _boxes(sheet, 42)
    _way_in(sheet, pad, 58)
    sheet.text(_EDGE, 101, "Tổ không bao giờ:", 11, bold=True, colour=_BLUE)
    for number, promise in enumerate(NEVER):
        sheet.text(_EDGE, 107.5 + number * 6, "•  " + promise, 11)
    if pad.phone:
        words, size = fitted(f"Hỏi, hoặc thấy lạ: gọi {pad.phone}", _ROOM, 12, 8, bold=True)
        sheet.text(_EDGE, 137, words, size, bold=True)
    else:
        _blank(sheet, 137, "Hỏi, hoặc thấy lạ: gọi", _EDGE, _ROOM)


def _blank(sheet: Sheet, baseline: float, words: str, left: float, room: float) -> None:
    """A word and a line to write on, `room` mm together."""
    sheet.text(left, baseline, words, 10)
    begin = left + width_mm(words, 10) + 2
    sheet.line([(begin, baseline + 0.8), (left + room, baseline + 0.8)], GREY, 0.25)


def _boxes(sheet: Sheet, top: float) -> None:
    """Ten boxes in two fives, as the phone groups the code."""
    for number in range(10):
        left = _EDGE + number * _BOX + (_HYPHEN if number > 4 else 0.0)
        right, bottom = left + _BOX, top + _HIGH
        sheet.line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], INK, 0.3)
    middle, line = _EDGE + 5 * _BOX, top + _HIGH / 2
    sheet.line([(middle + 1.3, line), (middle + _HYPHEN - 1.3, line)], INK, 0.5)


def _way_in(sheet: Sheet, pad: SlipPad, top: float) -> None:
    """What the code opens: scan for the page or type its address, then the code."""
    sheet.symbol(encode(pad.url), _EDGE - 2, top, _SIDE)
    left, room = _EDGE + _SIDE, _ROOM - _SIDE
    y = top + 6
    for line in wrapped("Xem lại tổ đã giúp gì, việc tiếp theo, góp ý hoặc báo phường:", room, 10):
        sheet.text(left, y, line, 10)
        y += 4.8
    sheet.text(left, y + 1.5, "quét mã này, hoặc gõ", 10)
    words, size = fitted(domain_of(pad.url), room, 13, 6.5, bold=True)
    sheet.text(left, y + 8, words, size, bold=True, colour=_BLUE)
    sheet.text(left, y + 13.5, "rồi gõ mã phiếu.", 10)
