"""The feed forgets what nobody can see any more, and not a row or a day too much."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.core.ids import uuid7
from backend.core.settings import Settings
from backend.database import work
from backend.edge.db import db
from backend.jobs import clock
from backend.jobs.app import Means
from backend.models import Account, Assignment, ChangeFeed, StreamHead
from backend.services import erasure, feed, feed_clean
from tests import factories as make
from tests.people import People, acting
from tests.sync.kit import Phone, visit

_LONG_AGO = timedelta(days=61)


@pytest.fixture
def web(own_engine: Engine, settings: Settings) -> Iterator[Flask]:
    """The real application on the jobs' database, so that a phone reads what the job left."""
    app = create_app(settings, own_engine.url.render_as_string(hide_password=False), testing=True)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


class Ground:
    """Minh's walk of four doors; days pass when a test says so."""

    def __init__(self, engine: Engine, people: People, web: Flask) -> None:
        self.engine, self.people, self.web = engine, people, web
        self.stream = feed.team_stream(people.team.id)
        with work.unit_of_work(engine) as session:
            doors = [make.create_household(session, people.neighbourhood) for _ in range(4)]
            self.walk = make.create_walk(session, people.team, [people.minh], doors).id
            self.doors = [door.id for door in doors]

    def phone(self) -> Phone:
        with work.unit_of_work(self.engine) as session:
            account = session.get_one(Account, self.people.minh.id)
            device, token = make.create_device(session, account, token=str(uuid7()))
        return Phone(self.web.test_client(), token, account, device)

    def take(self, *doors: UUID) -> None:
        """The doors leave the walk and the team."""
        with work.unit_of_work(self.engine) as session:
            session.execute(
                update(Assignment).where(Assignment.household_id.in_(doors)).values(ended_at=make.now())
            )
            feed.touch_households(session, doors)

    def give_back(self, door: UUID) -> None:
        """The door is on its walk again."""
        with work.unit_of_work(self.engine) as session:
            session.execute(update(Assignment).where(Assignment.household_id == door).values(ended_at=None))
            feed.touch_households(session, [door])

    def age(self, by: timedelta = _LONG_AGO) -> None:
        """Everything that is in the feed now becomes older."""
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE change_feed SET changed_at = changed_at - :by"), {"by": by})

    def rows(self, audience: str | None = None) -> dict[UUID, int]:
        with Session(self.engine) as session:
            found = select(ChangeFeed.entity_id, ChangeFeed.seq)
            return dict(session.execute(found.where(ChangeFeed.audience == (audience or self.stream))).all())

    def head(self, audience: str | None = None) -> tuple[int, int]:
        with Session(self.engine) as session:
            row = session.get_one(StreamHead, audience or self.stream)
            return row.n, row.horizon

    def clean(self, means: Means) -> None:
        clock.clean_feed(means)


@pytest.fixture
def ground(own_engine: Engine, living: People, web: Flask) -> Ground:
    return Ground(own_engine, living, web)


def test_what_is_seen_stays_however_old(ground: Ground, means: Means) -> None:
    ground.age(timedelta(days=400))
    before = ground.rows()
    ground.clean(means)
    assert set(before) >= set(ground.doors)
    assert ground.rows() == before
    assert ground.head()[1] == 0


def test_sixty_days_and_not_one_less(ground: Ground, means: Means) -> None:
    old, young = ground.doors[:2]
    ground.take(old)
    ground.age(timedelta(days=2))
    ground.take(young)
    ground.age(timedelta(days=59))
    seq = ground.rows()
    ground.clean(means)
    assert seq.keys() - ground.rows().keys() == {old}
    assert ground.head()[1] == seq[old] < seq[young]
    ground.age(timedelta(days=2))
    ground.clean(means)
    assert seq.keys() - ground.rows().keys() == {old, young}
    assert ground.head() == (seq[young], seq[young])  # the newest row went: the horizon stands at the head


def test_the_number_of_the_last_row_is_the_head_or_the_horizon(ground: Ground, means: Means) -> None:
    """Section 6: in a compacted feed the greater of both is the head at every moment."""
    ground.take(*ground.doors[1:3])
    ground.age()
    ground.take(ground.doors[3])
    ground.clean(means)
    n, horizon = ground.head()
    rows = ground.rows()
    assert max(*rows.values(), horizon) == n
    assert horizon < rows[ground.doors[3]]  # nothing is called forgotten that still stands


