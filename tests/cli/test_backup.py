"""`gocua backup` and `gocua restore` on a real server: whole or not at all, and never the data of somebody who withdrew."""

import base64
import json
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from backend.core import crypto, ledger
from backend.core.crypto import Keyring
from backend.core.settings import load
from backend.database import archive
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from tests.cli.server import Running, gocua


@pytest.fixture(scope="module")
def saved(folder: Path) -> Path:
    """A demo ward, and its backup."""
    gocua(folder, "demo", "--households", "30", "--volunteers", "2", "--seed", "1", "--json")
    file = folder / "ward.gocua"
    done = gocua(folder, "backup", str(file))
    assert done.returncode == 0, done.stderr
    assert "Đã sao lưu " in done.stdout
    return file


def _ask(folder: Path, what: Callable[[Engine], object]) -> object:
    server = EmbeddedPostgres(folder)
    engine = make_engine(server.url)
    try:
        return what(engine)
    finally:
        engine.dispose()
        server.stop()


def _scalar(folder: Path, statement: str) -> object:
    def read(engine: Engine) -> object:
        with engine.begin() as connection:
            return connection.execute(text(statement)).scalar()

    return _ask(folder, read)


def test_a_restore_brings_the_day_back_under_a_new_history(folder: Path, saved: Path) -> None:
    before = _scalar(folder, "SELECT epoch FROM server_meta")
    visits = _scalar(folder, "SELECT count(*) FROM visit_event")
    _scalar(folder, "UPDATE household_view SET visit_count = 77 WHERE true RETURNING 1")
    _scalar(folder, "UPDATE household SET code = 'SAU' || code RETURNING 1")
    done = gocua(folder, "restore", str(saved), "--yes")
    assert done.returncode == 0, done.stderr
    assert _scalar(folder, "SELECT count(*) FROM household WHERE code LIKE 'SAU%'") == 0
    assert _scalar(folder, "SELECT count(*) FROM visit_event") == visits
    after = _scalar(folder, "SELECT epoch FROM server_meta")
    assert after != before
    assert str(after) in done.stdout
    assert gocua(folder, "recount").stdout.strip() == "Khớp."
    # What was there before is kept beside, until somebody is sure.
    kept = _scalar(folder, "SELECT count(*) FROM pg_database WHERE datname LIKE '%_truoc_%'")
    assert kept == 1


def test_a_running_server_serves_the_restored_data(
    folder: Path, saved: Path, start: Callable[..., Running]
) -> None:
    running = start()
    epoch = _scalar(folder, "SELECT epoch FROM server_meta")
    assert gocua(folder, "restore", str(saved), "--yes").returncode == 0
    assert running.get("/readyz") == 200
    assert _scalar(folder, "SELECT epoch FROM server_meta") != epoch


def test_who_withdrew_after_the_backup_does_not_come_back(folder: Path, saved: Path) -> None:
    gone = _scalar(folder, "SELECT household_id FROM visit LIMIT 1")
    ward = _scalar(folder, "SELECT ward_id FROM household LIMIT 1")
    settings = load({"GOCUA_DATA_DIR": str(folder)})
    before = crypto.keyring()
    try:
        crypto.configure(Keyring.from_secret(settings.data_key))
        ledger.configure(settings.data_dir)
        ledger.append(ward, [gone])  # type: ignore[arg-type, list-item]
    finally:
        crypto.configure(before)
    assert gocua(folder, "restore", str(saved), "--yes").returncode == 0
    left = "SELECT count(*) FROM {} WHERE household_id = '{}'"
    for table in ("visit", "consent", "resident", "adoption"):
        assert _scalar(folder, left.format(table, gone)) == 0, table
    assert _scalar(folder, f"SELECT address || state FROM household WHERE id = '{gone}'") == "withdrawn"
    assert _scalar(folder, "SELECT count(*) > 0 FROM visit_event WHERE redacted_at IS NOT NULL") is True
    (folder / ledger.FILE).unlink()


@pytest.mark.parametrize("damage", ["cut", "half", "bit", "other", "key"])
def test_a_damaged_file_touches_nothing(folder: Path, saved: Path, damage: str) -> None:
    data = saved.read_bytes()
    more: dict[str, str] = {}
    if damage == "cut":
        data = data[:-1]
    elif damage == "half":
        data = data[: len(data) // 2]
    elif damage == "bit":
        middle = len(data) // 2
        data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    elif damage == "other":
        data = b"PGDMP" + data
    else:
        more["GOCUA_DATA_KEY"] = base64.b64encode(bytes(range(100, 132))).decode()
    file = folder / "damaged"
    file.write_bytes(data)
    epoch = _scalar(folder, "SELECT epoch FROM server_meta")
    done = gocua(folder, "restore", str(file), "--yes", **more)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert ("GOCUA_DATA_KEY" in done.stderr) == (damage == "key")
    assert _scalar(folder, "SELECT epoch FROM server_meta") == epoch
    assert _scalar(folder, "SELECT count(*) FROM pg_database WHERE datname LIKE '%_khoi_phuc'") == 0
    assert not list(folder.glob("tmp*"))


def test_a_file_that_was_cut_between_two_chunks_is_noticed(tmp_path: Path) -> None:
    key, file = os.urandom(32), tmp_path / "backup"
    archive.write(file, key, {"counts": {}}, BytesIO(os.urandom(3 * 1024 * 1024)))
    whole, out = file.read_bytes(), BytesIO()
    assert archive.read(file, key, out) == {"counts": {}}
    assert len(out.getvalue()) == 3 * 1024 * 1024
    ends, at = [], 32
    while at < len(whole):
        at += 4 + int.from_bytes(whole[at : at + 4], "big")
        ends.append(at)
    assert len(ends) == 4
    for end in ends[:-1]:
        file.write_bytes(whole[:end])
        with pytest.raises(archive.BadBackup, match="cắt"):
            archive.read(file, key, BytesIO())
    file.write_bytes(whole + whole[32 : ends[0]])
    with pytest.raises(archive.BadBackup):
        archive.read(file, key, BytesIO())


def test_nothing_readable_stands_in_a_backup(folder: Path, saved: Path) -> None:
    data = saved.read_bytes()
    assert data.startswith(archive.MAGIC)
    for word in (b"household", b"PGDMP", json.dumps("Trần").encode(), "Trần".encode()):
        assert word not in data
    assert saved.stat().st_mode & 0o077 == 0
