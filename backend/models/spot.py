"""A place with a code of its own: a support point, wifi, a relic or culture house, a market stall, a survey."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class SpotKind(StrEnum):
    """The same words as the kinds of their codes."""

    SUPPORT_POINT = "support_point"
    WIFI = "wifi"
    PLACE = "place"
    STALL = "stall"
    SURVEY = "survey"


class Spot(Base):
    """`hours`: weekday ("0" is Monday) to [from, to]; `equipment`: words of a list. Everything here is public.

    `ssid`, `wifi_password` (empty: open) of a wifi point; `question`, `answers` of a survey.
    """

    __tablename__ = "spot"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    neighbourhood_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    about: Mapped[str] = mapped_column(default="")
    hours: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    equipment: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list)
    ssid: Mapped[str] = mapped_column(default="")
    wifi_password: Mapped[str] = mapped_column(default="")
    question: Mapped[str] = mapped_column(default="")
    answers: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list)
    created_at: Mapped[CreatedAt]
    closed_at: Mapped[datetime | None]

    __table_args__ = (one_of("kind", SpotKind), UniqueConstraint("ward_id", "id"))


class SpotDuty(Base):
    """Who is at a support point on a day, from when to when."""

    __tablename__ = "spot_duty"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    spot_id: Mapped[UUID]
    account_id: Mapped[UUID]
    day: Mapped[date]
    starts: Mapped[time]
    ends: Mapped[time]

    __table_args__ = (
        ForeignKeyConstraint(["ward_id", "spot_id"], ["spot.ward_id", "spot.id"]),
        ForeignKeyConstraint(["ward_id", "account_id"], ["account.ward_id", "account.id"]),
        UniqueConstraint("spot_id", "account_id", "day", "starts"),
    )


class WalkIn(Base):
    """How many people were helped with a service at a support point on a day; never part of a measure (0095)."""

    __tablename__ = "walk_in"

    spot_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    service_code: Mapped[str] = mapped_column(primary_key=True)
    ward_id: Mapped[WardId]
    n: Mapped[int]

    __table_args__ = (ForeignKeyConstraint(["ward_id", "spot_id"], ["spot.ward_id", "spot.id"]),)


class AnswerCount(Base):
    """Anonymous answers to a survey's question, summed per day: no person, no time, no address."""

    __tablename__ = "answer_count"

    spot_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    answer: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    ward_id: Mapped[WardId]
    n: Mapped[int]

    __table_args__ = (ForeignKeyConstraint(["ward_id", "spot_id"], ["spot.ward_id", "spot.id"]),)


class CheckState(StrEnum):
    """How a volunteer found a code; "unlisted": a code that is not ours hangs there."""

    INTACT = "intact"
    MISSING = "missing"
    COVERED = "covered"
    UNLISTED = "unlisted"


class CodeCheck(Base):
    """One look at a code on a round. What is not intact is an incident until a leader has handled it.

    `place`: where an unlisted code hangs, in words. Of a stall the check is of the owner's receiving code.
    """

    __tablename__ = "code_check"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    neighbourhood_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"))
    qr_code_id: Mapped[UUID | None] = mapped_column(ForeignKey("qr_code.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str]
    place: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        one_of("state", CheckState),
        Index("ix_code_check_code", "qr_code_id", "created_at"),
        Index("ix_code_check_ward_state", "ward_id", "state", "created_at"),
    )
