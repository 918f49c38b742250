"""The day sheet: one walk on paper, for a volunteer without a phone. A4, large type, boxes to tick.

No name and no phone number of a resident stands on it: a sheet gets lost. House numbers, birth years and what is still
to be done are what the work needs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qr.codes.pdf import GREY, INK, LOOKS, LabelKind, Sheet, fitted, width_mm
from qr.codes.sheets import PAGE_MM
from qr.codes.symbol import encode
from qr.codes.tokens import grouped

# Read with reading glasses under a street lamp: nothing on the sheet is smaller.
LEAST_POINTS = 14
_EDGE = 10.0
_WIDE = PAGE_MM[0] - 2 * _EDGE
_PITCH = 8.2  # mm from line to line
_BOX = 5.6
_BODY_TOP, _BODY_END = 58.0, 271.0
_RIGHT = 46.0  # where boxes begin; left of it house number and room to write
# In the order of a re-entry's keys; the words are what a tick means.
OUTCOMES = ("Giúp", "Vắng", "Hẹn", "Từ chối", "Dời đi", "Ko cần", "Ko vào")
_HOW = (
    "Đánh dấu một ô kết quả (Ko: không). Ô của từng người ghi một chữ:",
    "X xong có giúp · T tự làm · C đã chỉ · K kẹt · G giữ cách cũ",
)
NEVER = (
    "Không bao giờ: hỏi OTP, mật khẩu, mật mã · thu tiền ·",
    "giữ điện thoại, căn cước · cài ứng dụng từ link · chụp giấy tờ",
)


@dataclass(frozen=True)
class SheetPerson:
    """One person behind a door by number and birth year, and what is still open: a box each."""

    label: str
    services: tuple[str, ...]


@dataclass(frozen=True)
class SheetDoor:
    """One door; `place`: its number on the sheet; `said`: what the last visit left ("hẹn 20:00")."""

    place: int
    house: str
    said: str = ""
    people: tuple[SheetPerson, ...] = ()


@dataclass(frozen=True)
class DaySheet:
    """One walk of one evening. `who`: whose sheet it is; `alleys`: (name, doors) in walking order."""

    walk: str
    team: str
    who: str
    day: str
    url: str
    token: str
    alleys: tuple[tuple[str, tuple[SheetDoor, ...]], ...]

    @property
    def doors(self) -> int:
        """How many doors stand on the sheet."""
        return sum(len(doors) for _, doors in self.alleys)


@dataclass(frozen=True)
class _Block:
    """What stays together on a page: an alley's name (above its first door) and a door with its lines."""

    alley: str
    door: SheetDoor
    lines: tuple[
        tuple[str, tuple[str, ...]], ...
    ]  # (person, boxes) per line; a person's second line has no name

    @property
    def height(self) -> float:
        left = (1 if self.lines else 0) + (1 if self.door.said else 0)
        return _PITCH * (1 + max(len(self.lines), left)) + 2.6

    @property
    def heading(self) -> float:
        return _PITCH + 2.0


def day_sheets_pdf(sheets: Sequence[DaySheet]) -> bytes:
    """All `sheets`, each on pages of its own numbered from 1. Raises symbol.TooLong, pdf.TooDense."""
    paper = Sheet(*PAGE_MM, "Phiếu đi từng nhà · gõ cửa")
    first = True
    for sheet in sheets:
        pages = _pages(sheet)
        for number, blocks in enumerate(pages, start=1):
            if not first:
                paper.new_page()
            first = False
            _head(paper, sheet, number, len(pages))
            _body(paper, blocks)
            _foot(paper)
    return paper.pdf()


def _pages(sheet: DaySheet) -> list[list[tuple[_Block, bool]]]:
    """The blocks page by page; the flag says whether the alley's name is written above the door."""
    pages: list[list[tuple[_Block, bool]]] = [[]]
    room, alley = _BODY_END - _BODY_TOP, None
    for block in _blocks(sheet):
        named = block.alley != alley
        needed = block.height + (block.heading if named else 0)
        if needed > room and pages[-1]:
            pages.append([])
            room, named = _BODY_END - _BODY_TOP, True
            needed = block.height + block.heading
        pages[-1].append((block, named))
        room, alley = room - needed, block.alley
    return pages


def _blocks(sheet: DaySheet) -> Iterator[_Block]:
    for alley, doors in sheet.alleys:
        for door in doors:
            lines = [line for person in door.people for line in _lines(person)]
            yield _Block(alley, door, tuple(lines))


def _lines(person: SheetPerson) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A person's boxes, as many to a line as fit."""
    label, used = person.label, _name_width()
    line: list[str] = []
    for service in person.services:
        wide = _BOX + 1.6 + width_mm(service, LEAST_POINTS) + 3.4
        if line and used + wide > PAGE_MM[0] - _EDGE - _RIGHT:
            yield label, tuple(line)
            label, line, used = "", [], _name_width()
        line.append(service)
        used += wide
    yield label, tuple(line)


