"""One symbol as SVG, PNG or terminal blocks: black on white, with its quiet zone, nothing laid over it."""

from io import BytesIO
from xml.sax.saxutils import escape

from PIL import Image

from qr.codes.symbol import QUIET_ZONE, Symbol, encode

# Black on white whatever the colours of the terminal are.
_INK, _RESET = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
_HALVES = (" ", "▀", "▄", "█")  # neither, upper, lower, both


def runs(symbol: Symbol) -> list[tuple[int, int, int, int]]:
    """The dark modules as few rectangles (column, row, width, height): runs down columns, merged sideways.

    Sorted by column, they compress to a tenth less than rows do.
    """
    done: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}  # (row, height) → the column it began in
    for column, line in enumerate([*symbol.columns(), 0]):
        found = set(_runs_of(line))
        for row, height in [run for run in growing if run not in found]:
            left = growing.pop((row, height))
            done.append((left, row, column - left, height))
        for run in found:
            growing.setdefault(run, column)
    return sorted(done)


def svg(url: str, *, title: str = "") -> str:
    """`url` as an SVG element that scales freely; `title` is read aloud. About 2 KB."""
    symbol = encode(url)
    side = symbol.size + 2 * QUIET_ZONE
    path = "".join(
        f"M{column + QUIET_ZONE} {row + QUIET_ZONE}h{width}v{height}h-{width}z"
        for column, row, width, height in runs(symbol)
    )
    named = f"<title>{escape(title)}</title>" if title else ""
    role = 'role="img"' if title else 'aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges" {role}>'
        f'{named}<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    )


def png(url: str, *, scale: int = 8) -> bytes:
    """`url` as a one-bit PNG, `scale` pixels per module."""
    symbol = encode(url)
    side = symbol.size + 2 * QUIET_ZONE
    image = Image.new("1", (side, side), 1)
    for row, line in enumerate(symbol.rows()):
        for column in range(symbol.size):
            if line >> column & 1:
                image.putpixel((column + QUIET_ZONE, row + QUIET_ZONE), 0)
    out = BytesIO()
    image.resize((side * scale, side * scale), Image.Resampling.NEAREST).save(out, "PNG", optimize=True)
    return out.getvalue()


def terminal(url: str, *, colour: bool = True) -> str:
    """`url` as lines of half blocks, two rows of modules a line; `colour`: with escape codes for black on white."""
    symbol = encode(url)
    side = symbol.size + 2 * QUIET_ZONE
    rows = [0] * QUIET_ZONE + [line << QUIET_ZONE for line in symbol.rows()] + [0] * (QUIET_ZONE + 1)
    lines = [
        "".join(
            _HALVES[(rows[row] >> column & 1) | (rows[row + 1] >> column & 1) << 1] for column in range(side)
        )
        for row in range(0, side, 2)
    ]
    return "\n".join(f"{_INK}{line}{_RESET}" if colour else line for line in lines)


def _runs_of(line: int) -> list[tuple[int, int]]:
    """The dark runs of one line as (start, length), by carries: no step per module."""
    found = []
    start = 0
    while line:
        gap = (line & -line).bit_length() - 1
        line >>= gap
        length = (~line & line + 1).bit_length() - 1
        found.append((start + gap, length))
        line >>= length
        start += gap + length
    return found
