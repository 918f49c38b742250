"""The server ends connections while they lie in the pool: nobody notices, and nothing was asked beforehand."""

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from backend.database.engine import make_engine
from backend.services.sql import run


def test_connections_that_the_server_ended_are_replaced(engine: Engine, database_url: str) -> None:
    pooled = make_engine(database_url, pool_size=3)
    try:
        held = [pooled.connect() for _ in range(3)]
        pids = [connection.connection.driver_connection.info.backend_pid for connection in held]  # type: ignore[union-attr]
        for connection in held:
            connection.close()
        with engine.connect() as admin:
            ended = admin.execute(
                text("SELECT count(pg_terminate_backend(pid, 5000)) FROM unnest(:pids) pid"), {"pids": pids}
            )
            assert ended.scalar_one() == 3
        for _ in range(3):
            with Session(pooled) as session:
                row = run(session, "SELECT pg_backend_pid() AS pid").one()
                assert row.pid not in pids
    finally:
        pooled.dispose()


def test_a_living_connection_is_used_again_without_a_question(database_url: str) -> None:
    pooled = make_engine(database_url, pool_size=1, max_overflow=0)
    try:
        pids = set()
        for _ in range(3):
            with Session(pooled) as session:
                pids.add(run(session, "SELECT pg_backend_pid() AS pid").one().pid)
        assert len(pids) == 1
    finally:
        pooled.dispose()
