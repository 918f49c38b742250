"""The other commands, as scripts call them: one JSON object on standard output, mistakes in plain Vietnamese."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.server import gocua

_ROOT = Path(__file__).resolve().parents[2]
_LIST = _ROOT / "tests" / "vectors" / "xlsx" / "b_merged_two_level.xlsx"


@pytest.fixture(scope="module")
def neighbourhood(folder: Path) -> str:
    """The code of a demo neighbourhood in the module's folder."""
    done = gocua(folder, "demo", "--households", "5", "--volunteers", "1", "--json")
    code: str = json.loads(done.stdout)["neighbourhood"]
    return code


def test_help_names_every_command(tmp_path: Path) -> None:
    told = gocua(tmp_path, "--help").stdout
    for command in (
        "run",
        "up",
        "worker",
        "open-ward",
        "demo",
        "import-households",
        "migrate",
        "recount",
        "epoch",
        "phones",
        "openapi",
    ):
        assert f"\n  {command} " in told


def test_openapi_prints_the_snapshot(tmp_path: Path) -> None:
    done = gocua(tmp_path, "openapi")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (_ROOT / "mobile_api" / "openapi.json").read_text()


def test_a_list_is_tried_imported_and_imported_again(folder: Path, neighbourhood: str) -> None:
    arguments = ("import-households", str(_LIST), "--neighbourhood", neighbourhood, "--json")
    plan = json.loads(gocua(folder, *arguments, "--dry-run").stdout)
    first = json.loads(gocua(folder, *arguments).stdout)
    assert first["created"] == len(plan["head_rows"]) > 0
    again = json.loads(gocua(folder, *arguments).stdout)
    assert (again["created"], again["updated"]) == (0, 0)
    assert again["unchanged"] == first["created"]


def test_an_unknown_neighbourhood_is_said_plainly(folder: Path, neighbourhood: str) -> None:
    done = gocua(folder, "import-households", str(_LIST), "--neighbourhood", "00000-T99", "--json")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_a_recount_of_the_demo_agrees(folder: Path, neighbourhood: str) -> None:
    done = gocua(folder, "recount", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {"differences": [], "repaired": 0}


def test_a_recount_finds_and_mends_what_was_changed_behind_its_back(folder: Path, neighbourhood: str) -> None:
    from backend.database.embedded import EmbeddedPostgres
    from backend.database.engine import make_engine

    database = EmbeddedPostgres(folder)
    try:
        engine = make_engine(database.url)
        with engine.begin() as connection:
            changed = connection.execute(
                text("UPDATE household_view SET visit_count = visit_count + 1")
            ).rowcount
        engine.dispose()
        told = gocua(folder, "recount", "--json")
        assert told.returncode == 1
        assert len(json.loads(told.stdout)["differences"]) == changed
        assert gocua(folder, "recount", "--repair").returncode == 0
        assert gocua(folder, "recount").stdout.strip() == "Khớp."
    finally:
        database.stop()


def test_a_new_epoch_is_another_one(folder: Path, neighbourhood: str) -> None:
    first, second = (gocua(folder, "epoch", "rotate").stdout for _ in range(2))
    assert first.startswith("Lịch sử mới: ")
    assert first != second
