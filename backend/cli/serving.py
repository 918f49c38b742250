"""The server: web processes under granian, one worker process beside them, and their common end.

The parent holds the write end of a pipe that its children watch: however the parent ends, even by kill -9, the
pipe closes and the children leave. Children live in process groups of their own, so that Ctrl-C reaches the parent
alone and it ends them in order: web, worker, then (its caller) the database.
"""

import errno
import gc
import importlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from backend.cli.stand import Mistake
from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import Settings
from backend.database.engine import make_engine
from backend.edge.security import set_up_logs

if TYPE_CHECKING:  # the wheel is loaded only where it is used
    from backend.database.embedded import EmbeddedPostgres

_log = logging.getLogger("gocua.server")
_STOP_SECONDS = 20
_LOG_LEVELS = {"DEBUG": "debug", "INFO": "warning", "WARNING": "warning", "ERROR": "error"}
# Granian's own words (a worker that died) in the same JSON lines as ours.
_GRANIAN_LOGS = {
    "formatters": {"generic": {"()": "backend.edge.security.JsonLines"}},
    "handlers": {
        "console": {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    },
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}
# The write end of the pipe; a forked child closes its copy, or the pipe would never end.
_lifeline: Connection | None = None


@dataclass(frozen=True)
class Child:
    """What a child process is told: enough to build its own engine, for none is shared across a fork."""

    settings: Settings
    url: str
    watch: Connection


@dataclass(frozen=True)
class LoadWeb:
    """Builds the application inside a web process."""

    child: Child

    def __call__(self) -> Callable[..., Any]:
        _settle(self.child)
        # By name: the composition root stands above the commands.
        application: Callable[..., Any] = importlib.import_module("backend.app").create_app(
            self.child.settings, self.child.url
        )
        return application


def is_free(host: str, port: int) -> bool:
    """False when somebody listens there. Raises Mistake for an address that is not this machine's to use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                return False
            raise Mistake(
                f"Không mở được {host}:{port}. Chọn địa chỉ của máy này và cổng từ 1024 trở lên."
            ) from None
    return True


def check_port(host: str, port: int) -> None:
    """Raise Mistake when somebody listens there already; granian's shared ports would not notice."""
    if not is_free(host, port):
        raise Mistake(
            f"Cổng {port} đang có chương trình khác dùng. Chọn cổng khác: gocua up --port {port + 1}"
        )


def serve(
    settings: Settings,
    url: str,
    *,
    host: str,
    port: int,
    embedded: "EmbeddedPostgres | None",
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code (0: asked to stop, all children have ended).

    A web process or worker that dies is started again, and so is our own database. `ready` runs once the processes
    are started.
    """
    global _lifeline
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    importlib.import_module("backend.app")  # once here, so that the forked processes share its memory
    watch, _lifeline = multiprocessing.Pipe(duplex=False)
    child = Child(settings, url, watch)
    worker = Minder(child)
    server = Server(
        "gocua",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.web_processes,
        blocking_threads=2,
        websockets=False,
        log_level=LogLevels(_LOG_LEVELS[settings.log_level]),
        log_dictconfig=_GRANIAN_LOGS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
    )
    server.on_startup(worker.start)
    if embedded is not None:
        server.on_startup(embedded.keep_running)
    server.on_startup(ready)
    gc.collect()
    gc.freeze()  # what exists now stays where it is: pages shared after the fork stay shared
    try:
        server.serve(target_loader=LoadWeb(child), wrap_loader=False)
        return 0
    except SystemExit as exit_:
        # Granian says 1 when a child ended by itself, even long ago and replaced.
        return 0 if server.interrupt_signal else int(exit_.code or 0)
    finally:
        worker.stop()
        _lifeline.close()
        watch.close()


class Minder:
    """Keeps one worker process running."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._process: BaseProcess | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the worker and watch over it."""
        self._spawn()
        threading.Thread(target=self._watch, name="minder", daemon=True).start()

    def stop(self) -> None:
        """End the worker; what it is doing may finish, within limits."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None and process.is_alive():
            process.terminate()
            process.join(_STOP_SECONDS + 5)
            if process.is_alive():
                process.kill()
                process.join()

    def _spawn(self) -> None:
        self._process = multiprocessing.Process(target=_work, args=(self._child,), name="gocua-worker")
        self._process.start()

    def _watch(self) -> None:
        pause = 1.0
        while True:
            process = self._process
            if process is not None:
                process.join()
            if self._stopping.wait(pause):
                return
            _log.error("worker ended by itself, starting another", extra={"fields": {"pause": pause}})
            pause = min(pause * 2, 60.0)
            with self._lock:
                if self._stopping.is_set():
                    return
                self._spawn()


def _work(child: Child) -> None:
    """The worker process."""
    _settle(child)
    from backend.jobs.app import Means, run_worker

    engine = make_engine(child.url, pool_size=2, max_overflow=1)
    run_worker(Means(engine, child.settings))
    engine.dispose()


def _settle(child: Child) -> None:
    """Make a new process a good child: own group, own log, keys, and an eye on its parent."""
    global _lifeline
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # the parent's handlers came along with the fork
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    if _lifeline is not None:
        _lifeline.close()
        _lifeline = None
    set_up_logs(child.settings.log_level)
    crypto.configure(Keyring.from_secret(child.settings.data_key))
    threading.Thread(target=_watch_parent, args=(child.watch,), name="lifeline", daemon=True).start()


def _watch_parent(watch: Connection) -> None:
    try:
        watch.recv_bytes()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(_STOP_SECONDS)
        os._exit(1)
