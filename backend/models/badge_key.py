"""The secret from which one phone makes its rotating badge codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId


class BadgeKey(Base):
    """`handle`: 10 Crockford characters that name the key inside a code; `secret_enc`: 32 bytes, context "badge.secret".

    One live key per phone: the newest; a code of an earlier one is refused.
    """

    __tablename__ = "badge_key"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    handle: Mapped[str] = mapped_column(unique=True)
    secret_enc: Mapped[bytes]
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_badge_key_live", "device_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )
