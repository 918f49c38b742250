"""Who read or exported personal data, and who changed rights: written in the same transaction, never changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId


class AuditEntry(Base):
    """`action`: "household.read", "household.export", "import.commit" …; `detail`: counts and ids, never content."""

    __tablename__ = "audit_entry"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    action: Mapped[str]
    object_kind: Mapped[str] = mapped_column(default="")
    object_id: Mapped[UUID | None]
    count: Mapped[int] = mapped_column(default=1)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    request_id: Mapped[str] = mapped_column(default="")
    at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_audit_entry_ward_at", "ward_id", "at"),
        Index("ix_audit_entry_object", "object_id"),
    )
