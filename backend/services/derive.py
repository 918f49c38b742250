"""The state of a household as a pure function of its events, the same for every order in which they arrive.

(sync.md, section 13 and invariant I12.) No database, no clock: the year is an argument.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from backend.models import AdoptionState, EventKind, HouseholdState, Outcome

# The number of the rules by which the tables are derived from the events, here, in household_rows.py and tally.py.
# Raise it when the same events shall say something else: a ward at work is then counted again by itself (jobs/clock.py).
RULES = 1

# Tuples rather than dataclasses: an import of a whole ward makes a million of them.


class Fact(NamedTuple):
    """One visit or correction as it counts. `outcome` is None for a correction that only takes a visit back.

    `results`: [{resident, service, state, reason?}] as the phone sent them.
    """

    id: UUID
    author: UUID
    kind: str
    est_time: datetime
    corrects: UUID | None
    outcome: str | None
    results: Sequence[Mapping[str, Any]]


class Person(NamedTuple):
    """A resident, as far as eligibility needs it. `counts`: lives here (also when away for work)."""

    id: UUID
    birth_year: int | None
    is_head: bool
    counts: bool


class Offer(NamedTuple):
    """A service: whom it is for."""

    code: str
    min_age: int | None
    max_age: int | None
    household_kind: str | None
    head_only: bool


class Step(NamedTuple):
    """Where a person stands on the ladder of a service, and the event that decided it (None: none yet)."""

    state: str
    reason: str | None
    changed_at: datetime | None
    event_id: UUID | None


class Standing(NamedTuple):
    """Which facts count, and which corrections tried to change another author's visit."""

    effective: frozenset[UUID]
    foreign: frozenset[UUID]


_NOT_STARTED = Step(AdoptionState.NOT_STARTED, None, None, None)
_UNKNOWN = Step(AdoptionState.UNKNOWN, None, None, None)
_DONE_RANK = {AdoptionState.DOES_ALONE.value: 2, AdoptionState.DONE_WITH_HELP.value: 1}
# Whoever has done the first has the second by it, whether or not somebody wrote it down.
IMPLIES = (("eid_level_2", "eid_level_1"),)
_SOMEBODY_LIVES_THERE = frozenset((Outcome.HELPED, Outcome.REFUSED, Outcome.RESCHEDULED, Outcome.NO_NEED))


def standing(facts: Iterable[Fact]) -> Standing:
    """Which visits and corrections count.

    A visit that its own author corrected gives way to the newest (est_time, then id) of all corrections that lead
    to it, also through other corrections. A correction whose target is not here waits; one by somebody else has no
    effect.
    """
    by_id = {fact.id: fact for fact in facts}
    effective: set[UUID] = set()
    foreign: set[UUID] = set()
    chains: dict[UUID, list[Fact]] = {}
    for fact in by_id.values():
        if fact.corrects is None:
            effective.add(fact.id)
            continue
        target = by_id.get(fact.corrects)
        if target is not None and target.author != fact.author:
            foreign.add(fact.id)
        root = _root(fact, by_id)
        if root is not None:
            chains.setdefault(root, []).append(fact)
    for root, corrections in chains.items():
        effective.discard(root)
        last = max(corrections, key=_newest)
        if last.outcome is not None:
            effective.add(last.id)
    return Standing(frozenset(effective), frozenset(foreign))


def adoption(
    people: Iterable[Person], kind: str, facts: Iterable[Fact], offers: tuple[Offer, ...], year: int
) -> dict[tuple[UUID, str], Step]:
    """Each eligible person's step per service, from the facts that count (`facts`: the effective ones).

    Not eligible: no entry. Birth year unknown: "unknown" until a visit says more.
    """
    told = decide(facts)
    return {
        (person.id, code): told.get((person.id, code))
        or (_UNKNOWN if state == _UNKNOWN.state else _NOT_STARTED)
        for person in people
        if person.counts
        for code, state in beginnings(kind, person.birth_year, person.is_head, offers, year)
    }


@cache
def beginnings(
    kind: str, birth_year: int | None, is_head: bool, offers: tuple[Offer, ...], year: int
) -> tuple[tuple[str, str], ...]:
    """The services such a person is eligible for, each with the state in which everybody begins.

    Asked for every resident of an import; there are only some hundred kinds of persons.
    """
    found = []
    for offer in offers:
        eligible = _eligible(kind, birth_year, is_head, offer, year)
        if eligible is not False:
            found.append((offer.code, _UNKNOWN.state if eligible is None else _NOT_STARTED.state))
    return tuple(found)


