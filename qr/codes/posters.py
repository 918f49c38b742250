"""A poster for a wall: one code, large, with what it is for, the domain in letters and what nobody will ask."""

from dataclasses import dataclass

from qr.codes.pdf import GREY, INK, LOOKS, WHITE, LabelKind, Look, Sheet, fitted, width_mm, wrapped
from qr.codes.sheets import PAGE_MM, domain_of
from qr.codes.symbol import encode
from qr.codes.tokens import grouped

# Drawn for A4; A3 is the same page √2 times as large, A5 as much smaller.
SIZES = {"A5": 0.5**0.5, "A4": 1.0, "A3": 2**0.5}

NEVER = (
    "hỏi mã OTP, mật khẩu, mật mã",
    "thu tiền",
    "giữ điện thoại, chụp căn cước",
    "bảo cài ứng dụng từ đường link",
)


@dataclass(frozen=True)
class Poster:
    """`title`: the outcome in the resident's words; `text`: one or two sentences; `contact`: the ward's number."""

    kind: LabelKind
    url: str
    token: str
    title: str
    text: str
    contact: str = ""


def poster_pdf(poster: Poster, size: str = "A4") -> bytes:
    """One page of `size` (A5, A4 or A3). Raises KeyError for another size, TooLong as the sheets do."""
    scale = SIZES[size]
    width, height = PAGE_MM
    sheet = Sheet(width * scale, height * scale, poster.title)
    sheet.canvas.scale(scale, scale)
    sheet.height_mm = height
    look = LOOKS[poster.kind]
    sheet.frame(9, 9, width - 18, height - 18, look, 1.6)
    _heading(sheet, poster, look)
    side = 118.0
    sheet.symbol(encode(poster.url), (width - side) / 2, 86, side)
    _centred(sheet, 208, "Không quét được? Gõ mã này vào trang bên dưới:", 13, 170, colour=GREY)
    _centred(sheet, 220, grouped(poster.token), 30, 170, bold=True)
    _centred(sheet, 230, "Chỉ tin trang có tên miền", 13, 170, colour=GREY)
    _centred(sheet, 240.5, domain_of(poster.url), 27, 170, bold=True, colour=look.colour)
    _promises(sheet, look)
    if poster.contact:
        _centred(sheet, 282, poster.contact, 14, 175, bold=True)
    return sheet.pdf()


def _heading(sheet: Sheet, poster: Poster, look: Look) -> None:
    if look.band:
        sheet.box(9, 9, 192, 18, look.colour)
    colour = WHITE if look.band else look.colour
    sheet.text(17, 21, look.word, 18, bold=True, colour=colour)
    if look.tick:
        end = 18 + width_mm(look.word, 18, bold=True)
        sheet.line([(end + 3, 18), (end + 5.5, 20.6), (end + 10, 14.6)], colour, 1.5)
    _mark(sheet, 186 - width_mm("gõ cửa", 13, bold=True), 21, WHITE if look.band else INK)
    baseline = 42.0
    for line in wrapped(poster.title, 174, 30, bold=True)[:2]:
        words, size = fitted(line, 174, 30, 18, bold=True)
        sheet.text(17, baseline, words, size, bold=True)
        baseline += 12.5
    for line in wrapped(poster.text, 174, 17)[:3]:
        sheet.text(17, baseline, line, 17, colour=GREY)
        baseline += 8


def _mark(sheet: Sheet, x: float, baseline: float, colour: str) -> None:
    """The mark: a house door ajar, and the name in lower case."""
    unit, left, top = 0.24, x - 2, baseline - 6
    shapes = (
        ((4.5, 15.5), (16.0, 5.5), (27.5, 15.5)),
        ((7.5, 14.5), (7.5, 27.5), (24.5, 27.5), (24.5, 14.5)),
        ((19.5, 27.5), (19.5, 18.0), (13.0, 18.0), (9.2, 20.0), (9.2, 29.5), (13.0, 27.5), (13.0, 18.0)),
    )
    for shape in shapes:
        sheet.line([(left + across * unit, top + down * unit) for across, down in shape], colour, 0.5)
    sheet.text(x + 6.2, baseline, "gõ cửa", 13, bold=True, colour=colour)


def _promises(sheet: Sheet, look: Look) -> None:
    sheet.text(17, 252, "Chúng tôi không bao giờ:", 13, bold=True, colour=look.colour)
    for number, promise in enumerate(NEVER):
        column, row = divmod(number, 2)
        sheet.text(17 + column * 88, 260 + row * 8, "•  " + promise, 13)


def _centred(
    sheet: Sheet,
    baseline: float,
    words: str,
    size: float,
    room: float,
    *,
    bold: bool = False,
    colour: str = INK,
) -> None:
    words, size = fitted(words, room, size, size / 3, bold=bold)
    sheet.text(
        (PAGE_MM[0] - width_mm(words, size, bold=bold)) / 2, baseline, words, size, bold=bold, colour=colour
    )
