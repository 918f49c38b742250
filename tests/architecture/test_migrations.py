"""The schema is built by the migrations alone: up, down, up, one head, and equal to the models."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Engine, text

from backend.database import migrate
from backend.database.engine import UnsafeDatabase, assert_durable, make_engine
from backend.models import Base
from tests.conftest import fresh_database


@pytest.fixture
def empty() -> Iterator[Engine]:
    engine = make_engine(fresh_database("gocua_migrations"))
    yield engine
    engine.dispose()


def _objects(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(
            connection.execute(
                text(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                    " UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                    " UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'"
                )
            ).scalars()
        )


def test_up_down_up(empty: Engine) -> None:
    migrate.upgrade(empty)
    first = _objects(empty)
    migrate.downgrade(empty)
    assert _objects(empty) <= {"alembic_version", "alembic_version_pkc"}
    migrate.upgrade(empty)
    assert _objects(empty) == first
    with empty.connect() as connection:
        assert migrate.is_current(connection)
    command.check(migrate.configuration(empty))  # raises when a model differs from what the migrations made


def test_there_is_one_head() -> None:
    assert len(migrate.heads()) == 1


def test_every_tenant_owned_table_carries_its_ward() -> None:
    shared = {
        "area_unit_name",  # hang below a unit, which carries the ward
        "area_unit_change",
        "service",
        "failure_reason",
        "server_meta",
        "change_feed",  # ids only, below a stream_head, which carries the ward
        "rate_limit",
    }
    without = {name for name, table in Base.metadata.tables.items() if "ward_id" not in table.columns}
    assert without == shared


def test_a_database_that_may_lose_commits_is_refused(empty: Engine) -> None:
    assert_durable(empty)
    loose = make_engine(
        empty.url.render_as_string(hide_password=False), connect_args={"options": "-c synchronous_commit=off"}
    )
    with pytest.raises(UnsafeDatabase, match="synchronous_commit"):
        assert_durable(loose)
    loose.dispose()
