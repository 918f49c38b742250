"""A printed code: a random token whose meaning stands on the server, so that it can be revoked."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class CodeKind(StrEnum):
    """What a code leads to. Enrolment codes are credentials and live in `enrolment`, hashed."""

    GUIDE = "guide"
    HOUSEHOLD = "household"
    BADGE = "badge"
    NEIGHBOURHOOD = "neighbourhood"
    SUPPORT_POINT = "support_point"
    WIFI = "wifi"
    PLACE = "place"
    STALL = "stall"
    SURVEY = "survey"


class QrCode(Base):
    """`token`: 10 Crockford characters (50 random bits). Exactly one target: guide slug, household, account,
    neighbourhood (`area_unit_id`) or a spot."""

    __tablename__ = "qr_code"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    token: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    guide: Mapped[str | None]
    household_id: Mapped[UUID | None] = mapped_column(ForeignKey("household.id"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    area_unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"))
    spot_id: Mapped[UUID | None] = mapped_column(ForeignKey("spot.id"))
    label: Mapped[str] = mapped_column(default="")
    placement: Mapped[str] = mapped_column(default="")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]
    replaced_by: Mapped[UUID | None] = mapped_column(ForeignKey("qr_code.id"))

    __table_args__ = (
        one_of("kind", CodeKind),
        Index("ix_qr_code_kind", "ward_id", "kind"),
        # One live code per target and placement: issuing twice gives the same code.
        Index(
            "uq_qr_code_live",
            "ward_id",
            "kind",
            "guide",
            "household_id",
            "account_id",
            "area_unit_id",
            "spot_id",
            "placement",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )


class ScanCount(Base):
    """How often a code was opened on one day: no address, no cookie, no time of day."""

    __tablename__ = "scan_count"

    qr_code_id: Mapped[UUID] = mapped_column(ForeignKey("qr_code.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    ward_id: Mapped[WardId]
    n: Mapped[int] = mapped_column(default=0)
