"""Real processes: `gocua` started as people start it, on a data folder of its own (also for tests/evening)."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

GOCUA = Path(sys.executable).with_name("gocua")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a fresh installation in `folder`: nothing of this machine's settings."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    return {**kept, "GOCUA_DATA_DIR": str(folder), "PYTHONWARNINGS": "ignore", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def gocua(
    folder: Path, *arguments: str, seconds: float = 120, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [GOCUA, *arguments],
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@dataclass
class Running:
    """A server that was started and answered once. `log`: what it wrote to standard error."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    log: Path
    family: list[psutil.Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def children(self) -> list[psutil.Process]:
        """The web and worker processes."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def postmaster(self) -> psutil.Process:
        """The embedded database's first process."""
        return psutil.Process(int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0]))

    def get(self, path: str) -> int:
        """The status of a GET."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return int(answer.status)


def wait_for(
    condition: Callable[[], bool], *, seconds: float = 30, process: psutil.Process | None = None
) -> None:
    """Ask again and again until `condition` holds; fails after `seconds` (generous: it is no measurement)."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.05)


def launch(folder: Path, *arguments: str, **more: str) -> Running:
    """Start a server (`gocua up`, or with other `arguments`) and wait until it is ready."""
    port = free_port()
    log = folder / f"server-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [GOCUA, *(arguments or ("up", "--port", str(port)))],
            env=environment(folder, **{"PORT": str(port), **more}),
            stdout=file,
            stderr=file,
        )
    running = Running(process, port, folder, log)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return running.get("/readyz") == 200
        except OSError:
            return False

    try:
        wait_for(answers, seconds=90)
    except BaseException:
        process.kill()
        raise
    return running
