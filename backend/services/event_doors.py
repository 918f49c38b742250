"""The doors that events are credited to: known, merged, made by the visit itself, or withdrawn."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.core.ids import uuid7
from backend.models import EventKind, Household, HouseholdAlias, HouseholdState, Resident, VisitEvent
from backend.services import event_core
from backend.services.actor import Actor
from backend.services.erasure import erased_before
from backend.services.event_core import Core
from backend.services.offers import offered
from backend.services.phone_scope import ALIVE, VISIBLE, parameters
from backend.services.sql import GENERIC, run, uuids
from backend.text.addresses import parse
from backend.text.vietnamese import nfc, search_key

# The first statement of a set. It says first how long this transaction waits for a lock, and that plans are to be kept,
# then finds each door through aliases, then locks in ascending order. Each door is asked for by itself whether it is
# seen: IN and EXISTS would read all that the actor sees, 1,300 doors of who leads.
_OPEN = f"""
    WITH RECURSIVE way(sent, id, step) AS (
      SELECT id, id, 0 FROM unnest(%(ids)s::uuid[]) AS t(id)
      WHERE (SELECT set_config('lock_timeout', '2s', true) || set_config('{GENERIC[0]}', '{GENERIC[1]}', true)) > ''
      UNION ALL
      SELECT w.sent, a.new_id, w.step + 1 FROM way w
      JOIN household_alias a ON a.ward_id = %(ward)s AND a.old_id = w.id WHERE w.step < 8
    ), goal AS (
      SELECT DISTINCT ON (w.sent) w.sent, h.id AS link
      FROM way w LEFT JOIN household h ON h.id = w.id AND h.ward_id = %(ward)s ORDER BY w.sent, w.step DESC
    ), held AS (
      SELECT h.id, h.v, h.withdrawn_at IS NOT NULL AS withdrawn,
             {ALIVE} AND (SELECT true FROM ({VISIBLE}) seen WHERE seen.household_id = h.id LIMIT 1) IS NOT NULL AS visible
      FROM household h WHERE h.id IN (SELECT link FROM goal) ORDER BY h.id FOR NO KEY UPDATE OF h
    )
    SELECT goal.sent, held.* FROM goal JOIN held ON held.id = goal.link
"""  # noqa: S608  # constants only
_HOME = """
    SELECT area_unit_id FROM team_area WHERE team_id = ANY(%(teams)s::uuid[]) AND valid_to IS NULL
    ORDER BY valid_from, area_unit_id LIMIT 1
"""

# Events that fill a door; what they write goes through the ORM.
ADDING = (EventKind.HOUSEHOLD_ADD, EventKind.RESIDENT_ADD)


class Door(NamedTuple):
    """A locked household: its id and version, whether it withdrew, whether the actor's phone may see it now."""

    id: UUID
    v: int
    withdrawn: bool
    visible: bool


def open_doors(session: Session, actor: Actor, sent: set[UUID]) -> dict[UUID, Door]:
    """The household behind each id that a phone sent, locked; no key of theirs changes, so foreign keys do not wait.

    An unknown id makes a stub; an id of another ward is unknown, and nothing tells the two apart.
    """
    doors = _open(session, actor, sent)
    if unknown := sorted(sent - doors.keys()):
        _make_stubs(session, actor, unknown)
        doors |= _open(session, actor, set(unknown))
    return doors


def _open(session: Session, actor: Actor, sent: set[UUID]) -> dict[UUID, Door]:
    rows = run(session, _OPEN, **parameters(actor), ids=uuids(sorted(sent)))
    return {row.sent: Door(row.id, row.v, row.withdrawn, row.visible) for row in rows}


def _make_stubs(session: Session, actor: Actor, ids: list[UUID]) -> None:
    home = run(session, _HOME, teams=list(actor.teams)).scalar()
    made = set(
        session.scalars(
            insert(Household)
            .values([_stub(actor, id_, home) for id_ in ids])
            .on_conflict_do_nothing(index_elements=["id"])
            .returning(Household.id)
        )
    )
    for id_ in ids:
        if id_ not in made:
            _make_beside(session, actor, id_, home)
    _keep_erased(session, made)


