"""A ward's own versions of a guide, and how often residents said that a step no longer matches."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId


class GuideText(Base):
    """One version of a guide in one language, never changed afterwards; the highest `number` is the live one.

    `text`: front matter and Markdown as in qr/guides; NULL: the ward went back to the delivered text.
    `restored`: the number of the version that this one repeats.
    """

    __tablename__ = "guide_text"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    slug: Mapped[str]
    lang: Mapped[str]
    number: Mapped[int]
    text: Mapped[str | None]
    restored: Mapped[int | None]
    author: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("ward_id", "slug", "lang", "number"),)


class GuideReport(Base):
    """How often a step was said to look otherwise on one day: no address, no cookie, no time of day.

    `ward_id`: NULL where a page is read without a code and several wards are served. `version`: of the text shown.
    """

    __tablename__ = "guide_report"

    id: Mapped[Id]
    ward_id: Mapped[UUID | None] = mapped_column(ForeignKey("area_unit.id"))
    slug: Mapped[str]
    lang: Mapped[str]
    version: Mapped[int]
    step: Mapped[int]
    day: Mapped[date]
    n: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index(
            "uq_guide_report",
            "ward_id",
            "slug",
            "lang",
            "version",
            "step",
            "day",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
