"""The declarative base of every table, and the column types that recur."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary, MetaData, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column, registry

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.core.ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every model; constraints get predictable names, so that migrations can name them."""

    # A registry rather than a type_annotation_map: Flask-SQLAlchemy derives a base of its own from this one.
    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            str: Text(),
            datetime: DateTime(timezone=True),
            UUID: PgUUID(as_uuid=True),
            bytes: LargeBinary(),
        },
    )


class Encrypted(TypeDecorator[str]):
    """Text that only this installation's data key can read; `context` binds a value to its column."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().seal(value.encode(), self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().open(bytes(value), self.context).decode()


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A check that `column` holds one of `values` (a StrEnum, usually)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
WardId = Annotated[UUID, mapped_column(ForeignKey("area_unit.id"), index=True)]
# For rows derived from others that already prove their ward; a recount proves these, so no constraint pays twice.
DerivedWardId = Annotated[UUID, mapped_column(index=True)]
CreatedAt = Annotated[datetime, mapped_column(default=now)]
SearchKey = Annotated[str, mapped_column(Text(collation="C"), default="")]
