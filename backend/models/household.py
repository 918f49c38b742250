"""A door and who lives behind it: as little as the work needs (data-protection.md, section 7)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Encrypted, Id, SearchKey, WardId, one_of


class HouseholdState(StrEnum):
    ACTIVE = "active"
    MOVED_AWAY = "moved_away"
    VACANT = "vacant"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"  # took its consent back: erased but for its code, nobody goes there


class HouseholdKind(StrEnum):
    HOUSEHOLD = "household"
    BUSINESS = "business_household"


class Mark(StrEnum):
    """Whom to visit first, in words of the work and never of the person (docs/decisions/0012)."""

    FIRST = "first"
    ASKED_HOME = "asked_home"
    CALL_FIRST = "call_first"


class Household(Base):
    """One door.

    `code`: short and spoken ("H0012"), unique within its neighbourhood; a household without a name is "hộ 12".
    `address`: as written; `parts`: as parsed; `walk_key`: bytes whose order is the order of walking.
    `list_key`: its identity in the ward's list, by which a corrected list is recognised.
    `v`: the version that phones compare; grows with every visible change.
    `stub`: known only from a visit to it; waits for the leader. `mark`: whom to visit first, None for most.
    """

    __tablename__ = "household"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    neighbourhood_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"), index=True)
    alley_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"), index=True)
    code: Mapped[str]
    kind: Mapped[str] = mapped_column(default=HouseholdKind.HOUSEHOLD)
    state: Mapped[str] = mapped_column(default=HouseholdState.ACTIVE)
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("household.id"))
    address: Mapped[str] = mapped_column(default="")
    old_address: Mapped[str] = mapped_column(default="")
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    search_key: Mapped[SearchKey]
    walk_key: Mapped[bytes] = mapped_column(default=b"")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    head_name: Mapped[str | None] = mapped_column(Encrypted("household.head_name"))
    phone: Mapped[str | None] = mapped_column(Encrypted("household.phone"))
    phone_index: Mapped[bytes | None]
    other_phone: Mapped[str | None] = mapped_column(Encrypted("household.phone"))
    list_key: Mapped[str | None]
    import_batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("import_batch.id"))
    stub: Mapped[bool] = mapped_column(default=False)
    mark: Mapped[str | None]
    added_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    withdrawn_at: Mapped[datetime | None]
    v: Mapped[int] = mapped_column(BigInteger, default=1)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("state", HouseholdState),
        one_of("kind", HouseholdKind),
        one_of("mark", Mark),
        UniqueConstraint("ward_id", "id"),
        UniqueConstraint("neighbourhood_id", "code"),
        UniqueConstraint("neighbourhood_id", "list_key"),
        Index("ix_household_phone_index", "ward_id", "phone_index"),
        Index("ix_household_walk", "neighbourhood_id", "walk_key"),
        Index("ix_household_stub", "added_by", postgresql_where=text("stub")),
        Index("ix_household_mark", "neighbourhood_id", postgresql_where=text("mark IS NOT NULL")),
    )


class HouseholdAlias(Base):
    """A merged duplicate: events that still come for `old_id` land on `new_id`."""

    __tablename__ = "household_alias"

    ward_id: Mapped[WardId] = mapped_column(primary_key=True)
    old_id: Mapped[UUID] = mapped_column(primary_key=True)
    new_id: Mapped[UUID]

    __table_args__ = (ForeignKeyConstraint(["ward_id", "new_id"], ["household.ward_id", "household.id"]),)


class HouseholdDistinct(Base):
    """Two doors that look like one and are not: a person looked and said so. `low_id` is the smaller id."""

    __tablename__ = "household_distinct"

    ward_id: Mapped[WardId]
    low_id: Mapped[UUID] = mapped_column(primary_key=True)
    high_id: Mapped[UUID] = mapped_column(primary_key=True)
    said_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    said_at: Mapped[CreatedAt]

    __table_args__ = (
        ForeignKeyConstraint(["ward_id", "low_id"], ["household.ward_id", "household.id"]),
        ForeignKeyConstraint(["ward_id", "high_id"], ["household.ward_id", "household.id"]),
    )


class HouseholdMove(Base):
    """A household's way from one neighbourhood to its successor, so that history keeps its place."""

    __tablename__ = "household_move"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"), index=True)
    from_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"))
    moved_at: Mapped[CreatedAt]
    moved_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class ResidentState(StrEnum):
    ACTIVE = "active"
    MOVED_AWAY = "moved_away"
    AWAY_FOR_WORK = "away_for_work"
    GONE = "gone"


class Resident(Base):
    """One person behind a door: "hộ 12, người 2"; the name is optional, of the birth only the year is kept.

    `same_as_id`: a merge found this to be the same person as that one; what visits told of this id counts there.
    """

    __tablename__ = "resident"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    household_id: Mapped[UUID]
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    full_name: Mapped[str | None] = mapped_column(Encrypted("resident.full_name"))
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    sex: Mapped[str | None]
    relation: Mapped[str | None]
    is_head: Mapped[bool] = mapped_column(default=False)
    phone: Mapped[str | None] = mapped_column(Encrypted("resident.phone"))
    phone_index: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(default=ResidentState.ACTIVE)
    same_as_id: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("state", ResidentState),
        one_of("sex", ("male", "female")),
        UniqueConstraint("household_id", "ordinal"),
        ForeignKeyConstraint(["ward_id", "household_id"], ["household.ward_id", "household.id"]),
        Index("ix_resident_phone_index", "ward_id", "phone_index"),
    )
