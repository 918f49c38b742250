"""`gocua up`: the whole installation in one command; `gocua worker`: one more worker beside it."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from backend.cli import serving
from backend.cli.stand import ground

_SERVER_FILE = "server.json"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Địa chỉ lắng nghe.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Cổng.")
def up(host: str, port: int) -> None:
    """Chạy máy chủ: cơ sở dữ liệu, trang web và việc nền."""
    stop_by_signal()
    serving.check_port(host, port)
    with ground(base_url=local_address(host, port)) as base:
        base.engine.dispose()  # nothing of it may live in the children
        click.echo(f"Gõ Cửa chạy ở {base.settings.base_url} (Ctrl-C để dừng)")
        with announced(base.settings.data_dir, base.settings.base_url):
            code = serving.serve(base.settings, base.url, host=host, port=port, embedded=base.embedded)
    sys.exit(code)


@click.command()
def worker() -> None:
    """Chạy thêm một tiến trình việc nền (gocua up đã có sẵn một)."""
    from backend.jobs.app import Means, run_worker

    stop_by_signal()
    with ground() as base:
        run_worker(Means(base.engine, base.settings))


def local_address(host: str, port: int) -> str:
    """The base URL of a server without GOCUA_BASE_URL; "every address" is reached by the local one."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host  # noqa: S104
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def stop_by_signal() -> None:
    """Until granian takes over, SIGTERM ends the command the orderly way too: every `finally` runs."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)


@contextmanager
def announced(data_dir: Path, base_url: str) -> Iterator[None]:
    """Leave word of a running server, so that commands beside it print its address in their links."""
    path = data_dir / _SERVER_FILE
    path.write_text(json.dumps({"pid": os.getpid(), "base_url": base_url}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running_address(data_dir: Path) -> str | None:
    """The base URL of the server that runs on this data folder, if one does."""
    try:
        told = json.loads((data_dir / _SERVER_FILE).read_text())
        os.kill(told["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    address: str = told["base_url"]
    return address
