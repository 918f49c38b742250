"""Rescue files: what a broken phone could not send, brought to the desk by hand (sync.md, section 20)."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.refusal import Refusal
from backend.models import Account, Device, HeldSource
from backend.services import audit, events
from backend.services.actor import Actor
from backend.services.event_core import Core, Item
from backend.services.holding import as_author, author_scope, keep

MOST_IN_FILE = 5000
_TRACE = {"author", "kind", "device_time", "tz", "offset_ms"}


@dataclass(frozen=True)
class Uploaded:
    """What a rescue file held: new ones that wait now, known ones, unreadable ones, ones by people of other teams."""

    held: int
    known: int
    unreadable: int
    foreign: int


def upload(session: Session, actor: Actor, data: bytes) -> Uploaded:
    """A rescue file into the list of what waits; the same file twice changes nothing.

    Refuses rescue_not_ours and rescue_newer.
    """
    items, device_id = _open_file(data)
    mine = set(session.scalars(select(Account.id).where(author_scope(actor))))
    kept: dict[UUID, list[Core]] = {}
    unreadable = foreign = 0
    for item in items:
        author = None if item is None else _author_of(item)
        if item is None or author is None:
            unreadable += 1
        elif author not in mine:
            foreign += 1
        else:
            core = events.read_item(session, as_author(session, actor.ward_id, author, None), item)
            if isinstance(core, Core):
                kept.setdefault(author, []).append(core)
            else:
                unreadable += 1
    fresh = known = 0
    for author, cores in kept.items():
        device = _device_of(session, author, device_id)
        if device is None:
            foreign += len(cores)
            continue
        told = keep(session, actor.ward_id, cores, device, HeldSource.RESCUE, actor.account_id)
        fresh += sum(each.code == "quarantined" for each in told.values())
        known += sum(each.code == "duplicate" for each in told.values())
        unreadable += sum(each.code == "id_conflict" for each in told.values())
    audit.record(
        session, actor, "rescue.upload", object_kind="rescue", count=fresh, known=known, foreign=foreign
    )
    session.flush()
    return Uploaded(fresh, known, unreadable, foreign)


def _device_of(session: Session, author: UUID, named: UUID | None) -> UUID | None:
    """The phone that a file names when it is the author's, else the one they had last."""
    return session.scalars(
        select(Device.id)
        .where(Device.account_id == author)
        .order_by(
            (Device.id == named).desc() if named else Device.created_at.desc(), Device.created_at.desc()
        )
        .limit(1)
    ).first()


def _author_of(item: Item) -> UUID | None:
    try:
        fields = item.trace if item.trace is not None else json.loads(item.core)
        return UUID(str(fields["author"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _open_file(data: bytes) -> tuple[list[Item | None], UUID | None]:
    """The items of a rescue file (None: unreadable ones) and the phone it names."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        raise Refusal("rescue_not_ours") from None
    listed = told.get("items") if isinstance(told, dict) else None
    if listed is None or told.get("format") != "gocua-rescue" or not isinstance(listed, list):
        raise Refusal("rescue_not_ours")
    if told.get("version") != 1 or len(listed) > MOST_IN_FILE:
        raise Refusal("rescue_newer")
    try:
        device = UUID(str(told.get("device")))
    except ValueError:
        device = None
    return [_read_item(each) for each in listed], device


def _read_item(told: Any) -> Item | None:
    try:
        id_, sha256, core, trace = (
            UUID(str(told["id"])),
            told["sha256"],
            told.get("core"),
            told.get("redacted"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(sha256, str):
        return None
    if isinstance(core, str):
        return Item(id_, sha256, core)
    if isinstance(trace, dict) and trace.keys() == _TRACE and isinstance(trace["kind"], str):
        return Item(id_, sha256, "", trace)
    return None
