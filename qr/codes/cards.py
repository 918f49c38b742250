"""A take-home card: one guide on A5 in large type, the code on its front, every step on its back.

Read at the kitchen table by somebody of 78: never below 13 points, one step after the other, a page more rather than
smaller letters.
"""

from dataclasses import dataclass

from qr.codes.pdf import GREY, INK, LOOKS, LabelKind, Sheet, fitted, width_mm, wrapped
from qr.codes.sheets import domain_of
from qr.codes.symbol import encode
from qr.codes.tokens import grouped

A5_MM = (148.0, 210.0)
LEAST_POINTS = 13.0
_EDGE, _INNER = 7.0, 13.0
_ROOM = A5_MM[0] - 2 * _INNER
_BOTTOM = A5_MM[1] - 14.0
_TOP, _GAP = 9.0, 2.2
_SIDE = 62.0  # mm of the symbol with its quiet zone
_LEAST_SIDE = 32.0
_COLOUR = LOOKS[LabelKind.GUIDE].colour


@dataclass(frozen=True)
class CardWords:
    """What every card says, in the language of its guide. `never`: whole sentences."""

    kind: str
    needs: str
    scan: str
    trust: str
    never: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """`facts`: steps, time, fee; `steps`: title and plain text of each; `checked`: by when it was true."""

    url: str
    token: str
    title: str
    facts: str
    taps: str
    needs: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]
    checked: str
    contact: str
    words: CardWords


def card_pdf(card: Card) -> bytes:
    """The card as PDF, two A5 pages or more where the steps need them. Raises TooLong as the sheets do."""
    sheet = Sheet(*A5_MM, card.title)
    _front(sheet, card)
    _steps(sheet, card)
    return sheet.pdf()


class _Column:
    """A column of text being filled downwards; turns the page when a block does not fit."""

    def __init__(self, sheet: Sheet, top: float) -> None:
        self.sheet, self.y = sheet, top

    def block(self, lines: list[tuple[str, float, bool, str]], gap: float) -> None:
        """Lines (words, points, bold, colour) that stay together on one page; `gap` mm before them."""
        height = sum(_leading(points) for _, points, _, _ in lines)
        if self.y + gap + height > _BOTTOM:
            self.sheet.new_page()
            _frame(self.sheet)
            self.y, gap = _INNER, 0.0
        self.y += gap
        for words, points, bold, colour in lines:
            self.y += _leading(points)
            self.sheet.text(_INNER, self.y, words, points, bold=bold, colour=colour)


def _front(sheet: Sheet, card: Card) -> None:
    _frame(sheet)
    sheet.text(_INNER, 17, card.words.kind, 13, bold=True, colour=_COLOUR)
    sheet.text(A5_MM[0] - _INNER - width_mm("gõ cửa", 13, bold=True), 17, "gõ cửa", 13, bold=True)
    column = _Column(sheet, 19)
    column.block(_lines(card.title, 24, bold=True)[:3], 0)
    column.block(_lines(card.facts, 14, colour=GREY), 1)
    column.block(_lines(card.taps, 14, bold=True), 2.5)
    needs = [_lines(f"•  {need}", 14) for need in card.needs]
    column.block([(card.words.needs, 14, True, _COLOUR), *(line for lines in needs for line in lines)], 2.5)
    never = [line for words in card.words.never for line in _lines(words, LEAST_POINTS, bold=True)]
    column.block(never, 2.5)
    column.block(_lines(card.checked, LEAST_POINTS, colour=GREY), 1.5)
    side = min(_SIDE, 173 - column.y)
    if side < _LEAST_SIDE:
        sheet.new_page()
        _frame(sheet)
        side = _SIDE
    sheet.symbol(encode(card.url), (A5_MM[0] - side) / 2, 174 - side, side)
    _centred(sheet, 177, card.words.scan, 13)
    _centred(sheet, 183.5, grouped(card.token), 16, bold=True)
    _centred(sheet, 190, f"{card.words.trust} {domain_of(card.url)}", 13, bold=True, colour=_COLOUR)
    _centred(sheet, 197.5, card.contact, 15, bold=True)


def _steps(sheet: Sheet, card: Card) -> None:
    sheet.new_page()
    _frame(sheet)
    room = _BOTTOM - _TOP
    for points in (15.0, 14.0, LEAST_POINTS):  # the largest that keeps them on one page
        blocks = [_step(number, *step, points) for number, step in enumerate(card.steps, 1)]
        if sum(_GAP + sum(_leading(size) for _, size, _, _ in block) for block in blocks) <= room:
            break
    column = _Column(sheet, _TOP)
    for block in blocks:
        column.block(block, _GAP)


def _step(number: int, title: str, text: str, points: float) -> list[tuple[str, float, bool, str]]:
    head = _lines(f"{number}. {title}", points + 2, bold=True, colour=_COLOUR)
    return [*head, *(line for part in text.split("\n") for line in _lines(part, points))]


def _lines(
    words: str, points: float, *, bold: bool = False, colour: str = INK
) -> list[tuple[str, float, bool, str]]:
    return [(line, points, bold, colour) for line in wrapped(words, _ROOM, points, bold=bold)]


def _leading(points: float) -> float:
    """The height of a line in mm: 1.3 em, so that the marks over Vietnamese letters have room."""
    return points * 1.3 * 25.4 / 72


def _frame(sheet: Sheet) -> None:
    sheet.frame(_EDGE, _EDGE, A5_MM[0] - 2 * _EDGE, A5_MM[1] - 2 * _EDGE, LOOKS[LabelKind.GUIDE], 0.9)


def _centred(
    sheet: Sheet, baseline: float, words: str, points: float, *, bold: bool = False, colour: str = INK
) -> None:
    words, points = fitted(words, _ROOM, points, 9, bold=bold)
    sheet.text(
        (A5_MM[0] - width_mm(words, points, bold=bold)) / 2, baseline, words, points, bold=bold, colour=colour
    )
