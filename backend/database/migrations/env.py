"""Runs migrations on the engine it is handed; a busy table makes a migration give up quickly, not block a ward."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Engine, text

from backend.models import Base
from backend.models.base import Encrypted

engine: Engine = context.config.attributes["engine"]


def render_item(type_: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Encrypted text is bytes to the database."""
    return "sa.LargeBinary()" if type_ == "type" and isinstance(item, Encrypted) else False


with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SET statement_timeout = '300s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_item=render_item,
        include_object=lambda _o, name, kind, _r, _c: (
            not (kind == "table" and (name or "").startswith("procrastinate_"))
        ),
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("RESET lock_timeout"))
    connection.execute(text("RESET statement_timeout"))
    connection.commit()
