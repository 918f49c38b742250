"""Divide doors into walks: balanced, alleys whole where they can be, in walking order. Pure functions, no database.

The order of the addresses is cut into runs (dynamic programming over all places to cut), then alleys that a cut has
torn are mended by exchanging whole alleys with the neighbouring walk. Constants and their reasons:
docs/decisions/0021-walking-order.md and 0022-cutting-walks.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from math import inf
from uuid import UUID

from backend.services.planning_route import Point, length, refine

# Knocking, waiting and greeting cost about as much as two things to help with, even when nobody opens.
DOOR_WEIGHT = 2
# An alley with fewer doors is cut only when the walks cannot be balanced otherwise.
SMALL_ALLEY = 20
# The fullest walk may carry this many times the mean, where the doors can be divided so.
TOLERANCE = 1.05
# Two neighbouring walks that differ by more than this part of a full walk exchange alleys.
UNEVEN = 0.08
# Fewer doors than this on one side of a street: walk it in one go, by number.
SIDE_MINIMUM = 3
# Prices of a cut against the balance: a walk 5 % off the mean costs 1.
_PRICE = {"between": 0.0, "large": 2.0, "small": 1000.0}
_WIDENING = ((0.7, TOLERANCE), (0.5, 1.1), (0.3, 1.25), (0.0, 1.6), (0.0, inf))
_NOTHING = UUID(int=0)
# How much of a walk's way must be known before metres are told.
_KNOWN_SHARE = 0.66


@dataclass(frozen=True)
class Door:
    """A household to visit. `load`: its open person-services; `side`: 1 odd, 0 even, on a street, else None."""

    id: UUID
    alley: UUID | None
    walk_key: bytes
    load: int = 0
    side: int | None = None
    point: Point | None = None

    @property
    def weight(self) -> int:
        """What this door takes of an evening."""
        return DOOR_WEIGHT + self.load


@dataclass(frozen=True)
class PlannedWalk:
    """The doors of one walk in the order of walking; `metres` None where too few coordinates are known."""

    doors: tuple[Door, ...]

    @property
    def weight(self) -> int:
        """The sum of the doors' weights."""
        return sum(door.weight for door in self.doors)

    @property
    def metres(self) -> int | None:
        """The known way from the first door to the last."""
        return metres(self.doors)


def plan(doors: Iterable[Door], walks: int) -> list[PlannedWalk]:
    """`doors` divided into `walks` walks of like weight, none empty. Raises ValueError with fewer doors than walks."""
    ordered = [door for alley in in_alleys(doors) for door in alley]
    if not 1 <= walks <= len(ordered):
        raise ValueError("more walks than doors")
    runs = _mended(_cut(ordered, walks), TOLERANCE * sum(door.weight for door in ordered) / walks)
    return [PlannedWalk(tuple(in_walking_order(run))) for run in runs]


def in_alleys(doors: Iterable[Door]) -> list[list[Door]]:
    """The doors alley by alley: doors by walk key, alleys by their first door, or by nearness where points are known."""
    alleys: dict[UUID | None, list[Door]] = {}
    for door in sorted(doors, key=lambda door: (door.walk_key, door.id)):
        alleys.setdefault(door.alley, []).append(door)
    keys = refine(list(alleys), lambda alley: _middle(alleys[alley]))
    return [alleys[key] for key in keys]


def in_walking_order(doors: Iterable[Door]) -> list[Door]:
    """The doors of one walk as a person walks: alley by alley, a street up one side and back on the other."""
    by_address = [door for alley in in_alleys(doors) for door in _sides(alley)]
    return refine(by_address, lambda door: door.point)


def metres(doors: Sequence[Door]) -> int | None:
    """Metres along the known points, or None when less than two thirds of the doors have one."""
    points = [door.point for door in doors if door.point is not None]
    if len(points) < 2 or len(points) < _KNOWN_SHARE * len(doors):
        return None
    return round(length(points))


def _sides(alley: list[Door]) -> list[Door]:
    odd = [door for door in alley if door.side == 1]
    even = [door for door in alley if door.side == 0]
    if min(len(odd), len(even)) < SIDE_MINIMUM or len(odd) + len(even) < len(alley):
        return alley
    return odd + even[::-1]


def _middle(alley: list[Door]) -> Point | None:
    points = [door.point for door in alley if door.point is not None]
    if not points:
        return None
    return sum(point[0] for point in points) / len(points), sum(point[1] for point in points) / len(points)


