"""Every page of the desk as the pictures show it, in both languages: axe is content, and large text still fits."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser
from werkzeug.exceptions import HTTPException

from backend.edge.access import Credential
from tests.browser.conftest import SIZES, axe, fits, serve
from tests.browser.desk_pages import SHOTS, World, open_shot, world
from tests.conftest import fresh_database

DESK = [shot for shot in SHOTS if shot.folder == "leader"]
# What no picture shows, and why.
NO_PAGE = {
    "board.figures": "a part of the board",
    "board.sheet": "a file",
    "attendance.download": "a file",
    "codes.slip_pad": "a file",
    "imports.refused_rows": "a file",
    "people.invited": "a part of the page with an invitation",
    "imports.progress": "a part of a running import",
    "paper.scanned": "leads to its sheet",
}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """The demo ward of the pictures with an evening under way, and its address."""
    url = fresh_database(f"gocua_pages_{os.getpid()}")
    made = world(url)
    with serve(url, tmp_path_factory.mktemp("pages")) as address:
        yield made, address
    made.engine.dispose()


def test_every_page_of_the_desk(browser: Browser, there: tuple[World, str], app: Flask) -> None:
    """At 360 px, also zoomed to twice the size; at 1280 px in English and in the dark. Then: was every page seen?"""
    wrong, seen = [], set()
    made, address = there
    for shot in DESK:
        context = browser.new_context(
            base_url=address, locale="vi-VN", reduced_motion="reduce", **SIZES["phone"]
        )
        page = open_shot(context, made, address, shot)
        seen.add(_endpoint(app, page.url))
        try:
            axe(page)
            page.set_viewport_size({"width": 180, "height": 370})
            fits(page)
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            page.set_viewport_size(SIZES["desk"]["viewport"])
            page.goto(page.url + ("&" if "?" in page.url else "?") + "lang=en")
            axe(page)
        except AssertionError as error:
            wrong.append(f"{shot.name}: {error}")
        context.close()
    assert not wrong, "\n".join(wrong)
    assert _pages(app) - seen - set(NO_PAGE) == set()


def _endpoint(app: Flask, url: str) -> str | None:
    try:
        return str(app.url_map.bind("localhost").match(urlsplit(url).path, method="GET")[0])
    except HTTPException:
        return None


def _pages(app: Flask) -> set[str]:
    found = set()
    for rule in app.url_map.iter_rules():
        policy = getattr(app.view_functions[rule.endpoint], "gocua_policy", None)
        if policy and policy.credential is Credential.BROWSER and "GET" in (rule.methods or ()):
            found.add(rule.endpoint)
    return found
