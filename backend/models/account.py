"""A person who works with the software: leader, officer or volunteer. Residents have no account."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Encrypted, Id, WardId, one_of


class Role(StrEnum):
    """What a membership lets a person do (design.md, Nouns)."""

    MEMBER = "member"
    DEPUTY_LEADER = "deputy_leader"
    TEAM_LEADER = "team_leader"
    WARD_OFFICER = "ward_officer"
    WARD_VIEWER = "ward_viewer"
    POLICE_LIAISON = "police_liaison"
    ADMIN = "admin"


class Account(Base):
    """`login` and `password_hash` only for those who come by browser; volunteers enrol a phone instead.

    `password_once`: somebody else knows the password; it opens only the page where it is changed.
    """

    __tablename__ = "account"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    full_name: Mapped[str] = mapped_column(Encrypted("account.full_name"))
    phone: Mapped[str | None] = mapped_column(Encrypted("account.phone"))
    login: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    password_once: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    locale: Mapped[str] = mapped_column(default="vi")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("ward_id", "id"), one_of("locale", ("vi", "en")))


class Membership(Base):
    """One role of one person during one period, in a team or (without team) in the whole ward."""

    __tablename__ = "membership"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    account_id: Mapped[UUID]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"), index=True)
    role: Mapped[str]
    valid_from: Mapped[CreatedAt]
    valid_to: Mapped[datetime | None]

    __table_args__ = (
        one_of("role", Role),
        ForeignKeyConstraint(["ward_id", "account_id"], ["account.ward_id", "account.id"]),
        Index("ix_membership_account", "account_id", "valid_to"),
    )


class LoginSession(Base):
    """A browser's session: the cookie holds an opaque random token, everything else stands here."""

    __tablename__ = "login_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    ward_id: Mapped[WardId]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
