"""A household takes its consent back: everything told of it is erased here, and phones erase it at their next contact.

(sync.md, section 13.) The ledger file is written first (core/ledger.py), then the database in one transaction; what a
crash leaves between the two is made up for at the next start, and after a restore, by `replay`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core import ledger
from backend.core.clock import now
from backend.core.refusal import Refusal
from backend.models import (
    Adoption,
    Assignment,
    Consent,
    Erasure,
    HelpRequest,
    Household,
    HouseholdAlias,
    HouseholdState,
    HouseholdView,
    ImportBatch,
    QrCode,
    Referral,
    Resident,
    Visit,
    VisitEvent,
)
from backend.services import audit, feed
from backend.services.actor import Actor
from backend.services.household_story import household_for
from backend.services.walk_doors import live
from backend.services.walk_rows import close_emptied, end_live, lock_households

_REDACT = text(
    """
    UPDATE visit_event SET core_enc = NULL, household_id = NULL, household_link = NULL, redacted_at = :at
    WHERE household_link = ANY(:ids) RETURNING id, author
    """
)
_HELD = text("UPDATE held_event SET core_enc = NULL, household_id = NULL WHERE household_id = ANY(:sent)")
_DERIVED = (Visit, Consent, Adoption, Resident, HouseholdView, HelpRequest, Referral)


@dataclass(frozen=True)
class Erasing:
    """What an erasure does: people forgotten, visits emptied (their authors keep the credit), phones that hold it now.

    `walks`: live walks that lose the door.
    """

    people: int
    visits: int
    authors: int
    phones: int
    walks: int


def erasing(session: Session, actor: Actor, household_id: UUID) -> Erasing:
    """What `erase` would do. Raises NotFound outside the scope; refuses `withdrawn` (it was done already)."""
    household = _present(session, actor, household_id)
    doors, _ = _everything(session, household)
    people = session.scalar(select(func.count()).where(Resident.household_id.in_(doors)))
    visits, authors = session.execute(
        select(func.count(), func.count(func.distinct(VisitEvent.author))).where(
            VisitEvent.household_link.in_(doors)
        )
    ).one()
    walks = session.scalar(select(func.count()).where(Assignment.household_id.in_(doors), live()))
    phones = session.scalar(
        text(
            """
            SELECT count(*) FROM device d WHERE d.revoked_at IS NULL AND d.account_id IN (
              SELECT e.author FROM visit_event e WHERE e.household_link = ANY(:ids)
              UNION SELECT m.account_id FROM walk_member m JOIN assignment a ON a.walk_id = m.walk_id
              WHERE m.ended_at IS NULL AND a.household_id = ANY(:ids) AND a.started_at IS NOT NULL
                AND a.ended_at IS NULL)
            """
        ),
        {"ids": doors},
    )
    return Erasing(people or 0, visits, authors, phones or 0, walks or 0)


def erase(session: Session, actor: Actor, household_id: UUID) -> None:
    """Erase all that is known of a household but its code; nobody goes there any more.

    The ledger has it even when the caller's transaction fails: asked for is asked for. Raises what `erasing` raises.
    """
    lock_households(session, [household_id])
    household = _present(session, actor, household_id)
    doors, names = _everything(session, household)
    _mirror(session, ledger.append(household.ward_id, names))
    events = _erase(session, doors, names)
    audit.record(
        session, actor, "household.erase", object_kind="household", object_id=household.id, events=events
    )
    session.flush()


def replay(session: Session) -> int:
    """Do again what the ledger knows and this database does not (a crash, a restored backup); returns how many doors.

    The caller commits with the feed's flush.
    """
    known = set(session.scalars(select(Erasure.pseudonym)))
    missing = [line for line in ledger.read() if line.pseudonym not in known]
    if not missing:
        return 0
    wards = set(session.scalars(select(Household.ward_id).distinct()))
    _mirror(session, [line for line in missing if line.ward_id in wards])
    names = {line.pseudonym for line in missing}
    rows = session.execute(select(Household.id).where(Household.withdrawn_at.is_(None))).scalars()
    doors = [id_ for id_ in rows if ledger.pseudonym(id_) in names]
    if not doors:
        return 0
    lock_households(session, doors)
    _erase(session, doors, doors)
    return len(doors)


def erased_before(session: Session, household_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these ids, unknown to the database, belonged to a household that was erased."""
    names = {ledger.pseudonym(id_): id_ for id_ in household_ids}
    found = session.scalars(select(Erasure.pseudonym).where(Erasure.pseudonym.in_(names)))
    return {names[bytes(each)] for each in found}


def _present(session: Session, actor: Actor, household_id: UUID) -> Household:
    household = household_for(session, actor, household_id)
    if household.withdrawn_at is not None or household.state == HouseholdState.MERGED:
        raise Refusal("withdrawn" if household.withdrawn_at else "merge_settled")
    return household


def _everything(session: Session, household: Household) -> tuple[list[UUID], list[UUID]]:
    """The rows of a household and of those merged into it; and every id by which phones may still speak of it."""
    rows, todo = [household.id], [household.id]
    while todo:
        todo = list(session.scalars(select(Household.id).where(Household.merged_into_id.in_(todo))))
        rows += todo
    aliases = session.scalars(select(HouseholdAlias.old_id).where(HouseholdAlias.new_id.in_(rows)))
    return rows, sorted({*rows, *aliases})


def _mirror(session: Session, lines: Sequence[ledger.Erased]) -> None:
    if lines:
        rows = [
            {"pseudonym": line.pseudonym, "ward_id": line.ward_id, "erased_at": line.at} for line in lines
        ]
        session.execute(insert(Erasure).on_conflict_do_nothing(), rows)


def _erase(session: Session, doors: Sequence[UUID], names: Sequence[UUID]) -> int:
    """Empty these doors and everything that hangs on them; returns how many events lost their content."""
    moment = now()
    session.flush()
    redacted = session.execute(_REDACT, {"at": moment, "ids": list(doors)}).all()
    session.execute(_HELD, {"sent": list(names)})
    for model in _DERIVED:
        session.execute(delete(model).where(model.household_id.in_(doors)))
    walks = {walk_id for walk_id, _ in end_live(session, doors, moment)}
    close_emptied(session, walks, moment)
    session.execute(
        update(QrCode)
        .where(QrCode.household_id.in_(doors), QrCode.revoked_at.is_(None))
        .values(revoked_at=moment)
    )
    # What an import keeps for a week to be taken back holds the doors of its neighbourhood as they were.
    around = select(Household.neighbourhood_id).where(Household.id.in_(doors))
    session.execute(update(ImportBatch).where(ImportBatch.neighbourhood_id.in_(around)).values(undo_enc=None))
    session.execute(
        update(Household)
        .where(Household.id.in_(doors))
        .values(
            withdrawn_at=moment,
            state=HouseholdState.WITHDRAWN,
            address="",
            old_address="",
            parts={},
            search_key=func.lower(Household.code),
            walk_key=b"",
            latitude=None,
            longitude=None,
            head_name=None,
            mark=None,
            phone=None,
            phone_index=None,
            other_phone=None,
            alley_id=None,
            stub=False,
        )
    )
    feed.touch_households(session, doors)
    for row in redacted:
        feed.touch(session, "event", row.id, audience=feed.user_stream(row.author))
    session.expire_all()
    return len(redacted)
