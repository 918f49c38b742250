"""One PostgreSQL for the whole run, its schema built by the migrations; each test in a transaction that is undone."""

import base64
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.core import crypto
from backend.core.clock import now
from backend.core.crypto import Keyring
from backend.core.settings import Settings, load
from backend.database import work
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from backend.edge.db import db
from backend.services import rate_limit
from tests.ground import lay_ground
from tests.people import People, make_people

_URL = "GOCUA_TEST_DATABASE"
_KEY = base64.b64encode(bytes(range(32))).decode()
_server: EmbeddedPostgres | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL once, in the process that starts the workers; they inherit its address."""
    global _server
    # No deadline: the machines are noisy. In CI the same examples every time; at home new ones.
    hypothesis.settings.register_profile("gocua", deadline=None, derandomize="CI" in os.environ)
    hypothesis.settings.load_profile("gocua")
    crypto.configure(Keyring.from_secret(bytes(range(32))))
    if _URL not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="gocua-test-"))
        _server = EmbeddedPostgres(folder)
        os.environ[_URL] = _server.url


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server is not None:
        _server.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of the positive controls (tests/sync/world): what was broken, and what noticed it."""
    reports = terminalreporter.getreports("passed")
    rows = [value for report in reports for name, value in report.user_properties if name == "control"]
    if rows:
        terminalreporter.section(f"{len(rows)} sabotages, each noticed")
        for name, story, broken, needed in sorted(rows):
            terminalreporter.write_line(f"{name:42}{story:50}{broken:8}{needed}")


def fresh_database(name: str) -> str:
    """The address of a new, empty database on the test server."""
    url = make_url(os.environ[_URL])
    admin = make_engine(os.environ[_URL], isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    admin.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def database_url() -> str:
    """A migrated database with the reference data, one per worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    url = fresh_database(f"gocua_{worker}_{os.getpid()}")
    engine = make_engine(url)
    lay_ground(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(
        {
            "GOCUA_DATA_DIR": str(tmp_path),
            "GOCUA_SECRET_KEY": _KEY,
            "GOCUA_DATA_KEY": _KEY,
            "GOCUA_BASE_URL": "http://localhost",
        }
    )


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """The one connection of a test, inside a transaction that is rolled back at its end."""
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """A session of the test's own on that connection; commits become savepoints."""
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture
def app(settings: Settings, database_url: str, connection: Connection) -> Iterator[Flask]:
    """The real application, its engine replaced by the test's connection."""
    app = create_app(settings, database_url, testing=True)
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        engines = db._app_engines[app]
        real = engines[None]
        engines[None] = connection  # type: ignore[assignment]
        db.session.configure(join_transaction_mode="create_savepoint")
        yield app
        db.session.remove()
        engines[None] = real
        real.dispose()


@pytest.fixture(autouse=True)
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts of one test are counted in one window, also when the quarter of an hour ends in the middle of it."""
    moment = now()
    monkeypatch.setattr(rate_limit, "now", lambda: moment)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def people(session: Session) -> People:
    """Lan leads, Minh volunteers for her, Hoa leads in another ward."""
    found = make_people(session)
    work.commit(session)
    return found
