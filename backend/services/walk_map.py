"""A neighbourhood drawn from its alleys: dots where coordinates are known, else a schematic in walking order.

Pure: doors in, coordinates of a drawing out. Nothing is fetched from anywhere; the ward's own tiles, where it has some,
are only addresses that its browser loads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asinh, ceil, floor, log2, pi, radians, tan
from uuid import UUID

from backend.services.planning import Door

WIDTH = 360  # units; the phone's width, so that letters are read there
_EDGE = 14
_ROW = 34
_SPINE = WIDTH / 2
_REACH = WIDTH / 2 - 14
# A map with fewer known doors than this share would hide most of the neighbourhood.
_KNOWN = 0.66
_MOST_ZOOM, _TILE = 18, 256


@dataclass(frozen=True)
class Alley:
    """What is drawn of one alley. `walks`: the numbers of the walks that hold it, the larger part first."""

    id: UUID | None
    name: str
    doors: Sequence[Door]
    walks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Shape:
    """One alley on the drawing: a path to stroke, and its name at (x, y); `end`: the name ends there."""

    id: UUID | None
    label: str
    path: str
    x: float
    y: float
    end: bool
    walk: int


@dataclass(frozen=True)
class Tile:
    """One picture of the ward's own map under the drawing."""

    href: str
    x: float
    y: float
    side: float


@dataclass(frozen=True)
class Drawing:
    """`known`: from coordinates; otherwise a schematic."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    tiles: tuple[Tile, ...]
    known: bool


def draw(alleys: Sequence[Alley], tiles: str = "") -> Drawing:
    """The drawing of `alleys` (in walking order). `tiles`: an address with {z}, {x}, {y}, or nothing."""
    doors = [door for alley in alleys for door in alley.doors]
    points = [door.point for door in doors if door.point is not None]
    if len(points) < 3 or len(points) < _KNOWN * len(doors):
        return _schematic(alleys)
    return _from_points(alleys, points, tiles)


def short(name: str) -> str:
    """ "Ngõ 34" of "Ngõ 34 phố Hoa Mẫu": what tells it from its neighbours."""
    words = name.split()
    if len(words) > 2 and words[1][:1].isdigit():
        name = " ".join(words[:2])
    return name if len(name) <= 20 else name[:19].rstrip() + "…"


def _schematic(alleys: Sequence[Alley]) -> Drawing:
    """A street from top to bottom, alleys to its left and right, as long as they have doors."""
    longest = max((len(alley.doors) for alley in alleys), default=1)
    shapes = []
    for place, alley in enumerate(alleys):
        side = -1 if place % 2 == 0 else 1
        y = _EDGE + 16 + place // 2 * _ROW
        reach = 34 + (_REACH - 34) * len(alley.doors) / longest
        tip = _SPINE + side * reach
        shapes.append(
            Shape(
                alley.id,
                _label(alley),
                f"M{_SPINE + side * 5:.0f} {y}H{tip:.0f}",
                _SPINE + side * 8,
                y - 6,
                side < 0,
                _walk(alley),
            )
        )
    return Drawing(WIDTH, _EDGE * 2 + ceil(len(alleys) / 2) * _ROW, tuple(shapes), (), False)


def _from_points(alleys: Sequence[Alley], points: Sequence[tuple[float, float]], tiles: str) -> Drawing:
    flat = [_mercator(point) for point in points]
    left, top = min(x for x, _ in flat), min(y for _, y in flat)
    wide = max(x for x, _ in flat) - left
    high = max(y for _, y in flat) - top
    inside = WIDTH - 2 * _EDGE
    scale = inside / max(wide, high, 1e-9)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x, y = _mercator(point)
        return _EDGE + (x - left) * scale, _EDGE + 10 + (y - top) * scale

    height = 2 * _EDGE + 10 + high * scale
    shapes = []
    for alley in alleys:
        dots = [place(door.point) for door in alley.doors if door.point is not None]
        if not dots:
            continue
        x = sum(dot[0] for dot in dots) / len(dots)
        y = min(dot[1] for dot in dots) - 5
        path = "".join(f"M{dot_x:.1f} {dot_y:.1f}h0" for dot_x, dot_y in dots)
        shapes.append(Shape(alley.id, _label(alley), path, x, y, x > WIDTH * 0.6, _walk(alley)))
    under = _tiles(tiles, left, top, scale, height) if tiles else ()
    return Drawing(WIDTH, height, tuple(shapes), under, True)


def _tiles(address: str, left: float, top: float, scale: float, height: float) -> tuple[Tile, ...]:
    """The tiles of a zoom at which one is about as sharp as a screen shows it."""
    zoom = max(0, min(_MOST_ZOOM, floor(log2(scale * 2 / _TILE))))
    count = 2**zoom
    side = scale / count
    first_x = floor((left - _EDGE / scale) * count)
    first_y = floor((top - (_EDGE + 10) / scale) * count)
    found = []
    for column in range(first_x, first_x + ceil(WIDTH / side) + 1):
        for row in range(first_y, first_y + ceil(height / side) + 1):
            x = _EDGE + (column / count - left) * scale
            y = _EDGE + 10 + (row / count - top) * scale
            if -side < x < WIDTH and -side < y < height and 0 <= column < count and 0 <= row < count:
                href = address.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row))
                found.append(Tile(href, round(x, 1), round(y, 1), round(side, 1)))
    return tuple(found)


def _mercator(point: tuple[float, float]) -> tuple[float, float]:
    """(latitude, longitude) as web maps lay them flat: 0…1 from west to east and from north to south."""
    latitude, longitude = point
    return longitude / 360 + 0.5, (1 - asinh(tan(radians(latitude))) / pi) / 2


def _label(alley: Alley) -> str:
    count = f"{len(alley.doors)}"
    if alley.walks:
        count += " · T" + "+".join(str(number) for number in alley.walks[:2])
    return f"{short(alley.name) or '…'} · {count}"


def _walk(alley: Alley) -> int:
    return alley.walks[0] if alley.walks else 0


def holders(runs: Mapping[int, Sequence[Door]]) -> dict[UUID | None, tuple[int, ...]]:
    """Per alley the walks (by number) that hold doors of it, the one with most first."""
    counts: dict[UUID | None, dict[int, int]] = {}
    for number, doors in runs.items():
        for door in doors:
            held = counts.setdefault(door.alley, {})
            held[number] = held.get(number, 0) + 1
    return {
        alley: tuple(sorted(held, key=lambda number: (-held[number], number)))
        for alley, held in counts.items()
    }
