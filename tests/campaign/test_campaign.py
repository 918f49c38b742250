"""A campaign of 20,000 events in every test run; kills while pushes are under way; and the books' own controls."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.campaign import ward
from tests.campaign.__main__ import plan_for, print_table
from tests.campaign.books import balance
from tests.campaign.phone import Phone
from tests.campaign.run import Campaign, Plan, Told, a_site, campaign
from tests.campaign.site import Site
from tests.evening.proxy import ALL_FAULTS, BadLine

EVENTS = 20_000


@pytest.fixture(autouse=True, scope="module")
def _own_installation() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "DATABASE_URL",
            "GOCUA_BASE_URL",
            "GOCUA_SECRET_KEY",
            "GOCUA_DATA_KEY",
            "GOCUA_DATA_DIR",
        ):
            patch.delenv(name, raising=False)
        yield


@contextmanager
def a_folder() -> Iterator[Path]:
    """Not pytest's: that one is closed to the user that PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="gocua-campaign-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def told() -> Told:
    with a_folder() as folder:
        return campaign(plan_for(EVENTS, seed=7), folder)


def test_nothing_is_lost_doubled_or_credited_to_another(told: Told) -> None:
    print_table(told)
    assert told.judge() == []
    assert told.books.tapped == told.books.stored == EVENTS


def test_enough_went_wrong_to_prove_something(told: Told) -> None:
    assert told.kills["web"] >= 3
    assert told.kills["parent"] >= 1
    assert told.kills["database"] >= 1
    assert min(told.duplicates, told.handed_over) > 0
    assert len(told.faults) >= 5


@pytest.fixture(scope="module")
def killed() -> Iterator[tuple[Site, list[Phone], Told]]:
    """20 kills of web processes and 5 of PostgreSQL while phones push; the site still stands."""
    plan = Plan(None, 8, 40, 5, {"web": 20, "database": 5}, False, 0, 4, 4)
    with a_folder() as folder, a_site(folder, plan.web_processes) as site:
        ground = ward.build(site.engine, plan.phones, plan.doors)
        with BadLine(site.port, plan.seed, ALL_FAULTS) as line:
            played = Campaign(plan, site, ground, line, lambda _: None)
            told = played.run()
            yield site, played.phones, told


def test_what_was_acknowledged_survives_every_kill(killed: tuple[Site, list[Phone], Told]) -> None:
    _, _, told = killed
    assert told.judge() == []
    assert (told.kills["web"], told.kills["database"]) == (20, 5)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("DELETE FROM visit_event WHERE id = :id", "unkept"),
        ("UPDATE visit_event SET author = :other WHERE id = :id", "misattributed"),
        ("UPDATE visit_event SET payload_sha256 = sha256('x') WHERE id = :id", "changed"),
        ("UPDATE stream_head SET n = n + 1", "holes"),
        ("UPDATE household_view SET visit_count = visit_count + 1", "differences"),
    ],
)
def test_the_books_would_show_it(killed: tuple[Site, list[Phone], Told], damage: str, what: str) -> None:
    """Positive controls, each undone again."""
    site, phones, _ = killed
    with site.engine.begin() as connection:
        id_, author = connection.execute(
            text("SELECT id, author FROM visit_event WHERE kind = 'visit' AND corrects IS NULL LIMIT 1")
        ).one()
        other = connection.execute(
            text("SELECT id FROM account WHERE id <> :a LIMIT 1"), {"a": author}
        ).scalar_one()
        for kept, what_ in (("kept", "visit"), ("kept_head", "stream_head"), ("kept_view", "household_view")):
            connection.execute(text(f"CREATE TABLE {kept} AS SELECT * FROM {what_}"))
        event = {"id": id_}
        connection.execute(text("CREATE TABLE kept_event AS SELECT * FROM visit_event WHERE id = :id"), event)
        if damage.startswith("DELETE"):
            connection.execute(text("DELETE FROM visit WHERE event_id = :id"), event)
        connection.execute(text(damage), {"id": id_, "other": other})
    try:
        assert getattr(balance(site, phones), what) > 0
    finally:
        _undo(site)


def test_phones_that_differ_are_seen(killed: tuple[Site, list[Phone], Told]) -> None:
    site, phones, _ = killed
    stream = next(stream for stream in phones[0].profile.streams.values() if len(stream.rows) > 1)
    key, row = next(iter(stream.rows.items()))
    del stream.rows[key]
    assert balance(site, phones).differing_phones == 1
    stream.rows[key] = row
    assert balance(site, phones).wrong == []


def test_the_backup_and_500_more_visits() -> None:
    """The drill: a backup, 500 more visits, the server lost and restored; phones bring the 500 back by themselves."""
    with a_folder() as folder, a_site(folder, 2) as site:
        ground = ward.build(site.engine, 5, 40)
        phones = [Phone(paired, site.host, site.port, number) for number, paired in enumerate(ground.phones)]
        _visits(phones, 40)
        backup = site.backup()
        _visits(phones, 100)
        stored = "SELECT count(*) FROM visit_event"
        with site.engine.connect() as connection:
            assert connection.execute(text(stored)).scalar_one() == 700
        site.restore(backup)
        with site.engine.connect() as connection:
            assert connection.execute(text(stored)).scalar_one() == 200
        assert all(phone.settle_down() for phone in phones)
        assert all(phone.settle_down() for phone in phones)
        books = balance(site, phones)
    assert books.wrong == []
    assert books.stored == 700


def _visits(phones: list[Phone], n: int) -> None:
    """`n` visits by each phone, all of them acknowledged."""
    for phone in phones:
        phone.pull()
        assert phone.tap(n) == n
        while phone.profile.outbox:
            assert phone.push()
        assert not phone.profile.dead


def _undo(site: Site) -> None:
    with site.engine.begin() as connection:
        for statement in (
            "DELETE FROM visit WHERE event_id IN (SELECT id FROM kept_event)",
            "DELETE FROM visit_event WHERE id IN (SELECT id FROM kept_event)",
            "INSERT INTO visit_event SELECT * FROM kept_event",
            "INSERT INTO visit SELECT * FROM kept WHERE event_id IN (SELECT id FROM kept_event)",
            "UPDATE stream_head h SET n = k.n FROM kept_head k WHERE k.audience = h.audience",
            "UPDATE household_view v SET visit_count = k.visit_count FROM kept_view k"
            " WHERE k.household_id = v.household_id",
            "DROP TABLE kept, kept_event, kept_head, kept_view",
        ):
            connection.execute(text(statement))
