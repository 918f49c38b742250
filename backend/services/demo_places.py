"""The doors of a made-up neighbourhood: a street with shops, alleys within alleys, blocks of flats. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from backend.models import HouseholdKind

STREET = "phố Hoa Mẫu"
_FLATS_A_FLOOR, _FLATS_A_BLOCK = 8, 96
_SHARE_FLATS, _SHARE_STREET = 0.18, 0.10
_SHOPS = 0.45
# How many doors, from an alley's mouth to its end; how many smaller alleys leave it.
_DOORS = {"ngo": (14, 46), "ngach": (6, 22), "hem": (4, 9)}
_BRANCHES = {"ngo": (0, 3), "ngach": (0, 1)}
_INNER = {"ngo": "ngach", "ngach": "hem"}
_WORD = {"ngo": "ngõ", "ngach": "ngách", "hem": "hẻm"}


@dataclass(frozen=True)
class Place:
    """One door: its address as people write it, and whether it is a shop."""

    address: str
    kind: HouseholdKind = HouseholdKind.HOUSEHOLD


def doors(random: Random, count: int, *, flats: bool = True, street: str = STREET) -> list[Place]:
    """`count` doors of one neighbourhood; `flats`: with blocks of flats."""
    found: list[Place] = []
    if flats:
        found += _blocks(round(count * _SHARE_FLATS))
    found += _front(random, max(1, round(count * _SHARE_STREET)), street)
    number = 0
    while len(found) < count:
        number += random.choice((10, 12, 14, 22))
        found += _alley(random, "ngo", str(number), street)
    return found[:count]


def _blocks(count: int) -> Iterator[Place]:
    for index in range(count):
        block, flat = divmod(index, _FLATS_A_BLOCK)
        floor, door = divmod(flat, _FLATS_A_FLOOR)
        yield Place(f"P.{floor + 2}{door + 1:02d} chung cư CT{block + 1}")


def _front(random: Random, count: int, street: str) -> Iterator[Place]:
    number = 0
    for _ in range(count):
        number += random.choice((1, 1, 1, 2, 3))
        shop = random.random() < _SHOPS
        yield Place(f"{number} {street}", HouseholdKind.BUSINESS if shop else HouseholdKind.HOUSEHOLD)


def _alley(random: Random, kind: str, name: str, street: str) -> list[Place]:
    """The doors of one alley and of the alleys that leave it."""
    found = []
    number = 0
    for _ in range(random.randint(*_DOORS[kind])):
        number += random.choice((1, 2, 2, 2, 3))
        suffix = random.choices(("", "A", " bis"), (94, 5, 1))[0]
        shop = kind == "ngo" and random.random() < 0.04
        found.append(
            Place(
                f"Số {number}{suffix} {_WORD[kind]} {name} {street}",
                HouseholdKind.BUSINESS if shop else HouseholdKind.HOUSEHOLD,
            )
        )
    if kind in _BRANCHES:
        mouths = random.sample(range(2, number + 2), min(random.randint(*_BRANCHES[kind]), number))
        for mouth in sorted(mouths):
            found += _alley(random, _INNER[kind], f"{name}/{mouth}", street)
    return found
