"""One installation under attack: `gocua up` on its own PostgreSQL, both killed with -9 and started again.

Only processes that were started here are ended, each by its pid.
"""

import random
import subprocess
import urllib.request
from pathlib import Path

import psutil
from sqlalchemy import Engine

from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import load
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from tests.cli.server import GOCUA, environment, free_port, gocua, wait_for

_START_SECONDS = 120


class Site:
    """The installation in `folder`. `engine`: a look into its database that survives the kills."""

    def __init__(self, folder: Path, *, web_processes: int = 2) -> None:
        self.folder = folder
        self.port = free_port()
        self.kills = {"web": 0, "parent": 0, "database": 0}
        self.restarts = 0
        self._more = {"GOCUA_WEB_PROCESSES": str(web_processes), "GOCUA_LOG_LEVEL": "ERROR"}
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._database = EmbeddedPostgres(folder)
        self.run("migrate")
        settings = load({"GOCUA_DATA_DIR": str(folder)})
        crypto.configure(Keyring.from_secret(settings.data_key))
        self.engine: Engine = make_engine(self._database.url)
        self.host = f"127.0.0.1:{self.port}"

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """A command of the operator, to its end; what it printed. Raises AssertionError on another exit code."""
        done = gocua(self.folder, *arguments, seconds=3600, **self._more)
        assert done.returncode in codes, f"gocua {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    # --- start and end ---

    def start(self) -> None:
        """Start `gocua up` and wait until it is ready."""
        with self._log.open("ab") as file:
            self._process = subprocess.Popen(
                [GOCUA, "up", "--port", str(self.port)],
                env=environment(self.folder, **self._more),
                stdout=file,
                stderr=file,
            )
        wait_for(self._answers, seconds=_START_SECONDS)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(f"http://{self.host}/readyz", timeout=10) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def supervise(self) -> None:
        """What systemd does: when the server is gone, start it again."""
        if self._process is not None and self._process.poll() is not None:
            self.restarts += 1
            self.start()

    def stop(self) -> None:
        """End everything the orderly way."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)
        self.engine.dispose()
        self._database.stop()

    # --- kill -9 ---

    def web_processes(self) -> list[psutil.Process]:
        """The web processes, oldest first."""
        if self._process is None or self._process.poll() is not None:
            return []
        found = []
        for child in psutil.Process(self._process.pid).children():
            try:
                if _serves(child):
                    found.append(child)
            except (psutil.NoSuchProcess, OSError):
                continue
        return sorted(found, key=lambda each: each.create_time())

    def kill_web(self) -> bool:
        """Kill the oldest web process (granian gives up when one dies right after its start). False: none to kill."""
        found = self.web_processes()
        if len(found) < 2:
            return False
        try:
            found[0].kill()
        except psutil.NoSuchProcess:
            return False
        self.kills["web"] += 1
        return True

    def kill_parent(self) -> None:
        """Kill the whole server at its head; its children leave by themselves. Then start it again."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        self.kills["parent"] += 1
        _gone(children)
        self.start()

    def kill_database(self) -> None:
        """Kill PostgreSQL's first process, wait until the others have left, start it again."""
        pid = self._database.pid
        assert pid is not None
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)]
        first.kill()
        self.kills["database"] += 1
        _gone(family)
        self._database.start()

    # --- backup and restore ---

    def backup(self) -> Path:
        """A backup as the operator takes it, while everything runs."""
        to = self.folder / "backup"
        to.unlink(missing_ok=True)
        self.run("backup", str(to))
        return to

    def restore(self, backup: Path) -> None:
        """The server is lost, the backup is put back."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait()
        _gone(children)
        self.engine.dispose()
        self.run("restore", str(backup), "--yes")
        self.start()


def _serves(process: psutil.Process) -> bool:
    """Granian's own threads tell a web process from the worker."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/comm")
    return any(comm.read_text().startswith("tokio") for comm in threads)


def _gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert not alive, f"still there: {alive}"


def shuffled(kinds: dict[str, int], dice: random.Random) -> list[str]:
    """The order in which things are killed."""
    found = [kind for kind, n in kinds.items() for _ in range(n)]
    dice.shuffle(found)
    return found
