"""One set of events into the tables, in a fixed number of statements (see events.py for the whole)."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM
from backend.core.crypto import keyring
from backend.models import VisitEvent, VisitReview
from backend.services import event_conflict, event_core, event_doors, feed
from backend.services.actor import Actor
from backend.services.event_core import Core
from backend.services.offers import offered
from backend.services.sql import run

CORE_CONTEXT = "event.core"
NOTE_CONTEXT = "visit.note"
_SKEW = timedelta(minutes=5)
_FUTURE = timedelta(minutes=10)
# Outside of these a phone's clock says nothing at all (and PostgreSQL's years before Christ cannot be read back).
_NEVER = datetime(1980, 1, 1, tzinfo=VIETNAM)
_DOOMSDAY = datetime(9000, 1, 1, tzinfo=VIETNAM)

_ROWS = """
    SELECT * FROM json_to_recordset(%(rows)s::json)
      AS e(id uuid, digest text, household uuid, link uuid, kind text, core text, corrects uuid,
           device_time timestamptz, tz text, est_time timestamptz, flags text, result jsonb, redacted boolean,
           outcome text, results jsonb, appointment timestamptz, note text, consents json)
"""
_VISITS = """
    INSERT INTO visit (event_id, ward_id, household_id, author, outcome, est_time, effective, results,
                       appointment_at, note_enc, flags)
    SELECT e.id, %(ward)s, e.link, %(author)s, e.outcome, e.est_time, e.kind = 'visit', e.results,
           e.appointment, decode(e.note, 'hex'), string_to_array(e.flags, ',')
    FROM e JOIN stored USING (id) WHERE e.outcome IS NOT NULL
"""
_CONSENTS = """
    INSERT INTO consent (event_id, purpose, ward_id, household_id, given, text_version, how, est_time)
    SELECT e.id, c.purpose, %(ward)s, e.link, c.given, c.text_version, c.how, e.est_time
    FROM e JOIN stored USING (id)
    CROSS JOIN json_to_recordset(e.consents) AS c(purpose text, given boolean, text_version text, how text)
"""
# The primary key decides what is new, nothing is looked up before; visits and consents are written of new events only.
_INSERT = f"""
    WITH e AS ({_ROWS}), stored AS (
      INSERT INTO visit_event (id, ward_id, payload_sha256, author, device_id, paper_sheet_id, entered_by,
                               household_id, household_link, kind,
                               schema, core_enc, corrects, device_time, device_tz, est_time, received_at, flags,
                               result_json, redacted_at)
      SELECT e.id, %(ward)s, decode(e.digest, 'hex'), %(author)s, %(device)s::uuid, %(sheet)s::uuid,
             %(typist)s::uuid, e.household, e.link, e.kind,
             1, decode(e.core, 'hex'), e.corrects, e.device_time, e.tz, e.est_time, %(received)s,
             string_to_array(e.flags, ','), e.result, CASE WHEN e.redacted THEN %(received)s END
      FROM e ON CONFLICT (id) DO NOTHING RETURNING id
    ), visits AS ({_VISITS}), consents AS ({_CONSENTS})
    SELECT id FROM stored
