"""A walk: an ordered run of doors for one or more volunteers."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class WalkState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"


class Walk(Base):
    """Drafted, adjusted, published; closed when its doors went elsewhere or the work is over."""

    __tablename__ = "walk"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    team_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    neighbourhood_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"))
    plan_id: Mapped[UUID | None] = mapped_column(index=True)  # walks that were cut together
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default=WalkState.DRAFT)
    until: Mapped[date | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    published_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("state", WalkState),
        UniqueConstraint("ward_id", "id"),
        ForeignKeyConstraint(["ward_id", "team_id"], ["team.ward_id", "team.id"]),
        Index("ix_walk_team", "team_id", "state"),
    )


class WalkMember(Base):
    """A volunteer on a walk; two on one walk are normal. Ended rows stay as history."""

    __tablename__ = "walk_member"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    walk_id: Mapped[UUID]
    account_id: Mapped[UUID]
    started_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["ward_id", "walk_id"], ["walk.ward_id", "walk.id"]),
        ForeignKeyConstraint(["ward_id", "account_id"], ["account.ward_id", "account.id"]),
        Index(
            "uq_walk_member_open",
            "walk_id",
            "account_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_walk_member_account", "account_id", postgresql_where=text("ended_at IS NULL")),
    )


class Assignment(Base):
    """A door on a walk. Live from `started_at` (publication) to `ended_at`; a draft has neither.

    A household has at most one live assignment: whoever is named there tonight goes there.
    """

    __tablename__ = "assignment"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    walk_id: Mapped[UUID]
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), index=True)
    household_id: Mapped[UUID]
    position: Mapped[int]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["ward_id", "walk_id"], ["walk.ward_id", "walk.id"]),
        ForeignKeyConstraint(["ward_id", "household_id"], ["household.ward_id", "household.id"]),
        UniqueConstraint("walk_id", "household_id"),
        Index(
            "uq_assignment_live",
            "household_id",
            unique=True,
            postgresql_where=text("started_at IS NOT NULL AND ended_at IS NULL"),
        ),
        Index("ix_assignment_walk", "walk_id", "position"),
    )
