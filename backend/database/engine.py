"""Engines with the budgets of sync.md section 21, and the start-up check of durability."""

import select
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DisconnectionError

# libpq budgets: a dead server is noticed in seconds, a forgotten transaction ends by itself.
CONNECT_ARGS: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 5000,
    "application_name": "gocua",
    "options": "-c synchronous_commit=on -c timezone=UTC -c idle_in_transaction_session_timeout=60000"
    " -c statement_timeout=60000 -c jit=off -c random_page_cost=1.1",
}


def _still_there(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    """Throw a pooled connection away that the server has closed, without asking it (decision 0035).

    Whoever ends an idle connection says so on its socket, so a socket that has nothing to say is alive or cut off
    without a word; the latter ends the first statement after tcp_user_timeout. Raises DisconnectionError, upon which
    the pool opens another connection.
    """
    try:
        watch = select.poll()
        watch.register(dbapi_connection.fileno(), select.POLLIN)
        if not watch.poll(0):
            return
        dbapi_connection.execute("")
        dbapi_connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


ENGINE_OPTIONS: dict[str, Any] = {
    "connect_args": CONNECT_ARGS,
    "pool_events": [(_still_there, "checkout")],
    "pool_size": 5,
    "max_overflow": 5,
    "pool_timeout": 30,
    "pool_recycle": 1800,
}


class UnsafeDatabase(Exception):
    """The server may lose what it has acknowledged; the text names the setting."""


def make_engine(url: str, **options: Any) -> Engine:
    """An engine on PostgreSQL `url` for processes without Flask (jobs, commands, tests)."""
    return create_engine(url, **{**ENGINE_OPTIONS, **options})


def assert_durable(engine: Engine) -> None:
    """Refuse a database that could lose an acknowledged visit. Raises UnsafeDatabase."""
    wanted = {
        "fsync": ("on",),
        "full_page_writes": ("on",),
        "synchronous_commit": ("on", "remote_apply"),
    }
    with engine.connect() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        if version < 150000:
            raise UnsafeDatabase(f"cần PostgreSQL 15 trở lên, máy chủ là {version // 10000}")
        for setting, allowed in wanted.items():
            value = connection.execute(text(f"SHOW {setting}")).scalar_one()
            if value not in allowed:
                raise UnsafeDatabase(f"PostgreSQL đặt {setting} = {value}; cần {' hoặc '.join(allowed)}")
