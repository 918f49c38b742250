"""Real commits on a database of its own: the same item at once, writers beside a reader, a head held by somebody.

(D10, C5 and C7 of sync.md in small.) Threads speak to the real application through its HTTP interface.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier, Event
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.core.ids import uuid7
from backend.core.settings import Settings
from backend.database import work
from backend.database.engine import make_engine
from backend.edge.db import db
from backend.models import Account, Device, Household, StreamHead, Visit, VisitEvent
from backend.services import events, feed, pull
from backend.services.event_core import Item
from tests import factories as make
from tests.conftest import fresh_database
from tests.ground import lay_ground
from tests.people import make_people
from tests.sync.kit import Phone, on_device, visit

WRITERS = 8
ROUNDS = 6


@dataclass
class Ward:
    """A committed team: one volunteer and one door per writer."""

    app: Flask
    engine: Engine
    stream: str
    volunteers: list[tuple[Account, Device, str]]
    doors: list[UUID]

    def phone(self, number: int) -> Phone:
        account, device, token = self.volunteers[number]
        return Phone(self.app.test_client(), token, account, device)


@pytest.fixture(scope="module")
def ward_database() -> Iterator[Engine]:
    url = fresh_database("gocua_concurrency")
    engine = make_engine(url)
    lay_ground(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def ward(ward_database: Engine, settings: Settings) -> Iterator[Ward]:
    with work.unit_of_work(ward_database) as session:
        people = make_people(session)
        # Logins are unique in the whole database and this one is used by several tests.
        for account in (people.lan, people.officer, people.hoa):
            account.login = None
        volunteers, doors = [], []
        for _ in range(WRITERS + 1):
            account = make.create_account(session, people.ward.id, team=people.team)
            volunteers.append((account, *make.create_device(session, account, token=str(uuid7()))))
            doors.append(make.create_household(session, people.neighbourhood))
        make.create_walk(session, people.team, [each[0] for each in volunteers], doors)
        stream, ids = feed.team_stream(people.team.id), [door.id for door in doors]
    app = create_app(settings, ward_database.url.render_as_string(hide_password=False), testing=True)
    app.config["WTF_CSRF_ENABLED"] = False
    yield Ward(app, ward_database, stream, volunteers, ids)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_the_same_item_five_times_at_once(ward: Ward) -> None:
    item = visit(ward.volunteers[0][0].id, ward.doors[0])
    start = Barrier(5)

    def push(_: int) -> str:
        phone = ward.phone(0)
        start.wait(10)
        return str(phone.push(item)[0]["code"])

    with ThreadPoolExecutor(5) as pool:
        codes = sorted(pool.map(push, range(5)))
    assert codes == ["accepted", *["duplicate"] * 4]
    with Session(ward.engine) as session:
        assert session.scalar(select(func.count()).where(VisitEvent.id == item.id)) == 1
        assert session.scalar(select(func.count()).where(Visit.event_id == item.id)) == 1


def test_writers_beside_a_reader(ward: Ward) -> None:
    """D10: whatever the order of commits, a reader that only goes forward misses nothing; numbers have no gap."""
    done = Event()
    reader = ward.phone(WRITERS)
    reader.pull(ward.stream)

    def write(number: int) -> list[Item]:
        phone = ward.phone(number)
        items = []
        for turn in range(ROUNDS):
            batch = [visit(phone.account.id, ward.doors[(number + turn + k) % WRITERS]) for k in range(3)]
            codes = {answer["code"] for answer in phone.push(*batch)}
            while "retry_later" in codes:
                codes = {answer["code"] for answer in phone.push(*batch)}
            assert codes <= {"accepted", "duplicate"}
            items += batch
        return items

    def read() -> int:
        pages = 0
        while not done.is_set():
            reader.pull(ward.stream, 3)
            pages += 1
        return pages

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reading = pool.submit(read)
        written = [item for items in pool.map(write, range(WRITERS)) for item in items]
        done.set()
        assert reading.result(60) > 0
    reader.pull(ward.stream)
    assert not any(reply["reset"] for reply in reader.replies[1:])
    with Session(ward.engine) as session:
        stored = session.scalar(select(func.count()).where(VisitEvent.id.in_([item.id for item in written])))
        assert stored == len(written) == WRITERS * ROUNDS * 3
        top = session.execute(
            text("SELECT max(seq), count(*), count(DISTINCT seq) FROM change_feed WHERE audience = :a"),
            {"a": ward.stream},
        ).one()
        assert top[0] == session.get_one(StreamHead, ward.stream).n
        assert top[1] == top[2]
        visits = session.execute(
            select(Visit.household_id, func.count())
            .where(Visit.household_id.in_(ward.doors))
            .group_by(Visit.household_id)
        ).all()
        assert sum(count for _, count in visits) == len(written)


def test_a_head_held_by_somebody_ends_in_retry_later(ward: Ward) -> None:
    """C7: no error page, nothing stored, one path for the phone; afterwards the same push goes through."""
    phone = ward.phone(0)
    item = visit(phone.account.id, ward.doors[0])
    with ward.engine.connect() as other:
        other.execute(text("SELECT n FROM stream_head WHERE audience = :a FOR UPDATE"), {"a": ward.stream})
        [answer] = phone.push(item)
        assert answer["code"] == "retry_later"
        assert answer["after_s"] == 5
        other.rollback()
    with Session(ward.engine) as session:
        assert session.get(VisitEvent, item.id) is None
    assert phone.push(item)[0]["code"] == "accepted"


def test_nothing_is_answered_before_it_is_committed(ward: Ward) -> None:
    """Another connection sees every acknowledged event at the moment of the answer."""
    phone = ward.phone(0)
    for _ in range(20):
        item = visit(phone.account.id, ward.doors[0])
        assert phone.push(item)[0]["code"] == "accepted"
        with ward.engine.connect() as other:
            assert other.scalar(select(func.count()).where(VisitEvent.id == item.id)) == 1


def test_a_crash_before_the_commit_stores_nothing(ward: Ward) -> None:
    """D7: the process dies after the items were stored and before COMMIT; the next push stores all five."""
    account, device, _ = ward.volunteers[0]
    items = [visit(account.id, ward.doors[0]) for _ in range(5)]
    with Session(ward.engine) as session:
        answers = events.store(session, on_device(session, account, device), items)
        assert {answer.code for answer in answers} == {"accepted"}
        session.connection().connection.driver_connection.pgconn.finish()  # type: ignore[union-attr]
        session.invalidate()
    with Session(ward.engine) as session:
        assert session.scalar(select(func.count()).where(VisitEvent.id.in_([i.id for i in items]))) == 0
    codes = {answer["code"] for answer in ward.phone(0).push(*items)}
    assert codes == {"accepted"}


def test_a_pull_reads_one_moment(ward: Ward) -> None:
    """The transaction of a pull is REPEATABLE READ and READ ONLY, authentication included."""
    phone = ward.phone(0)
    seen: list[tuple[str, str]] = []
    with ward.app.app_context():
        engine = db.engine

    def look(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "server_meta m" in statement:
            raw = cursor.connection  # type: ignore[attr-defined]
            with raw.cursor() as probe:
                probe.execute("SHOW transaction_isolation")
                isolation = probe.fetchone()[0]
                probe.execute("SHOW transaction_read_only")
                seen.append((isolation, probe.fetchone()[0]))

    event.listen(engine, "before_cursor_execute", look)
    try:
        phone.pull(ward.stream)
        phone.push(visit(phone.account.id, ward.doors[0]))
    finally:
        event.remove(engine, "before_cursor_execute", look)
    assert seen[0] == ("repeatable read", "on")
    assert seen[-1] == ("read committed", "off")


def test_the_order_of_numbers_is_the_order_of_commits(ward: Ward) -> None:
    """D10: A takes its number and waits, B would commit, the phone pulls, A commits: nothing is skipped."""
    _one_writer_waits(ward)


def test_a_naive_sequence_is_noticed(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10, the positive control: numbers from a sequence, no lock; the phone passes a row that it never got."""
    with ward.engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE IF NOT EXISTS naive START 1000000"))
    locked = "UPDATE stream_head h SET n = h.n + k.n FROM heads JOIN k USING (audience) WHERE h.audience = heads.audience\n"
    told = "RETURNING h.audience, h.n - k.n AS before"
    number = feed._NUMBER.replace(
        locked, "SELECT h.audience, nextval('naive') * 100 AS before FROM heads h JOIN k USING (audience)\n"
    )
    number = number.replace(told, "").replace("ORDER BY h.audience FOR NO KEY UPDATE", "ORDER BY h.audience")
    assert "nextval" in number
    top = "COALESCE((SELECT max(f.seq) FROM change_feed f WHERE f.audience = h.audience), 0)"
    begin, header = (
        statement.replace("h.n, h.horizon", f"{top} AS n, h.horizon").replace("WHEN h.n =", f"WHEN {top} =")
        for statement in (pull._TEAM.begin, pull._TEAM.header)
    )
    monkeypatch.setattr(feed, "_NUMBER", number)
    monkeypatch.setattr(pull, "_TEAM", replace(pull._TEAM, begin=begin, header=header))
    with pytest.raises(AssertionError, match="team:"):
        _one_writer_waits(ward)


def _one_writer_waits(ward: Ward) -> None:
    reader = ward.phone(WRITERS)
    reader.pull(ward.stream)
    second = Event()

    def write(door: UUID) -> None:
        with work.unit_of_work(ward.engine) as session:
            feed.touch_households(session, [door])
        second.set()

    with Session(ward.engine) as first, ThreadPoolExecutor(1) as pool:
        feed.touch_households(first, [ward.doors[0]])
        feed.flush_touches(first)  # it has its number, and has not committed
        writing = pool.submit(write, ward.doors[1])
        while not second.is_set() and not _somebody_waits(ward.engine):
            second.wait(0.01)
        reader.pull(ward.stream)
        first.commit()
        writing.result(30)
    reader.pull(ward.stream)
    with Session(ward.engine) as session:
        for door in ward.doors[:2]:
            held = reader.rows[ward.stream]["household", str(door)]["v"]
            assert held == session.get_one(Household, door).v


def _somebody_waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool(connection.execute(text(waiting)).scalar_one())
