"""Storing what phones push (sync.md, section 7): each event once, for ever, with the answer it was given.

A batch is handled as a set, in a fixed number of statements; when the set fails it falls back to item by item, each
in its savepoint. Lock order: households (ascending id), then events, then stream heads (ascending
audience).
"""

import logging
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.services import event_core, event_doors, event_store, feed
from backend.services.actor import Actor
from backend.services.event_core import Core, Item, NewerSchema
from backend.services.event_payload import BadEvent
from backend.services.offers import offered
from backend.services.sql import say

MAX_ITEMS = 50
_TRIES = 3
_LOCKS = (LockNotAvailable, DeadlockDetected, SerializationFailure)
_LOCK_SECONDS, _FAULT_SECONDS, _NEWER_SECONDS = 5, 300, 3600
_log = logging.getLogger("gocua.sync")


@dataclass(frozen=True)
class Result:
    """The answer for one item. `was`: the first answer, of a duplicate. `reason`: why an item is invalid.

    `after_s`: how long to wait before the item is offered again.
    """

    id: UUID
    code: str
    v: int | None = None
    was: str | None = None
    reason: str | None = None
    after_s: int | None = None

    def wire(self) -> dict[str, Any]:
        """As phones read it; what does not apply is left out."""
        found: dict[str, Any] = {"id": str(self.id), "code": self.code}
        for name in ("v", "was", "reason", "after_s"):
            if (value := getattr(self, name)) is not None:
                found[name] = value
        return found


def store(
    session: Session,
    actor: Actor,
    items: Sequence[Item],
    *,
    device_now: datetime | None = None,
    received: datetime | None = None,
    flags: tuple[str, ...] = (),
) -> list[Result]:
    """Store `items` of the actor's phone and number what they changed; one result per item, in the same order.

    The caller commits before it answers. `device_now`: the phone's clock when it sent, to notice a jump.
    `received`, `flags`: of events that came earlier and were confirmed by a leader (services/held.py).
    Items are never refused as a whole: what can never succeed is "invalid", what may is "retry_later".
    """
    if actor.device_id is None:
        raise ValueError("events come from an enrolled phone")
    session.flush()
    answers: list[Result | None] = []
    cores: dict[UUID, Core] = {}
    repeats: list[tuple[int, Core]] = []
    for item in items:
        found = read_item(session, actor, item)
        if isinstance(found, Result):
            answers.append(found)
            continue
        answers.append(None)
        if found.id in cores:
            repeats.append((len(answers) - 1, found))
        else:
            cores[found.id] = replace(found, flags=(*found.flags, *flags)) if flags else found
    arrival = event_store.Arrival(received or now(), device_now)
    stored = _store_all(session, actor, list(cores.values()), arrival)
    for place, core in repeats:
        answers[place] = _again(core, cores[core.id], stored[core.id])
    return [answer or stored[item.id] for answer, item in zip(answers, items, strict=True)]


def read_item(session: Session, actor: Actor, item: Item) -> Core | Result:
    """The core of an item that the actor's phone sent, or why it is not taken."""
    try:
        core = event_core.read(item, offered(session).catalogue)
    except BadEvent as error:
        return Result(item.id, "invalid", reason=error.code)
    except NewerSchema:
        return Result(item.id, "retry_later", after_s=_NEWER_SECONDS)
    except Exception:  # a fault of ours must not hold up the other items
        _log.exception("push_item_unreadable")
        return Result(item.id, "retry_later", after_s=_FAULT_SECONDS)
    if core.author != actor.account_id:
        return Result(item.id, "wrong_author")
    return core


def _again(core: Core, first: Core, answer: Result) -> Result:
    """The answer for an id that stands twice in one batch."""
    if answer.code == "retry_later":
        return answer
    if core.digest != first.digest:
        return Result(core.id, "id_conflict")
    return Result(core.id, "duplicate", v=answer.v, was=answer.was or answer.code)


def _store_all(
    session: Session, actor: Actor, cores: list[Core], arrival: event_store.Arrival
) -> dict[UUID, Result]:
    if not cores:
        return {}
    cores.sort(key=lambda core: (core.household, core.id))
    for attempt in range(_TRIES):
        try:
            return _in_savepoint(session, actor, cores, arrival)
        except DBAPIError as error:
            if not isinstance(error.orig, _LOCKS):
                _log.exception("push_set_failed")
                break
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311  # jitter, no secret
        except Exception:
            _log.exception("push_set_failed")
            break
    else:
        return {core.id: Result(core.id, "retry_later", after_s=_LOCK_SECONDS) for core in cores}
    found: dict[UUID, Result] = {}
    for core in cores:
        found |= _store_one(session, actor, core, arrival)
    return found


def _store_one(
    session: Session, actor: Actor, core: Core, arrival: event_store.Arrival
) -> dict[UUID, Result]:
    """One item apart from the others, so that it alone pays for what is wrong with it."""
    try:
        return _in_savepoint(session, actor, [core], arrival)
    except Exception as error:
        locked = isinstance(error, DBAPIError) and isinstance(error.orig, _LOCKS)
        if not locked:
            _log.exception("push_item_failed")
        seconds = _LOCK_SECONDS if locked else _FAULT_SECONDS
        return {core.id: Result(core.id, "retry_later", after_s=seconds)}


def _in_savepoint(
    session: Session, actor: Actor, cores: list[Core], arrival: event_store.Arrival
) -> dict[UUID, Result]:
    # What the ORM wrote is undone by the ORM's own savepoint; where it writes nothing, a plain one does.
    adding = any(core.kind in event_doors.ADDING for core in cores)
    with session.begin_nested() if adding else _savepoint(session):
        answers = event_store.store_set(session, actor, cores, arrival)
        # Inside, so that a stream head held by somebody else ends in "retry later" and not in an error.
        feed.flush_touches(session)
    return {id_: Result(id_, **answer) for id_, answer in answers.items()}


@contextmanager
def _savepoint(session: Session) -> Iterator[None]:
    say(session, "SAVEPOINT gocua_push")
    try:
        yield
    except BaseException:
        say(session, "ROLLBACK TO SAVEPOINT gocua_push")
        raise
    say(session, "RELEASE SAVEPOINT gocua_push")
