"""The phone's TypeScript: unit tests, strict types, the size of the first load, types that fit the API's document."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from mobile_api.pwa import build


@pytest.fixture(scope="module")
def run(dist: Path) -> dict[str, str]:
    """The environment in which npm and node are found."""
    node, _ = build.tools()
    return {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _npm(run: dict[str, str], *words: str, may_fail: bool = False) -> str:
    _, npm = build.tools()
    done = subprocess.run(
        [*npm, *words], cwd=build.HERE, env=run, capture_output=True, text=True, check=False, timeout=600
    )
    assert may_fail or done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def test_the_units(run: dict[str, str]) -> None:
    """Outbox, sync, migrations, keys, words: everything that Vitest knows."""
    said = _npm(run, "run", "test", "--", "--reporter=json", may_fail=True)
    told = json.loads(said[said.index('{"') :])
    failed = [
        (one["fullName"], one["failureMessages"])
        for file in told["testResults"]
        for one in file["assertionResults"]
        if one["status"] != "passed"
    ]
    assert failed == [], "a test failed or was skipped"
    assert told["success"], [file["message"] for file in told["testResults"]]
    assert told["numTotalTests"] > 100


def test_the_types_are_strict(run: dict[str, str]) -> None:
    _npm(run, "run", "check")


def test_the_types_fit_the_document(run: dict[str, str], tmp_path: Path) -> None:
    """src/protocol/api.d.ts is what openapi-typescript makes of mobile_api/openapi.json."""
    fresh = tmp_path / "api.d.ts"
    _npm(run, "exec", "--", "openapi-typescript", "../openapi.json", "-o", str(fresh))
    assert fresh.read_text() == (build.HERE / "src/protocol/api.d.ts").read_text(), "run: npm run api"


def test_the_first_load_is_small(dist: Path) -> None:
    """At most 90 KB of compressed JavaScript and CSS before the first door is seen (interface.md, P11)."""
    told = json.loads((dist / "size.json").read_text())
    assert 0 < told["first_load_bytes"] <= 90 * 1024
    assert told["first_load_bytes"] >= max(
        size for name, size in told["files"].items() if "/index-" in name and name.endswith(".js")
    )


def test_the_lock_names_no_place(dist: Path) -> None:
    """Downloads come from whatever registry the machine is set to; each is known by its hash."""
    lock = json.loads((build.HERE / "package-lock.json").read_text())
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert packages
    assert all("resolved" not in entry for entry in packages)
    assert all("integrity" in entry for entry in packages)


def test_few_packages_reach_the_phone() -> None:
    told = json.loads((build.HERE / "package.json").read_text())
    assert set(told["dependencies"]) == {"idb", "qr", "svelte"}
