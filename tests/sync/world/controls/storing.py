"""Servers that break one rule of what is pushed, or of what it counts for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.refusal import Refusal
from backend.database import work
from backend.services import (
    derive,
    event_core,
    event_doors,
    event_store,
    events,
    feed,
    household_rows,
)
from backend.services.event_payload import BadEvent
from tests.sync.world.controls.patching import Patch, change_sql
from tests.sync.world.world import World


def poison_blocks(patch: Patch) -> None:
    read = event_core.read

    def strict(*args: Any) -> Any:
        try:
            return read(*args)
        except BadEvent:
            raise Refusal("bad_request", status=400) from None

    patch.setattr(events.event_core, "read", strict)
    patch.setattr(
        events, "read_item", lambda session, actor, item: strict(item, events.offered(session).catalogue)
    )


def no_dedupe(patch: Patch) -> None:
    change_sql(
        patch,
        event_store,
        "_INSERT",
        "SELECT e.id, %(ward)s, decode",
        "SELECT CASE WHEN EXISTS (SELECT FROM visit_event x WHERE x.id = e.id) THEN gen_random_uuid()"
        " ELSE e.id END, %(ward)s, decode",
    )


def dedupe_by_content(patch: Patch) -> None:
    """The same outcome at the same door is "surely the same visit"."""
    change_sql(
        patch,
        event_store,
        "_INSERT",
        "FROM e ON CONFLICT",
        "FROM e WHERE NOT EXISTS (SELECT FROM visit v WHERE v.household_id = e.link AND v.outcome = e.outcome)"
        " ON CONFLICT",
    )
    known = event_store._duplicates

    def answered(session: Any, actor: Any, cores: Any) -> Any:
        found = {core.id: {"code": "duplicate", "was": "accepted", "v": 1} for core in cores}
        return found | known(session, actor, cores)

    patch.setattr(event_store, "_duplicates", answered)


def hashes_not_compared(patch: Patch) -> None:
    def lenient(session: Any, actor: Any, cores: Any) -> Any:
        return {core.id: {"code": "duplicate", "was": "accepted", "v": 1} for core in cores}

    patch.setattr(event_store, "_duplicates", lenient)


def ids_forgotten(patch: Patch) -> None:
    old = "WHERE x.id = e.id AND x.received_at < now() - interval '7 days'"
    change_sql(
        patch,
        event_store,
        "_INSERT",
        "SELECT e.id, %(ward)s, decode",
        f"SELECT CASE WHEN EXISTS (SELECT FROM visit_event x {old}) THEN gen_random_uuid() ELSE e.id END,"
        " %(ward)s, decode",
    )


def author_of_session(patch: Patch) -> None:
    def lenient(session: Any, actor: Any, item: Any) -> Any:
        core = event_core.read(item, events.offered(session).catalogue)
        return replace(core, author=actor.account_id)

    patch.setattr(events, "read_item", lenient)


def answer_before_commit(patch: Patch) -> None:
    @contextmanager
    def crashing(_world: World) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(work, "commit", lambda session: session.rollback())
            yield

    patch.setattr(World, "crashing", crashing)


def order_of_arrival(patch: Patch) -> None:
    """The time of arrival instead of the time of the visit."""
    arrive = event_store._arrive
    patch.setattr(
        event_store,
        "_arrive",
        lambda core, link, arrival: replace(arrive(core, link, arrival), est_time=arrival.at),
    )


def counted_up(patch: Patch) -> None:
    """Counters that go up with every event instead of a recount."""
    standing = household_rows._standing

    def all_of_them(events_: Any, changed: Any) -> Any:
        _, facts = standing(events_, changed)
        return [event for event in events_ if event.outcome is not None or event.kind == "correction"], facts

    patch.setattr(household_rows, "_standing", all_of_them)


def corrections_act_at_once(patch: Patch) -> None:
    """A correction whose visit has not come yet is forgotten."""
    standing = derive.standing
    forgotten: set[Any] = set()

    def impatient(facts: Any) -> Any:
        # Not by the place in `facts`: rows come in no order, and standing() needs none.
        told = list(facts)
        here = {fact.id for fact in told}
        forgotten.update(fact.id for fact in told if fact.corrects is not None and fact.corrects not in here)
        return standing([fact for fact in told if fact.id not in forgotten])

    patch.setattr(derive, "standing", impatient)


def wards_not_kept_apart(patch: Patch) -> None:
    change_sql(patch, event_doors, "_OPEN", "h.id = w.id AND h.ward_id = %(ward)s", "h.id = w.id")


def merged_not_followed(patch: Patch) -> None:
    change_sql(patch, event_doors, "_OPEN", "WHERE w.step < 8", "WHERE false")


def old_apps_refused(patch: Patch) -> None:
    check = feed.check_epoch

    def demanding(session: Any) -> Any:
        if session.execute(text("SELECT min_pull_schema FROM server_meta")).scalar_one() > 1:
            raise Refusal("upgrade", status=426)
        return check(session)

    patch.setattr(feed, "check_epoch", demanding)


def quarantine_refused(patch: Patch) -> None:
    from backend.services import sessions

    def closed(*_: Any, **__: Any) -> Any:
        raise Refusal("revoked", status=403)

    patch.setattr(sessions, "actor_of_left_device", closed)
