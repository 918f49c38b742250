"""A new leader's first hour, as `first_hour.py` walks it: from an empty ward to twelve phones with their doors."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.conftest import axe
from tests.browser.first_hour import first_hour
from tests.cli.server import launch


def test_from_an_empty_ward_to_twelve_phones_in_few_steps(browser: Browser, tmp_path: Path) -> None:
    def clean(page: Page, name: str) -> None:
        axe(page)

    server = launch(tmp_path)
    try:
        officer, leader = first_hour(browser, server, "phone", clean)
    finally:
        server.process.terminate()
        server.process.wait(60)
    # The counts say whether a step was added; seconds are an estimate from them, not a measurement.
    assert leader.clicks <= 30
    assert officer.clicks <= 20
    assert officer.seconds + leader.seconds <= 15 * 60
