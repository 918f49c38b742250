"""A household sent on to where its matter can be settled, or from there back to a visit at home."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class ReferralPlace(StrEnum):
    """Where to. No health station and no social office among them: the place alone would tell too much."""

    DESK = "desk"
    POLICE = "police"
    BANK = "bank"
    CARRIER = "carrier"
    HOME = "home"


class ReferralState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class Referral(Base):
    """`service_code`: what it is about, None for several things. No text: what it is about says enough."""

    __tablename__ = "referral"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    household_id: Mapped[UUID]
    service_code: Mapped[str | None] = mapped_column(ForeignKey("service.code"))
    place: Mapped[str]
    state: Mapped[str] = mapped_column(default=ReferralState.OPEN)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[CreatedAt]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("place", ReferralPlace),
        one_of("state", ReferralState),
        ForeignKeyConstraint(["ward_id", "household_id"], ["household.ward_id", "household.id"]),
        Index("ix_referral_household_id", "household_id"),
    )
