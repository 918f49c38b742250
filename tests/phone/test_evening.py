"""An evening without signal: every outcome, a killed page, a dead server, a captive portal; nothing lost or doubled."""

from collections import Counter
from itertools import cycle, islice

from playwright.sync_api import expect

from tests.phone.app import OUTCOMES, all_sent, counts, pair, send_now, visit
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
    stored = ground.stored()
    assert Counter(row["outcome"] for row in stored) == Counter(planned)
    assert {row["address"]: row["outcome"] for row in stored} == {
        f"Số {number} ngõ 34": outcome for number, outcome in enumerate(planned, start=FIRST)
    }
