"""A walk on paper: which doors stood on which sheet, in which order, and whose sheet it was."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId


class PaperSheet(Base):
    """One printed day sheet. `doors`: households in the order of the sheet, however the walk changes later.

    `account_id`: who is credited with what is entered from it; `token`: the short code printed on every page.
    """

    __tablename__ = "paper_sheet"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    walk_id: Mapped[UUID] = mapped_column(index=True)
    account_id: Mapped[UUID]
    day: Mapped[date]
    token: Mapped[str] = mapped_column(unique=True)
    doors: Mapped[list[UUID]] = mapped_column(ARRAY(PgUUID(as_uuid=True)))
    printed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint("ward_id", "id"),
        ForeignKeyConstraint(["ward_id", "walk_id"], ["walk.ward_id", "walk.id"]),
        ForeignKeyConstraint(["ward_id", "account_id"], ["account.ward_id", "account.id"]),
    )
