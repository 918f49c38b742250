"""Households that go to another neighbourhood: their codes stay unique there, their way is written down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.models import Household, HouseholdMove
from backend.services import feed
from backend.services.actor import Actor

_MOVE = text(
    """
    UPDATE household h SET neighbourhood_id = t.place, code = t.code, list_key = t.list_key
    FROM unnest(CAST(:ids AS uuid[]), CAST(:places AS uuid[]), CAST(:codes AS text[]), CAST(:keys AS text[]))
      AS t(id, place, code, list_key)
    WHERE h.id = t.id
    """
)


@dataclass(frozen=True)
class Home:
    """A household as far as a move concerns it."""

    id: UUID
    neighbourhood_id: UUID
    alley_id: UUID | None
    code: str
    list_key: str | None


def households_of(session: Session, unit_ids: Sequence[UUID]) -> list[Home]:
    """The households of these neighbourhoods, whatever their state, locked; in order of their codes."""
    rows = session.execute(
        select(
            Household.id,
            Household.neighbourhood_id,
            Household.alley_id,
            Household.code,
            Household.list_key,
        )
        .where(Household.neighbourhood_id.in_(unit_ids))
        .order_by(Household.code, Household.id)
        .with_for_update()
    )
    return [Home(row.id, row.neighbourhood_id, row.alley_id, row.code, row.list_key) for row in rows]


def move(session: Session, actor: Actor, homes: Sequence[Home], goes_to: Mapping[UUID, UUID]) -> None:
    """Give households their new place, a code that is free there, and a line of history; their phones learn it."""
    if not homes:
        return
    codes = _free_codes(homes, goes_to)
    keys = _free_keys(homes, goes_to)
    session.execute(
        _MOVE,
        {
            "ids": [home.id for home in homes],
            "places": [goes_to[home.id] for home in homes],
            "codes": [codes[home.id] for home in homes],
            "keys": [keys[home.id] for home in homes],
        },
    )
    moment = now()
    session.execute(
        insert(HouseholdMove),
        [
            {
                "ward_id": actor.ward_id,
                "household_id": home.id,
                "from_id": home.neighbourhood_id,
                "to_id": goes_to[home.id],
                "moved_at": moment,
                "moved_by": actor.account_id,
            }
            for home in homes
        ],
    )
    feed.touch_households(session, goes_to)


def _free_codes(homes: Sequence[Home], goes_to: Mapping[UUID, UUID]) -> dict[UUID, str]:
    """Codes unique in each new place: the first to bear one keeps it, a clash gets the next number after the highest."""
    taken: dict[UUID, set[str]] = {}
    codes: dict[UUID, str] = {}
    clashing: list[Home] = []
    for home in homes:
        used = taken.setdefault(goes_to[home.id], set())
        if home.code in used:
            clashing.append(home)
        else:
            used.add(home.code)
            codes[home.id] = home.code
    highest = {place: _highest(used) for place, used in taken.items()}
    for home in clashing:
        place = goes_to[home.id]
        highest[place] += 1
        codes[home.id] = f"H{highest[place]:04d}"
    return codes


def _highest(codes: Iterable[str]) -> int:
    return max((int(code[1:]) for code in codes if code[:1] == "H" and code[1:].isdecimal()), default=0)


def _free_keys(homes: Sequence[Home], goes_to: Mapping[UUID, UUID]) -> dict[UUID, str | None]:
    """Identities in the ward's lists; where two lists clash the second gives it up until a new list names it."""
    seen: set[tuple[UUID, str]] = set()
    keys: dict[UUID, str | None] = {}
    for home in homes:
        place = (goes_to[home.id], home.list_key or "")
        keys[home.id] = None if place in seen else home.list_key
        if home.list_key is not None:
            seen.add(place)
    return keys
