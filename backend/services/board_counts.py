"""The figures of the board, as plain values."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from backend.models import DONE, AdoptionState

# What the ward itself can put right, or its police and its service point: their advice says so (data/services.json).
# Everything else is between the volunteer and the person.
WARD_HAND = frozenset(
    (
        "card_expired",
        "data_mismatch",
        "face_mismatch",
        "locked_out",
        "nfc_missing",
        "not_approved_yet",
        "phone_number_changed",
    )
)


@dataclass(frozen=True)
class Steps:
    """People per step of a service; eligible = done + keeps + shown + not_started + stuck."""

    eligible: int = 0
    done: int = 0
    keeps: int = 0
    shown: int = 0
    not_started: int = 0
    stuck: int = 0
    unknown: int = 0
    not_eligible: int = 0

    @property
    def open(self) -> int:
        """Still to be done, and nothing known that stands in the way."""
        return self.shown + self.not_started


def steps_of(by_state: Counter[str], residents: int) -> dict[str, int]:
    """The fields of Steps from people by adoption state, and all who live there."""
    unknown = by_state[AdoptionState.UNKNOWN]
    return {
        "eligible": by_state.total() - unknown,
        "done": sum(by_state[state] for state in DONE),
        "keeps": by_state[AdoptionState.KEEPS_OLD_WAY],
        "shown": by_state[AdoptionState.SHOWN],
        "not_started": by_state[AdoptionState.NOT_STARTED],
        "stuck": by_state[AdoptionState.BLOCKED],
        "unknown": unknown,
        "not_eligible": residents - by_state.total(),
    }


@dataclass(frozen=True)
class ServiceCount(Steps):
    """The steps of one service, with its name."""

    code: str = ""
    name_vi: str = ""
    name_en: str = ""


@dataclass(frozen=True)
class ReasonCount:
    """How many people are stuck at one service for one reason (`code` None: no reason was given).

    `ward`: the ward can put it right; `places`: in how many neighbourhoods.
    """

    service_code: str
    service_vi: str
    service_en: str
    code: str | None
    name_vi: str
    name_en: str
    advice_vi: str
    people: int
    ward: bool = False
    places: int = 0


@dataclass(frozen=True)
class NeighbourhoodCount:
    """Doors where somebody lives: finished, begun (visited, not finished), untouched. `visits`: tonight.

    `steps`: its people for the service looked at. `ward_stuck`: of those stuck, how many the ward can help.
    `last_visit` None: nobody in the days of the trend. `quiet`, `dead`: phones of its teams that need somebody.
    """

    id: UUID
    name: str
    teams: tuple[str, ...]
    people: int
    doors: int
    done: int
    begun: int
    untouched: int
    on_no_walk: int
    waiting_stubs: int
    visits: int
    flagged: int
    stuck: int
    ward_stuck: int
    steps: Steps
    last_visit: date | None
    quiet: int
    dead: int

    @property
    def left(self) -> int:
        """Doors that are not finished."""
        return self.doors - self.done

    @property
    def idle(self) -> bool:
        """Doors are left and nobody went there in the days of the trend."""
        return bool(self.left and self.last_visit is None)

    @property
    def needs_ward(self) -> bool:
        """Something waits here that a team cannot put right alone."""
        return bool(
            self.doors and (not self.teams or self.idle or self.ward_stuck or self.quiet or self.dead)
        )


@dataclass(frozen=True)
class PhoneCount:
    """What the phones of one volunteer last told, where they need somebody.

    `last_contact` None: no phone was ever heard of. `waiting`, `dead`: visits still on the phone; stuck there.
    `oldest`: how long the oldest has waited by now.
    """

    account_id: UUID
    name: str
    phones: int
    last_contact: datetime | None
    waiting: int
    dead: int
    oldest: timedelta | None
    quiet: bool


@dataclass(frozen=True)
class VolunteerCount:
    """One volunteer's doors on published walks, the people behind them, and what their phones last told."""

    account_id: UUID
    name: str
    doors: int
    done: int
    begun: int
    visits: int
    steps: Steps
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
class DayCount:
    """The visits of one day and the doors they were made at."""

    day: date
    visits: int
    doors: int
    helped: int


@dataclass(frozen=True)
class Board:
    """Everything the board shows, as of `at`. `residents`: people who live in the doors counted.

    `trend`: the last days, the oldest first, days without visits too. `looked_at`: the service of `steps`, if any.
    `volunteers` None: too many places to list people.
    """

    at: datetime
    residents: int
    tonight: Tonight
    trend: tuple[DayCount, ...]
    services: tuple[ServiceCount, ...]
    looked_at: ServiceCount | None
    reasons: tuple[ReasonCount, ...]
    neighbourhoods: tuple[NeighbourhoodCount, ...]
    phones: tuple[PhoneCount, ...]
    volunteers: tuple[VolunteerCount, ...] | None

    def total(self, what: str) -> int:
        """The sum of one count of all neighbourhoods: total("doors")."""
        return sum(getattr(one, what) for one in self.neighbourhoods)
