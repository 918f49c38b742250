"""Attempts counted in the database, so that all web processes see the same number."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base


class RateLimit(Base):
    """`key`: a keyed hash of what is limited (never the address or login itself)."""

    __tablename__ = "rate_limit"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(default=1)
