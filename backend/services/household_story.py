"""One household's whole story, as its leader may read it: people and their steps, visits, consents, walks, moves."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backend.core.clock import today
from backend.core.crypto import keyring
from backend.core.refusal import NotFound
from backend.models import (
    Account,
    Adoption,
    AreaUnit,
    Assignment,
    AuditEntry,
    Consent,
    FailureReason,
    Household,
    HouseholdMove,
    QrCode,
    Referral,
    ReferralState,
    Resident,
    ResidentState,
    ScanCount,
    Service,
    Visit,
    VisitEvent,
    VisitReview,
    Walk,
    WalkMember,
)
from backend.services import audit
from backend.services.actor import Actor, household_scope
from backend.text.addresses import floor
from backend.text.vietnamese import name_key

# The acts upon one door that its story tells.
CHANGES = ("household.add", "household.edit", "household.people", "household.merge")
_LAST_CHANGES = 20


@dataclass(frozen=True)
class Step:
    """Where one person stands with one service; `advice_vi`: what helps with the reason."""

    service: Service
    state: str
    reason: FailureReason | None
    changed_at: datetime | None


@dataclass(frozen=True)
class Person:
    """One resident; `steps`: the services this person is eligible for."""

    resident: Resident
    age: int | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Result:
    """What one visit did for one person and service; `person`: the ordinal, 0 for somebody gone since."""

    person: int
    service: Service | None
    state: str
    reason: FailureReason | None


@dataclass(frozen=True)
class VisitLine:
    """One visit or correction. `counts` is False when its author replaced or took it back.

    `typist`: who typed it in from a day sheet of paper, "" when it came from a phone. `flags`: what needs a look;
    `settled`: what did until a leader looked (`reviewer`, `reviewed_at`).
    """

    id: UUID
    at: datetime
    received_at: datetime
    author: str
    outcome: str
    counts: bool
    correction: bool
    results: tuple[Result, ...]
    appointment_at: datetime | None
    note: str | None
    flags: tuple[str, ...]
    typist: str = ""
    settled: tuple[str, ...] = ()
    reviewer: str = ""
    reviewed_at: datetime | None = None

    @property
    def open_flags(self) -> bool:
        """Whether there is something to settle; a correction by somebody else just has no effect."""
        return any(flag != "foreign_correction" for flag in self.flags)


@dataclass(frozen=True)
class WalkLine:
    """A walk that this door is or was on. `now`: it is live."""

    id: UUID
    name: str
    members: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    now: bool


@dataclass(frozen=True)
class CodeLine:
    """A printed code of this door; `scans`: since it was made."""

    id: UUID
    token: str
    placement: str
    since: datetime
    revoked_at: datetime | None
    scans: int


@dataclass(frozen=True)
class Change:
    """Who changed something of this door by hand, and when; `action` as in the audit."""

    at: datetime
    by: str
    action: str


@dataclass(frozen=True)
class Story:
    """Everything on the page of a household."""

    household: Household
    neighbourhood: str
    alley: str
    floor: int
    merged_into: Household | None
    people: tuple[Person, ...]
    visits: tuple[VisitLine, ...]
    consents: tuple[Consent, ...]
    walks: tuple[WalkLine, ...]
    codes: tuple[CodeLine, ...]
    referrals: tuple[tuple[Referral, Service | None, str], ...]
    merged_here: tuple[tuple[UUID, str, str], ...]
    changes: tuple[Change, ...]
    moves: tuple[tuple[datetime, str, str], ...]


def household_for(session: Session, actor: Actor, household_id: UUID, *, lock: bool = False) -> Household:
    """One household of the actor's scope. Raises NotFound for any other."""
    statement = select(Household).where(Household.id == household_id, household_scope(actor))
    found = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFound
    return found


