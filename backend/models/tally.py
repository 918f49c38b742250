"""Sums for the board: how many people, doors and visits there are of each sort in each neighbourhood."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, DerivedWardId


class Tally(Base):
    """One sum, folded from changes. What `kind`, `what`, `state` and `detail` say: services/tally.py."""

    __tablename__ = "tally"

    neighbourhood_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    detail: Mapped[str] = mapped_column(primary_key=True)
    ward_id: Mapped[DerivedWardId]
    n: Mapped[int]


class TallyChange(Base):
    """By how much a sum changed; only ever inserted, so that no two pushes wait for each other (decision 0052).

    Written by triggers on household_view. The sum of today is Tally and all changes that are not folded yet.
    """

    __tablename__ = "tally_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ward_id: Mapped[UUID]
    neighbourhood_id: Mapped[UUID]
    kind: Mapped[str]
    what: Mapped[str]
    state: Mapped[str]
    detail: Mapped[str]
    n: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_tally_change_neighbourhood", "neighbourhood_id", "id"),)