def _keep_erased(session: Session, made: set[UUID]) -> None:
    """A door that the ledger knows as erased, and the database lost in a restore, comes back as erased."""
    if gone := erased_before(session, sorted(made)):
        session.execute(
            update(Household)
            .where(Household.id.in_(gone))
            .values(withdrawn_at=now(), state=HouseholdState.WITHDRAWN, stub=False)
            .execution_options(synchronize_session=False)
        )


def _make_beside(session: Session, actor: Actor, sent: UUID, home: UUID | None) -> None:
    """The id exists: made by a push beside this one, or in another ward, where it stays unknown to this one.

    Then the door gets an id of its own here and an alias, so that later events of the phone find it.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"{actor.ward_id}{sent}"}
    )
    if _open(session, actor, {sent}):
        return
    own = uuid7()
    session.execute(insert(Household).values(**_stub(actor, own, home)))
    session.execute(insert(HouseholdAlias).values(ward_id=actor.ward_id, old_id=sent, new_id=own))


def _stub(actor: Actor, id_: UUID, home: UUID | None) -> dict[str, object]:
    return {
        "id": id_,
        "ward_id": actor.ward_id,
        "neighbourhood_id": home,
        "code": f"M{id_.hex[-8:].upper()}",  # "mới": the leader gives it its place and number
        "stub": True,
        "added_by": actor.account_id,
        "v": 0,
    }


def fill(session: Session, actor: Actor, events: list[tuple[Core, UUID]]) -> None:
    """Let household_add and resident_add events fill their doors, whenever they arrive.

    Of several household_add the newest (est_time, then id) describes a stub; once the leader has decided, none does.
    Residents are added once by their id and keep the ordinal by which people speak of them.
    """
    links = {link for core, link in events if core.kind in ADDING}
    if not links:
        return
    for link in sorted(links):
        adding = _adding(session, link)
        stub = session.get(Household, link, populate_existing=True)
        descriptions = [core for core in adding if core.kind == EventKind.HOUSEHOLD_ADD]
        if stub is not None and stub.stub and descriptions:
            _describe(stub, descriptions[-1])
        _add_people(session, actor, link, adding)
    session.flush()


def _adding(session: Session, link: UUID) -> list[Core]:
    """The cores that add something to a door, oldest first."""
    catalogue = offered(session).catalogue
    rows = session.execute(
        select(VisitEvent.id, VisitEvent.payload_sha256, VisitEvent.core_enc)
        .where(
            VisitEvent.household_link == link,
            VisitEvent.kind.in_(ADDING),
            VisitEvent.core_enc.is_not(None),
        )
        .order_by(VisitEvent.est_time, VisitEvent.id)
    )
    return [
        event_core.reread(
            row.id, row.payload_sha256, keyring().open(row.core_enc, "event.core").decode(), catalogue
        )
        for row in rows
    ]


def _describe(stub: Household, core: Core) -> None:
    address = nfc(core.payload["address"])
    parsed = parse(address)
    stub.address, stub.parts, stub.walk_key = address, parsed.parts, parsed.walk_key
    stub.search_key = search_key(f"{address} {stub.code}")
    stub.kind = core.payload.get("kind", stub.kind)


def _add_people(session: Session, actor: Actor, link: UUID, adding: Iterable[Core]) -> None:
    last = session.scalar(select(func.max(Resident.ordinal)).where(Resident.household_id == link)) or 0
    for core in adding:
        for person in core.payload.get("residents", ()):
            added = session.execute(
                insert(Resident)
                .values(
                    id=UUID(person["id"]),
                    ward_id=actor.ward_id,
                    household_id=link,
                    ordinal=last + 1,
                    full_name=nfc(person["name"]) if person.get("name") else None,
                    birth_year=person.get("birth_year"),
                    sex=person.get("sex"),
                    relation=person.get("relation"),
                    is_head=last == 0,
                )
                .on_conflict_do_nothing(index_elements=["id"])
                .returning(Resident.id)
            ).all()
            last += len(added)
