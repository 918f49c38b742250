"""Planning 1,300 doors for 12 walks, against the plain cut of the walking order into equal runs of doors.

The plain cut knows neither alleys nor open services nor coordinates: it is what a leader does with a list and a ruler.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from time import process_time
from uuid import UUID, uuid4

from backend.services.planning import Door, PlannedWalk, plan
from backend.services.planning_route import Point, length
from backend.text.addresses import parse, street_side
from bench.figures import Figure

DOORS, WALKS, ROUNDS = 1_300, 12, 5
PLAIN = "plain cut of the walking order"
SECOND = "1 s (P8)"


def run() -> list[Figure]:
    """Time (best of five rounds), balance, torn alleys, and the way on foot where coordinates are known."""
    figures: list[Figure] = []
    for words, known in (("addresses only", False), ("with coordinates", True)):
        doors = _neighbourhood(known=known)
        seconds = _fastest(lambda doors=doors: plan(doors, WALKS))  # type: ignore[misc]
        made, cut = plan(doors, WALKS), _plain(doors)
        full, plain = _fullest(made), _fullest(cut)
        figures += [
            Figure(f"plan {DOORS} x {WALKS}, {words}", seconds * 1000, "ms CPU", SECOND, seconds, "<= 1 s"),
            Figure(f"fullest walk over mean, {words}", full, "times", PLAIN, full / plain, "<= 1.05"),
            Figure(f"alleys torn, {words}", _torn(made), "alleys", PLAIN, _torn(made) / _torn(cut)),
        ]
        if known:
            ours = _metres(made)
            figures.append(Figure("way on foot, all walks", ours, "m", PLAIN, ours / _metres(cut)))
    return figures


def _plain(doors: Sequence[Door]) -> list[PlannedWalk]:
    ordered = sorted(doors, key=lambda door: door.walk_key)
    size = -(-len(ordered) // WALKS)
    return [PlannedWalk(tuple(ordered[start : start + size])) for start in range(0, len(ordered), size)]


def _neighbourhood(*, known: bool) -> list[Door]:
    """Alleys of 5 to 45 doors on both sides of a bent street, 8 m from door to door, up to 9 things open at a door."""
    chance = random.Random(20261121)
    alleys: dict[str | None, UUID] = defaultdict(uuid4)
    doors: list[Door] = []
    number = 0
    while len(doors) < DOORS:
        number += chance.randint(2, 9)
        side = 1 if number % 2 else -1
        for house in range(1, min(chance.randint(5, 45), DOORS - len(doors)) + 1):
            read = parse(f"Số {house} ngõ {number} Láng")
            point = _point(number * 6, side * (10 + house * 4), chance)
            doors.append(
                Door(
                    uuid4(),
                    alleys[read.alley],
                    read.walk_key,
                    chance.randint(0, 9),
                    street_side(read.parts),
                    point if known else None,
                )
            )
    return doors


def _point(along: float, across: float, chance: random.Random) -> Point:
    """Metres along and across the street as a point near Láng, with 5 m of noise as phones have."""
    bend = (along / 400) ** 2 * 20
    return (
        21.02 + (across + bend + chance.gauss(0, 5)) / 111_195,
        105.81 + (along + chance.gauss(0, 5)) / 103_800,
    )


def _fastest(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        start = process_time()
        work()
        best = min(best, process_time() - start)
    return best


def _fullest(walks: Sequence[PlannedWalk]) -> float:
    return max(walk.weight for walk in walks) * len(walks) / sum(walk.weight for walk in walks)


def _torn(walks: Sequence[PlannedWalk]) -> int:
    seen: dict[UUID | None, set[int]] = defaultdict(set)
    for number, walk in enumerate(walks):
        for door in walk.doors:
            seen[door.alley].add(number)
    return sum(len(found) > 1 for found in seen.values())


def _metres(walks: Sequence[PlannedWalk]) -> float:
    return sum(length([door.point for door in walk.doors if door.point]) for walk in walks)
