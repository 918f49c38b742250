"""Print sheets: A4 label paper of the common sizes, one code per label with its token and domain in clear.

A resident who cannot scan can type; one who can shall compare the domain on paper with the one on the screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from qr.codes.pdf import GREY, LOOKS, WHITE, LabelKind, Look, Sheet, fitted, wrapped
from qr.codes.symbol import encode
from qr.codes.tokens import grouped

PAGE_MM = (210.0, 297.0)


@dataclass(frozen=True)
class Layout:
    """A label paper: `columns` × `rows` labels of `width` × `height` mm; `code` is the symbol's square.

    `left`, `top`: the margin of the paper; `gap`: between columns. `slim`: no room for words beside the symbol's.
    """

    name: str
    columns: int
    rows: int
    width: float
    height: float
    code: float
    left: float = 0.0
    top: float = 0.0
    gap: float = 0.0
    slim: bool = False

    @property
    def per_page(self) -> int:
        return self.columns * self.rows


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("4", 1, 4, 210.0, 74.0, code=60.0, top=0.5),
        Layout("8", 2, 4, 105.0, 74.0, code=46.0, top=0.5),
        Layout("14", 2, 7, 99.1, 38.1, code=30.0, left=4.65, top=15.15, gap=2.5),
        Layout("24", 3, 8, 70.0, 37.0, code=29.0, top=0.5),
        Layout("40", 4, 10, 52.5, 29.7, code=23.0),
        Layout("65", 5, 13, 38.1, 21.2, code=18.4, left=4.65, top=10.7, gap=2.5, slim=True),
    )
}


@dataclass(frozen=True)
class Label:
    """One label. `url`: what the symbol holds; `title`: an address, a guide's name, a volunteer; `note`: below it."""

    kind: LabelKind
    url: str
    token: str
    title: str
    note: str = ""


def label_sheet_pdf(
    labels: Sequence[Label], layout: Layout = LAYOUTS["24"], *, title: str = "Mã QR gõ cửa"
) -> bytes:
    """All `labels` on as many A4 pages as they need, in their order, row by row.

    Raises symbol.TooLong or pdf.TooDense when a code would not be read from these labels.
    """
    sheet = Sheet(*PAGE_MM, title)
    for number, label in enumerate(labels):
        place = number % layout.per_page
        if number and not place:
            sheet.new_page()
        row, column = divmod(place, layout.columns)
        x = layout.left + column * (layout.width + layout.gap)
        with sheet.at(x, layout.top + row * layout.height):
            _draw(sheet, layout, label)
    return sheet.pdf()


def _draw(sheet: Sheet, layout: Layout, label: Label) -> None:
    look = LOOKS[label.kind]
    domain = domain_of(label.url)
    sheet.repeat(
        f"{label.kind}-{layout.name}-{domain.encode().hex()}", lambda: _ground(sheet, layout, look, domain)
    )
    sheet.symbol(encode(label.url), _margin(layout), (layout.height - layout.code) / 2, layout.code)
    (_slim_words if layout.slim else _words)(sheet, layout, label)


def _words(sheet: Sheet, layout: Layout, label: Label) -> None:
    scale, left, room = layout.height / 37.0, _text_left(layout), _text_width(layout)
    lines = wrapped(label.title, room, 9.5 * scale, bold=True)[:3]
    baseline = 13.2 * scale
    for line in lines:
        words, size = fitted(line, room, 9.5 * scale, 6.5 * scale, bold=True)
        sheet.text(left, baseline, words, size, bold=True)
        baseline += 4.1 * scale
    if label.note and len(lines) < 3:
        words, size = fitted(label.note, room, 7.5 * scale, 5.5 * scale)
        sheet.text(left, baseline, words, size, colour=GREY)
    words, size = fitted(grouped(label.token), room, 12 * scale, 7 * scale, bold=True)
    sheet.text(left, 27.2 * scale, words, size, bold=True)


def _slim_words(sheet: Sheet, layout: Layout, label: Label) -> None:
    left, room = _text_left(layout), _text_width(layout)
    lines = wrapped(label.title, room, 5.6, bold=True)
    baseline = 8.0 if len(lines) == 1 else 6.9
    for line in [lines[0], " ".join(lines[1:])] if lines[1:] else lines:
        words, size = fitted(line, room, 5.6, 4.6, bold=True)
        sheet.text(left, baseline, words, size, bold=True)
        baseline += 2.2
    first, second = grouped(label.token).split("-", 1)
    sheet.text(left, 12.6, f"{first}-", 8.5, bold=True)
    sheet.text(left, 15.9, second, 8.5, bold=True)


def _ground(sheet: Sheet, layout: Layout, look: Look, domain: str) -> None:
    """What all labels of one kind share: frame, word, domain."""
    edge = 0.8 if layout.slim else 1.6
    scale = layout.height / 37.0
    line = 0.35 if layout.slim else 0.7
    sheet.frame(edge, edge, layout.width - 2 * edge, layout.height - 2 * edge, look, line)
    left, room = _text_left(layout), _text_width(layout)
    if layout.slim:
        words, size = fitted(look.word, room, 5.5, 3.8, bold=True)
        sheet.text(left, 4.2, words, size, bold=True, colour=look.colour)
        words, size = fitted(domain, room, 6, 4)
        sheet.text(left, 18.8, words, size, colour=GREY)
        return
    words, size = fitted(look.word, room - (4.5 * scale if look.tick else 1), 8 * scale, 5 * scale, bold=True)
    if look.band:
        sheet.box(left - 1 * scale, 4 * scale, room + 1.5 * scale, 4.6 * scale, look.colour)
    colour = WHITE if look.band else look.colour
    sheet.text(left, 7.3 * scale, words, size, bold=True, colour=colour)
    if look.tick:
        end = left + room - 3.4 * scale
        tick = [(end, 6.3 * scale), (end + 1 * scale, 7.3 * scale), (end + 2.8 * scale, 5.1 * scale)]
        sheet.line(tick, colour, 0.6 * scale)
    sheet.text(left, 30.3 * scale, "Chỉ tin trang có tên miền", 5.6 * scale, colour=GREY)
    words, size = fitted(domain, room, 8 * scale, 4.6 * scale, bold=True)
    sheet.text(left, 33.3 * scale, words, size, bold=True, colour=look.colour)


def domain_of(url: str) -> str:
    """The domain in lower case, as a browser shows it."""
    return urlsplit(url).netloc.lower()


def _margin(layout: Layout) -> float:
    return 1.2 if layout.slim else (layout.height - layout.code) / 2 - 0.6


def _text_left(layout: Layout) -> float:
    return _margin(layout) + layout.code + (0.2 if layout.slim else 0.6)


def _text_width(layout: Layout) -> float:
    return layout.width - _text_left(layout) - (1.5 if layout.slim else 3.4)
