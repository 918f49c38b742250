"""What every command stands on: settings, the database (embedded or given), its schema and reference data."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from backend.core import crypto, ledger
from backend.core.crypto import Keyring
from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.core.settings import BadSettings, Settings, load, make_keys_file
from backend.database import migrate, work
from backend.database.archive import BadBackup
from backend.database.dump import NoTool
from backend.database.engine import UnsafeDatabase, assert_durable, make_engine
from backend.edge.security import set_up_logs

if TYPE_CHECKING:  # the wheel is loaded only where it is used
    from backend.database.embedded import EmbeddedPostgres


class Mistake(Exception):
    """Something the person at the keyboard can put right; its text is Vietnamese and says how."""


@dataclass(frozen=True)
class Ground:
    """Ready to work: `url` is the database's SQLAlchemy address, `embedded` our own server, None for a given one."""

    settings: Settings
    url: str
    engine: Engine
    embedded: "EmbeddedPostgres | None"


def read_settings(*, base_url: str | None = None) -> Settings:
    """The settings; the first start gives the installation its keys. Raises BadSettings."""
    if not all(os.environ.get(key) for key in ("GOCUA_SECRET_KEY", "GOCUA_DATA_KEY")):
        make_keys_file(Path(os.environ.get("GOCUA_DATA_DIR") or "var"))
    return load(base_url=base_url)


@contextmanager
def ground(*, base_url: str | None = None, prepare: bool = True) -> Iterator[Ground]:
    """Settings, logs, keys and a running database; with `prepare` its schema and reference data are brought up.

    An embedded server that another process uses is shared; the last one out stops it.
    Raises BadSettings, UnsafeDatabase.
    """
    settings = read_settings(base_url=base_url)
    set_up_logs(settings.log_level)
    crypto.configure(Keyring.from_secret(settings.data_key))
    ledger.configure(settings.data_dir)
    with _database(settings) as (url, server):
        engine = make_engine(url)
        try:
            if prepare:
                bring_up(engine)
            yield Ground(settings, url, engine, server)
        finally:
            engine.dispose()


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[str, "EmbeddedPostgres | None"]]:
    """The address of the given database, or of our own server for as long as the block lasts."""
    if settings.database_url is not None:
        yield settings.database_url, None
        return
    from backend.database.embedded import EmbeddedPostgres

    server = None
    try:
        with _uninterrupted():
            server = EmbeddedPostgres(settings.data_dir)
        yield server.url, server
    finally:
        if server is not None:
            server.stop()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold SIGTERM and SIGINT back until the block is done: a server that was started must be known to be stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    held: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: held.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for waiting in held:
        signal.raise_signal(waiting)


def bring_up(engine: Engine) -> None:
    """Migrations, reference data and the server's epoch; changes nothing where all is current."""
    from backend.services import erasure, feed, reference

    assert_durable(engine)
    with engine.connect() as connection:
        current = migrate.is_current(connection)
    if not current:
        migrate.upgrade(engine)
    with work.unit_of_work(engine) as session:
        reference.load_units(session)
        reference.load_services(session)
        feed.ensure_epoch(session)
        erasure.replay(session)


def explain(error: Exception) -> str | None:
    """The Vietnamese sentence for an expected failure, or None for a bug."""
    if isinstance(error, BadSettings):
        return str(error)
    if isinstance(error, UnsafeDatabase):
        return f"Cơ sở dữ liệu chưa an toàn: {error}"
    if isinstance(error, Refusal):
        return sentence(error.code, "vi", **error.values)
    if isinstance(error, BadBackup | NoTool):
        return str(error)
    if isinstance(error, OperationalError):
        return "Không kết nối được PostgreSQL. Kiểm tra DATABASE_URL và máy chủ cơ sở dữ liệu."
    return None
