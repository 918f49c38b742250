"""What was erased, and what waits for a leader's word because the phone it came from has no right any more."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, WardId, one_of


class Erasure(Base):
    """A mirror of the ledger file (core/ledger.py), which is the truth: keyed hashes of doors, no ids."""

    __tablename__ = "erasure"

    pseudonym: Mapped[bytes] = mapped_column(primary_key=True)
    ward_id: Mapped[WardId]
    erased_at: Mapped[datetime]


class HeldSource(StrEnum):
    """How an event came that waits for a leader."""

    REVOKED = "revoked"  # a phone that was shut out sent what it still had
    RESCUE = "rescue"  # somebody uploaded a rescue file


class HeldEvent(Base):
    """An event of a revoked phone or of a rescue file: not counted until a leader has confirmed its author.

    `core_enc` (context "event.core") is cleared with the decision, or when the door is erased: `trace` then is all
    that is left (author, kind, times). `household_id`: as sent.
    """

    __tablename__ = "held_event"

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the event's own, from the phone
    ward_id: Mapped[WardId]
    author: Mapped[UUID]
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    household_id: Mapped[UUID | None] = mapped_column(index=True)
    source: Mapped[str]
    sha256: Mapped[bytes]
    core_enc: Mapped[bytes | None]
    trace: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[CreatedAt]
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    decision: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("source", HeldSource),
        one_of("decision", ("accepted", "rejected")),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        ForeignKeyConstraint(["ward_id", "author"], ["account.ward_id", "account.id"]),
        Index("ix_held_event_open", "ward_id", "author", postgresql_where=text("decision IS NULL")),
    )
