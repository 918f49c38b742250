"""The figures of the board, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class ServiceCount:
    """People per step of one service; eligible = done + keeps + shown + not_started + stuck."""

    code: str
    name_vi: str
    name_en: str
    eligible: int
    done: int
    keeps: int
    shown: int
    not_started: int
    stuck: int
    unknown: int
    not_eligible: int

    @property
    def open(self) -> int:
        """Still to be done, and nothing known that stands in the way."""
        return self.shown + self.not_started


@dataclass(frozen=True)
class ReasonCount:
    """How many people are stuck at one service for one reason (`code` None: no reason was given)."""

    service_code: str
    service_vi: str
    service_en: str
    code: str | None
    name_vi: str
    name_en: str
    advice_vi: str
    people: int


@dataclass(frozen=True)
class NeighbourhoodCount:
    """Doors where somebody lives: finished, begun (visited, not finished), untouched. `visits`: tonight."""

    id: UUID
    name: str
    doors: int
    done: int
    begun: int
    untouched: int
    on_no_walk: int
    waiting_stubs: int
    visits: int
    stuck: int

    @property
    def left(self) -> int:
        """Doors that are not finished."""
        return self.doors - self.done


@dataclass(frozen=True)
class VolunteerCount:
    """One volunteer's doors on published walks, and what their phones last told.

    `last_contact` None: no phone was ever heard of. `waiting`, `dead`: visits still on the phone; stuck there.
    """

    account_id: UUID
    name: str
    doors: int
    done: int
    begun: int
    visits: int
    phones: int
    last_contact: datetime | None
    waiting: int
    dead: int
    quiet: bool

    @property
    def left(self) -> int:
        """Doors that are not finished."""
        return self.doors - self.done


@dataclass(frozen=True)
class Tonight:
    """Today's visits that count, by outcome; doors knocked at; appointments made for today."""

    visits: int
    doors: int
    outcomes: dict[str, int]
    appointments: int
    flagged: int


@dataclass(frozen=True)
class Board:
    """Everything the board shows, as of `at`. `residents`: people who live in the doors counted."""

    at: datetime
    residents: int
    tonight: Tonight
    services: tuple[ServiceCount, ...]
    reasons: tuple[ReasonCount, ...]
    neighbourhoods: tuple[NeighbourhoodCount, ...]
    volunteers: tuple[VolunteerCount, ...]

    def total(self, what: str) -> int:
        """The sum of one count of all neighbourhoods: total("doors")."""
        return sum(getattr(one, what) for one in self.neighbourhoods)