"""  # noqa: S608  # constants only
_AGAIN = f"WITH e AS ({_ROWS}), stored AS (SELECT id FROM e), visits AS ({_VISITS}) {_CONSENTS}"  # noqa: S608
_STORED = "SELECT id, payload_sha256, author, result_json, redacted_at FROM visit_event WHERE id = ANY(%(ids)s::uuid[])"


@dataclass(frozen=True)
class Arrival:
    """When a push came, by the server's clock and by the phone's."""

    at: datetime
    device_now: datetime | None


@dataclass(frozen=True)
class Paper:
    """A day sheet that somebody types in for its volunteer, who is the author of the visits."""

    sheet_id: UUID
    entered_by: UUID


@dataclass(frozen=True)
class _New:
    """An event on its way in: its core, its door, its time, what is odd about it."""

    core: Core
    link: UUID | None
    est_time: datetime
    flags: tuple[str, ...]


def store_set(
    session: Session, actor: Actor, cores: list[Core], arrival: Arrival, paper: Paper | None = None
) -> dict[UUID, dict[str, Any]]:
    """Store `cores` (distinct ids, sorted by household and id); the answer per id.

    `paper`: they come from a day sheet, whose doors were the author's, whoever holds them now.

    Raises whatever the database raises: the caller holds a savepoint.
    """
    doors = event_doors.open_doors(session, actor, {core.household for core in cores if not core.erased})
    doors[event_core.NOWHERE] = event_doors.Door(event_core.NOWHERE, 0, withdrawn=True, visible=False)
    labels = event_conflict.labels(
        session, actor.account_id, [(core, doors[core.household]) for core in cores]
    )
    coming: list[_New] = []
    answers: dict[UUID, dict[str, Any]] = {}
    for core in cores:
        door = doors[core.household]
        if paper is not None:
            door = door._replace(visible=True)
        event = _arrive(core, door.id, arrival)
        answers[core.id], flags = _judge(event, door)
        if core.id in labels:
            flags += (labels[core.id],)
        coming.append(_New(core, None if door.withdrawn else door.id, event.est_time, flags))
    rows = [_row(event, answers[event.core.id]) for event in coming]
    shared = {"ward": actor.ward_id, "author": actor.account_id}
    source = {
        "device": actor.device_id,
        "sheet": paper.sheet_id if paper else None,
        "typist": paper.entered_by if paper else None,
    }
    found = run(session, _INSERT, rows=_json(rows), received=arrival.at, **source, **shared)
    fresh = {row.id for row in found}
    answers |= _duplicates(session, actor, [event.core for event in coming if event.core.id not in fresh])
    kept = [(event.core, event.link) for event in coming if event.core.id in fresh and event.link is not None]
    event_doors.fill(session, actor, kept)
    feed.touch_households(session, {link for _, link in kept})
    return answers


def _arrive(core: Core, link: UUID | None, arrival: Arrival) -> _New:
    """The event with its estimated time (section 14): no visit is ever refused because of a clock."""
    flags = list(core.flags)
    offset = timedelta(milliseconds=core.offset_ms or 0) if core.offset_ms is not None else None
    if offset is None:
        flags.append("no_offset")
    elif abs(offset) > _SKEW:
        flags.append("clock_offset")
    try:
        est_time = (core.device_time + (offset or timedelta())).astimezone(VIETNAM)
    except OverflowError:
        est_time = _NEVER
    if not _NEVER < est_time <= arrival.at + _FUTURE:
        flags.append("clock_future" if est_time > arrival.at else "clock_lost")
        est_time = arrival.at
    jump = arrival.at - arrival.device_now - offset if arrival.device_now and offset is not None else None
    if jump is not None and abs(jump) > _SKEW:
        flags.append("clock_jump")
    return _New(core, link, est_time, tuple(flags))


def _row(event: _New, answer: dict[str, Any]) -> dict[str, Any]:
    """The event as a row of _ROWS; one whose household withdrew keeps its id, author and times only."""
    core = event.core
    row: dict[str, Any] = {
        "id": str(core.id),
        "digest": core.digest.hex(),
        "kind": core.kind,
        "corrects": str(core.corrects) if core.corrects else None,
        "device_time": str(core.device_time) if _NEVER < core.device_time < _DOOMSDAY else None,
        "tz": core.tz,
        "est_time": str(event.est_time),
        "flags": ",".join(event.flags),
        "result": answer,
        "redacted": event.link is None,
    }
    if event.link is None:
        return row
    row["household"], row["link"] = str(core.household), str(event.link)
    row["core"] = keyring().seal(core.text.encode(), CORE_CONTEXT).hex()
    payload = core.payload
    if "outcome" in payload:
        note = payload.get("note")
        row["outcome"] = payload["outcome"]
        row["results"] = payload.get("results", [])
        row["note"] = keyring().seal(note.encode(), NOTE_CONTEXT).hex() if note else None
        row["consents"] = payload.get("consents")
        if appointment := appointment_at(payload.get("appointment")):
            row["appointment"] = str(appointment)
    return row


def _duplicates(session: Session, actor: Actor, cores: list[Core]) -> dict[UUID, dict[str, Any]]:
    """The first answer again for the same content; a conflict for another, or for another person's id."""
    if not cores:
        return {}
    by_id = {core.id: core for core in cores}
    answers: dict[UUID, dict[str, Any]] = {}
    for row in run(session, _STORED, ids=list(by_id)):
        if bytes(row.payload_sha256) != by_id[row.id].digest or row.author != actor.account_id:
            answers[row.id] = {"code": "id_conflict"}
        else:
            # Erased since it came: the phone that offers it again shall forget it, too.
            was = "accepted_redacted" if row.redacted_at else row.result_json["code"]
            answers[row.id] = {
                "code": "duplicate",
                "was": was,
                "v": row.result_json.get("v"),
            }
    return answers


def _judge(event: _New, door: event_doors.Door) -> tuple[dict[str, Any], tuple[str, ...]]:
    if door.withdrawn:
        return {"code": "accepted_redacted"}, event.flags
    flags = list(event.flags)
    # Touched once in this transaction, whatever the number of its events: the version it will have.
    answer: dict[str, Any] = {"code": "accepted", "v": door.v + 1}
    if not door.visible:
        answer["code"] = "accepted_out_of_scope"
        flags.append("out_of_scope")
    return answer, tuple(flags)


def write_again(session: Session, ward_id: UUID, event: VisitEvent) -> None:
    """The visit and the consents of a stored event anew from its core; for a repair."""
    if event.core_enc is None or event.household_link is None:
        return
    text = keyring().open(event.core_enc, CORE_CONTEXT).decode()
    core = event_core.reread(event.id, event.payload_sha256, text, offered(session).catalogue)
    flags = () if session.get(VisitReview, event.id) else tuple(event.flags)
    again = _New(core, event.household_link, event.est_time, flags)
    run(session, _AGAIN, rows=_json([_row(again, {})]), ward=ward_id, author=event.author)


def appointment_at(value: dict[str, str] | None) -> datetime | None:
    """The moment of an appointment, in Vietnam's zone; midnight when only the day was named."""
    if value is None:
        return None
    return datetime.fromisoformat(f"{value['on']}T{value.get('at', '00:00')}").replace(tzinfo=VIETNAM)


_json = json.JSONEncoder(separators=(",", ":")).encode
