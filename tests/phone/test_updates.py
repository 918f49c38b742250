"""A new version, the way back from a bad one, and a start without a network: none of it touches what was written."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from mobile_api.shell import KILL_SWITCH
from tests.browser.conftest import axe
from tests.phone.app import all_sent, away, captive_portal, counts, pair, send_now
from tests.phone.conftest import Ground, NewPhone

UPDATE = "Có bản mới"


def _next_build(dist: Path, to: Path) -> Path:
    """The same app as another version: another name of the build, and other names of its files."""
    shutil.copytree(dist, to)
    for packed in to.rglob("*.gz"):
        packed.unlink()
    entry = next((to / "assets").glob("index-*.js"))
    build = (to / "version.json").read_text().split('"')[3]
    entry.rename(entry.with_name("index-next.js"))
    for path in (file for file in to.rglob("*") if file.suffix in (".js", ".html", ".json")):
        text = path.read_text().replace(entry.name, "index-next.js").replace(build, "9.9.9+next")
        path.write_text(text)
    return to


def test_a_new_version_with_a_full_outbox(
    ground: Ground, new_phone: NewPhone, dist: Path, tmp_path: Path
) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 15)
    ground.server.kill()
    ground.server.dist = _next_build(dist, tmp_path / "next")
    ground.server.start()
    phone.set_offline(False)
    with captive_portal(phone):
        page.reload()
        expect(page.get_by_text(UPDATE)).to_be_visible()
        assert "index-next" not in page.evaluate("document.scripts[0].src")
        away(page, 3)  # the old one keeps working
        assert counts(page) == (18, 0, 0)
        page.get_by_role("button", name="Dùng bản mới").tap()
        page.wait_for_load_state()
        expect(page.get_by_role("heading", name="Tối nay")).to_be_visible()
        expect(page.get_by_text(UPDATE)).to_have_count(0)
        assert "index-next" in page.evaluate("document.scripts[0].src")
        assert counts(page) == (18, 0, 0)
    send_now(page)
    all_sent(page, 18)
    assert len(ground.stored()) == 18


def test_the_kill_switch_never_touches_what_was_written(ground: Ground, new_phone: NewPhone) -> None:
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 4)
    phone.set_offline(False)
    switch = ground.server.data / KILL_SWITCH
    switch.touch()
    try:
        with captive_portal(phone):
            page.evaluate("navigator.serviceWorker.getRegistration('/m/').then((found) => found.update())")
            for _ in range(200):
                if page.evaluate("caches.keys().then((names) => names.length)") == 0:
                    break
                page.wait_for_timeout(100)
            assert page.evaluate("caches.keys()") == []
            assert counts(page) == (4, 0, 0)
    finally:
        switch.unlink()
    page.reload()
    expect(page.get_by_role("heading", name="Tối nay")).to_be_visible()
    send_now(page)
    all_sent(page, 4)


def test_two_people_on_one_phone(new_phone: NewPhone, ground: Ground) -> None:
    """Another person's pairing gets databases of its own, named by chance; nothing moves between the two."""
    phone = new_phone()
    page = pair(phone, ground.invitation())
    phone.set_offline(True)
    away(page, 2)
    phone.set_offline(False)
    with captive_portal(phone):
        page.goto(ground.invitation(ground.lan))
        page.get_by_role("button", name="Ghép máy này").tap()
        page.wait_for_url("**/m/**")
        expect(page.get_by_role("link", name="2 chờ gửi")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("0/22")).to_be_visible()
    names = page.evaluate("indexedDB.databases().then((all) => all.map((each) => each.name))")
    assert sum(name.startswith("gocua-outbox-") for name in names) == 2
    assert not any("Minh" in name or str(ground.minh.id) in name for name in names)
    assert ground.stored() == []

    page.goto(ground.invitation(ground.minh))
    page.get_by_role("button", name="Ghép máy này").tap()
    page.wait_for_url("**/m/**")
    expect(page.get_by_text("2/22")).to_be_visible()
    send_now(page)
    expect(page.get_by_text("Tất cả đã gửi")).to_be_visible()
    assert [row["author"] for row in ground.stored()] == [ground.minh.id] * 2


@pytest.mark.parametrize(
    ("minimum", "vietnamese", "english"),
    [
        ("remind_pull_schema", "Ứng dụng trên máy này sắp cũ quá", "will soon be too old"),
        ("min_pull_schema", "Ứng dụng đã cũ nên chưa nhận được danh sách mới", "too old to get the new list"),
    ],
)
def test_an_old_app_says_so_and_goes_on_sending(
    ground: Ground, new_phone: NewPhone, minimum: str, vietnamese: str, english: str
) -> None:
    """The softer minimum shows a banner and refuses nothing; the harder one stops the list, never what was written."""
    page = pair(new_phone(), ground.invitation())
    with ground.server.engine.begin() as connection:
        connection.execute(text(f"UPDATE server_meta SET {minimum} = 2"))
    try:
        away(page, 2)
        send_now(page)
        all_sent(page, 2)
        expect(page.get_by_text(vietnamese).first).to_be_visible()
        assert len(ground.stored()) == 2
        page.evaluate("localStorage['gocua.look'] = JSON.stringify({welcomed: true, language: 'en'})")
        page.reload()
        expect(page.get_by_text(english).first).to_be_visible()
        axe(page)
    finally:
        with ground.server.engine.begin() as connection:
            connection.execute(text(f"UPDATE server_meta SET {minimum} = 1"))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text(english)).to_have_count(0)
