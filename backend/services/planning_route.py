"""The order of stops: as the addresses say, shortened by 2-opt and Or-opt where coordinates are known. Pure functions."""

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from math import cos, hypot, radians
from typing import TypeVar

Stop = TypeVar("Stop", bound=Hashable)
Point = tuple[float, float]

_METRES_PER_DEGREE = 111_195.0
_NEAR = 10  # neighbours tried for each stop: more finds nothing shorter in alleys
_LONGEST_MOVED = 3  # Or-opt moves runs of one to three stops
_ROUNDS = 40
_LARGEST = 1_500  # stops; above, the table of distances would take too much memory
_EPSILON = 1e-6


def metres_between(one: Point, other: Point) -> float:
    """The distance of two (latitude, longitude) points, flat: exact enough within a ward."""
    middle = radians((one[0] + other[0]) / 2)
    return _METRES_PER_DEGREE * hypot(other[0] - one[0], (other[1] - one[1]) * cos(middle))


def refine(stops: Sequence[Stop], point_of: Callable[[Stop], Point | None]) -> list[Stop]:
    """`stops` (already in the order of the addresses) reordered to a shorter way where points are known.

    A stop without a point stays behind the stop it followed, so that an alley known by number only keeps its place.
    """
    runs: list[list[Stop]] = []
    points: list[Point] = []
    for stop in stops:
        point = point_of(stop)
        if point is not None:
            # What stands before the first known stop stays with it.
            runs.append([*runs.pop(), stop] if runs and not points else [stop])
            points.append(point)
        elif runs:
            runs[-1].append(stop)
        else:
            runs.append([stop])
    if len(points) < 3 or len(points) > _LARGEST:
        return list(stops)
    return [stop for place in shortened(points) for stop in runs[place]]


def length(points: Sequence[Point]) -> float:
    """Metres along `points` in their order."""
    return sum(metres_between(one, other) for one, other in pairwise(points))


def shortened(points: Sequence[Point]) -> list[int]:
    """An order of `points` (indices) no longer than the given one: an open path, its ends free."""
    table = [[metres_between(one, other) for other in points] for one in points]
    near = [_nearest(row, place) for place, row in enumerate(table)]
    path = list(range(len(points)))
    for _ in range(_ROUNDS):
        turned = _turn_runs(path, table, near)
        moved = _move_runs(path, table, near)
        if not (turned or moved):
            break
    return path


def _nearest(row: list[float], place: int) -> list[int]:
    return [other for other in sorted(range(len(row)), key=row.__getitem__)[: _NEAR + 1] if other != place]


def _turn_runs(path: list[int], table: list[list[float]], near: list[list[int]]) -> bool:
    """2-opt: turn a run round where that shortens the path; an end of the path costs nothing to leave open."""
    size, better = len(path), False
    where = {stop: place for place, stop in enumerate(path)}
    for stop in range(size):
        for other in near[stop]:
            for start, end in _runs_between(where[stop], where[other]):
                if not 0 <= start < end < size:
                    continue
                before = table[path[start - 1]] if start else None
                after = table[path[end + 1]] if end + 1 < size else None
                gain = (before[path[start]] - before[path[end]]) if before else 0.0
                gain += (after[path[end]] - after[path[start]]) if after else 0.0
                if gain > _EPSILON:
                    path[start : end + 1] = path[start : end + 1][::-1]
                    for place in range(start, end + 1):
                        where[path[place]] = place
                    better = True
    return better


def _runs_between(one: int, other: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two turns that bring the stops at these places side by side."""
    low, high = sorted((one, other))
    return (low + 1, high), (low, high - 1)


def _move_runs(path: list[int], table: list[list[float]], near: list[list[int]]) -> bool:
    """Or-opt: move a short run, either way round, beside a near stop where that shortens the path."""
    better = False
    for stop in range(len(path)):
        for size in range(1, _LONGEST_MOVED + 1):
            if _move_run(path, stop, size, table, near):
                better = True
                break
    return better


def _move_run(path: list[int], stop: int, size: int, table: list[list[float]], near: list[list[int]]) -> bool:
    start = path.index(stop)
    end = start + size
    if end > len(path):
        return False
    run, rest = path[start:end], path[:start] + path[end:]
    saved = _link(path, start - 1, start, table) + _link(path, end - 1, end, table)
    saved -= table[path[start - 1]][path[end]] if start > 0 and end < len(path) else 0.0
    if saved <= _EPSILON:
        return False
    best, chosen = saved - _EPSILON, None
    for other in near[stop]:
        if other in run:
            continue
        at = rest.index(other)
        for gap in (at, at + 1):
            for turned in (run, run[::-1]):
                added = _added(rest, gap, turned, table)
                if added < best:
                    best, chosen = added, (gap, turned)
    if chosen is None:
        return False
    gap, turned = chosen
    path[:] = rest[:gap] + turned + rest[gap:]
    return True


def _link(path: list[int], one: int, other: int, table: list[list[float]]) -> float:
    return table[path[one]][path[other]] if one >= 0 and other < len(path) else 0.0


def _added(rest: list[int], gap: int, run: list[int], table: list[list[float]]) -> float:
    """What the path grows by when `run` stands in the gap before `rest[gap]`."""
    added = table[rest[gap - 1]][run[0]] if gap else 0.0
    if gap < len(rest):
        added += table[run[-1]][rest[gap]]
        added -= table[rest[gap - 1]][rest[gap]] if gap else 0.0
    return added
