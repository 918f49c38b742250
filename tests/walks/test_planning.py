"""Dividing doors: balance, whole alleys and order, for three shapes of neighbourhood and for any."""

import random
from collections import defaultdict
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.services import planning
from backend.services.planning import SMALL_ALLEY, TOLERANCE, Door, PlannedWalk, plan
from backend.services.planning_route import length, metres_between, refine, shortened
from backend.text.addresses import parse, street_side


def doors_at(addresses: list[str], seed: int = 1) -> list[Door]:
    """Doors of these addresses with 0 to 6 open person-services each."""
    chance = random.Random(seed)
    alleys: dict[str | None, UUID] = defaultdict(uuid4)
    found = []
    for raw in addresses:
        read = parse(raw)
        alley = alleys[read.alley] if read.alley else None
        found.append(Door(uuid4(), alley, read.walk_key, chance.randint(0, 6), street_side(read.parts)))
    return found


def narrow_alleys() -> list[str]:
    chance = random.Random(7)
    return [f"Số {n} ngõ {alley} Láng" for alley in range(2, 260, 2) for n in range(1, chance.randint(5, 17))]


def long_street() -> list[str]:
    return [f"{n} Nguyễn Trãi" for n in range(1, 1301)]


def towers() -> list[str]:
    return [
        f"P.{floor}{door:02d} CT{block}"
        for block in range(1, 5)
        for floor in range(1, 26)
        for door in range(1, 14)
    ]


SHAPES = {"narrow alleys": narrow_alleys(), "one long street": long_street(), "towers": towers()}


def pieces(walks: list[PlannedWalk]) -> dict[UUID | None, int]:
    """On how many walks each alley lies."""
    seen: dict[UUID | None, set[int]] = defaultdict(set)
    for number, walk in enumerate(walks):
        for door in walk.doors:
            seen[door.alley].add(number)
    return {alley: len(found) for alley, found in seen.items()}


@pytest.mark.parametrize("walks", [12, 20])
@pytest.mark.parametrize("shape", SHAPES)
def test_walks_are_balanced_and_small_alleys_whole(shape: str, walks: int) -> None:
    doors = doors_at(SHAPES[shape])
    made = plan(doors, walks)
    mean = sum(walk.weight for walk in made) / walks
    assert max(walk.weight for walk in made) <= TOLERANCE * mean
    assert min(walk.weight for walk in made) >= 0.8 * mean
    sizes: dict[UUID | None, int] = defaultdict(int)
    for door in doors:
        sizes[door.alley] += 1
    assert not [alley for alley, count in pieces(made).items() if count > 1 and sizes[alley] < SMALL_ALLEY]
    assert sum(count - 1 for count in pieces(made).values()) < walks


def test_doors_that_weigh_the_same_differ_by_one_at_most() -> None:
    doors = [Door(uuid4(), None, parse(f"{n} Láng").walk_key) for n in range(1, 1301)]
    sizes = [len(walk.doors) for walk in plan(doors, 12)]
    assert sorted(set(sizes)) == [108, 109]


def test_a_walk_on_a_street_goes_up_one_side_and_back_on_the_other() -> None:
    doors = doors_at([f"{n} Láng" for n in range(1, 21)])
    names = {door.id: n for n, door in enumerate(doors, start=1)}
    order = [names[door.id] for door in plan(doors, 1)[0].doors]
    assert order == [*range(1, 21, 2), *range(20, 0, -2)]


def test_a_narrow_alley_is_walked_by_number() -> None:
    doors = doors_at([f"Số {n} ngõ 4 Láng" for n in range(1, 21)])
    assert list(plan(doors, 1)[0].doors) == doors


def test_a_torn_small_alley_is_given_whole_to_one_walk() -> None:
    """Fifteen doors in every alley: no place to cut lies near the mean, so neighbours exchange alleys."""
    doors = doors_at([f"Số {n} ngõ {alley} Láng" for alley in range(1, 88) for n in range(1, 16)], seed=1)
    assert max(pieces(plan(doors, 12)).values()) == 1


def test_as_many_walks_as_doors_and_never_more() -> None:
    doors = doors_at([f"{n} Láng" for n in range(1, 6)])
    assert [len(walk.doors) for walk in plan(doors, 5)] == [1] * 5
    for walks in (0, 6):
        with pytest.raises(ValueError, match="more walks than doors"):
            plan(doors, walks)


DOORS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.integers(0, 200),
        st.integers(0, 50),
        st.none() | st.tuples(st.floats(20.9, 21.1), st.floats(105.7, 105.9)),
    ),
    min_size=1,
    max_size=80,
).map(
    lambda rows: [
        Door(
            UUID(int=n), UUID(int=alley) if alley else None, b"%03d%03d" % (alley, number), load, None, point
        )
        for n, (alley, number, load, point) in enumerate(rows)
    ]
)


@given(st.integers(1, 6), st.integers(1, 4))
def test_mending_never_empties_a_walk(doors: int, walks: int) -> None:
    few = [Door(UUID(int=n), None, b"", 34 if n == doors - 1 else 0) for n in range(doors)]
    assert all(walk.doors for walk in plan(few, min(walks, doors)))


@given(DOORS, st.integers(1, 8))
@settings(deadline=None)
def test_every_door_goes_on_exactly_one_walk(doors: list[Door], walks: int) -> None:
    made = plan(doors, min(walks, len(doors)))
    assert len(made) == min(walks, len(doors))
    assert all(walk.doors for walk in made)
    assert sorted(door.id for walk in made for door in walk.doors) == sorted(door.id for door in doors)


@given(DOORS)
@settings(deadline=None)
def test_the_order_does_not_depend_on_the_order_of_reading(doors: list[Door]) -> None:
    shuffled = list(doors)
    random.Random(3).shuffle(shuffled)
    assert plan(doors, 1) == plan(shuffled, 1)


POINTS = st.lists(st.tuples(st.floats(20.9, 21.1), st.floats(105.7, 105.9)), min_size=3, max_size=40)


@given(POINTS)
@settings(deadline=None)
def test_known_points_never_make_the_way_longer(points: list[tuple[float, float]]) -> None:
    order = shortened(points)
    assert sorted(order) == list(range(len(points)))
    assert length([points[place] for place in order]) <= length(points) + 0.001


def test_points_shorten_a_shuffled_line_to_the_line() -> None:
    line = [(21.0, 105.8 + step / 10_000) for step in range(40)]
    shuffled = random.Random(5).sample(line, len(line))
    order = shortened(shuffled)
    assert length([shuffled[place] for place in order]) == pytest.approx(
        metres_between(line[0], line[-1]), rel=0.05
    )


def test_a_stop_without_a_point_stays_behind_the_one_before_it() -> None:
    points = {"a": (21.0, 105.80), "b": (21.0, 105.83), "c": (21.0, 105.81), "d": (21.0, 105.82)}
    order = refine(["x", "a", "y", "b", "c", "d"], points.get)
    assert order.index("y") == order.index("a") + 1
    assert order.index("x") == order.index("a") - 1
    assert [stop for stop in order if stop in points] in (["a", "c", "d", "b"], ["b", "d", "c", "a"])


def test_metres_are_told_only_when_most_of_the_way_is_known() -> None:
    known = Door(uuid4(), None, b"", point=(21.0, 105.8))
    far = Door(uuid4(), None, b"", point=(21.0, 105.81))
    unknown = Door(uuid4(), None, b"")
    assert planning.metres([known, far]) == round(metres_between((21.0, 105.8), (21.0, 105.81)))
    assert planning.metres([known, far, unknown, unknown]) is None
    assert planning.metres([unknown]) is None
