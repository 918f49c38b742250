"""A database of their own for the jobs' tests: a worker sees only what is really committed."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from backend.core.settings import Settings
from backend.database import work
from backend.database.engine import make_engine
from backend.jobs.app import Means
from tests.conftest import fresh_database
from tests.ground import lay_ground
from tests.people import People, make_people

_EMPTY = """
DO $$ DECLARE names text; BEGIN
  SELECT string_agg(quote_ident(tablename), ', ') INTO names FROM pg_tables
  WHERE schemaname = 'public' AND tablename NOT IN
    ('alembic_version', 'area_unit', 'service', 'failure_reason', 'server_meta');
  EXECUTE 'TRUNCATE ' || names;
  DELETE FROM area_unit WHERE level IN ('neighbourhood', 'alley');
END $$
"""


@pytest.fixture(scope="session")
def jobs_engine() -> Iterator[Engine]:
    engine = make_engine(fresh_database(f"gocua_jobs_{os.getpid()}"))
    lay_ground(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def own_engine(jobs_engine: Engine) -> Iterator[Engine]:
    """A database in which commits are real; emptied after each test."""
    yield jobs_engine
    with jobs_engine.begin() as connection:
        connection.execute(text(_EMPTY))


@pytest.fixture
def means(own_engine: Engine, settings: Settings) -> Means:
    return Means(own_engine, settings)


@pytest.fixture
def living(own_engine: Engine) -> People:
    """Lan, Minh and Hoa, committed."""
    with work.unit_of_work(own_engine) as session:
        return make_people(session)
