"""What every printed page shares: fonts with all Vietnamese letters, colours per kind, a symbol as one path.

Millimetres from the top left of the page; reportlab's points from the bottom left stay in here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from qr.codes.render import runs
from qr.codes.symbol import QUIET_ZONE, Symbol

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = "Arimo", "Arimo-Bold"
MM = 72 / 25.4
# Streams as bytes, not in base-85 text, which would be a quarter larger. Only this package uses reportlab.
rl_config.useA85 = 0

INK, GREY, WHITE = "#16191D", "#4A5058", "#FFFFFF"
# Below 2.5 pixels per module cameras begin to miss (formats.md, 9.3); 150 dpi is what cheap printers keep.
MIN_MODULE_MM = 2.5 * 25.4 / 150


class TooDense(ValueError):
    """Modules of `module_mm` would not be read from paper; `MIN_MODULE_MM` is the least."""

    def __init__(self, module_mm: float) -> None:
        super().__init__(f"{module_mm:.3f} mm per module, at least {MIN_MODULE_MM:.3f} wanted")
        self.module_mm = module_mm


class LabelKind(StrEnum):
    """What a label leads to; guide and verify must never look alike (safety.md, section 4)."""

    GUIDE = "guide"
    HOUSEHOLD = "household"
    BADGE = "badge"
    NEIGHBOURHOOD = "neighbourhood"
    SUPPORT_POINT = "support_point"
    WIFI = "wifi"
    PLACE = "place"
    STALL = "stall"
    SURVEY = "survey"


@dataclass(frozen=True)
class Look:
    """`word`: what the code does, in the resident's words. `tick`: the sign of verification."""

    word: str
    colour: str
    radius_mm: float
    tick: bool = False
    band: bool = False


LOOKS = {
    LabelKind.GUIDE: Look("HƯỚNG DẪN", "#1B3F8B", 3.0),
    LabelKind.NEIGHBOURHOOD: Look("TỔ DÂN PHỐ", "#1B3F8B", 3.0),
    LabelKind.SUPPORT_POINT: Look("ĐIỂM HỖ TRỢ", "#1B3F8B", 3.0),
    LabelKind.WIFI: Look("WIFI CÔNG CỘNG", "#1B3F8B", 3.0),
    LabelKind.PLACE: Look("GIỚI THIỆU", "#1B3F8B", 3.0),
    LabelKind.STALL: Look("SẠP ĐÃ SOÁT", "#1B3F8B", 3.0),
    LabelKind.SURVEY: Look("GÓP Ý", "#1B3F8B", 3.0),
    LabelKind.HOUSEHOLD: Look("MÃ CỬA NHÀ", INK, 0.0),
    LabelKind.BADGE: Look("KIỂM TRA NGƯỜI NÀY", "#0B6B2E", 1.0, tick=True, band=True),
}


class Sheet:
    """A PDF being drawn, measured in millimetres from the top left."""

    def __init__(self, width_mm: float, height_mm: float, title: str) -> None:
        fonts()
        self._out = BytesIO()
        self.height_mm = height_mm
        self.canvas = Canvas(self._out, pagesize=(width_mm * MM, height_mm * MM), pageCompression=1)
        self.canvas.setTitle(title)
        self.canvas.setAuthor("gõ cửa")
        self.canvas.setCreator("gõ cửa")

    def pdf(self) -> bytes:
        """The finished file."""
        self.canvas.save()
        return self._out.getvalue()

    def new_page(self) -> None:
        self.canvas.showPage()

    @contextmanager
    def at(self, x: float, y: float) -> Iterator[None]:
        """Draw with the top left moved to (x, y): equal labels are then equal bytes, which compress to little."""
        self.canvas.saveState()
        self.canvas.translate(x * MM, -y * MM)
        yield
        self.canvas.restoreState()

    def repeat(self, name: str, draw: Callable[[], None]) -> None:
        """What recurs on every label is stored once."""
        if not self.canvas.hasForm(name):
            self.canvas.beginForm(name)
            draw()
            self.canvas.endForm()
        self.canvas.doForm(name)

    def frame(self, x: float, y: float, width: float, height: float, look: Look, line_mm: float) -> None:
        """A frame in the colour of the kind; round for guides, square for doors."""
        self.canvas.setStrokeColor(look.colour)
        self.canvas.setLineWidth(line_mm * MM)
        top = (self.height_mm - y - height) * MM
        if look.radius_mm:
            self.canvas.roundRect(x * MM, top, width * MM, height * MM, look.radius_mm * MM)
        else:
            self.canvas.rect(x * MM, top, width * MM, height * MM)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        self.canvas.setFillColor(colour)
        self.canvas.rect(x * MM, (self.height_mm - y - height) * MM, width * MM, height * MM, 0, 1)

    def line(self, points: list[tuple[float, float]], colour: str, width_mm: float) -> None:
        """A polyline with round ends."""
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(width_mm * MM)
        self.canvas.setLineCap(1)
        self.canvas.setLineJoin(1)
        path = self.canvas.beginPath()
        path.moveTo(points[0][0] * MM, (self.height_mm - points[0][1]) * MM)
        for x, y in points[1:]:
            path.lineTo(x * MM, (self.height_mm - y) * MM)
        self.canvas.drawPath(path)

    def text(
        self, x: float, y: float, words: str, size: float, *, bold: bool = False, colour: str = INK
    ) -> None:
        """One line with its baseline at `y`; `size` in points."""
        self.canvas.setFillColor(colour)
        self.canvas.setFont(BOLD if bold else REGULAR, size)
        self.canvas.drawString(x * MM, (self.height_mm - y) * MM, words)

    def symbol(self, symbol: Symbol, x: float, y: float, side_mm: float) -> None:
        """A symbol with its quiet zone inside a square of `side_mm`: one path, so that no seams show.

        Raises TooDense.
        """
        module = side_mm / (symbol.size + 2 * QUIET_ZONE)
        if module < MIN_MODULE_MM:
            raise TooDense(module)
        left = (x + QUIET_ZONE * module) * MM
        top = (self.height_mm - y - QUIET_ZONE * module) * MM
        path = "".join(f"{column} {row} {width} {height} re " for column, row, width, height in runs(symbol))
        # Modules as units, rows growing downwards; reportlab's own path objects would cost more than the symbol.
        scale = f"{module * MM:.4f}"
        self.canvas._code.append(  # type: ignore[attr-defined]
            f"q {scale} 0 0 -{scale} {left:.2f} {top:.2f} cm 0 g {path}f Q"
        )


def width_mm(words: str, size: float, *, bold: bool = False) -> float:
    """How wide a line will be."""
    fonts()
    return float(pdfmetrics.stringWidth(words, BOLD if bold else REGULAR, size)) / MM


def fitted(words: str, width: float, size: float, least: float, *, bold: bool = False) -> tuple[str, float]:
    """`words` and the size at which they fit `width`; below `least` points they are cut with an ellipsis."""
    natural = width_mm(words, size, bold=bold)
    if natural <= width:
        return words, size
    if natural * least / size <= width:
        return words, size * width / natural
    kept = words
    while kept and width_mm(kept + "…", least, bold=bold) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…", least


def wrapped(words: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """`words` broken at spaces into lines of at most `width`."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_mm(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@cache
def fonts() -> None:
    """Make both fonts known to reportlab, once."""
    for name in (REGULAR, BOLD):
        file = "Arimo-Bold.ttf" if name == BOLD else "Arimo-Regular.ttf"
        pdfmetrics.registerFont(TTFont(name, str(FONTS / file), shapable=False))
