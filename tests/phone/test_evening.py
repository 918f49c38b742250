"""An evening without signal: every outcome, a page killed in the middle of saving; all there, all sent once."""

from collections import Counter
from itertools import cycle, islice

import pytest
from playwright.sync_api import Error, expect

from backend.database import work
from backend.services import recount
from backend.services.board import board
from tests.people import acting
from tests.phone.app import OUTCOMES, all_sent, away, counts, home, open_first, pair, send_now, visit
from tests.phone.conftest import FIRST, Ground, NewPhone


def test_twenty_doors_without_signal(ground: Ground, new_phone: NewPhone) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    planned = list(islice(cycle(OUTCOMES), 20))
    for number, outcome in enumerate(planned, start=FIRST):
        visit(page, f"Số {number} ngõ 34", outcome)
    assert counts(page) == (20, 0, 0)

    page.close()
    page = phone.new_page()
    page.goto("/m/")
    expect(page.get_by_role("link", name="20 chờ gửi")).to_be_visible()
    assert counts(page) == (20, 0, 0)
    assert ground.stored() == []

    phone.set_offline(False)
    send_now(page)
    all_sent(page, 20)
    assert {row["address"]: row["outcome"] for row in ground.stored()} == {
        f"Số {number} ngõ 34": outcome for number, outcome in enumerate(planned, start=FIRST)
    }
    with work.unit_of_work(ground.server.engine) as session:
        lan = acting(session, ground.lan)
        shown = board(session, lan, ground.neighbourhood.id, None)
        assert recount.differences(session, lan, shown, ground.neighbourhood.id) == []
        assert sum(shown.tonight.outcomes.values()) == 20
        assert Counter({str(key): n for key, n in shown.tonight.outcomes.items()}) == Counter(planned)


@pytest.mark.parametrize("wait", [0, 15, 60, 200])
def test_a_page_killed_while_it_saves(ground: Ground, new_phone: NewPhone, wait: int) -> None:
    """Whatever the moment: what was called saved is there after the kill, and nothing is there by half."""
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 3)
    told: list[str] = []
    page.expose_function("toldSaved", lambda word: told.append(word))
    open_first(page)
    page.evaluate(
        """() => {
          const seen = document.body.innerText.includes("Đã lưu");
          new MutationObserver(() => {
            if (document.querySelector(".saved") && !seen) globalThis.toldSaved("saved");
          }).observe(document.body, { childList: true, subtree: true });
          for (const button of document.querySelectorAll("button")) {
            if (button.textContent.trim() === "Vắng nhà") button.click();
          }
        }"""
    )
    page.wait_for_timeout(wait)
    with pytest.raises(Error):
        page.goto("chrome://crash")
    page.close()

    page = phone.new_page()
    page.goto("/m/")
    expect(page.get_by_role("heading", name="Tối nay")).to_be_visible()
    waiting, sent, dead = counts(page)
    assert waiting in ((4,) if told else (3, 4))
    assert (sent, dead) == (0, 0)
    phone.set_offline(False)
    send_now(page)
    all_sent(page, waiting)
    assert len(ground.stored()) == waiting
    home(page)
