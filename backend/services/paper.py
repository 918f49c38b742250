"""Typing a day sheet in: each row becomes an ordinary visit of the volunteer whose sheet it was.

The event is made here as a phone would make it: author = the volunteer, and beside it which sheet it came from and
who typed it (decision 0023). Nothing is doubled: the sheet is locked, the same row again changes nothing, and a row
that somebody else changed meanwhile is shown instead of overwritten.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, local, now, today
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    Account,
    AdoptionState,
    Campaign,
    Consent,
    EventKind,
    Outcome,
    PaperSheet,
    Visit,
    VisitEvent,
    Walk,
    WalkMember,
)
from backend.services import audit, event_core, event_store
from backend.services.actor import Actor
from backend.services.event_payload import BadEvent
from backend.services.offers import offered
from backend.services.paper_rows import PaperDoor, paper_doors
from backend.services.walk_rights import may_lead, walk_scope
from qr.codes import NotAToken, normalise

# What a volunteer writes into a person's box.
LETTERS: dict[str, str] = {
    "X": AdoptionState.DONE_WITH_HELP,
    "T": AdoptionState.DOES_ALONE,
    "C": AdoptionState.SHOWN,
    "K": AdoptionState.BLOCKED,
    "G": AdoptionState.KEEPS_OLD_WAY,
}
# The consent text of the version that volunteers say aloud; on paper it is one box.
_CONSENT_TEXT = "2026-11-21"
_EVENING = time(19, 30)
_OLDEST = timedelta(days=60)


@dataclass(frozen=True)
class Entry:
    """What one row of a sheet says. `results`: (resident, service) to (state, reason)."""

    outcome: str
    results: Mapping[tuple[UUID, str], tuple[str, str | None]] = field(default_factory=dict)
    on: date | None = None
    at: time | None = None
    consent: bool = False


@dataclass(frozen=True)
class Row:
    """A door of the sheet with what was typed in for it; `rev`: how often it was changed."""

    door: PaperDoor
    rev: int
    entry: Entry | None


@dataclass(frozen=True)
class SheetPage:
    """A sheet on the screen. `crew`: (id, name) of those who may have carried it; `fixed`: rows were typed already."""

    sheet: PaperSheet
    walk: Walk
    who: str
    crew: tuple[tuple[UUID, str], ...]
    rows: tuple[Row, ...]

    @property
    def entered(self) -> int:
        """How many rows are in."""
        return sum(row.entry is not None for row in self.rows)

    @property
    def fixed(self) -> bool:
        """Whether day and volunteer can no longer change: visits carry them."""
        return self.entered > 0


def sheet_for(session: Session, actor: Actor, sheet_id: UUID, *, lock: bool = False) -> PaperSheet:
    """One sheet of a walk in the actor's scope. Raises NotFound."""
    statement = (
        select(PaperSheet)
        .join(Walk, Walk.id == PaperSheet.walk_id)
        .where(PaperSheet.id == sheet_id, walk_scope(actor))
    )
    sheet = session.scalars(statement.with_for_update(of=PaperSheet) if lock else statement).one_or_none()
    if sheet is None:
        raise NotFound
    return sheet


def sheet_by_code(session: Session, actor: Actor, typed: str) -> UUID:
    """The sheet whose short code somebody typed or scanned. Refuses `paper_code`."""
    try:
        token = normalise(typed)
    except NotAToken:
        raise Refusal("paper_code", fields={"ma": "paper_code"}) from None
    found = session.scalar(
        select(PaperSheet.id)
        .join(Walk, Walk.id == PaperSheet.walk_id)
        .where(PaperSheet.token == token, walk_scope(actor))
    )
    if found is None:
        raise Refusal("paper_code", fields={"ma": "paper_code"})
    return found


