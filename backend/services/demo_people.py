"""Made-up people behind made-up doors. Everyone bears the family name "Mẫu" (sample), which nobody has. Pure.

Phone numbers begin with 010, a range that Viet Nam does not give out; there is nothing that looks like an ID number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from backend.models import HouseholdKind

FAMILY = "Mẫu"
_MIDDLE = {"male": ("Văn", "Đức", "Quốc", "Minh", "Hữu"), "female": ("Thị", "Thu", "Ngọc", "Thanh", "Hồng")}
_MALE = "An Bình Cường Dũng Giang Hải Hùng Khánh Long Nam Phúc Quân Sơn Thắng Tiến Trung Tuấn Việt Vinh Đạt"
_FEMALE = "Anh Chi Dung Hà Hạnh Hoa Hương Lan Liên Mai Nga Nhung Oanh Phương Quỳnh Thảo Trang Tuyết Vân Yến"
_GIVEN = {"male": tuple(_MALE.split()), "female": tuple(_FEMALE.split())}
_UNKNOWN_BIRTH = 0.03
_NAMED, _WITH_PHONE = 0.75, 0.35


@dataclass(frozen=True)
class Person:
    """One resident; `name` and `birth_year` may be unknown, as in a real list."""

    name: str | None
    birth_year: int | None
    sex: str
    relation: str


@dataclass(frozen=True)
class Family:
    """Who lives behind one door, head first. `phone`: E.164, or None."""

    people: tuple[Person, ...]
    phone: str | None


def name(random: Random, sex: str) -> str:
    """A full name that cannot be anybody's."""
    return f"{FAMILY} {random.choice(_MIDDLE[sex])} {random.choice(_GIVEN[sex])}"


def names(random: Random, count: int) -> list[str]:
    """`count` distinct names, as long as the stock lasts (then numbered ones)."""
    found: dict[str, None] = {}
    for _ in range(count * 20):
        found.setdefault(name(random, random.choice(("female", "female", "male"))))
        if len(found) == count:
            break
    return [*found, *(f"{FAMILY} Văn Số {number}" for number in range(len(found) + 1, count + 1))]


def fictitious_phone(number: int) -> str:
    """The `number`-th phone number of the demo: +84 10… is not assigned to anybody."""
    return f"+8410{number:07d}"


def family(random: Random, number: int, kind: HouseholdKind, year: int) -> Family:
    """The people behind door `number` in `year`: elderly alone or in pairs, couples with children, three generations."""
    ages: Callable[[Random], Iterator[tuple[str, str, int]]]
    if kind == HouseholdKind.BUSINESS:
        ages = _couple
    else:
        ages = random.choices(
            (_alone, _old_pair, _couple, _parents, _three_generations, _tenants), (8, 12, 10, 36, 24, 10)
        )[0]
    named = random.random() < _NAMED
    people = tuple(
        Person(
            name=name(random, sex) if named else None,
            birth_year=None if random.random() < _UNKNOWN_BIRTH else year - age,
            sex=sex,
            relation=relation,
        )
        for relation, sex, age in ages(random)
    )
    phone = fictitious_phone(number) if named and random.random() < _WITH_PHONE else None
    return Family(people, phone)


def _alone(random: Random) -> Iterator[tuple[str, str, int]]:
    yield "chủ hộ", random.choice(("female", "female", "male")), random.randint(62, 88)


def _old_pair(random: Random) -> Iterator[tuple[str, str, int]]:
    age = random.randint(60, 82)
    yield "chủ hộ", "male", age
    yield "vợ", "female", age - random.randint(0, 6)


def _couple(random: Random) -> Iterator[tuple[str, str, int]]:
    age = random.randint(26, 58)
    yield "chủ hộ", "male", age
    yield "vợ", "female", age - random.randint(-1, 5)


def _parents(random: Random) -> Iterator[tuple[str, str, int]]:
    age = random.randint(30, 55)
    yield "chủ hộ", random.choice(("male", "male", "female")), age
    yield "vợ/chồng", random.choice(("female", "male")), age - random.randint(-1, 5)
    for _ in range(random.choices((1, 2, 3), (35, 55, 10))[0]):
        yield "con", random.choice(("male", "female")), max(0, age - random.randint(24, 34))


def _three_generations(random: Random) -> Iterator[tuple[str, str, int]]:
    age = random.randint(58, 80)
    yield "chủ hộ", "male", age
    if random.random() < 0.7:
        yield "vợ", "female", age - random.randint(0, 6)
    child = max(26, age - random.randint(24, 32))
    yield "con", "male", child
    yield "con dâu", "female", child - random.randint(0, 4)
    for _ in range(random.choices((1, 2), (55, 45))[0]):
        yield "cháu", random.choice(("male", "female")), max(0, child - random.randint(25, 32))


def _tenants(random: Random) -> Iterator[tuple[str, str, int]]:
    yield "chủ hộ", random.choice(("male", "female")), random.randint(19, 34)
    for _ in range(random.choices((0, 1, 2), (50, 30, 20))[0]):
        yield "ở cùng", random.choice(("male", "female")), random.randint(19, 34)
