"""A volunteer's phone: how it was let in, where a nudge can reach it, what it last told of itself."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class Device(Base):
    """One enrolment of one person on one phone (a shared phone holds one per person).

    `app_schema`: the version of the rows that its app reads, as it last told.
    """

    __tablename__ = "device"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    account_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(default="")
    lease_days: Mapped[int] = mapped_column(SmallInteger, default=7)
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    wiped_at: Mapped[datetime | None]
    app_build: Mapped[str | None]
    app_schema: Mapped[int | None] = mapped_column(SmallInteger)
    persisted: Mapped[bool | None]
    installed: Mapped[bool | None]
    waiting: Mapped[int | None]
    dead: Mapped[int | None]
    oldest_waiting_s: Mapped[int | None]

    __table_args__ = (ForeignKeyConstraint(["ward_id", "account_id"], ["account.ward_id", "account.id"]),)


class Enrolment(Base):
    """A one-time invitation, shown as a QR; works once and for a short time, then names the phone that used it."""

    __tablename__ = "enrolment"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    account_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))
    revoked_at: Mapped[datetime | None]

    __table_args__ = (ForeignKeyConstraint(["ward_id", "account_id"], ["account.ward_id", "account.id"]),)


class PushKind(StrEnum):
    """Firebase is moving from registration tokens to Installation IDs (2026); phones hold either."""

    FID = "fid"
    TOKEN = "token"  # noqa: S105


class PushTarget(Base):
    """An address at Firebase Cloud Messaging for one device."""

    __tablename__ = "push_target"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), index=True)
    kind: Mapped[str]
    value: Mapped[str]
    created_at: Mapped[CreatedAt]
    last_ok_at: Mapped[datetime | None]
    fail_code: Mapped[str | None]

    __table_args__ = (one_of("kind", PushKind), UniqueConstraint("kind", "value"))