def sheets_of(session: Session, actor: Actor, walk_id: UUID) -> list[tuple[PaperSheet, int]]:
    """The sheets printed of a walk, newest first, each with how many of its doors are typed in."""
    entered: dict[UUID | None, set[UUID | None]] = defaultdict(set)
    sheets = session.scalars(
        select(PaperSheet)
        .join(Walk, Walk.id == PaperSheet.walk_id)
        .where(PaperSheet.walk_id == walk_id, walk_scope(actor))
        .order_by(PaperSheet.created_at.desc())
        .limit(20)
    ).all()
    for sheet_id, door in session.execute(
        select(VisitEvent.paper_sheet_id, VisitEvent.household_id).where(
            VisitEvent.paper_sheet_id.in_([sheet.id for sheet in sheets])
        )
    ):
        entered[sheet_id].add(door)
    return [(sheet, len(entered[sheet.id])) for sheet in sheets]


def sheet_page(session: Session, actor: Actor, sheet_id: UUID) -> SheetPage:
    """A sheet with what is typed in already; the reading is audited. Raises NotFound."""
    sheet = sheet_for(session, actor, sheet_id)
    walk = session.get_one(Walk, sheet.walk_id)
    rows = _rows(session, sheet, walk)
    crew = session.execute(
        select(Account.id, Account.full_name).where(
            (Account.id == sheet.account_id)
            | Account.id.in_(select(WalkMember.account_id).where(WalkMember.walk_id == walk.id))
        )
    ).all()
    named = {row.id: row.full_name for row in crew}
    audit.record(session, actor, "paper.read", object_kind="paper_sheet", object_id=sheet.id, count=len(rows))
    return SheetPage(sheet, walk, named[sheet.account_id], tuple(named.items()), tuple(rows))


def set_head(session: Session, actor: Actor, sheet_id: UUID, account_id: UUID, day: date) -> None:
    """Say who carried the sheet and on which evening, while no row of it is in.

    Refuses `paper_begun`, `paper_day`, `not_in_team` (somebody who was never on the walk).
    """
    sheet = sheet_for(session, actor, sheet_id, lock=True)
    if (account_id, day) == (sheet.account_id, sheet.day):
        return
    if any(row.entry for row in _rows(session, sheet, session.get_one(Walk, sheet.walk_id))):
        raise Refusal("paper_begun", status=409)
    if not today() - _OLDEST <= day <= today():
        raise Refusal("paper_day", fields={"day": "paper_day"})
    on_walk = select(WalkMember.id).where(
        WalkMember.walk_id == sheet.walk_id, WalkMember.account_id == account_id
    )
    if account_id != sheet.account_id and session.scalar(on_walk.limit(1)) is None:
        raise Refusal("not_in_team")
    sheet.account_id, sheet.day = account_id, day
    session.flush()


def enter(
    session: Session, actor: Actor, sheet_id: UUID, place: int, entry: Entry | None, *, rev: int
) -> Row:
    """Store row `place` as typed (None: take it back); the row as it stands afterwards.

    `rev`: the state of the row that the typist saw. The same content again changes nothing; other content upon a row
    that changed since is refused with `paper_changed`. Refuses `paper_results`, `paper_when`, `paper_early`,
    `paper_busy`.
    """
    may_lead(actor)
    sheet = sheet_for(session, actor, sheet_id, lock=True)
    if not 1 <= place <= len(sheet.doors):
        raise NotFound
    walk = session.get_one(Walk, sheet.walk_id)
    before = _rows(session, sheet, walk, only=place)[0]
    if entry == before.entry:
        return before
    if rev != before.rev:
        raise Refusal("paper_changed", status=409)
    if sheet.day > today():
        raise Refusal("paper_early", status=409)
    _check(entry)
    _store(session, actor, sheet, place, entry)
    audit.record(session, actor, "paper.enter", object_kind="paper_sheet", object_id=sheet.id, place=place)
    session.flush()
    return _rows(session, sheet, walk, only=place)[0]


def _check(entry: Entry | None) -> None:
    if entry is None:
        return
    if entry.results and entry.outcome != Outcome.HELPED:
        raise Refusal("paper_results")
    if entry.on is not None and entry.outcome == Outcome.MOVED_AWAY:
        raise Refusal("paper_when")
    if entry.outcome == Outcome.RESCHEDULED and entry.on is None:
        raise Refusal("paper_when")


