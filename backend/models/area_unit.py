"""Places: province, ward, neighbourhood, alley. A place has a life: it begins, ends, is split, merged, renamed."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, Id, SearchKey, one_of


class Level(StrEnum):
    """Where a unit stands; the kind below a ward (tổ dân phố, thôn, …) is `AreaUnit.kind`."""

    PROVINCE = "province"
    WARD = "ward"
    NEIGHBOURHOOD = "neighbourhood"
    ALLEY = "alley"


class ChangeKind(StrEnum):
    SPLIT = "split"
    MERGE = "merge"
    RENAME = "rename"


class AreaUnit(Base):
    """One place during one period of its life.

    `code`: the national code for provinces (2 digits) and wards (5 digits); below the ward our own
    ("29980-T07"), as no national list exists. `kind`: the word before the name (tỉnh, phường, tdp, thôn, ngõ …).
    `ward_id`: the tenant; a ward points at itself, a province at nothing.
    """

    __tablename__ = "area_unit"

    id: Mapped[Id]
    ward_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"), index=True)
    level: Mapped[str]
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    search_key: Mapped[SearchKey]
    sort_key: Mapped[bytes]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    data_version: Mapped[str | None]

    __table_args__ = (
        one_of("level", Level),
        UniqueConstraint("code", "valid_from"),
        Index("ix_area_unit_search_key", "search_key"),
    )


class AreaUnitName(Base):
    """A former (or other) name by which people still look for a place."""

    __tablename__ = "area_unit_name"

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"), index=True)
    name: Mapped[str]
    search_key: Mapped[SearchKey]
    valid_to: Mapped[date | None]


class AreaUnitChange(Base):
    """One arrow of a split, a merge or a renaming: `predecessor` became (part of) `successor`."""

    __tablename__ = "area_unit_change"

    id: Mapped[Id]
    kind: Mapped[str]
    predecessor_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"), index=True)
    successor_id: Mapped[UUID] = mapped_column(ForeignKey("area_unit.id"), index=True)
    effective_on: Mapped[date]
    note: Mapped[str] = mapped_column(default="")

    __table_args__ = (one_of("kind", ChangeKind), UniqueConstraint("predecessor_id", "successor_id"))
