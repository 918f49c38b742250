"""The real application on a port, with data that is committed, and a real browser in front of it."""

import base64
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from backend.app import create_app
from backend.core.settings import load
from backend.database import work
from backend.database.engine import make_engine
from backend.edge.db import db
from backend.models import Account, Household, Walk
from backend.services import sessions
from tests import factories as make
from tests.browser import resident_pages
from tests.browser.install import FLAGS, chromium_path
from tests.conftest import fresh_database
from tests.ground import lay_ground
from tests.people import People, acting, make_people
from tests.sync.kit import on_device

PASSWORD = "mot cau de nho 7"
# A cheap Android phone and an old laptop.
SIZES = {
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "desk": {"viewport": {"width": 1280, "height": 800}},
}


@dataclass(frozen=True)
class Live:
    """A served application: `url` without a slash at its end; what `people` stand for is committed."""

    url: str
    engine: Engine
    people: People
    households: list[Household]
    walk: Walk

    def token(self, account: Account) -> str:
        """A new browser session of `account`."""
        with work.unit_of_work(self.engine) as session:
            return sessions.open_session(session, account)


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Lan's and Hoa's wards, 30 households and one published walk, on a database and a port of their own."""
    url = fresh_database(f"gocua_live_{os.getpid()}")
    engine = make_engine(url)
    lay_ground(engine)
    with work.unit_of_work(engine) as session:
        people = make_people(session)
        people.lan.password_hash = sessions.hash_password(PASSWORD)
        alley = make.create_alley(session, people.neighbourhood)
        households = [
            make.create_household(
                session,
                people.neighbourhood,
                address=f"Số {number} ngõ 34",
                alley=alley,
                birth_year=1950 + number,
            )
            for number in range(1, 31)
        ]
        make.create_campaign(session, people.ward.id)
        walk = make.create_walk(session, people.team, [people.minh], households[:20])
    with serve(url, tmp_path_factory.mktemp("live")) as address:
        yield Live(address, engine, people, households, walk)
    engine.dispose()


@pytest.fixture(scope="package")
def pages(live: Live) -> resident_pages.Pages:
    """Every page of the residents in each of its states, made on doors of their own."""
    with work.unit_of_work(live.engine) as session:
        doors = [
            make.create_household(session, live.people.neighbourhood, address=f"Số {number} ngõ 90").id
            for number in range(resident_pages.DOORS)
        ]
        phone = on_device(session, live.people.minh, live.people.minh_device)
        lan = acting(session, live.people.lan)
        return resident_pages.make(session, lan, phone, live.people.neighbourhood.id, doors)


@contextmanager
def serve(database_url: str, folder: Path) -> Iterator[str]:
    """The application in a thread of this process; gives its address, without a slash at its end."""
    key = base64.b64encode(bytes(range(32))).decode()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "GOCUA_DATA_DIR": str(folder),
        "GOCUA_SECRET_KEY": key,
        "GOCUA_DATA_KEY": key,
        "GOCUA_BASE_URL": f"http://127.0.0.1:{port}",
    }
    app = create_app(load(environment), database_url)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield environment["GOCUA_BASE_URL"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.engine.dispose()


class _Quiet(WSGIRequestHandler):
    """Werkzeug's own request lines carry paths, which carry codes."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for the browser tests; closed when they are over, since it holds an event loop."""
    with sync_playwright() as playwright:
        path = chromium_path()
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, live: Live) -> Iterator[OpenPage]:
    """`open_page("phone" | "desk", account=None, lang="vi")`: an empty page, signed in as `account`.

    An error in a page's script or a blocked file fails the test.
    """
    contexts = []
    problems: list[str] = []

    def open_page(size: str = "desk", account: Account | None = None, lang: str = "vi") -> Page:
        context = browser.new_context(base_url=live.url, locale="vi-VN", **SIZES[size])
        context.add_cookies([{"name": "gocua_lang", "value": lang, "url": live.url}])
        if account is not None:
            cookie = {"name": "gocua_session", "value": live.token(account), "url": live.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None,
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems, problems


@pytest.fixture(params=["phone", "desk"])
def size(request: pytest.FixtureRequest) -> str:
    """Each browser test once at 360 and once at 1280 pixels."""
    return str(request.param)


_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def axe(page: Page, *rules: str) -> None:
    """Assert that axe-core finds nothing wrong (`rules`: only these), and that nothing is wider than the screen."""
    page.wait_for_load_state()  # a click returns when the next page begins
    found = Axe().run(page, options={"runOnly": rules or _RULES, "resultTypes": ["violations"]})
    said = [
        f"{one['id']}: {one['help']}: {[node['html'][:140] for node in one['nodes'][:4]]}"
        for one in found.response["violations"]
    ]
    assert not said, f"{page.url}\n" + "\n".join(said)
    fits(page)


def fits(page: Page) -> None:
    """Assert that nothing is wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than the screen"