def _store(session: Session, actor: Actor, sheet: PaperSheet, place: int, entry: Entry | None) -> None:
    household = sheet.doors[place - 1]
    earlier = _events(session, sheet, household)
    moment = min(_moment(sheet.day, place, len(earlier)), now())
    mine = [event for event in earlier if event.author == sheet.account_id]
    if mine:
        moment = max(moment, mine[-1].est_time + timedelta(milliseconds=1))
    item = event_core.compose(
        sheet.account_id,
        household,
        EventKind.CORRECTION if mine else EventKind.VISIT,
        _payload(entry),
        device_time=local(moment),
        corrects=mine[0].id if mine else None,
    )
    try:
        core = event_core.read(item, offered(session).catalogue)
    except BadEvent:
        raise Refusal("bad_form") from None
    author = Actor(sheet.account_id, sheet.ward_id, frozenset())
    paper = event_store.Paper(sheet.id, actor.account_id)
    try:
        event_store.store_set(session, author, [core], event_store.Arrival(now(), None), paper)
    except DBAPIError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise Refusal("paper_busy", status=409) from None
        raise


def _moment(day: date, place: int, rev: int) -> datetime:
    """When a row of a sheet counts as made: that evening, door after door."""
    return datetime.combine(day, _EVENING, VIETNAM) + timedelta(seconds=place, milliseconds=rev)


def _payload(entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {"void": True}
    told: dict[str, Any] = {"outcome": entry.outcome}
    if entry.results:
        told["results"] = [
            {"resident": str(resident), "service": service, "state": state}
            | ({"reason": reason} if reason else {})
            for (resident, service), (state, reason) in entry.results.items()
        ]
    if entry.on is not None:
        told["appointment"] = {"on": entry.on.isoformat()} | ({"at": f"{entry.at:%H:%M}"} if entry.at else {})
    if entry.consent:
        told["consents"] = [{"purpose": "help", "given": True, "text_version": _CONSENT_TEXT, "how": "paper"}]
    return told


def _events(session: Session, sheet: PaperSheet, household: UUID) -> Sequence[VisitEvent]:
    return session.scalars(
        select(VisitEvent)
        .where(VisitEvent.paper_sheet_id == sheet.id, VisitEvent.household_id == household)
        .order_by(VisitEvent.received_at, VisitEvent.est_time)
    ).all()


def _rows(session: Session, sheet: PaperSheet, walk: Walk, only: int | None = None) -> list[Row]:
    services = session.scalar(select(Campaign.service_codes).where(Campaign.id == walk.campaign_id))
    where = [VisitEvent.paper_sheet_id == sheet.id]
    if only is not None:
        where.append(VisitEvent.household_id == sheet.doors[only - 1])
    history: dict[UUID | None, list[Any]] = defaultdict(list)
    for row in session.execute(
        select(
            VisitEvent.household_id,
            Visit.outcome,
            Visit.results,
            Visit.appointment_at,
            select(Consent.given).where(Consent.event_id == VisitEvent.id).limit(1).scalar_subquery(),
        )
        .outerjoin(Visit, Visit.event_id == VisitEvent.id)
        .where(*where)
        .order_by(VisitEvent.received_at, VisitEvent.est_time)
    ):
        history[row.household_id].append(row)
    ids = sheet.doors if only is None else [sheet.doors[only - 1]]
    doors = paper_doors(session, ids, services)
    return [
        Row(
            door if only is None else _at(door, only),
            len(history[door.id]),
            _entry(history[door.id][-1]) if history[door.id] else None,
        )
        for door in doors
    ]


def _at(door: PaperDoor, place: int) -> PaperDoor:
    return PaperDoor(place, door.id, door.house, door.alley, door.people, door.last_outcome)


def _entry(row: Any) -> Entry | None:
    """The row's last word; None when it was taken back."""
    if row.outcome is None:
        return None
    when = local(row.appointment_at) if row.appointment_at else None
    return Entry(
        outcome=row.outcome,
        results={
            (UUID(one["resident"]), one["service"]): (one["state"], one.get("reason")) for one in row.results
        },
        on=when.date() if when else None,
        at=when.time() if when and when.time() != time(0) else None,
        consent=bool(row[4]),
    )
