"""What the evening is played on: a running server with a demo ward of its own, and a look into its database."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine

from backend.cli.up import running_address
from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import load
from backend.database.engine import make_engine
from tests.cli.server import gocua, launch


@dataclass(frozen=True)
class Ground:
    """`port`: where the server listens; `demo`: what `gocua demo --json` said; `log`: the server's, if it is ours."""

    port: int
    households: int
    demo: dict[str, Any]
    engine: Engine
    log: Path | None


@contextmanager
def a_server(households: int, volunteers: int, seed: int) -> Iterator[Ground]:
    """The server that runs on this installation's data folder, else one of our own on a temporary one.

    Either way the evening gets a new demo ward, so that whatever is there already stays as it is.
    """
    folder = Path(os.environ.get("GOCUA_DATA_DIR") or "var").resolve()
    address = running_address(folder)
    if address is not None:
        yield from _with_demo(folder, urlsplit(address).port or 80, None, households, volunteers, seed)
        return
    with tempfile.TemporaryDirectory(prefix="gocua-evening-", ignore_cleanup_errors=True) as name:
        server = launch(Path(name))
        try:
            yield from _with_demo(Path(name), server.port, server.log, households, volunteers, seed)
        finally:
            server.process.terminate()
            server.process.wait(60)


def _with_demo(
    folder: Path, port: int, log: Path | None, households: int, volunteers: int, seed: int
) -> Iterator[Ground]:
    size = ("--households", str(households), "--volunteers", str(volunteers), "--seed", str(seed))
    done = gocua(folder, "demo", *size, "--json", **_own_settings())
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    told = json.loads(done.stdout)
    settings = load({"GOCUA_DATA_DIR": str(folder), **_own_settings()})
    crypto.configure(Keyring.from_secret(settings.data_key))
    engine = make_engine(told["database_url"].replace("postgresql:", "postgresql+psycopg:", 1))
    try:
        yield Ground(port, households, told, engine, log)
    finally:
        engine.dispose()


def _own_settings() -> dict[str, str]:
    """What this installation was told by its environment, for the commands beside it."""
    names = ("DATABASE_URL", "GOCUA_SECRET_KEY", "GOCUA_DATA_KEY", "GOCUA_BASE_URL")
    return {name: os.environ[name] for name in names if os.environ.get(name)}
