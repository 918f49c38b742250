"""What must never be in the repository: ID numbers, keys, registry hosts, paths of somebody's machine."""

import re
import subprocess
from pathlib import Path

import pytest

from backend.core.settings import PROJECT

_TEXT = {".py", ".md", ".json", ".toml", ".txt", ".html", ".po", ".css", ".csv", ".yml", ".example", ""}


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True
    ).stdout.decode()
    return [PROJECT / name for name in listed.split("\0") if name]


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


# 63 codes of the old provinces, then sex and century 0 to 3 (formats.md, section 2).
_PROVINCES = [
    "001",
    "002",
    "004",
    "006",
    "008",
    "010",
    "011",
    "012",
    "014",
    "015",
    "017",
    "019",
    "020",
    "022",
    "024",
    "025",
    "026",
    "027",
    "030",
    "031",
    "033",
    "034",
    "035",
    "036",
    "037",
    "038",
    "040",
    "042",
    "044",
    "045",
    "046",
    "048",
    "049",
    "051",
    "052",
    "054",
    "056",
    "058",
    "060",
    "062",
    "064",
    "066",
    "067",
    "068",
    "070",
    "072",
    "074",
    "075",
    "077",
    "079",
    "080",
    "082",
    "083",
    "084",
    "086",
    "087",
    "089",
    "091",
    "092",
    "093",
    "094",
    "095",
    "096",
]
_ID = re.compile(rf"(?<![\d.])(?:{'|'.join(_PROVINCES)})[0-3]\d{{8}}(?!\d)")
_SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AIza[0-9A-Za-z_-]{35}|\"private_key\":\s*\"[^\"]{40}")
_REGISTRY = re.compile(
    r"\"resolved\": *\"http|--(?:extra-)?index-url|--find-links|^registry *=", re.MULTILINE
)


# Made-up numbers that tests need stand here only, every one of them invented for the purpose.
_INVENTED = ("tests/importing/", "tests/vectors/", "bench/", "tests/architecture/", "tests/text/")


def test_no_id_number_stands_in_the_repository() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in _tracked()
        if path.suffix in _TEXT
        and not str(path.relative_to(PROJECT)).startswith(_INVENTED)
        and path.name != "package-lock.json"
        for number, line in enumerate(_lines(path), 1)
        if "--hash=sha256" not in line and _ID.search(line)
    ]
    assert not found


_MACHINE = re.compile(r"(?<![\w.}])/(?:work|root|home)/\w")


@pytest.mark.parametrize("pattern", [_SECRET, _REGISTRY, _MACHINE], ids=["secret", "registry", "machine"])
def test_no_secret_no_registry_and_no_machine(pattern: re.Pattern[str]) -> None:
    this = Path(__file__)
    found = [
        str(path.relative_to(PROJECT))
        for path in _tracked()
        if path.suffix in _TEXT and path != this and pattern.search(path.read_text(errors="replace"))
    ]
    assert not found


def test_the_checks_can_fail() -> None:
    """The control: planted samples are seen."""
    assert _ID.search("CCCD 0010" + "75000001")
    assert _SECRET.search("-----BEGIN RSA PRIVATE KEY-----")
    assert _REGISTRY.search('"resolved": "https://…"')
    assert _MACHINE.search("see /home/lan/x")


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (PROJECT / ".ci/run").read_text()
    assert "make test" in (PROJECT / "README.md").read_text()
