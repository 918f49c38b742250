"""`.env.example` and the settings say the same; odd values are refused together, in Vietnamese, without defaults."""

import base64
import os
from pathlib import Path

import pytest

from backend.core.settings import KEYS, PROJECT, BadSettings, load, make_keys_file

KEY = base64.b64encode(os.urandom(32)).decode()
GOOD = {"GOCUA_SECRET_KEY": KEY, "GOCUA_DATA_KEY": KEY}


def test_every_setting_is_documented_and_nothing_else() -> None:
    lines = (PROJECT / ".env.example").read_text().splitlines()
    documented = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    assert documented == list(KEYS)


def test_each_documented_setting_has_a_comment_above_it() -> None:
    blocks = (PROJECT / ".env.example").read_text().split("\n\n")
    for block in blocks[1:]:
        assert block.startswith("#"), block


def test_the_example_leaves_no_secret_behind() -> None:
    values = dict(
        line.split("=", 1)
        for line in (PROJECT / ".env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert values["GOCUA_SECRET_KEY"] == values["GOCUA_DATA_KEY"] == values["DATABASE_URL"] == ""


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        load(
            {
                "GOCUA_DATA_DIR": str(tmp_path),
                "GOCUA_BASE_URL": "gocua.vn/x",
                "GOCUA_SECRET_KEY": "short",
                "GOCUA_WEB_PROCESSES": "0",
                "DATABASE_URL": "mysql://x",
                "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099",
            }
        )
    named = {problem.partition(":")[0] for problem in caught.value.problems}
    assert named == {
        "GOCUA_BASE_URL",
        "GOCUA_SECRET_KEY",
        "GOCUA_DATA_KEY",
        "GOCUA_WEB_PROCESSES",
        "DATABASE_URL",
        "FIREBASE_AUTH_EMULATOR_HOST",
    }


def test_there_is_no_default_key(tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        load({"GOCUA_DATA_DIR": str(tmp_path)})


def test_a_new_installation_gets_keys_of_its_own(tmp_path: Path) -> None:
    one, two = make_keys_file(tmp_path / "a"), make_keys_file(tmp_path / "b")
    assert one.stat().st_mode & 0o777 == 0o600
    assert one.read_text() != two.read_text()
    before = one.read_text()
    make_keys_file(tmp_path / "a")
    assert one.read_text() == before
    first = load({"GOCUA_DATA_DIR": str(tmp_path / "a")})
    assert len(first.secret_key) == len(first.data_key) == 32
    assert first.secret_key != first.data_key


@pytest.mark.parametrize("weak", [base64.b64encode(bytes(32)).decode(), base64.b64encode(b"a" * 32).decode()])
def test_a_constant_key_is_refused(tmp_path: Path, weak: str) -> None:
    with pytest.raises(BadSettings):
        load({**GOOD, "GOCUA_DATA_DIR": str(tmp_path), "GOCUA_DATA_KEY": weak})


def test_the_firebase_file_must_be_private_and_outside_the_source(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text("{}")
    file.chmod(0o644)
    base = {**GOOD, "GOCUA_DATA_DIR": str(tmp_path)}
    with pytest.raises(BadSettings, match="chmod 600"):
        load({**base, "GOCUA_FIREBASE_CREDENTIALS": str(file)})
    file.chmod(0o600)
    assert load({**base, "GOCUA_FIREBASE_CREDENTIALS": str(file)}).firebase_credentials == file
    with pytest.raises(BadSettings, match="ngoài thư mục mã nguồn"):
        load({**base, "GOCUA_FIREBASE_CREDENTIALS": str(PROJECT / "pyproject.toml")})