def story(session: Session, actor: Actor, household_id: UUID) -> Story:
    """The story of one household; the reading is audited. A fixed number of statements. Raises NotFound."""
    household = household_for(session, actor, household_id)
    audit.record(session, actor, "household.read", object_kind="household", object_id=household.id)
    residents = session.scalars(
        select(Resident).where(Resident.household_id == household.id).order_by(Resident.ordinal)
    ).all()
    services = {
        one.code: one for one in session.scalars(select(Service).order_by(Service.position, Service.code))
    }
    reasons = {(one.service_code, one.code): one for one in session.scalars(select(FailureReason))}
    places = dict(
        session.execute(
            select(AreaUnit.id, AreaUnit.name).where(
                AreaUnit.id.in_((household.neighbourhood_id, household.alley_id))
            )
        ).all()
    )
    merged = session.get(Household, household.merged_into_id) if household.merged_into_id else None
    return Story(
        household=household,
        neighbourhood=places.get(household.neighbourhood_id, "") if household.neighbourhood_id else "",
        alley=places.get(household.alley_id, "") if household.alley_id else "",
        floor=floor(household.parts) if "can_ho" in household.parts and household.alley_id else 0,
        merged_into=merged,
        people=_people(session, household, residents, services, reasons),
        visits=_visits(session, household, {one.id: one.ordinal for one in residents}, services, reasons),
        consents=tuple(
            session.scalars(
                select(Consent)
                .where(Consent.household_id == household.id)
                .order_by(Consent.est_time.desc(), Consent.purpose)
            )
        ),
        walks=_walks(session, household),
        codes=_codes(session, household),
        referrals=_referrals(session, household, services),
        merged_here=_merged_here(session, household),
        changes=_changes(session, household),
        moves=_moves(session, household),
    )


def _people(
    session: Session,
    household: Household,
    residents: Any,
    services: dict[str, Service],
    reasons: dict[tuple[str, str], FailureReason],
) -> tuple[Person, ...]:
    steps: dict[UUID, list[Step]] = defaultdict(list)
    order = list(services)
    rows = session.scalars(select(Adoption).where(Adoption.household_id == household.id)).all()
    for row in sorted(rows, key=lambda one: order.index(one.service_code)):
        reason = reasons.get((row.service_code, row.reason or ""))
        steps[row.resident_id].append(Step(services[row.service_code], row.state, reason, row.changed_at))
    year = today().year
    return tuple(
        Person(one, year - one.birth_year if one.birth_year else None, tuple(steps[one.id]))
        for one in sorted(residents, key=lambda one: (one.state == ResidentState.GONE, one.ordinal))
    )


def _visits(
    session: Session,
    household: Household,
    ordinals: dict[UUID, int],
    services: dict[str, Service],
    reasons: dict[tuple[str, str], FailureReason],
) -> tuple[VisitLine, ...]:
    typist, reviewer = aliased(Account), aliased(Account)
    rows = session.execute(
        select(
            Visit,
            VisitEvent.received_at,
            VisitEvent.corrects,
            VisitEvent.flags,
            Account.full_name,
            typist.full_name,
            VisitReview.reviewed_at,
            reviewer.full_name,
        )
        .join(VisitEvent, VisitEvent.id == Visit.event_id)
        .join(Account, Account.id == Visit.author)
        .outerjoin(typist, typist.id == VisitEvent.entered_by)
        .outerjoin(VisitReview, VisitReview.event_id == Visit.event_id)
        .outerjoin(reviewer, reviewer.id == VisitReview.reviewed_by)
        .where(Visit.household_id == household.id)
        .order_by(Visit.est_time.desc(), Visit.event_id)
    )
    ring = keyring()
    return tuple(
        VisitLine(
            id=visit.event_id,
            at=visit.est_time,
            received_at=received_at,
            author=author,
            outcome=visit.outcome,
            counts=visit.effective,
            correction=corrects is not None,
            results=tuple(
                Result(
                    ordinals.get(UUID(one["resident"]), 0),
                    services.get(one["service"]),
                    one["state"],
                    reasons.get((one["service"], one.get("reason") or "")),
                )
                for one in visit.results
            ),
            appointment_at=visit.appointment_at,
            note=ring.open(visit.note_enc, "visit.note").decode() if visit.note_enc else None,
            flags=tuple(visit.flags),
            typist=typed_by or "",
            settled=tuple(flags) if looked_by else (),
            reviewer=looked_by or "",
            reviewed_at=looked_at,
        )
        for visit, received_at, corrects, flags, author, typed_by, looked_at, looked_by in rows
    )


