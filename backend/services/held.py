"""Events that wait for a leader's word: from phones that were shut out, and from rescue files (sync.md, sections 16, 20).

Nothing of them counts before somebody who leads has confirmed who wrote them; then they are ordinary events with a flag.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.core.refusal import Refusal
from backend.models import Account, Device, HeldEvent, HeldSource, Household
from backend.services import audit, events
from backend.services.actor import Actor
from backend.services.event_core import Core, Item
from backend.services.event_store import CORE_CONTEXT
from backend.services.events import Result
from backend.services.holding import as_author, author_scope, keep

FLAGS = {HeldSource.REVOKED: "held", HeldSource.RESCUE: "rescued"}


@dataclass(frozen=True)
class Line:
    """One held event as a leader sees it. `outcome` is None for what is no visit; `door` is "" when it is unknown."""

    id: UUID
    kind: str
    at: datetime
    outcome: str | None
    door: str


@dataclass(frozen=True)
class Waiting:
    """What waits of one author, newest first. `label`: how the phone is called. `rejected`: sent back before."""

    account_id: UUID
    name: str
    source: str
    label: str
    received_at: datetime
    rejected: bool
    reason: str
    lines: tuple[Line, ...]


def hold(session: Session, actor: Actor, items: Sequence[Item]) -> list[Result]:
    """Keep the events of a phone that was shut out; answered as a push is, "quarantined" instead of "accepted"."""
    if actor.device_id is None:
        raise ValueError("events come from an enrolled phone")
    answers: list[Result | Core] = [events.read_item(session, actor, item) for item in items]
    cores: dict[UUID, Core] = {}
    for core in answers:
        if isinstance(core, Core):
            cores.setdefault(core.id, core)
    told = keep(session, actor.ward_id, list(cores.values()), actor.device_id, HeldSource.REVOKED, None)
    return [each if isinstance(each, Result) else _told(each, cores, told) for each in answers]


def _told(core: Core, kept: dict[UUID, Core], told: dict[UUID, Result]) -> Result:
    return told[core.id] if kept[core.id].digest == core.digest else Result(core.id, "id_conflict")


def note_wiped(session: Session, actor: Actor) -> None:
    """A phone that was shut out says that it holds nothing any more."""
    device = session.get_one(Device, actor.device_id)
    device.wiped_at, device.waiting, device.dead = now(), 0, 0
    audit.record(session, actor, "device.wiped", object_kind="device", object_id=device.id)


def waiting(session: Session, actor: Actor) -> tuple[Waiting, ...]:
    """What waits for the actor's word, by author and origin; the reading is audited. Undecided first."""
    rows = session.execute(
        select(HeldEvent, Account.full_name, Device.label)
        .join(Account, Account.id == HeldEvent.author)
        .join(Device, Device.id == HeldEvent.device_id)
        .where(author_scope(actor), HeldEvent.decision.is_distinct_from("accepted"))
        .order_by(
            HeldEvent.decision.is_not(None), HeldEvent.author, HeldEvent.received_at.desc(), HeldEvent.id
        )
    ).all()
    if not rows:
        return ()
    doors = _addresses(session, actor, {row[0].household_id for row in rows if row[0].household_id})
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        groups.setdefault((row[0].decision, row[0].author, row[0].source), []).append(row)
    audit.record(session, actor, "held.read", object_kind="held", count=len(rows))
    return tuple(
        Waiting(
            account_id=author,
            name=found[0].full_name,
            source=source,
            label=found[0].label,
            received_at=found[0][0].received_at,
            rejected=decision == "rejected",
            reason=found[0][0].reason or "",
            lines=tuple(_line(event, doors) for event, _, _ in found),
        )
        for (decision, author, source), found in groups.items()
    )


def count(session: Session, actor: Actor) -> int:
    """How many events wait for the actor's word."""
    author = select(Account.id).where(author_scope(actor))
    rows = select(HeldEvent.id).where(HeldEvent.decision.is_(None), HeldEvent.author.in_(author))
    return len(session.scalars(rows).all())


