"""From a walk handed out to the request at Firebase: same transaction, right phones, nothing personal, no repeats."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.jobs.app import Means, run_worker
from backend.jobs.notify import notify_new_walk
from backend.models import PushTarget
from backend.services import walks, walks_live
from backend.services.queue import defer
from backend.services.walk_doors import Choice
from tests import factories as make
from tests.firebase.fcm import Fcm, fcm_server, firebase_at
from tests.people import People, acting

# A worker also puts the jobs of the clock into the queue.
_WAITING = text(
    "SELECT args, scheduled_at FROM procrastinate_jobs WHERE status = 'todo' AND task_name = 'notify_new_walk'"
)


@pytest.fixture
def fcm() -> Iterator[Fcm]:
    with fcm_server() as server:
        yield server


@pytest.fixture
def pushing(means: Means, fcm: Fcm) -> Iterator[Means]:
    """A worker's means with the real Firebase client, pointed at the local server."""
    with firebase_at(fcm.port) as client:
        yield replace(means, push=client)


def hand_out(engine: Engine, people: People, *addresses: str, kind: str = "fid") -> UUID:
    """A published walk for Minh, whose phone has these addresses; its nudge is deferred."""
    with work.unit_of_work(engine) as session:
        for address in addresses:
            session.add(
                PushTarget(ward_id=people.ward.id, device_id=people.minh_device.id, kind=kind, value=address)
            )
        door = make.create_household(session, people.neighbourhood)
        walk = make.create_walk(session, people.team, [people.minh], [door])
        defer(session, "notify_new_walk", walk_id=walk.id)
        return walk.id


def targets(engine: Engine) -> dict[str, tuple[str | None, bool]]:
    """Address to (fail code, ever reached)."""
    with Session(engine) as session:
        rows = session.scalars(select(PushTarget)).all()
        return {row.value: (row.fail_code, row.last_ok_at is not None) for row in rows}


def test_a_new_walk_reaches_the_phones_of_its_members(living: People, pushing: Means, fcm: Fcm) -> None:
    walk = hand_out(pushing.engine, living, "phone-1", "phone-2")
    run_worker(pushing, wait=False)
    assert fcm.tries == {"phone-1": 1, "phone-2": 1}
    assert all(message["data"] == {"kind": "new_walk", "walk": str(walk)} for message in fcm.messages)
    sent = json.dumps(fcm.messages, ensure_ascii=False)
    assert "Minh" not in sent
    assert "ngõ" not in sent
    assert targets(pushing.engine) == {"phone-1": (None, True), "phone-2": (None, True)}


def test_publishing_defers_the_nudge_in_its_own_transaction(living: People, pushing: Means, fcm: Fcm) -> None:
    with work.unit_of_work(pushing.engine) as session:
        session.add(
            PushTarget(ward_id=living.ward.id, device_id=living.minh_device.id, kind="fid", value="phone-1")
        )
        for number in range(3):
            make.create_household(session, living.neighbourhood, address=f"Số {number + 1} ngõ 34")
    with Session(pushing.engine) as session:
        plan = _plan(session, living)
        walks_live.publish(session, acting(session, living.lan), plan)
        assert len(session.execute(_WAITING).all()) == 1
        session.rollback()
    run_worker(pushing, wait=False)
    assert fcm.messages == []
    with work.unit_of_work(pushing.engine) as session:
        walks_live.publish(session, acting(session, living.lan), _plan(session, living))
    run_worker(pushing, wait=False)
    assert fcm.tries == {"phone-1": 1}


def _plan(session: Session, people: People) -> UUID:
    """A draft of all doors for Minh."""
    choice = Choice(people.neighbourhood.id)
    return walks.draft(session, acting(session, people.lan), choice, [[people.minh.id]])


def test_a_rolled_back_walk_nudges_nobody(living: People, pushing: Means, fcm: Fcm) -> None:
    with Session(pushing.engine) as session:
        walk = make.create_walk(session, living.team, [living.minh], [])
        defer(session, "notify_new_walk", walk_id=walk.id)
        session.rollback()
    run_worker(pushing, wait=False)
    assert fcm.messages == []


def test_dead_addresses_are_removed(living: People, pushing: Means, fcm: Fcm) -> None:
    hand_out(pushing.engine, living, "gone", "sender", "phone-1")
    run_worker(pushing, wait=False)
    assert targets(pushing.engine) == {"phone-1": (None, True)}
    assert pushing_again(pushing) == []


def test_only_what_was_not_taken_is_tried_again(living: People, pushing: Means, fcm: Fcm) -> None:
    hand_out(pushing.engine, living, "phone-1", "flaky", "quota")
    before = now()
    run_worker(pushing, wait=False)
    ((args, due),) = pushing_again(pushing)
    assert args["attempt"] == 2
    assert len(args["target_ids"]) == 2
    assert due - before >= timedelta(seconds=59)  # the quota asks for a minute, the other one waits along
    for attempt in (2, 3):
        notify_new_walk(pushing, args["walk_id"], args["target_ids"], attempt=attempt)
    assert fcm.tries == {"phone-1": 1, "flaky": 3, "quota": 3}
    assert targets(pushing.engine)["flaky"] == (None, True)


def test_it_gives_up_in_the_end(living: People, pushing: Means, fcm: Fcm) -> None:
    walk = hand_out(pushing.engine, living, "500")
    with pushing.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    notify_new_walk(pushing, str(walk), attempt=8)
    assert pushing_again(pushing) == []
    assert targets(pushing.engine) == {"500": ("InternalError", False)}


def test_without_credentials_the_job_ends_quietly(living: People, means: Means) -> None:
    hand_out(means.engine, living, "phone-1")
    run_worker(means, wait=False)
    assert targets(means.engine) == {"phone-1": (None, False)}
    assert pushing_again(means) == []


def test_a_phone_that_was_shut_out_hears_nothing(living: People, pushing: Means, fcm: Fcm) -> None:
    with work.unit_of_work(pushing.engine) as session:
        session.merge(living.minh_device).revoked_at = now()
    hand_out(pushing.engine, living, "phone-1")
    run_worker(pushing, wait=False)
    assert fcm.messages == []


def pushing_again(means: Means) -> list[tuple[dict[str, Any], datetime]]:
    """The jobs that wait: their arguments and when they are due."""
    with means.engine.connect() as connection:
        return [(row.args, row.scheduled_at) for row in connection.execute(_WAITING)]
