"""A tổ công nghệ số cộng đồng and the neighbourhoods it works in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId


class Team(Base):
    """`title`: what the team is officially called here (Hà Nội: tổ chuyển đổi số cộng đồng): a setting, no constant."""

    __tablename__ = "team"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    name: Mapped[str]
    title: Mapped[str] = mapped_column(default="Tổ công nghệ số cộng đồng")
    contact_phone: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("ward_id", "id"),)


class TeamArea(Base):
    """A neighbourhood that a team serves during one period."""

    __tablename__ = "team_area"

    team_id: Mapped[UUID] = mapped_column(primary_key=True)
    area_unit_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"), primary_key=True, index=True)
    ward_id: Mapped[WardId]
    valid_from: Mapped[CreatedAt]
    valid_to: Mapped[datetime | None]

    __table_args__ = (ForeignKeyConstraint(["ward_id", "team_id"], ["team.ward_id", "team.id"]),)
