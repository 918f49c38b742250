"""Nudge the phones of a walk's members: "a new walk for you"; what it is they read after signing in."""

import logging
import random
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from backend.clients import firebase
from backend.clients.firebase import Address, Answer, Firebase, Verdict
from backend.core.clock import now
from backend.database import work
from backend.jobs.app import Means, job
from backend.models import Device, PushTarget, Walk, WalkMember, WalkState
from backend.services.queue import defer

_log = logging.getLogger("gocua.push")
_MOST_ATTEMPTS = 8  # with the waits below about two hours; later nobody goes out any more
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class _Target:
    id: UUID
    address: Address


@job("notify_new_walk")
def notify_new_walk(
    means: Means, walk_id: str, target_ids: list[str] | None = None, attempt: int = 1
) -> None:
    """Send "new_walk" to every phone of the walk's present members, or to those of `target_ids` (an earlier try).

    Without credentials nothing is sent. Only what Google has not taken is tried again, by a new job.
    """
    push = means.push or _configured(means)
    if push is None:
        return
    walk = UUID(walk_id)
    with work.unit_of_work(means.engine) as session:
        targets = _targets(session, walk, target_ids)
    if not targets:
        return
    answers = push.send(
        [target.address for target in targets], {"kind": "new_walk", "walk": walk_id}, collapse=walk.hex
    )
    with work.unit_of_work(means.engine) as session:
        later = _settle(session, targets, answers)
        if later and attempt < _MOST_ATTEMPTS:
            wait = max(_backoff(attempt), *(answer.wait for _, answer in later))
            defer(
                session,
                "notify_new_walk",
                after=wait,
                walk_id=walk,
                target_ids=[str(target.id) for target, _ in later],
                attempt=attempt + 1,
            )
    _log.info("nudge", extra={"fields": {"targets": len(targets), "later": len(later), "attempt": attempt}})


def _configured(means: Means) -> Firebase | None:
    path = means.settings.firebase_credentials
    return firebase.from_file(path) if path else None


def _targets(session: Session, walk_id: UUID, only: list[str] | None) -> list[_Target]:
    """The addresses of those who are on the walk now, on phones that are still let in."""
    statement = (
        select(PushTarget.id, PushTarget.kind, PushTarget.value)
        .join(Device, Device.id == PushTarget.device_id)
        .join(WalkMember, WalkMember.account_id == Device.account_id)
        .join(Walk, Walk.id == WalkMember.walk_id)
        .where(
            Walk.id == walk_id,
            Walk.state == WalkState.PUBLISHED,
            WalkMember.ended_at.is_(None),
            Device.revoked_at.is_(None),
        )
        .order_by(PushTarget.id)
    )
    if only is not None:
        statement = statement.where(PushTarget.id.in_([UUID(item) for item in only]))
    return [_Target(row.id, Address(row.kind, row.value)) for row in session.execute(statement)]


def _settle(session: Session, targets: list[_Target], answers: list[Answer]) -> list[tuple[_Target, Answer]]:
    """Write down what became of each target; returns those to be tried again."""
    later = []
    for target, answer in zip(targets, answers, strict=True):
        if answer.verdict is Verdict.GONE:
            session.execute(delete(PushTarget).where(PushTarget.id == target.id))
            continue
        values: dict[str, object] = {"fail_code": answer.code or None}
        if answer.verdict is Verdict.SENT:
            values["last_ok_at"] = now()
        session.execute(update(PushTarget).where(PushTarget.id == target.id).values(**values))
        if answer.verdict is Verdict.LATER:
            later.append((target, answer))
    return later


def _backoff(attempt: int) -> timedelta:
    """30 s, doubling, up to an hour, spread by up to a quarter."""
    wait = min(_FIRST_WAIT * (1 << attempt - 1), _LONGEST_WAIT)
    spread: float = random.uniform(1, 1.25)  # noqa: S311
    return wait * spread