def _cut(ordered: list[Door], walks: int) -> list[list[Door]]:
    """The cheapest way to cut the sequence into runs; the bounds widen until there is one."""
    sums = [0, *accumulate(door.weight for door in ordered)]
    prices = _cut_prices(ordered)
    for low, high in _WIDENING:
        if ends := _cheapest(sums, prices, walks, low, high):
            return [ordered[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    raise AssertionError("the last widening admits every cut")


def _cut_prices(ordered: list[Door]) -> list[float]:
    """The price of a cut before each door (and at both ends, which is free)."""
    sizes: dict[UUID | None, int] = {}
    for door in ordered:
        sizes[door.alley] = sizes.get(door.alley, 0) + 1
    prices = [_PRICE["between"]]
    for before, after in pairwise(ordered):
        if before.alley != after.alley:
            prices.append(_PRICE["between"])
        else:
            prices.append(_PRICE["small" if sizes[after.alley] < SMALL_ALLEY else "large"])
    return [*prices, _PRICE["between"]]


def _cheapest(sums: list[int], prices: list[float], walks: int, low: float, high: float) -> list[int]:
    """Ends of the runs (indices into the doors), or [] when no cut keeps every run within low…high times the mean."""
    total, size = sums[-1], len(sums) - 1
    mean = total / walks
    costs: dict[int, float] = {0: 0.0}
    came_from: list[dict[int, int]] = []
    for walk in range(1, walks + 1):
        best: dict[int, float] = {}
        origin: dict[int, int] = {}
        left = walks - walk
        for start, cost in costs.items():
            for end in range(start + 1, size - left + 1):
                load = sums[end] - sums[start]
                if load > high * mean:
                    break
                if load < low * mean or total - sums[end] > left * high * mean:
                    continue
                new = cost + prices[end] + 400 * (load / mean - 1) ** 2
                if new < best.get(end, inf):
                    best[end], origin[end] = new, start
        costs = best
        came_from.append(origin)
    if size not in costs:
        return []
    ends = [size]
    for origin in reversed(came_from[1:]):
        ends.append(origin[ends[-1]])
    return ends[::-1]


def _mended(runs: list[list[Door]], most: float) -> list[list[Door]]:
    """Neighbouring walks exchange whole alleys: a torn small alley becomes one again, an uneven pair even."""
    for first in range(len(runs) - 1):
        one, two = runs[first], runs[first + 1]
        torn = one[-1].alley
        apart = {door.alley for door in one}.isdisjoint(door.alley for door in two)
        small = torn == two[0].alley and sum(door.alley == torn for door in one + two) < SMALL_ALLEY
        uneven = apart and _difference(one, two) > UNEVEN * most
        if small or uneven:
            shared = _exchange(one, two, torn if small else _NOTHING, most)
            if shared and (small or _difference(*shared) < _difference(one, two) / 2):
                runs[first], runs[first + 1] = shared
    return runs


def _difference(one: list[Door], two: list[Door]) -> int:
    return abs(sum(door.weight for door in one) - sum(door.weight for door in two))


def _exchange(
    one: list[Door], two: list[Door], torn: UUID | None, most: float
) -> tuple[list[Door], list[Door]] | None:
    """The two walks with every alley of theirs whole on one side; None when their loads would not allow it."""
    groups = _grouped(one + two)
    weights = {alley: sum(door.weight for door in doors) for alley, doors in groups.items()}
    total = sum(weights.values())
    mine = {door.alley for door in one} - {torn}
    theirs = [door.alley for door in two if door.alley != torn]
    near = list(dict.fromkeys(theirs))[:6]
    far = [alley for alley in dict.fromkeys(door.alley for door in reversed(one)) if alley != torn][:6]
    # Few exchanges, so that the walks stay in one piece, against an uneven pair.
    options = sorted(
        (
            (len(given) + len(taken) + 400 * (2 * load / total - 1) ** 2, given, taken, keep)
            for given in _few(far)
            for taken in _few(near)
            for keep in (True, False)
            for load in [_load_of(weights, mine, given, taken, torn if keep else None, keep=keep)]
            if 0 < load <= most and 0 < total - load <= most
        ),
        key=lambda option: option[0],
    )
    if not options:
        return None
    _, given, taken, keep = options[0]
    kept = (mine - set(given)) | set(taken) | ({torn} if keep else set())
    return (
        [door for alley, doors in groups.items() if alley in kept for door in doors],
        [door for alley, doors in groups.items() if alley not in kept for door in doors],
    )


def _load_of(
    weights: dict[UUID | None, int],
    mine: set[UUID | None],
    given: tuple[UUID | None, ...],
    taken: tuple[UUID | None, ...],
    torn: UUID | None,
    *,
    keep: bool,
) -> int:
    load = sum(weights[alley] for alley in mine if alley not in given) + sum(
        weights[alley] for alley in taken
    )
    return load + (weights.get(torn, 0) if keep else 0)


def _few(alleys: list[UUID | None]) -> list[tuple[UUID | None, ...]]:
    return [chosen for size in range(3) for chosen in combinations(alleys, size)]


def _grouped(doors: Iterable[Door]) -> dict[UUID | None, list[Door]]:
    groups: dict[UUID | None, list[Door]] = {}
    for door in doors:
        groups.setdefault(door.alley, []).append(door)
    return groups
