"""One household list on its way in: uploaded, mapped, previewed, committed."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class ImportState(StrEnum):
    READY = "ready"  # read and staged; the mapping can be changed
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"
    UNDONE = "undone"


class ImportBatch(Base):
    """`staged_enc`: the cells that may be kept (columns with ID numbers are already gone), encrypted, cleared after use.

    `refused_enc`: the refused rows with their reasons, encrypted; the Excel file is made of them at the download.
    `undo_enc`: what the import made and what stood there before, encrypted. Both are kept for a week.
    """

    __tablename__ = "import_batch"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    neighbourhood_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"))
    file_name: Mapped[str]
    file_sha256: Mapped[bytes]
    state: Mapped[str] = mapped_column(default=ImportState.READY)
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    staged_enc: Mapped[bytes | None]
    refused_enc: Mapped[bytes | None]
    undo_enc: Mapped[bytes | None]
    failure: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (one_of("state", ImportState),)
