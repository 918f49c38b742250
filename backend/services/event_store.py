"""One set of events into the tables, in a fixed number of statements (see events.py for the whole)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM
from backend.core.crypto import keyring
from backend.models import EventKind, VisitEvent
from backend.services import event_core, event_doors, feed
from backend.services.actor import Actor
from backend.services.event_core import Core
from backend.services.offers import offered
from backend.services.sql import run, table

CORE_CONTEXT = "event.core"
NOTE_CONTEXT = "visit.note"
_SKEW = timedelta(minutes=5)
_FUTURE = timedelta(minutes=10)
# Outside of these a phone's clock says nothing at all (and PostgreSQL's years before Christ cannot be read back).
_NEVER = datetime(1980, 1, 1, tzinfo=VIETNAM)
_DOOMSDAY = datetime(9000, 1, 1, tzinfo=VIETNAM)

_INSERT = """
    INSERT INTO visit_event (id, ward_id, payload_sha256, author, device_id, household_id, household_link, kind,
                             schema, core_enc, corrects, device_time, device_tz, est_time, received_at, flags)
    SELECT e.id, %(ward)s, decode(e.digest, 'hex'), %(author)s, %(device)s, e.household, e.link, e.kind,
           1, decode(e.core, 'hex'), e.corrects, e.device_time, e.tz, e.est_time, %(received)s, string_to_array(e.flags, ',')
    FROM json_to_recordset(%(rows)s::json)
         AS e(id uuid, digest text, household uuid, link uuid, kind text, core text, corrects uuid,
              device_time timestamptz, tz text, est_time timestamptz, flags text)
    ON CONFLICT (id) DO NOTHING RETURNING id
"""
_STORED = "SELECT id, payload_sha256, author, result_json FROM visit_event WHERE id = ANY(%(ids)s::uuid[])"
_ANSWER = """
    UPDATE visit_event e SET result_json = new.result, flags = string_to_array(new.flags, ','),
        household_id = CASE WHEN new.redacted THEN NULL ELSE e.household_id END,
        household_link = new.link,
        core_enc = CASE WHEN new.redacted THEN NULL ELSE e.core_enc END,
        redacted_at = CASE WHEN new.redacted THEN %(received)s END
    FROM json_to_recordset(%(rows)s::json) AS new(id uuid, link uuid, result jsonb, flags text, redacted boolean)
    WHERE e.id = new.id
"""
_VISITS = """
    INSERT INTO visit (event_id, ward_id, household_id, author, outcome, est_time, effective, results,
                       appointment_at, note_enc, flags)
    SELECT v.id, %(ward)s, v.household, %(author)s, v.outcome, v.est_time, v.effective, v.results,
           v.appointment, decode(v.note, 'hex'), string_to_array(v.flags, ',')
    FROM json_to_recordset(%(rows)s::json)
         AS v(id uuid, household uuid, outcome text, est_time timestamptz, effective boolean, results jsonb,
              appointment timestamptz, note text, flags text)
"""
_CONSENTS = """
    INSERT INTO consent (event_id, purpose, ward_id, household_id, given, text_version, how, est_time)
    SELECT c.id, c.purpose, %(ward)s, c.household, c.given, c.version, c.how, c.est_time
    FROM json_to_recordset(%(rows)s::json)
         AS c(id uuid, purpose text, household uuid, given boolean, version text, how text, est_time timestamptz)
