"""One act upon many doors at once, kept so that it can be taken back."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class BulkKind(StrEnum):
    WALK = "walk"
    ALLEY = "alley"
    MARK = "mark"


class BulkAct(Base):
    """`before`: household id to what it had (a walk's or an alley's id, a mark, null for none); ids and codes only.

    `target`: what all of them have since, in the same terms. `label`: the target in words.
    """

    __tablename__ = "bulk_act"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    kind: Mapped[str]
    target: Mapped[str | None]
    label: Mapped[str] = mapped_column(default="")
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    count: Mapped[int]
    done_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    done_at: Mapped[CreatedAt]
    undone_at: Mapped[datetime | None]

    __table_args__ = (one_of("kind", BulkKind), Index("ix_bulk_act_done_by", "done_by", "done_at"))
