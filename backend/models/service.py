"""What is taught at a door, and how far each person has come with it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, DerivedWardId, one_of


class Service(Base):
    """A service as data (backend/data/services.json).

    Eligible: a person of `min_age` to `max_age` years in a household of `household_kind` (null: any).
    `prerequisite`: the service that comes first. `guide`: the slug of its guide.
    """

    __tablename__ = "service"

    code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    name_vi: Mapped[str]
    name_en: Mapped[str]
    short_vi: Mapped[str]
    min_age: Mapped[int | None] = mapped_column(SmallInteger)
    max_age: Mapped[int | None] = mapped_column(SmallInteger)
    household_kind: Mapped[str | None]
    head_only: Mapped[bool] = mapped_column(default=False)
    prerequisite: Mapped[str | None] = mapped_column(ForeignKey("service.code"))
    guide: Mapped[str | None]


class FailureReason(Base):
    """Why a service is not done yet (domain/guides.md), with what to do about it."""

    __tablename__ = "failure_reason"

    service_code: Mapped[str] = mapped_column(ForeignKey("service.code"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    name_vi: Mapped[str]
    name_en: Mapped[str]
    advice_vi: Mapped[str] = mapped_column(default="")


class AdoptionState(StrEnum):
    """A person's place on the ladder of one service; "not eligible" is the absence of a row."""

    UNKNOWN = "unknown"  # eligibility cannot be told: no birth year
    NOT_STARTED = "not_started"
    BLOCKED = "blocked"
    SHOWN = "shown"
    DONE_WITH_HELP = "done_with_help"
    DOES_ALONE = "does_alone"
    KEEPS_OLD_WAY = "keeps_old_way"  # by choice: a valid final outcome


# Final outcomes count as done with the work; a measure says which of them it means.
DONE = (AdoptionState.DONE_WITH_HELP, AdoptionState.DOES_ALONE)
CLOSED = (*DONE, AdoptionState.KEEPS_OLD_WAY)
OPEN = (AdoptionState.NOT_STARTED, AdoptionState.SHOWN, AdoptionState.BLOCKED)


class Adoption(Base):
    """Derived from the events of a household: one row per person and service the person is eligible for.

    `event_id`: the event that decided the state; null where none has. Of its references only the resident is a
    constraint: a ward has a million of these rows and an import writes them all at once.
    """

    __tablename__ = "adoption"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id", ondelete="CASCADE"), primary_key=True)
    service_code: Mapped[str] = mapped_column(primary_key=True)
    ward_id: Mapped[DerivedWardId]
    household_id: Mapped[UUID]
    state: Mapped[str]
    reason: Mapped[str | None]
    changed_at: Mapped[datetime | None]
    event_id: Mapped[UUID | None]

    __table_args__ = (
        one_of("state", AdoptionState),
        Index("ix_adoption_household", "household_id"),
    )