def test_a_batch_after_the_other(ground: Ground, means: Means, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_clean, "BATCH", 1)
    ground.take(*ground.doors[:3])
    seq = ground.rows()
    ground.age()
    ground.clean(means)
    assert set(ground.rows()) & set(ground.doors) == {ground.doors[3]}
    assert ground.head()[1] == max(seq[door] for door in ground.doors[:3])


def test_a_phone_from_before_takes_one_snapshot_and_the_others_none(ground: Ground, means: Means) -> None:
    away, here = ground.phone(), ground.phone()
    for phone in (away, here):
        phone.sync()
    ground.take(ground.doors[0])
    here.sync()
    ground.age()
    ground.clean(means)
    for phone in (away, here):
        phone.replies.clear()
        phone.sync()
        phone.sync()
        assert phone.doors == {str(door) for door in ground.doors[1:]}
    resets = [reply["reset_reason"] for reply in away.replies if reply["reset"]]
    assert resets == ["horizon"]
    assert not any(reply["reset"] for reply in here.replies)


def test_a_door_that_comes_back_gets_a_new_row(ground: Ground, means: Means) -> None:
    phone = ground.phone()
    door = ground.doors[0]
    ground.take(door)
    ground.age()
    ground.clean(means)
    phone.sync()
    assert str(door) not in phone.doors
    ground.give_back(door)
    phone.sync()
    assert str(door) in phone.doors


def test_a_door_that_its_volunteer_added_stays_until_the_leader_decides(ground: Ground, means: Means) -> None:
    phone = ground.phone()
    added = uuid7()
    phone.push(visit(phone.account.id, added))
    ground.age()
    ground.clean(means)
    assert added in ground.rows()
    phone.sync()
    assert str(added) in phone.doors


def test_streams_that_ended_and_visits_that_were_erased(ground: Ground, means: Means) -> None:
    phone = ground.phone()
    phone.push(visit(phone.account.id, ground.doors[0]))
    own = phone.own_stream
    with work.unit_of_work(ground.engine) as session:
        erasure.erase(session, acting(session, ground.people.lan), ground.doors[0])
        hers = feed.user_stream(ground.people.lan.id)
        feed.end_stream(session, ground.people.lan.id, ground.stream)
    ground.age()
    assert len(ground.rows(own)) == 2  # his team, and his visit that was erased
    ground.clean(means)
    assert set(ground.rows(own)) == {ground.people.team.id}
    assert not ground.rows(hers)
    assert ground.head(hers)[1] == ground.head(hers)[0]
    assert ground.doors[0] not in ground.rows()  # withdrawn: nobody sees it, whoever was assigned to it


def test_nobody_who_pushes_waits_and_nobody_is_waited_for(ground: Ground, means: Means) -> None:
    """Whoever holds a head keeps it: that stream is cleaned the next night, the others now."""
    other = _second_team(ground)
    ground.take(*ground.doors[:2])
    ground.age()
    with ground.engine.begin() as holder:
        holder.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        holder.execute(
            text("SELECT n FROM stream_head WHERE audience = :a FOR NO KEY UPDATE"), {"a": ground.stream}
        )
        ground.clean(means)
        assert ground.doors[0] in ground.rows()
        assert ground.rows(other) == {}
    ground.clean(means)
    assert ground.doors[0] not in ground.rows()


def test_a_door_given_back_at_this_moment_keeps_its_row(
    ground: Ground, means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the lock somebody assigns the door again: the row that stands then is a new one."""
    door = ground.doors[0]
    ground.take(door)
    ground.age()
    real = feed_clean.run

    def beside(session: Session, statement: str, **values: Any) -> Any:
        if statement == feed_clean._LOCK and values["audience"] == ground.stream:
            ground.give_back(door)
        return real(session, statement, **values)

    monkeypatch.setattr(feed_clean, "run", beside)
    ground.clean(means)
    assert ground.rows()[door] == ground.head()[0]
    assert ground.head()[1] == 0


def _second_team(ground: Ground) -> str:
    """Another team whose only door has left it."""
    with work.unit_of_work(ground.engine) as session:
        people = ground.people
        team = make.create_team(session, people.neighbourhood, "Tổ CNSCĐ 2")
        door = make.create_household(session, people.neighbourhood)
        member = make.create_account(session, people.ward.id, team=team)
        make.create_walk(session, team, [member], [door])
    ground.take(door.id)
    return feed.team_stream(team.id)
