"""The change feed that phones pull (sync.md, sections 4 to 6): ids and numbers, never content."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, WardId, one_of


class ServerMeta(Base):
    """One row: which history this server tells. `epoch` changes after a restore or a promotion.

    Phones that speak rows older than `min_pull_schema` are refused a pull, older than `remind_pull_schema` are told so.
    `derived_by`: the rules and the year by which every door was last counted (services/recount.py).
    """

    __tablename__ = "server_meta"

    only_row: Mapped[bool] = mapped_column(primary_key=True, default=True)
    epoch: Mapped[UUID]
    epoch_since: Mapped[datetime]
    system_id: Mapped[int] = mapped_column(BigInteger)
    timeline: Mapped[int]
    min_pull_schema: Mapped[int] = mapped_column(SmallInteger, default=1)
    remind_pull_schema: Mapped[int] = mapped_column(SmallInteger, default=1)
    derived_by: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("only_row", name="only_row"),)


class StreamHead(Base):
    """The last number given in a stream ("team:<id>", "user:<id>"), taken under this row's lock until commit."""

    __tablename__ = "stream_head"

    audience: Mapped[str] = mapped_column(primary_key=True)
    ward_id: Mapped[WardId]
    n: Mapped[int] = mapped_column(BigInteger, default=0)
    horizon: Mapped[int] = mapped_column(BigInteger, default=0)

    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012


class ChangeFeed(Base):
    """The last change of each entity in each stream; `changed_at` only tells the broom what is old enough."""

    __tablename__ = "change_feed"

    audience: Mapped[str] = mapped_column(ForeignKey("stream_head.audience"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("audience", "seq"),
        Index("ix_change_feed_entity", "entity_id"),
        one_of("kind", ("household", "stream", "event")),
    )


class StreamAccess(Base):
    """Which streams an account has; `gen` grows when its rights there change as a whole."""

    __tablename__ = "stream_access"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    audience: Mapped[str] = mapped_column(ForeignKey("stream_head.audience"), primary_key=True)
    ward_id: Mapped[WardId]
    role: Mapped[str]
    gen: Mapped[int] = mapped_column(default=1)
    ended_at: Mapped[datetime | None]
