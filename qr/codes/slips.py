"""Invitation slips: how a volunteer lets their own phone in, on half a sheet of A4 to cut and hand over."""

from collections.abc import Sequence
from dataclasses import dataclass

from qr.codes.pdf import GREY, INK, LOOKS, LabelKind, Sheet, fitted, wrapped
from qr.codes.sheets import PAGE_MM, domain_of
from qr.codes.symbol import encode
from qr.codes.tokens import grouped

_PER_PAGE = 2
_HIGH = PAGE_MM[1] / _PER_PAGE
_EDGE = 12.0
_SIDE = 66.0
_STEPS = (
    "1. Mở máy ảnh (camera) trên điện thoại của mình, hướng vào mã.",
    "2. Bấm vào đường dẫn hiện ra, rồi bấm “Ghép máy này”.",
    "3. Bấm “Thêm vào màn hình chính” để tối nào cũng mở được.",
)


@dataclass(frozen=True)
class Slip:
    """For one volunteer. `url` holds the one-time code; `until`: when it ends, in words."""

    name: str
    team: str
    url: str
    token: str
    until: str


def slips_pdf(slips: Sequence[Slip]) -> bytes:
    """Two slips to an A4 page, in their order. Raises symbol.TooLong, pdf.TooDense."""
    sheet = Sheet(*PAGE_MM, "Phiếu mời vào việc · gõ cửa")
    for number, slip in enumerate(slips):
        place = number % _PER_PAGE
        if number and not place:
            sheet.new_page()
        _draw(sheet, slip, place * _HIGH)
        if place == 0:
            for x in range(6, 204, 8):  # where to cut
                sheet.line([(x, _HIGH), (x + 3, _HIGH)], GREY, 0.2)
    return sheet.pdf()


def _draw(sheet: Sheet, slip: Slip, top: float) -> None:
    wide = PAGE_MM[0] - 2 * _EDGE
    sheet.frame(_EDGE - 4, top + 7, wide + 8, _HIGH - 14, LOOKS[LabelKind.HOUSEHOLD], 0.4)
    words, size = fitted(f"Mời {slip.name} vào việc", wide - _SIDE, 24, 15, bold=True)
    sheet.text(_EDGE, top + 20, words, size, bold=True)
    words, size = fitted(slip.team, wide - _SIDE, 15, 14)
    sheet.text(_EDGE, top + 28, words, size, colour=GREY)
    sheet.symbol(encode(slip.url), PAGE_MM[0] - _EDGE - _SIDE + 4, top + 9, _SIDE)
    y = top + 40
    for step in _STEPS:
        for line in wrapped(step, wide - _SIDE - 4, 15):
            sheet.text(_EDGE, y, line, 15)
            y += 7
        y += 1.5
    y = max(y + 2, top + 84)
    sheet.text(_EDGE, y, f"Dùng một lần, đến {slip.until}.", 16, bold=True, colour=INK)
    for number, line in enumerate(
        (
            "Chỉ cho đúng người này. Đừng chụp gửi qua nhóm Zalo.",
            "Không cần mật khẩu, không cài từ kho ứng dụng. Hết hạn thì xin tổ trưởng phiếu mới.",
        ),
        start=1,
    ):
        words, size = fitted(line, wide, 14, 11)
        sheet.text(_EDGE, y + 8 * number, words, size)
    sheet.text(_EDGE, y + 27, "Máy ảnh không đọc được? Gõ địa chỉ này trên điện thoại:", 14, colour=GREY)
    words, size = fitted(f"{domain_of(slip.url)}/E/{grouped(slip.token)}", wide, 14, 9, bold=True)
    sheet.text(_EDGE, y + 34, words, size, bold=True)
