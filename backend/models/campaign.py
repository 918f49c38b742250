"""A drive with dates, services and targets."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Base, CreatedAt, Id, WardId


class Campaign(Base):
    """`service_codes`: what is offered at the doors during it, in order of importance."""

    __tablename__ = "campaign"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    name: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    service_codes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[CreatedAt]


class Target(Base):
    """How many people of one area shall have come how far (chỉ tiêu): `goal` of `denominator` eligible people."""

    __tablename__ = "target"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    area_unit_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"), primary_key=True)
    service_code: Mapped[str] = mapped_column(ForeignKey("service.code"), primary_key=True)
    ward_id: Mapped[WardId]
    goal: Mapped[int]
    denominator: Mapped[int | None]
    source: Mapped[str] = mapped_column(default="")
