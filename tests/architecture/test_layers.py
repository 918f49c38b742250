"""The contracts of pyproject.toml hold, and a planted violation is seen."""

import subprocess
import sys
from pathlib import Path

from backend.core.settings import PROJECT

_LINT = str(Path(sys.executable).parent / "lint-imports")


def test_the_imports_flow_one_way() -> None:
    done = subprocess.run([_LINT, "--no-cache"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_planted_upward_import_is_caught(tmp_path: Path) -> None:
    """The control: the same contracts on a small tree where a service imports the web."""
    for package in ("backend", "backend/services", "backend/edge"):
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "backend/services/wrong.py").write_text("import backend.edge\n")
    (tmp_path / "contract.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["backend"]\n'
        '[[tool.importlinter.contracts]]\nname = "x"\ntype = "layers"\nlayers = ["backend.edge", "backend.services"]\n'
    )
    done = subprocess.run(
        [_LINT, "--no-cache", "--config", "contract.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    assert done.returncode == 1, done.stdout + done.stderr
