"""From a text to the modules of a QR symbol, with the `qrcode` package and a faster choice of the mask.

`qrcode` draws all eight masked symbols and scores them module by module, which takes nine tenths of its time. Masks
only flip modules, the same ones in every symbol of a version; so one symbol is drawn, the other seven come by
exclusive or of integers, and the four penalty rules (ISO/IEC 18004, 7.8.3) are counted with shifts. The result
is the very symbol that `qrcode` makes (tests hold the two together).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from qrcode import util
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode

# Level Q: a symbol survives about 25 % damage, and our addresses take it free of charge (formats.md, 9.1 and 9.4).
LEVEL = "Q"
# Version 6 is 41 modules: more would not be read from a label at 0.4 mm per module.
MAX_VERSION = 6
QUIET_ZONE = 4  # modules, ISO/IEC 18004

# Dark-light-dark-dark-dark-light-dark beside four light modules, least significant bit first.
_FINDER_LIKE = ((1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1))


class TooLong(ValueError):
    """A payload of `length` characters; version `MAX_VERSION` at level Q is the densest we print."""

    def __init__(self, length: int) -> None:
        super().__init__(f"{length} characters do not fit version {MAX_VERSION}-{LEVEL}")
        self.length = length
        self.max_version = MAX_VERSION


@dataclass(frozen=True)
class Symbol:
    """`bits`: row by row from the top left, module (row, column) is bit row * size + column; 1 is dark."""

    text: str
    version: int
    size: int
    bits: int

    def rows(self) -> list[int]:
        """One integer per row, bit 0 the left-most module."""
        line = (1 << self.size) - 1
        return [self.bits >> row * self.size & line for row in range(self.size)]

    def columns(self) -> list[int]:
        """One integer per column, bit 0 the topmost module."""
        digits = f"{self.bits:0{self.size * self.size}b}"
        return [int(digits[self.size - 1 - column :: self.size], 2) for column in range(self.size)]


@dataclass(frozen=True)
class _Masks:
    """What mask number i changes against mask 0 (`flips`), and the format modules it then needs (`formats`)."""

    flips: tuple[int, ...]
    formats: tuple[int, ...]


@dataclass(frozen=True)
class _Grid:
    """The modules from which a pattern may begin: `pair` has a neighbour, `long` eleven modules ahead."""

    pair_across: int
    pair_down: int
    long_across: int
    long_down: int


def encode(text: str) -> Symbol:
    """The smallest symbol of level Q for `text`. Raises TooLong."""
    code = _prepared(text)
    code.makeImpl(True, 0)
    base = _pack(code.modules)
    masks, grid, size = _masks(code.version), _grid(code.modules_count), code.modules_count
    candidates = [base ^ flip for flip in masks.flips]
    scores = [penalty(bits, size, grid) for bits in candidates]
    best = scores.index(min(scores))
    return Symbol(text, code.version, size, candidates[best] ^ masks.formats[best])


def penalty(bits: int, size: int, grid: _Grid | None = None) -> int:
    """How hard a camera would find these modules: the sum of the standard's four rules."""
    grid = grid or _grid(size)
    alike_across = ~(bits ^ bits >> 1) & grid.pair_across
    alike_down = ~(bits ^ bits >> size) & grid.pair_down
    blocks = alike_across & alike_across >> size & alike_down
    dark = bits.bit_count()
    unbalanced = int(abs(dark / (size * size) * 100 - 50) / 5)
    return (
        _runs(alike_across, 1)
        + _runs(alike_down, size)
        + 3 * blocks.bit_count()
        + 40 * _finder_like(bits, 1, grid.long_across)
        + 40 * _finder_like(bits, size, grid.long_down)
        + 10 * unbalanced
    )


def _runs(alike: int, step: int) -> int:
    """A run of n ≥ 5 equal modules costs n - 2: one for each place where five begin, two more for its first."""
    two = alike & alike >> step
    five = two & two >> 2 * step
    return five.bit_count() + 2 * (five & ~(five << step)).bit_count()


def _finder_like(bits: int, step: int, places: int) -> int:
    shifted = [bits >> step * offset for offset in range(11)]
    found = 0
    for pattern in _FINDER_LIKE:
        match = places
        for offset, dark in enumerate(pattern):
            match &= shifted[offset] if dark else ~shifted[offset]
        found += match.bit_count()
    return found


@cache
def _grid(size: int) -> _Grid:
    def places(width: int, height: int) -> int:
        line = (1 << width) - 1
        return sum(line << row * size for row in range(height))

    return _Grid(
        pair_across=places(size - 1, size),
        pair_down=places(size, size - 1),
        long_across=places(size - 10, size),
        long_down=places(size, size - 10),
    )


@cache
def _masks(version: int) -> _Masks:
    """Found by drawing one text with each mask: what differs does not depend on the text."""
    code: QRCode[Any] = QRCode(version, ERROR_CORRECT_Q)
    code.add_data("0")
    blank: list[int] = []  # format modules left light, as when masks are compared
    whole: list[int] = []
    for mask in range(8):
        code.makeImpl(True, mask)
        blank.append(_pack(code.modules))
        code.makeImpl(False, mask)
        whole.append(_pack(code.modules))
    return _Masks(
        flips=tuple(bits ^ blank[0] for bits in blank),
        formats=tuple(drawn ^ bits for drawn, bits in zip(whole, blank, strict=True)),
    )


def _prepared(text: str) -> "QRCode[Any]":
    code: QRCode[Any] = QRCode(None, ERROR_CORRECT_Q)
    code.add_data(util.QRData(text) if util.RE_ALPHA_NUM.match(text.encode()) else text)
    try:
        version = code.best_fit()
    except Exception as error:  # DataOverflowError, or ValueError above version 40
        raise TooLong(len(text)) from error
    if version > MAX_VERSION:
        raise TooLong(len(text))
    return code


def _pack(modules: Sequence[Sequence[bool | None]]) -> int:
    digits = "".join("1" if dark else "0" for row in reversed(modules) for dark in reversed(row))
    return int(digits, 2)