"""


@dataclass(frozen=True)
class Arrival:
    """When a push came, by the server's clock and by the phone's."""

    at: datetime
    device_now: datetime | None


@dataclass(frozen=True)
class _New:
    """An event on its way in: its core, its door, its time, what is odd about it."""

    core: Core
    link: UUID | None
    est_time: datetime
    flags: tuple[str, ...]


def store_set(
    session: Session, actor: Actor, cores: list[Core], arrival: Arrival
) -> dict[UUID, dict[str, Any]]:
    """Store `cores` (distinct ids, sorted by household and id); the answer per id.

    Raises whatever the database raises: the caller holds a savepoint.
    """
    links = event_doors.resolve(session, actor, {core.household for core in cores})
    coming = [_arrive(core, links[core.household], arrival) for core in cores]
    fresh = _insert(session, actor, coming, arrival)
    answers = _duplicates(session, actor, [new.core for new in coming if new.core.id not in fresh])
    new = [event for event in coming if event.core.id in fresh]
    if not new:
        return answers
    doors = event_doors.lock(session, actor, {event.link for event in new if event.link is not None})
    kept: list[_New] = []
    results: list[tuple[UUID, UUID | None, dict[str, Any], str, bool]] = []
    for event in new:
        door = doors.get(event.link) if event.link is not None else None
        answer, flags = _judge(event, door)
        redacted = answer["code"] == "accepted_redacted"
        answers[event.core.id] = answer
        event = _New(event.core, None if redacted else event.link, event.est_time, flags)
        results.append((event.core.id, event.link, answer, ",".join(flags), redacted))
        if not redacted:
            kept.append(event)
    _for_all(session, _ANSWER, ("id", "link", "result", "flags", "redacted"), results, received=arrival.at)
    _write_visits(session, actor.ward_id, actor.account_id, kept)
    event_doors.fill(session, actor, [(event.core, event.link) for event in kept if event.link is not None])
    feed.touch_households(session, {event.link for event in kept if event.link is not None})
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


def _insert(session: Session, actor: Actor, coming: list[_New], arrival: Arrival) -> set[UUID]:
    """Insert what is not there yet; the primary key decides, nothing is looked up before."""
    ring = keyring()
    rows = [
        (
            event.core.id,
            event.core.digest,
            event.core.household if event.link else None,
            event.link,
            event.core.kind,
            ring.seal(event.core.text.encode(), CORE_CONTEXT) if event.link else None,
            event.core.corrects,
            event.core.device_time if _NEVER < event.core.device_time < _DOOMSDAY else None,
            event.core.tz,
            event.est_time,
            ",".join(event.flags),
        )
        for event in coming
    ]
    names = (
        "id",
        "digest",
        "household",
        "link",
        "kind",
        "core",
        "corrects",
        "device_time",
        "tz",
        "est_time",
        "flags",
    )
    shared = {
        "ward": actor.ward_id,
        "author": actor.account_id,
        "device": actor.device_id,
        "received": arrival.at,
    }
    return {row[0] for row in _for_all(session, _INSERT, names, rows, **shared)}


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
            answers[row.id] = {
                "code": "duplicate",
                "was": row.result_json["code"],
                "v": row.result_json.get("v"),
            }
    return answers


def _judge(event: _New, door: event_doors.Door | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    if door is None or door.withdrawn:
        return {"code": "accepted_redacted"}, event.flags
    flags = list(event.flags)
    # Touched once in this transaction, whatever the number of its events: the version it will have.
    answer: dict[str, Any] = {"code": "accepted", "v": door.v + 1}
    if not door.visible:
        answer["code"] = "accepted_out_of_scope"
        flags.append("out_of_scope")
    if event.core.base_v is not None and event.core.base_v < door.v:
        flags.append("parallel")
    return answer, tuple(flags)


def write_again(session: Session, ward_id: UUID, event: VisitEvent) -> None:
    """The visit and the consents of a stored event anew from its core; for a repair."""
    if event.core_enc is None or event.household_link is None:
        return
    text = keyring().open(event.core_enc, CORE_CONTEXT).decode()
    core = event_core.reread(event.id, event.payload_sha256, text, offered(session).catalogue)
    again = _New(core, event.household_link, event.est_time, tuple(event.flags))
    _write_visits(session, ward_id, event.author, [again])


def _write_visits(session: Session, ward_id: UUID, author: UUID, kept: list[_New]) -> None:
    visits: list[tuple[Any, ...]] = []
    consents: list[tuple[Any, ...]] = []
    for event in kept:
        core, payload = event.core, event.core.payload
        if "outcome" not in payload:
            continue
        note = payload.get("note")
        visits.append(
            (
                core.id,
                event.link,
                payload["outcome"],
                event.est_time,
                core.kind == EventKind.VISIT,
                payload.get("results", []),
                appointment_at(payload.get("appointment")),
                keyring().seal(note.encode(), NOTE_CONTEXT) if note else None,
                ",".join(event.flags),
            )
        )
        consents += [
            (core.id, c["purpose"], event.link, c["given"], c["text_version"], c["how"], event.est_time)
            for c in payload.get("consents", [])
        ]
    names = (
        "id",
        "household",
        "outcome",
        "est_time",
        "effective",
        "results",
        "appointment",
        "note",
        "flags",
    )
    shared = {"ward": ward_id}
    if visits:
        _for_all(session, _VISITS, names, visits, **shared, author=author)
    if consents:
        asked = ("id", "purpose", "household", "given", "version", "how", "est_time")
        _for_all(session, _CONSENTS, asked, consents, **shared)


def appointment_at(value: dict[str, str] | None) -> datetime | None:
    """The moment of an appointment, in Vietnam's zone; midnight when only the day was named."""
    if value is None:
        return None
    return datetime.fromisoformat(f"{value['on']}T{value.get('at', '00:00')}").replace(tzinfo=VIETNAM)


def _for_all(
    session: Session, statement: str, names: tuple[str, ...], rows: list[tuple[Any, ...]], **shared: Any
) -> Any:
    """Run `statement` once for all `rows`."""
    return run(session, statement, rows=table(names, rows), **shared)
