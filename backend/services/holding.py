"""Keeping events apart until a leader has confirmed who wrote them; who may confirm, and in whose name."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.models import Account, HeldEvent, HeldSource, Household, HouseholdAlias, Membership, VisitEvent
from backend.services import event_core
from backend.services.actor import WARD_ROLES, Actor
from backend.services.erasure import erased_before
from backend.services.event_core import Core
from backend.services.event_store import CORE_CONTEXT
from backend.services.events import Result


def author_scope(actor: Actor) -> ColumnElement[bool]:
    """Accounts of the actor's ward; for a leader those who belong, or once belonged, to a team of theirs."""
    ward = Account.ward_id == actor.ward_id
    if actor.roles & WARD_ROLES:
        return ward
    once = select(Membership.account_id).where(Membership.team_id.in_(actor.leads))
    return ward & Account.id.in_(once)


def as_author(session: Session, ward_id: UUID, account_id: UUID, device_id: UUID | None) -> Actor:
    """The author without rights of today, in the team they were last in: a new door then has a neighbourhood."""
    teams = session.scalars(
        select(Membership.team_id)
        .where(Membership.account_id == account_id, Membership.team_id.is_not(None))
        .order_by(Membership.valid_from.desc())
        .limit(1)
    ).all()
    last = frozenset(team for team in teams if team)
    return Actor(account_id, ward_id, frozenset(), teams=last, device_id=device_id)


def keep(
    session: Session, ward_id: UUID, cores: list[Core], device_id: UUID, source: HeldSource, by: UUID | None
) -> dict[UUID, Result]:
    """Hold `cores`, of one author; the answer per id. The primary key decides what is new."""
    if not cores:
        return {}
    told = _stored(session, cores)
    gone = _erased(session, ward_id, {core.household for core in cores})
    rows = [
        {
            "id": core.id,
            "ward_id": ward_id,
            "author": core.author,
            "device_id": device_id,
            "household_id": None if core.erased or core.household in gone else core.household,
            "source": source,
            "sha256": core.digest,
            "core_enc": None
            if core.erased or core.household in gone
            else keyring().seal(core.text.encode(), CORE_CONTEXT),
            "trace": event_core.trace_of(core),
            "received_at": now(),
            "uploaded_by": by,
        }
        for core in cores
        if core.id not in told
    ]
    if rows:
        fresh = session.scalars(
            insert(HeldEvent)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["id"])
            .returning(HeldEvent.id)
        )
        told |= {id_: Result(id_, "quarantined") for id_ in fresh}
    by_id = {core.id: core for core in cores}
    known = session.execute(
        select(HeldEvent.id, HeldEvent.sha256, HeldEvent.author).where(
            HeldEvent.id.in_(by_id.keys() - told.keys())
        )
    )
    for row in known:
        same = bytes(row.sha256) == by_id[row.id].digest and row.author == by_id[row.id].author
        told[row.id] = (
            Result(row.id, "duplicate", was="quarantined") if same else Result(row.id, "id_conflict")
        )
    return told


def _stored(session: Session, cores: Iterable[Core]) -> dict[UUID, Result]:
    """Answers for what the server has had all along."""
    by_id = {core.id: core for core in cores}
    rows = session.execute(
        select(VisitEvent.id, VisitEvent.payload_sha256, VisitEvent.author, VisitEvent.result_json).where(
            VisitEvent.id.in_(by_id)
        )
    )
    found = {}
    for row in rows:
        same = bytes(row.payload_sha256) == by_id[row.id].digest and row.author == by_id[row.id].author
        was = (row.result_json or {}).get("code", "accepted")
        found[row.id] = Result(row.id, "duplicate", was=was) if same else Result(row.id, "id_conflict")
    return found


def _erased(session: Session, ward_id: UUID, sent: set[UUID]) -> set[UUID]:
    """Which of these households took their consent back."""
    alias = select(HouseholdAlias.old_id, HouseholdAlias.new_id).where(
        HouseholdAlias.ward_id == ward_id, HouseholdAlias.old_id.in_(sent)
    )
    goes_to = {row.old_id: row.new_id for row in session.execute(alias)}
    ids = {goes_to.get(id_, id_) for id_ in sent}
    gone = set(
        session.scalars(
            select(Household.id).where(
                Household.ward_id == ward_id, Household.id.in_(ids), Household.withdrawn_at.is_not(None)
            )
        )
    )
    return {id_ for id_ in sent if goes_to.get(id_, id_) in gone} | erased_before(session, sorted(sent))
