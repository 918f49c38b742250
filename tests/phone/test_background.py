"""Background Sync, where the browser has it: the worker sends with no page of ours open."""

from playwright.sync_api import Page

from tests.phone.app import away, counts, pair
from tests.phone.conftest import Ground, NewPhone


def test_the_worker_sends_when_no_page_is_open(ground: Ground, new_phone: NewPhone) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 3)
    assert counts(page) == (3, 0, 0)
    page.goto("about:blank")
    phone.set_offline(False)
    _background_sync(page, ground.server.url)
    for _ in range(300):
        if len(ground.stored()) == 3:
            break
        page.wait_for_timeout(100)
    assert len(ground.stored()) == 3
    page.goto("/m/")
    for _ in range(300):
        if counts(page) == (0, 3, 0):
            break
        page.wait_for_timeout(100)
    assert counts(page) == (0, 3, 0)
    assert len(ground.stored()) == 3


def _background_sync(page: Page, origin: str) -> None:
    """Let the browser say "there is a network again" to our worker, as it does by itself in a phone."""
    found: list[str] = []
    browser = page.context.new_cdp_session(page)
    browser.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(
            one["registrationId"] for one in told["registrations"] if one["scopeURL"].endswith("/m/")
        ),
    )
    browser.send("ServiceWorker.enable")
    for _ in range(100):
        if found:
            break
        page.wait_for_timeout(100)
    browser.send(
        "ServiceWorker.dispatchSyncEvent",
        {"origin": origin, "registrationId": found[-1], "tag": "gocua-outbox", "lastChance": False},
    )
