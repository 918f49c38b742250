"""The phone app in a real browser (P11): compressed first load, install, and the start without a network on a slow CPU.

1,300 doors on one phone; the CPU is slowed four times by Chromium itself. A start ends when the first door stands on the
screen; the best of several is printed, since whatever disturbs only adds.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import BrowserContext, sync_playwright

from backend.core import crypto
from backend.core.crypto import Keyring
from backend.database import work
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from backend.models import Role
from backend.services import enrol
from bench.figures import Figure
from mobile_api.pwa import build
from tests import factories as make
from tests.browser.install import FLAGS, chromium_path
from tests.ground import lay_ground
from tests.people import acting

DOORS, STARTS, SLOWER = 1300, 5, 4
_FIRST_DOOR = """
  new MutationObserver((_, watcher) => {
    if (!document.querySelector(".door")) return;
    watcher.disconnect();
    requestAnimationFrame(() => { globalThis.firstDoor = performance.now(); });
  }).observe(document, { childList: true, subtree: true });
"""


def run() -> list[Figure]:
    """Size from the build, times from a browser of its own in front of a server of its own."""
    if build.main() != 0:
        raise RuntimeError("the phone app does not build")
    first = json.loads((build.DIST / "size.json").read_text())["first_load_bytes"]
    with tempfile.TemporaryDirectory(prefix="gocua-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            install, start = _measure(Path(folder), server.url)
        finally:
            server.stop()
    return [
        Figure("phone: first load, compressed JavaScript and CSS", first / 1024, "KB", "", None, "<= 90"),
        Figure(f"phone: pair to safe to go offline, {DOORS} doors", install, "s", "", None, "<= 4"),
        Figure(
            f"phone: offline start to a list, {DOORS} doors, CPU / {SLOWER}", start, "s", "", None, "<= 0.8"
        ),
    ]


def _measure(folder: Path, database: str) -> tuple[float, float]:
    crypto.configure(Keyring.from_secret(bytes(range(32))))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    token = _ground(database)
    words = ("--database", database, "--port", str(port), "--data", str(folder))
    process = subprocess.Popen([sys.executable, "-m", "tests.phone.server", *words], env=dict(os.environ))
    try:
        _wait(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            phone = browser.new_context(
                base_url=address, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
            )
            found = _pair(phone, f"{address}/E/{token}"), min(_start(phone) for _ in range(STARTS))
            browser.close()
        return found
    finally:
        process.kill()
        process.wait()


def _pair(phone: BrowserContext, address: str) -> float:
    page = phone.new_page()
    page.goto(address)
    began = time.perf_counter()
    page.get_by_role("button", name="Ghép máy này").tap()
    page.get_by_text("Đã tải đủ").wait_for(timeout=60_000)
    took = time.perf_counter() - began
    page.get_by_role("button", name="Bắt đầu").tap()
    page.locator(".door").first.wait_for()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.close()
    return took


def _start(phone: BrowserContext) -> float:
    phone.set_offline(True)
    page = phone.new_page()
    page.add_init_script(_FIRST_DOOR)
    phone.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto("/m/")
    page.locator(".door").first.wait_for()
    page.wait_for_timeout(200)
    took: float = page.evaluate("firstDoor") / 1000
    page.close()
    return took


def _ground(database: str) -> str:
    """A leader who pairs her own phone: she sees every door of her team. Returns the invitation."""
    engine = make_engine(database)
    lay_ground(engine)
    with work.unit_of_work(engine) as session:
        ward = make.find_ward(session)
        neighbourhood = make.create_neighbourhood(session, ward)
        team = make.create_team(session, neighbourhood)
        lan = make.create_account(session, ward.id, "Trần Thị Lan", role=Role.TEAM_LEADER, team=team)
        doors = [
            make.create_household(session, neighbourhood, address=f"Số {number} ngõ 34", people=3)
            for number in range(1, DOORS + 1)
        ]
        make.create_walk(session, team, [lan], doors)
        session.flush()
        token = enrol.invite(session, acting(session, lan), lan.id)
    engine.dispose()
    return token


def _wait(address: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urlopen(f"{address}/healthz", timeout=5):
                return
        except (URLError, ConnectionError):
            if time.monotonic() > until:
                raise
