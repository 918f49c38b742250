"""What happened at a door: the immutable event, and what is derived from it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Base, CreatedAt, DerivedWardId, WardId, one_of


class EventKind(StrEnum):
    VISIT = "visit"
    CORRECTION = "correction"
    HOUSEHOLD_ADD = "household_add"
    RESIDENT_ADD = "resident_add"


class VisitEvent(Base):
    """One event as a phone sealed it (sync.md, sections 3 and 4). Never changed, except that an erasure redacts it.

    `core_enc`: the exact core text, encrypted (context "event.core"). `household_id`: as sent, no foreign key;
    `household_link`: the door it was credited to inside the author's ward. `result_json`: the answer given once.
    It came from a phone (`device_id`) or from a day sheet that somebody typed in (`paper_sheet_id`, `entered_by`).
    """

    __tablename__ = "visit_event"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ward_id: Mapped[WardId]
    payload_sha256: Mapped[bytes]
    author: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))
    paper_sheet_id: Mapped[UUID | None]
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    household_id: Mapped[UUID | None]
    household_link: Mapped[UUID | None]
    kind: Mapped[str]
    schema: Mapped[int] = mapped_column(SmallInteger)
    core_enc: Mapped[bytes | None]
    corrects: Mapped[UUID | None] = mapped_column(index=True)
    device_time: Mapped[datetime | None]
    device_tz: Mapped[str | None]
    est_time: Mapped[datetime]
    received_at: Mapped[datetime]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list)
    redacted_at: Mapped[datetime | None]
    result_json: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    __table_args__ = (
        one_of("kind", EventKind),
        CheckConstraint("octet_length(payload_sha256) = 32", name="sha256"),
        CheckConstraint(
            "num_nonnulls(device_id, paper_sheet_id) = 1 AND num_nonnulls(paper_sheet_id, entered_by) <> 1",
            name="source",
        ),
        ForeignKeyConstraint(["ward_id", "household_link"], ["household.ward_id", "household.id"]),
        ForeignKeyConstraint(["ward_id", "paper_sheet_id"], ["paper_sheet.ward_id", "paper_sheet.id"]),
        Index("ix_visit_event_household", "household_link"),
        # The code of a visit's slip is the beginning of this hash (0094).
        Index("ix_visit_event_slip", text("substr(payload_sha256, 1, 6)")),
        Index("ix_visit_event_paper", "paper_sheet_id", postgresql_where=text("paper_sheet_id IS NOT NULL")),
    )


class Outcome(StrEnum):
    """What came of knocking."""

    HELPED = "helped"
    NOT_HOME = "not_home"
    RESCHEDULED = "rescheduled"
    REFUSED = "refused"
    MOVED_AWAY = "moved_away"
    NO_NEED = "no_need"
    NO_ACCESS = "no_access"


# A visit with one of these answers what the door had asked for before it.
ANSWERING = (Outcome.HELPED, Outcome.NO_NEED)


class Visit(Base):
    """Derived from one visit event, for lists and counts; a recount from the events gives the same rows.

    The event's own reference proves the door.

    `effective`: false once a correction by the same author replaced it (the correction's own row counts then).
    `results`: [{resident, service, state, reason}]; `note_enc`: context "visit.note". `flags`: what still needs a look.
    """

    __tablename__ = "visit"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("visit_event.id"), primary_key=True)
    ward_id: Mapped[UUID]
    household_id: Mapped[UUID]
    author: Mapped[UUID]
    outcome: Mapped[str]
    est_time: Mapped[datetime]
    effective: Mapped[bool] = mapped_column(default=True)
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    appointment_at: Mapped[datetime | None]
    note_enc: Mapped[bytes | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list)

    __table_args__ = (
        one_of("outcome", Outcome),
        Index("ix_visit_household", "household_id", "est_time"),
        Index("ix_visit_author", "author", "est_time"),
        Index("ix_visit_ward_time", "ward_id", "est_time"),
    )


class VisitReview(Base):
    """A leader has looked at what was odd about a visit: its flags stay with the event and leave the derived row."""

    __tablename__ = "visit_review"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("visit_event.id", ondelete="CASCADE"), primary_key=True)
    ward_id: Mapped[WardId]
    reviewed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    reviewed_at: Mapped[CreatedAt]


class Consent(Base):
    """What a person agreed to at a visit, per purpose (data-protection.md, section 2); derived from its event."""

    __tablename__ = "consent"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("visit_event.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    ward_id: Mapped[DerivedWardId]
    household_id: Mapped[UUID] = mapped_column(index=True)
    given: Mapped[bool]
    text_version: Mapped[str]
    how: Mapped[str]
    est_time: Mapped[datetime]


class HouseholdView(Base):
    """Derived: a household as phones see it (encrypted JSON, context "household.row") and as the board counts it.

    Written in the transaction that changes the household, so a pull reads one row per door. `tally`: what the door
    adds to the sums of `neighbourhood_id` (services/tally.py); triggers keep the sums by it. `basis`: a fingerprint of
    what the door's adoption rows were last written from (household_rows).
    """

    __tablename__ = "household_view"

    household_id: Mapped[UUID] = mapped_column(
        ForeignKey("household.id", ondelete="CASCADE"), primary_key=True
    )
    ward_id: Mapped[DerivedWardId]
    row_enc: Mapped[bytes]
    open_count: Mapped[int]
    done_count: Mapped[int]
    blocked_count: Mapped[int]
    visit_count: Mapped[int]
    last_outcome: Mapped[str | None]
    last_visit_at: Mapped[datetime | None]
    neighbourhood_id: Mapped[UUID | None]
    tally: Mapped[str] = mapped_column(default="")
    basis: Mapped[bytes | None]
