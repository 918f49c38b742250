"""What people thought of a visit: counts only; and which slips were used, without what was said."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, WardId


class FeedbackCount(Base):
    """`answer` 0 to 2 (good, so-so, not good), summed per neighbourhood and month (its first day)."""

    __tablename__ = "feedback_count"

    neighbourhood_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    answer: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    ward_id: Mapped[WardId]
    n: Mapped[int]


class SlipUsed(Base):
    """A slip speaks once: `slip` is a keyed hash of its code, stored without the answer and without a time."""

    __tablename__ = "slip_used"

    slip: Mapped[bytes] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    ward_id: Mapped[WardId]
