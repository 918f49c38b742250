"""`gocua up` starts everything, and ends everything."""

import json
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import Start
from tests.cli.server import GOCUA, Running, environment, free_port, gocua, launch, wait_for
from tests.conftest import fresh_database


def end(server: Running, number: signal.Signals) -> int:
    """Send a signal to the parent and wait for its exit code."""
    server.process.send_signal(number)
    return server.process.wait(60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_web_worker_and_database(start: Start, number: signal.Signals) -> None:
    server = start()
    assert server.get("/healthz") == 200
    family = [*server.children(), server.postmaster()]
    assert len(family) == 4  # two web processes, one worker, the postmaster
    assert end(server, number) == 0
    assert [process for process in family if _lives(process)] == []
    assert not (server.folder / "server.json").exists()


def test_the_database_starts_again_without_recovery(start: Start) -> None:
    server = start()
    end(server, signal.SIGTERM)
    log = server.folder / "postgres" / "log"
    before = len(log.read_text())
    end(start(), signal.SIGTERM)
    told = log.read_text()[before:]
    assert "database system was shut down at" in told
    assert "recovery" not in told


def test_a_killed_parent_leaves_no_orphans(start: Start) -> None:
    server = start()
    server.family = server.children()
    assert len(server.family) == 3
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not any(_lives(child) for child in server.family))
    again = start()  # and the next start finds everything in order
    assert again.get("/readyz") == 200
    assert end(again, signal.SIGTERM) == 0


def test_a_killed_web_process_or_worker_is_replaced(start: Start) -> None:
    server = start()
    before = {child.pid for child in server.children()}
    for child in server.children():
        child.kill()
    wait_for(lambda: len({child.pid for child in server.children() if _lives(child)} - before) == 3)
    wait_for(lambda: _answers(server))
    assert end(server, signal.SIGTERM) == 0


def test_a_killed_database_is_started_again(start: Start) -> None:
    server = start()
    first = server.postmaster()
    first.kill()
    wait_for(lambda: _postmaster(server) not in (None, first.pid), seconds=60)
    wait_for(lambda: _answers(server), seconds=60)
    again = server.postmaster()
    assert end(server, signal.SIGTERM) == 0
    assert not _lives(again)


def test_a_worker_of_its_own_starts_and_ends(folder: Path) -> None:
    log = folder / "worker.log"
    with log.open("wb") as file:
        process = subprocess.Popen([GOCUA, "worker"], env=environment(folder), stderr=file)
    wait_for(lambda: '"started"' in log.read_text())
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_port_in_use_is_said_plainly(start: Start) -> None:
    server = start()
    second = gocua(server.folder, "up", "--port", str(server.port))
    assert second.returncode == 2
    assert f"Cổng {server.port} đang có chương trình khác dùng" in second.stderr
    assert "Traceback" not in second.stderr
    assert server.get("/healthz") == 200


def test_bad_settings_are_named_all_at_once(tmp_path: Path) -> None:
    told = gocua(tmp_path, "up", GOCUA_WEB_PROCESSES="many", GOCUA_BASE_URL="gocua.vn")
    assert told.returncode == 2
    assert "GOCUA_WEB_PROCESSES" in told.stderr
    assert "GOCUA_BASE_URL" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_database_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    told = gocua(tmp_path, "migrate", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert told.returncode == 2
    assert "DATABASE_URL" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_keys_are_made_once_and_kept_to_the_owner(tmp_path: Path) -> None:
    gocua(tmp_path, "migrate", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    keys = tmp_path / "keys.env"
    first = keys.read_text()
    gocua(tmp_path, "migrate", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert keys.read_text() == first
    assert keys.stat().st_mode & 0o077 == 0


def test_logs_are_json_lines(start: Start) -> None:
    server = start()
    end(server, signal.SIGTERM)
    lines = [line for line in server.log.read_text().splitlines() if line.startswith("{")]
    assert {json.loads(line)["what"] for line in lines} >= {"request", "worker"}


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _postmaster(server: Running) -> int | None:
    """The process id in PostgreSQL's own file; None while it is not there."""
    try:
        return server.postmaster().pid
    except (OSError, IndexError, psutil.NoSuchProcess):
        return None


def _answers(server: Running) -> bool:
    try:
        return server.get("/readyz") == 200
    except OSError:
        return False


@pytest.mark.parametrize("moment", ["postgres/postmaster.pid", "server.json"])
def test_a_signal_while_starting_leaves_nothing_behind(folder: Path, moment: str) -> None:
    (folder / "server.json").unlink(missing_ok=True)
    process = subprocess.Popen(
        [GOCUA, "up", "--port", str(free_port())],
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for((folder / moment).exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_with_a_database_of_ones_own_no_other_is_started(tmp_path: Path) -> None:
    url = fresh_database("gocua_given")
    server = launch(tmp_path, DATABASE_URL=url)
    assert len(server.children()) == 3
    assert end(server, signal.SIGTERM) == 0
    assert not (tmp_path / "postgres").exists()