def _name_width() -> float:
    return width_mm("8. (1958) ", LEAST_POINTS) + 1


def _head(paper: Sheet, sheet: DaySheet, page: int, pages: int) -> None:
    side = 27.0
    paper.symbol(encode(sheet.url), PAGE_MM[0] - _EDGE - side + 3, 6.0, side)
    room = _WIDE - side - 2
    words, size = fitted(f"{sheet.walk} · {sheet.who}", room, 22, 15, bold=True)
    paper.text(_EDGE, 16.5, words, size, bold=True)
    words, size = fitted(sheet.team, room, 15, LEAST_POINTS)
    paper.text(_EDGE, 24.5, words, size)
    words = f"{sheet.day} · {sheet.doors} hộ · trang {page}/{pages}"
    paper.text(_EDGE, 32.5, words, 15, bold=True)
    code = f"Mã phiếu {grouped(sheet.token)}"
    paper.text(PAGE_MM[0] - _EDGE - width_mm(code, LEAST_POINTS), 39.5, code, LEAST_POINTS)
    paper.line([(_EDGE, 42), (PAGE_MM[0] - _EDGE, 42)], INK, 0.4)
    for number, line in enumerate(_HOW):
        paper.text(_EDGE, 48.2 + 6.4 * number, line, LEAST_POINTS, bold=number == 1)


def _body(paper: Sheet, blocks: Sequence[tuple[_Block, bool]]) -> None:
    y = _BODY_TOP
    for block, named in blocks:
        if named:
            paper.box(_EDGE, y, _WIDE, _PITCH, "#E9E5DD")
            words, size = fitted(block.alley, _WIDE - 4, 15, LEAST_POINTS, bold=True)
            paper.text(_EDGE + 2, y + 6, words, size, bold=True)
            y += block.heading
        _door(paper, block, y)
        y += block.height
        paper.line([(_EDGE, y - 1.6), (PAGE_MM[0] - _EDGE, y - 1.6)], GREY, 0.15)


def _door(paper: Sheet, block: _Block, y: float) -> None:
    number = f"{block.door.place}."
    paper.text(_EDGE, y + 5.6, number, LEAST_POINTS, colour=GREY)
    indent = max(width_mm("88. ", LEAST_POINTS), width_mm(number + " ", LEAST_POINTS))
    words, size = fitted(block.door.house, _RIGHT - _EDGE - indent - 1, 17, LEAST_POINTS, bold=True)
    paper.text(_EDGE + indent, y + 5.6, words, size, bold=True)
    if block.lines:
        _tick(paper, _EDGE, y + 5.6 + _PITCH, "Đồng ý")
    if block.door.said:
        words, size = fitted(block.door.said, _RIGHT - _EDGE - 2, LEAST_POINTS, LEAST_POINTS)
        paper.text(_EDGE, y + 5.6 + (2 if block.lines else 1) * _PITCH, words, size, colour=GREY)
    _outcomes(paper, y)
    for line, (label, services) in enumerate(block.lines, start=1):
        baseline = y + 5.6 + line * _PITCH
        paper.text(_RIGHT, baseline, label, LEAST_POINTS)
        x = _RIGHT + _name_width()
        for service in services:
            x = _tick(paper, x, baseline, service) + 3.4


def _outcomes(paper: Sheet, y: float) -> None:
    """Seven boxes across the line, the room between them equal."""
    wide = [_BOX + 1.4 + width_mm(word, LEAST_POINTS) for word in OUTCOMES]
    gap = (PAGE_MM[0] - _EDGE - _RIGHT - sum(wide)) / (len(wide) - 1)
    x = _RIGHT
    for word, width in zip(OUTCOMES, wide, strict=True):
        _tick(paper, x, y + 5.6, word)
        x += width + gap


def _tick(paper: Sheet, x: float, baseline: float, word: str) -> float:
    """An empty box and its word; gives the right edge."""
    paper.frame(x, baseline - 4.9, _BOX, _BOX, LOOKS[LabelKind.HOUSEHOLD], 0.35)
    paper.text(x + _BOX + 1.4, baseline, word, LEAST_POINTS)
    return x + _BOX + 1.4 + width_mm(word, LEAST_POINTS)


def _foot(paper: Sheet) -> None:
    paper.line([(_EDGE, 274), (PAGE_MM[0] - _EDGE, 274)], INK, 0.4)
    for number, line in enumerate(NEVER):
        paper.text(_EDGE, 280.5 + 6.6 * number, line, LEAST_POINTS, bold=True)
