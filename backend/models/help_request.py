"""A resident asks for help: as little as it takes to come, and a secret by which the answer is followed."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Base, CreatedAt, Encrypted, Id, WardId, one_of


class HelpDoor(StrEnum):
    """What the resident had before her when she asked."""

    PLATE = "plate"
    NEIGHBOURHOOD = "neighbourhood"
    POSTER = "poster"
    HOME = "home"


class HelpWhen(StrEnum):
    """When a visit suits."""

    TONIGHT = "tonight"
    EVENINGS = "evenings"
    WEEKEND = "weekend"
    DAYTIME = "daytime"


class HelpClosed(StrEnum):
    """Why a leader closed a request without a visit that answered it."""

    DONE = "done"  # settled by phone or at a support point
    COUNTER = "counter"  # belongs to the public service point
    ELSEWHERE = "elsewhere"  # not in this ward's area
    NOT_FOUND = "not_found"  # nobody there knows of it
    TWICE = "twice"  # asked twice
    VISITED = "visited"  # long since answered by a visit: put away by the nightly broom


class HelpRequest(Base):
    """`follow`: a keyed hash of the code by which the resident follows it; the code itself is nowhere.

    `household_id`: from the plate, or chosen by the leader. `place` and `phone` only where no plate says where to go.
    `services`: codes of what it is about, empty for "something else". What came of it is told by the visits of the
    door since `created_at`; only what no visit can tell stands here (`closed_reason`).
    """

    __tablename__ = "help_request"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    neighbourhood_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"))
    household_id: Mapped[UUID | None]
    follow: Mapped[bytes] = mapped_column(unique=True)
    door: Mapped[str]
    services: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list)
    suits: Mapped[str]
    place: Mapped[str | None] = mapped_column(Encrypted("help_request.place"))
    phone: Mapped[str | None] = mapped_column(Encrypted("help_request.phone"))
    consent_version: Mapped[str]
    created_at: Mapped[CreatedAt]
    planned_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    closed_reason: Mapped[str | None]

    __table_args__ = (
        one_of("door", HelpDoor),
        one_of("suits", HelpWhen),
        one_of("closed_reason", HelpClosed),
        ForeignKeyConstraint(["ward_id", "household_id"], ["household.ward_id", "household.id"]),
        Index("ix_help_request_area", "neighbourhood_id", "created_at"),
        Index("ix_help_request_open", "household_id", postgresql_where=text("closed_at IS NULL")),
    )