def household_state(current: str, facts: Iterable[Fact], *, said_gone: bool = False) -> str:
    """The state of the door: the newest effective visit that met somebody, or heard that they moved, decides.

    `said_gone`: a visit that counted until now heard that they moved; where it counts no more and no other tells,
    somebody lives there again. Vacant, merged and withdrawn are the leader's word and stay.
    """
    if current not in (HouseholdState.ACTIVE, HouseholdState.MOVED_AWAY):
        return current
    telling = [
        fact for fact in facts if fact.outcome == Outcome.MOVED_AWAY or fact.outcome in _SOMEBODY_LIVES_THERE
    ]
    if not telling:
        return HouseholdState.ACTIVE if said_gone else current
    newest = max(telling, key=_newest)
    return HouseholdState.MOVED_AWAY if newest.outcome == Outcome.MOVED_AWAY else HouseholdState.ACTIVE


def consents(given: Iterable[tuple[str, datetime, UUID, bool]]) -> dict[str, bool]:
    """The consent in force per purpose, from (purpose, est_time, event, given): the newest word decides."""
    newest: dict[str, tuple[datetime, UUID, bool]] = {}
    for purpose, est_time, event, answer in given:
        word = (est_time, event, answer)
        if purpose not in newest or word > newest[purpose]:
            newest[purpose] = word
    return {purpose: word[2] for purpose, word in newest.items()}


def speaking_of(fact: Fact, same: Mapping[str, str]) -> Fact:
    """The fact with the people that a merge found to be somebody else under that person's id."""
    results = [{**each, "resident": same.get(each["resident"], each["resident"])} for each in fact.results]
    return fact._replace(results=results)


def _newest(fact: Fact) -> tuple[datetime, UUID]:
    return fact.est_time, fact.id


def _root(fact: Fact, by_id: Mapping[UUID, Fact]) -> UUID | None:
    """The visit at the end of a chain of corrections by one author, or None when it does not end in one."""
    seen = {fact.id}
    while fact.corrects is not None:
        target = by_id.get(fact.corrects)
        if target is None or target.author != fact.author or target.id in seen:
            return None
        seen.add(target.id)
        fact = target
    return fact.id if fact.kind == EventKind.VISIT else None


def decide(facts: Iterable[Fact]) -> dict[tuple[UUID, str], Step]:
    """What the facts that count say per person and service.

    Done beats not done, "alone" beats "with help", and of equals the first decided; among the rest the newest does.
    """
    best: dict[tuple[UUID, str], tuple[tuple[Any, ...], Step]] = {}
    for fact in facts:
        for result in fact.results:
            state = result["state"]
            rank = _DONE_RANK.get(state, 0)
            when = fact.est_time.timestamp()
            # Done: the earliest wins, so time and id count backwards; the rest: the newest wins.
            order = (rank, -when, -fact.id.int) if rank else (rank, when, fact.id.int)
            key = (UUID(result["resident"]), result["service"])
            if key not in best or order > best[key][0]:
                best[key] = (order, Step(state, result.get("reason"), fact.est_time, fact.id))
    return _implied({key: step for key, (_, step) in best.items()})


def _implied(steps: dict[tuple[UUID, str], Step]) -> dict[tuple[UUID, str], Step]:
    """With what follows by itself: who holds level 2 holds level 1, since the same event."""
    for higher, lower in IMPLIES:
        for (resident, service), step in list(steps.items()):
            if service != higher or step.state not in _DONE_RANK:
                continue
            below = steps.get((resident, lower))
            if below is None or below.state not in _DONE_RANK:
                steps[resident, lower] = step
    return steps


def _eligible(kind: str, birth_year: int | None, is_head: bool, offer: Offer, year: int) -> bool | None:
    """True, False, or None when the birth year is needed and not known (only the year is kept)."""
    if offer.household_kind is not None and offer.household_kind != kind:
        return False
    if offer.head_only and not is_head:
        return False
    if offer.min_age is None and offer.max_age is None:
        return True
    if birth_year is None:
        return None
    age = year - birth_year
    return (offer.min_age is None or age >= offer.min_age) and (offer.max_age is None or age <= offer.max_age)