def _walks(session: Session, household: Household) -> tuple[WalkLine, ...]:
    rows = session.execute(
        select(Assignment, Walk.name)
        .join(Walk, Walk.id == Assignment.walk_id)
        .where(Assignment.household_id == household.id, Assignment.started_at.is_not(None))
        .order_by(Assignment.started_at.desc())
    ).all()
    members: dict[UUID, set[str]] = defaultdict(set)
    for walk_id, name in session.execute(
        select(WalkMember.walk_id, Account.full_name)
        .join(Account, Account.id == WalkMember.account_id)
        .where(WalkMember.walk_id.in_([one.walk_id for one, _ in rows]))
    ):
        members[walk_id].add(name)
    return tuple(
        WalkLine(
            id=one.walk_id,
            name=name,
            members=tuple(sorted(members[one.walk_id], key=name_key)),
            since=one.started_at,
            until=one.ended_at,
            now=one.ended_at is None,
        )
        for one, name in rows
    )


def _codes(session: Session, household: Household) -> tuple[CodeLine, ...]:
    rows = session.execute(
        select(QrCode, func.coalesce(func.sum(ScanCount.n), 0).label("scans"))
        .outerjoin(ScanCount, ScanCount.qr_code_id == QrCode.id)
        .where(QrCode.household_id == household.id)
        .group_by(QrCode.id)
        .order_by(QrCode.created_at.desc())
    )
    return tuple(
        CodeLine(code.id, code.token, code.placement, code.created_at, code.revoked_at, int(scans))
        for code, scans in rows
    )


def _referrals(
    session: Session, household: Household, services: dict[str, Service]
) -> tuple[tuple[Referral, Service | None, str], ...]:
    """Where the door was sent on to, what about, and by whom; the open ones first."""
    rows = session.execute(
        select(Referral, Account.full_name)
        .join(Account, Account.id == Referral.made_by)
        .where(Referral.household_id == household.id)
        .order_by(Referral.state != ReferralState.OPEN, Referral.made_at.desc())
    )
    return tuple((one, services.get(one.service_code or ""), by) for one, by in rows)


def _merged_here(session: Session, household: Household) -> tuple[tuple[UUID, str, str], ...]:
    """The doors that became one with this: id, code, address."""
    rows = session.execute(
        select(Household.id, Household.code, Household.address)
        .where(Household.merged_into_id == household.id)
        .order_by(Household.code)
    )
    return tuple((row.id, row.code, row.address) for row in rows)


def _changes(session: Session, household: Household) -> tuple[Change, ...]:
    """What people wrote by hand, newest first, from the audit."""
    rows = session.execute(
        select(AuditEntry.at, AuditEntry.action, Account.full_name)
        .join(Account, Account.id == AuditEntry.actor_id)
        .where(AuditEntry.object_id == household.id, AuditEntry.action.in_(CHANGES))
        .order_by(AuditEntry.at.desc())
        .limit(_LAST_CHANGES)
    )
    return tuple(Change(row.at, row.full_name, row.action) for row in rows)


def _moves(session: Session, household: Household) -> tuple[tuple[datetime, str, str], ...]:
    """When, from where, to where."""
    before, after = aliased(AreaUnit), aliased(AreaUnit)
    rows = session.execute(
        select(HouseholdMove.moved_at, before.name, after.name)
        .join(before, before.id == HouseholdMove.from_id)
        .join(after, after.id == HouseholdMove.to_id)
        .where(HouseholdMove.household_id == household.id)
        .order_by(HouseholdMove.moved_at.desc())
    )
    return tuple((row[0], row[1], row[2]) for row in rows)
