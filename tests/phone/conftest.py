"""A real server that can be killed, a real Chromium with a phone's screen and touch, and ground to walk on."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import Engine, text

from backend.database import work
from backend.database.engine import make_engine
from backend.models import Account, AreaUnit, Household, Role, Team, Walk
from backend.services import enrol
from mobile_api.pwa import build
from tests import factories as make
from tests.browser.install import FLAGS, chromium_path
from tests.conftest import fresh_database
from tests.ground import lay_ground
from tests.people import acting

FIRST = 1001  # house numbers begin here: each is found by its digits alone
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "locale": "vi-VN"}


@dataclass
class Server:
    """The application on a port that stays the same over kills. `url` has no slash at its end."""

    database: str
    data: Path
    engine: Engine
    port: int
    usual: Path
    dist: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.phone.server",
                *("--database", self.database, "--port", str(self.port)),
                *("--data", str(self.data), "--dist", str(self.dist)),
            ]
        )
        until = time.monotonic() + 60
        while True:
            try:
                with urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except (URLError, ConnectionError):
                assert self.process.poll() is None, "the server did not start"
                assert time.monotonic() < until, "the server does not answer"

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Ground:
    """A volunteer with a walk of her own, and the leader who gave it."""

    server: Server
    ward: AreaUnit
    neighbourhood: AreaUnit
    team: Team
    lan: Account
    minh: Account
    households: list[Household]
    walk: Walk
    others: list[Account] = field(default_factory=list)

    def invitation(self, account: Account | None = None) -> str:
        """The address in the leader's QR."""
        with work.unit_of_work(self.server.engine) as session:
            token = enrol.invite(session, acting(session, self.lan), (account or self.minh).id)
        return f"{self.server.url}/E/{token}"

    def stored(self) -> list[dict[str, Any]]:
        """What the server holds of this ground's people, oldest first, without content."""
        query = text(
            "SELECT e.id, e.author, e.kind, e.flags, v.outcome, v.effective, h.address FROM visit_event e"
            " LEFT JOIN visit v ON v.event_id = e.id LEFT JOIN household h ON h.id = e.household_link"
            " WHERE e.author = ANY(:authors) ORDER BY e.received_at, e.id"
        )
        people = [account.id for account in (self.lan, self.minh, *self.others)]
        with self.server.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query, {"authors": people})]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app as `make setup` builds it; a copy, so that nobody's next build changes it under a running test."""
    assert build.main() == 0
    copy = tmp_path_factory.mktemp("build") / "dist"
    shutil.copytree(build.DIST, copy)
    return copy


@pytest.fixture(scope="package")
def server(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server and one database for these tests; each test brings people and doors of its own."""
    url = fresh_database(f"gocua_phone_{os.getpid()}")
    engine = make_engine(url)
    lay_ground(engine)
    with work.unit_of_work(engine) as session:
        make.create_campaign(session, make.find_ward(session).id)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Server(url, tmp_path_factory.mktemp("phone"), engine, port, dist, dist)
    found.start()
    yield found
    found.kill()
    engine.dispose()


@pytest.fixture(autouse=True)
def _server_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that left the server dead shall not fail the next one."""
    yield
    if "server" in request.fixturenames:
        server: Server = request.getfixturevalue("server")
        if server.process is None or server.dist != server.usual:
            server.kill()
            server.dist = server.usual
            server.start()


MakeGround = Callable[..., Ground]


@pytest.fixture
def make_ground(server: Server) -> MakeGround:
    """`make_ground(doors=22)`: a neighbourhood, a team, Lan, Minh and a walk of that many doors."""

    def make_ground(doors: int = 22) -> Ground:
        with work.unit_of_work(server.engine) as session:
            ward = make.find_ward(session)
            neighbourhood = make.create_neighbourhood(session, ward)
            team = make.create_team(session, neighbourhood)
            lan = make.create_account(session, ward.id, "Trần Thị Lan", role=Role.TEAM_LEADER, team=team)
            minh = make.create_account(session, ward.id, "Nguyễn Văn Minh", team=team)
            alley = make.create_alley(session, neighbourhood)
            households = [
                make.create_household(
                    session,
                    neighbourhood,
                    address=f"Số {number} ngõ 34",
                    alley=alley,
                    birth_year=1950,
                    # Letters only: a search for a number shall find the door and not a code.
                    code="".join(chr(65 + int(digit)) for digit in f"{neighbourhood.code[-4:]}{number:04d}"),
                )
                for number in range(FIRST, FIRST + doors)
            ]
            walk = make.create_walk(session, team, [minh], households)
        return Ground(server, ward, neighbourhood, team, lan, minh, households, walk)

    return make_ground


@pytest.fixture
def ground(make_ground: MakeGround) -> Ground:
    return make_ground()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One Chromium for the phone tests; closed when they are over, since it holds an event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


NewPhone = Callable[[], BrowserContext]


@pytest.fixture
def new_phone(chromium: Browser, server: Server) -> Iterator[NewPhone]:
    """An empty phone. An error in the page's script, or a file its policy blocked, fails the test.

    All of them pair from one address: what earlier tests tried does not count against this one.
    """
    with work.unit_of_work(server.engine) as session:
        session.execute(text("DELETE FROM rate_limit"))
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def watch(page: Page) -> None:
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda said: problems.append(said.text) if "Content Security" in said.text else None
        )

    def new_phone() -> BrowserContext:
        context = chromium.new_context(base_url=server.url, **PHONE)  # type: ignore[arg-type]
        context.on("page", watch)
        contexts.append(context)
        return context

    yield new_phone
    for context in contexts:
        context.close()
    assert not problems, problems
