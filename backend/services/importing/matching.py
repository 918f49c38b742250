"""Which households of a list are known already: a corrected list updates and never doubles.

The list's own numbers are no identity (a line put in shifts all that follow), nor is a name alone. So the passes go
from the certain to the likely, each only over what is still unmatched, and each takes only what is unique on
both sides.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from backend.core.crypto import keyring
from backend.services.importing.records import HouseholdRecord, PersonRecord
from backend.text.vietnamese import fold_tone_placement, search_key

Value = TypeVar("Value")


@dataclass(slots=True)
class KnownPerson:
    """A resident as stored; the phone only by its blind index."""

    id: UUID
    ordinal: int
    name: str | None
    birth_year: int | None
    sex: str | None
    relation: str | None
    is_head: bool
    phone_index: bytes | None


@dataclass(slots=True)
class KnownHousehold:
    """A household as stored. `settled`: merged or withdrawn, so that a list must not touch it."""

    id: UUID
    code: str
    list_key: str | None
    address: str
    old_address: str
    head_name: str | None
    phone_index: bytes | None
    settled: bool
    people: list[KnownPerson] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    """A household of the list, its identity there, and the stored household that it is (None: new)."""

    record: HouseholdRecord
    list_key: str
    known: KnownHousehold | None


@lru_cache(maxsize=200_000)
def name_of(name: str | None) -> str:
    """A name as names are compared: no accents, no case, no apostrophes."""
    return search_key(name).replace(" ", "") if name else ""


@lru_cache(maxsize=200_000)
def exact_name(name: str | None) -> str:
    """A name with its accents; only the place of the tone does not count (hoà, hòa)."""
    return fold_tone_placement(name).casefold() if name else ""


def list_key(record: HouseholdRecord) -> str:
    """The identity of a household in the ward's list, keyed hashes only: "<number>.<head and address>"."""
    who = f"{exact_name(record.head_name)}|{search_key(record.address)}"
    if who == "|":
        who = "|".join(exact_name(person.name) for person in record.people)
    return f"{_hash(record.number) if record.number else ''}.{_hash(who)}"


def match(records: Sequence[HouseholdRecord], known: Sequence[KnownHousehold]) -> list[Pair]:
    """Each household of the list with the stored one it is, if any; no stored household is used twice."""
    keys = _unique_keys(records)
    found: dict[int, KnownHousehold] = {}
    free = {household.id: household for household in known}

    def take(place: int, household: KnownHousehold) -> None:
        found[place] = household
        del free[household.id]

    by_key = {household.list_key: household for household in known if household.list_key}
    for place, key in enumerate(keys):
        if key in by_key:
            take(place, by_key[key])

    def one_to_one(
        of_record: Callable[[int], Hashable], of_known: Callable[[KnownHousehold], Hashable]
    ) -> None:
        theirs = _single((of_known(household), household) for household in free.values())
        ours = _single((of_record(place), place) for place in range(len(records)) if place not in found)
        for key, place in ours.items():
            if key in theirs:
                take(place, theirs[key])

    if free:
        one_to_one(lambda place: _who(records[place]), _who)
        _by_people(records, found, free, take)
        one_to_one(
            lambda place: _number_at(keys[place], records[place].address),
            lambda household: _number_at(household.list_key, household.address),
        )
        one_to_one(
            lambda place: name_of(records[place].head_name), lambda household: name_of(household.head_name)
        )
        one_to_one(
            lambda place: None if _named(records[place].people) else search_key(records[place].address),
            lambda household: search_key(household.address),
        )
        one_to_one(
            lambda place: search_key(records[place].address),
            lambda household: None if _named(household.people) else search_key(household.address),
        )
    return [Pair(record, keys[place], found.get(place)) for place, record in enumerate(records)]


def match_people(
    listed: Sequence[PersonRecord], stored: Sequence[KnownPerson]
) -> list[tuple[PersonRecord, KnownPerson | None]]:
    """Each person of a listed household with the stored resident it is, if any."""
    found: dict[int, KnownPerson] = {}
    free = {person.id: person for person in stored}
    passes: tuple[Callable[[PersonRecord | KnownPerson], Hashable], ...] = (
        lambda person: (exact_name(person.name), person.birth_year) if person.name else None,
        lambda person: name_of(person.name) or None,
        lambda person: (person.birth_year, person.sex, person.relation) if person.birth_year else None,
        lambda person: (person.birth_year, person.sex) if person.birth_year else None,
    )
    for key in passes:
        theirs = _single((key(person), person) for person in free.values())
        ours = _single((key(person), place) for place, person in enumerate(listed) if place not in found)
        for value, place in ours.items():
            if value in theirs:
                found[place] = theirs[value]
                del free[theirs[value].id]
    # Two alike (people known by number only, twins entered twice) are paired in their order, so that none doubles.
    rest: dict[Hashable, list[KnownPerson]] = defaultdict(list)
    for one in sorted(free.values(), key=lambda one: one.ordinal, reverse=True):
        rest[name_of(one.name), one.birth_year].append(one)
    for place, listed_one in enumerate(listed):
        if place not in found and (alike := rest[name_of(listed_one.name), listed_one.birth_year]):
            found[place] = alike.pop()
    return [(person, found.get(place)) for place, person in enumerate(listed)]


def _by_people(
    records: Sequence[HouseholdRecord],
    found: dict[int, KnownHousehold],
    free: dict[UUID, KnownHousehold],
    take: Callable[[int, KnownHousehold], None],
) -> None:
    """Households that share at least half of their people, by name and year of birth."""
    where: dict[tuple[str, int], set[UUID]] = defaultdict(set)
    for household in free.values():
        for person in household.people:
            if person.name and person.birth_year:
                where[exact_name(person.name), person.birth_year].add(household.id)
    for place, record in enumerate(records):
        if place in found or not free:
            continue
        votes: Counter[UUID] = Counter()
        for listed in record.people:
            if listed.name and listed.birth_year:
                votes.update(where.get((exact_name(listed.name), listed.birth_year), set()) & free.keys())
        best = votes.most_common(2)
        if not best or (len(best) > 1 and best[0][1] == best[1][1]):
            continue
        household = free[best[0][0]]
        if best[0][1] * 2 >= min(_named(record.people), _named(household.people)):
            take(place, household)


def _unique_keys(records: Sequence[HouseholdRecord]) -> list[str]:
    seen: Counter[str] = Counter()
    keys: list[str] = []
    for record in records:
        key = list_key(record)
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return keys


def _who(household: HouseholdRecord | KnownHousehold) -> Hashable:
    name = exact_name(household.head_name)
    return (name, search_key(household.address)) if name else None


def _number_at(key: str | None, address: str) -> Hashable:
    number = (key or "").partition(".")[0]
    return (number, search_key(address)) if number and address else None


def _named(people: Iterable[PersonRecord | KnownPerson]) -> int:
    return sum(1 for person in people if person.name)


def _single(items: Iterable[tuple[Hashable, Value]]) -> dict[Hashable, Value]:
    """The items whose key is there, not empty, and only once."""
    found: dict[Hashable, Value] = {}
    twice: set[Hashable] = set()
    for key, value in items:
        if key is None or key == "":
            continue
        if key in found:
            twice.add(key)
        found[key] = value
    return {key: value for key, value in found.items() if key not in twice}


@lru_cache(maxsize=200_000)
def _hash(value: str) -> str:
    return keyring().blind(value, "household.list_key")[:10].hex()
