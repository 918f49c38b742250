"""A six-digit code that a team announces before its evenings: said at the door, checked without a camera."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId


class VisitCode(Base):
    """Good on the days `starts_on` to `ends_on`, from `opens` to `closes` by Vietnam's clock; never given out twice."""

    __tablename__ = "visit_code"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    team_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(unique=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    opens: Mapped[time]
    closes: Mapped[time]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{6}$'", name="code"),
        CheckConstraint("starts_on <= ends_on AND opens < closes", name="window"),
        ForeignKeyConstraint(["ward_id", "team_id"], ["team.ward_id", "team.id"]),
        Index("ix_visit_code_team", "team_id", "ends_on"),
    )