def accept(session: Session, actor: Actor, account_id: UUID, source: str) -> int:
    """Take what waits of one author for theirs: it becomes ordinary events with a flag. Returns how many.

    Also what was sent back before. Raises Refusal held_nothing when there is nothing (any more).
    """
    found = _of(session, actor, account_id, source, also_rejected=True)
    flag = FLAGS[HeldSource(source)]
    taken = 0
    for device_id, received in sorted({(row.device_id, row.received_at) for row in found}, key=str):
        author = as_author(session, actor.ward_id, account_id, device_id)
        batch = [row for row in found if (row.device_id, row.received_at) == (device_id, received)]
        for start in range(0, len(batch), events.MAX_ITEMS):
            chunk = {row.id: row for row in batch[start : start + events.MAX_ITEMS]}
            told = events.store(
                session, author, [_item(row) for row in chunk.values()], received=received, flags=(flag,)
            )
            for result in told:
                if result.code in ("retry_later", "id_conflict"):
                    continue
                _decide(chunk[result.id], actor, "accepted", result.reason or "")
                chunk[result.id].core_enc = None  # the event has it now
                taken += result.code != "invalid"
    audit.record(session, actor, "held.accept", object_kind="account", object_id=account_id, count=taken)
    session.flush()
    return taken


def reject(session: Session, actor: Actor, account_id: UUID, source: str, reason: str) -> int:
    """Send back what waits of one author, with a reason; it stays readable for a month. Returns how many."""
    if not reason.strip():
        raise Refusal("bad_form", fields={"reason": "needed"})
    found = _of(session, actor, account_id, source)
    for row in found:
        _decide(row, actor, "rejected", reason.strip()[:200])
    audit.record(session, actor, "held.reject", object_kind="account", object_id=account_id, count=len(found))
    session.flush()
    return len(found)


def _decide(row: HeldEvent, actor: Actor, decision: str, reason: str) -> None:
    row.decision, row.reason, row.decided_by, row.decided_at = decision, reason, actor.account_id, now()


def _of(
    session: Session, actor: Actor, account_id: UUID, source: str, *, also_rejected: bool = False
) -> list[HeldEvent]:
    mine = select(Account.id).where(author_scope(actor), Account.id == account_id)
    still = HeldEvent.decision.is_distinct_from("accepted") if also_rejected else HeldEvent.decision.is_(None)
    found = session.scalars(
        select(HeldEvent)
        .where(HeldEvent.author.in_(mine), HeldEvent.source == source, still)
        .order_by(HeldEvent.id)
        .with_for_update()
    ).all()
    if not found:
        raise Refusal("held_nothing", status=404)
    return list(found)


def _item(row: HeldEvent) -> Item:
    if row.core_enc is None:
        return Item(row.id, row.sha256.hex(), "", row.trace)
    text = keyring().open(row.core_enc, CORE_CONTEXT).decode()
    return Item(row.id, row.sha256.hex(), text, kept=True)


def _line(row: HeldEvent, doors: dict[UUID, str]) -> Line:
    outcome, address = None, ""
    if row.core_enc is not None:
        payload = json.loads(keyring().open(row.core_enc, CORE_CONTEXT))["payload"]
        outcome, address = payload.get("outcome"), payload.get("address", "")
    door = doors.get(row.household_id, address) if row.household_id else ""
    return Line(row.id, row.trace["kind"], datetime.fromisoformat(row.trace["device_time"]), outcome, door)


def _addresses(session: Session, actor: Actor, ids: set[UUID]) -> dict[UUID, str]:
    rows = session.execute(
        select(Household.id, Household.code, Household.address).where(
            Household.ward_id == actor.ward_id, Household.id.in_(ids)
        )
    )
    return {row.id: f"{row.code}, {row.address}" if row.address else row.code for row in rows}
