"""One data folder per module, and servers that do not outlive their test."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.server import Running, launch

Start = Callable[..., Running]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One data folder per module, so that initdb and the migrations run once."""
    with tempfile.TemporaryDirectory(prefix="gocua-cli-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts servers; what a test leaves running is killed."""
    started: list[Running] = []

    def up(*arguments: str, **more: str) -> Running:
        started.append(launch(folder, *arguments, **more))
        return started[-1]

    yield up
    for running in started:
        for process in (running.children() if running.process.poll() is None else []) + running.family:
            if process.is_running():
                process.kill()
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
