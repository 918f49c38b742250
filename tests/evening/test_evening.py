"""A small evening in every test run; and the proof that its books would show a loss, a double and a wrong author."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evening import checks, play
from tests.evening.ground import Ground, a_server
from tests.evening.phone import Phone
from tests.evening.proxy import BadLine
from tests.phone_model.wire import Event

HOUSEHOLDS, PHONES = 90, 3


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A server of the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "GOCUA_BASE_URL", "GOCUA_SECRET_KEY", "GOCUA_DATA_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("GOCUA_DATA_DIR", str(tmp_path_factory.mktemp("nobody-here")))
        with a_server(HOUSEHOLDS, PHONES, seed=3) as found:
            yield found


@pytest.fixture(scope="module")
def evening(ground: Ground) -> play.Evening:
    return play.play(ground, seed=3)


def test_nothing_is_lost_doubled_or_credited_to_another(evening: play.Evening) -> None:
    assert evening.judge() == []
    assert evening.books.tapped == evening.acknowledged >= HOUSEHOLDS
    assert evening.handed_over > 0


def test_every_door_was_visited(evening: play.Evening) -> None:
    assert evening.households == HOUSEHOLDS


def test_the_books_would_show_it(ground: Ground, evening: play.Evening, tmp_path: Path) -> None:
    """Positive controls: one event that never arrived, one that nobody tapped, one with another author."""
    phone = _late_phone(ground)
    assert checks.books(ground.engine, [phone]).balanced
    assert checks.differing_phones([phone]) == []

    kept = dict(phone.tapped)
    phone.tapped["00000000-0000-7000-8000-000000000000"] = Event("x", "y", "{}", "a", "z")
    assert checks.books(ground.engine, [phone]).lost == 1
    phone.tapped = dict(list(kept.items())[1:])
    assert checks.books(ground.engine, [phone]).doubled == 1
    phone.tapped, account = kept, phone.profile.account
    phone.profile.account = phone.profile.device
    assert checks.books(ground.engine, [phone]).misattributed > 0
    phone.profile.account = account

    stream = next(stream for stream in phone.profile.streams.values() if stream.rows)
    next(iter(stream.rows.values()))["v"] += 1
    assert len(checks.differing_phones([phone])) == 1

    log = tmp_path / "log"
    log.write_text('{"level": "INFO", "status": 503}\n{"level": "ERROR", "what": "x"}\n{"level": "INFO"}\n')
    assert len(list(checks.server_errors(log))) == 2


def _late_phone(ground: Ground) -> Phone:
    """One more phone of the first volunteer, which visits three doors again on a good line."""
    from backend.database import work
    from backend.services import enrol

    with work.unit_of_work(ground.engine) as session:
        leader = play.leader(session, ground)
        name = ground.demo["volunteers"][0]["name"]
        account = next(person.id for person in play.volunteers(session, leader) if person.full_name == name)
        token = enrol.invite(session, leader, account)
    with BadLine(ground.port, seed=1) as line:
        line.healthy = True
        phone = Phone(f"{ground.demo['base_url']}/E/{token}", server=ground.port, line=line.port, seed=1)
        phone.pull()
        for door in phone.to_do()[:3]:
            phone.visit(door)
        while phone.profile.outbox:
            phone.push()
        phone.pull()
    return phone
