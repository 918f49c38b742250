"""The demo ward: for scripts, beside a running server, twice; nothing in it can be taken for a real person."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from backend.core.clock import today
from backend.core.settings import load
from backend.services.guides import guides
from tests.cli.conftest import Start
from tests.cli.server import environment, gocua, launch

_KEYS = {
    "base_url",
    "leader",
    "officer",
    "volunteers",
    "guide_urls",
    "campaign",
    "neighbourhood",
    "database_url",
}
_SMALL = ("demo", "--households", "40", "--volunteers", "3", "--seed", "5", "--json")


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    """What the command said, with no server running."""
    done = gocua(folder, *_SMALL)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_one_json_object_with_everything_a_script_needs(told: dict[str, Any]) -> None:
    assert told.keys() == _KEYS
    assert told["base_url"] == "http://127.0.0.1:8000"
    assert told["leader"].keys() == {"login", "password"}
    assert len(told["volunteers"]) == 3
    assert all(
        re.fullmatch(r"http://127\.0\.0\.1:8000/E/[0-9A-Z]{26}", one["enrol_url"])
        for one in told["volunteers"]
    )
    shown = [found for found in guides("vi") if not found.withdrawn(today())]
    assert len(told["guide_urls"]) == len(set(told["guide_urls"])) == len(shown)
    assert "(mẫu)" in told["campaign"]
    assert told["database_url"].startswith("postgresql://")


def test_passwords_are_random_and_kept_to_the_owner(told: dict[str, Any], folder: Path) -> None:
    assert re.fullmatch(r"([a-z0-9]{4}-){2}[a-z0-9]{4}", told["leader"]["password"])
    assert (folder / "demo.json").stat().st_mode & 0o077 == 0


def test_beside_a_running_server_it_takes_another_ward_and_its_address(
    told: dict[str, Any], start: Start
) -> None:
    server = start()
    done = gocua(server.folder, *_SMALL)
    assert done.returncode == 0, done.stderr
    second = json.loads(done.stdout)
    assert second["base_url"] == server.url
    assert second["neighbourhood"] != told["neighbourhood"]
    assert second["leader"]["login"] != told["leader"]["login"]
    assert server.get("/readyz") == 200  # the database it shares still runs
    engine = create_engine(second["database_url"].replace("postgresql:", "postgresql+psycopg:"))
    try:
        _is_clearly_made_up(engine, server.folder)
        _is_the_same_for_the_same_seed(engine, told["neighbourhood"], second["neighbourhood"])
    finally:
        engine.dispose()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0


def test_odd_sizes_are_refused_kindly(folder: Path) -> None:
    done = gocua(folder, "demo", "--households", "2", "--volunteers", "3", "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def _is_clearly_made_up(engine: Engine, folder: Path) -> None:
    ring = _keyring(folder)
    with engine.connect() as connection:
        names = connection.execute(
            text("SELECT full_name FROM resident WHERE full_name IS NOT NULL")
        ).scalars()
        assert all(ring.open(bytes(name), "resident.full_name").decode().startswith("Mẫu ") for name in names)
        phones = connection.execute(text("SELECT phone FROM household WHERE phone IS NOT NULL")).scalars()
        found = [ring.open(bytes(phone), "household.phone").decode() for phone in phones]
        assert found
        assert all(re.fullmatch(r"\+8410\d{7}", phone) for phone in found)
        places = connection.execute(
            text("SELECT name FROM area_unit WHERE level = 'neighbourhood' UNION SELECT name FROM campaign")
        ).scalars()
        assert all(name.endswith("(mẫu)") for name in places)


def _is_the_same_for_the_same_seed(engine: Engine, first: str, second: str) -> None:
    query = text(
        "SELECT h.code, h.address, h.kind, (SELECT array_agg(r.birth_year ORDER BY r.ordinal) FROM resident r"
        " WHERE r.household_id = h.id) FROM household h JOIN area_unit n ON n.id = h.neighbourhood_id"
        " WHERE n.code = :code ORDER BY h.code"
    )
    with engine.connect() as connection:
        one, two = (connection.execute(query, {"code": code}).all() for code in (first, second))
    assert len(one) == 40
    assert one == two


def _keyring(folder: Path) -> Any:
    from backend.core.crypto import Keyring

    return Keyring.from_secret(load(environment(folder)).data_key)


def test_run_makes_the_demo_once_and_greets_every_time(folder: Path) -> None:
    own = folder / "run"
    own.mkdir()
    first = _greeting(own)
    assert "Mẫu" in first
    assert "▀" in first
    second = _greeting(own)
    assert re.findall("mật khẩu: .*", first) == re.findall("mật khẩu: .*", second)
    assert re.findall("/G/.*", first) == re.findall("/G/.*", second)
    assert re.findall("/E/.*", first) != re.findall("/E/.*", second)


def _greeting(folder: Path) -> str:
    server = launch(folder, "run")
    assert server.get("/vao") == 200
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60) == 0
    return server.log.read_text()
