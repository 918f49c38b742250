"""`gocua import-households` as scripts call it; the way into the database is tested with the other commands."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from backend.cli.import_households import import_households
from tests.importing.files import PEOPLE, workbook, xlsx

VECTORS = Path(__file__).parent.parent / "vectors" / "xlsx"
EXPECTED: dict[str, Any] = json.loads((VECTORS / "expected.json").read_text("utf-8"))
KEYS = {
    "encoding",
    "header_rows",
    "first_data_row",
    "columns",
    "leave_out",
    "data_rows",
    "skip_rows",
    "households",
}


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GOCUA_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run(data: bytes | Path, *options: str) -> Result:
        path = data if isinstance(data, Path) else tmp_path / "list.xlsx"
        if isinstance(data, bytes):
            path.write_bytes(data)
        return CliRunner().invoke(import_households, [str(path), *options])

    return run


@pytest.mark.parametrize("name", EXPECTED)
def test_a_dry_run_prints_the_plan(call: Any, name: str) -> None:
    done = call(VECTORS / name, "--dry-run", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert set(told) == KEYS | {"head_rows", "refused"}
    assert {key: told[key] for key in KEYS} == {key: EXPECTED[name][key] for key in KEYS}


def test_refused_rows_carry_their_reason(call: Any) -> None:
    rows = [list(row) for row in PEOPLE]
    rows[2][3] = "11/01/976"
    told = json.loads(call(xlsx(rows), "--dry-run", "--json").stdout)
    assert told["refused"] == [
        {"row": 3, "reason": "Ngày sinh '11/01/976' chưa đúng. Sửa rồi tải lại, các dòng khác đã vào."}
    ]


def test_a_refused_file_is_one_json_object_and_exit_code_1(call: Any) -> None:
    done = call(b"%PDF-1.7", "--dry-run", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["error"]["code"] == "file_type"
    assert "Excel" in told["error"]["message"]


def test_what_the_file_does_not_say_can_be_said(call: Any) -> None:
    rows = [("STT", "Họ và tên", "Địa chỉ"), (1, "Lê An", "Số 5"), (2, "Vũ Bình", "Số 5")]
    assert "Chọn cách gộp" in call(xlsx(rows), "--dry-run", "--json").stderr
    for options, households in (
        (["--each-row-a-household"], [[2], [3]]),
        (["--group-by", "address"], [[2, 3]]),
    ):
        told = json.loads(call(xlsx(rows), "--dry-run", "--json", *options).stdout)
        assert told["households"] == households


def test_another_sheet(call: Any) -> None:
    data = workbook({"TDP 7": PEOPLE, "TDP 8": PEOPLE[:5]})
    told = json.loads(call(data, "--dry-run", "--json", "--sheet", "TDP 8").stdout)
    assert told["data_rows"] == [2, 3, 4, 5]


def test_without_a_neighbourhood_nothing_is_written(call: Any) -> None:
    done = call(xlsx(PEOPLE))
    assert done.exit_code == 2
    assert "--neighbourhood" in done.stderr
