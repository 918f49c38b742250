"""The statements by which doors and people come onto a walk and leave it; each one set-based. No rights are checked here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.models import Account, Assignment, Household, Walk, WalkMember, WalkState
from backend.services.walk_doors import live


def lock_households(session: Session, household_ids: Sequence[UUID]) -> list[UUID]:
    """Two leaders who hand out the same doors at once wait for one another instead of failing."""
    locked = (
        select(Household.id).where(Household.id.in_(household_ids)).order_by(Household.id).with_for_update()
    )
    return list(session.scalars(locked))


def live_doors(session: Session, walk_ids: Sequence[UUID]) -> list[UUID]:
    """The households that these walks hold now, in their order."""
    return list(
        session.scalars(
            select(Assignment.household_id)
            .where(Assignment.walk_id.in_(walk_ids), live())
            .order_by(Assignment.position)
        )
    )


def end_live(session: Session, household_ids: Sequence[UUID], moment: datetime) -> list[tuple[UUID, UUID]]:
    """End the live assignments of these doors: (walk, household) of each."""
    ended = session.execute(
        update(Assignment)
        .where(Assignment.household_id.in_(household_ids), live())
        .values(ended_at=moment)
        .returning(Assignment.walk_id, Assignment.household_id)
        .execution_options(synchronize_session=False)
    )
    return [(row.walk_id, row.household_id) for row in ended]


def start(session: Session, walk: Walk, household_ids: Sequence[UUID]) -> None:
    """Make doors live at the end of a walk; one that was on it before comes back."""
    last = session.scalar(select(func.max(Assignment.position)).where(Assignment.walk_id == walk.id)) or 0
    rows = [
        {
            "ward_id": walk.ward_id,
            "walk_id": walk.id,
            "team_id": walk.team_id,
            "household_id": household_id,
            "position": last + number,
            "started_at": now(),
        }
        for number, household_id in enumerate(household_ids, start=1)
    ]
    statement = insert(Assignment)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["walk_id", "household_id"],
            set_={
                "position": statement.excluded.position,
                "started_at": statement.excluded.started_at,
                "ended_at": None,
            },
        ),
        rows,
    )


def close_emptied(session: Session, walk_ids: set[UUID], moment: datetime) -> None:
    """Close published walks without a live door; `moment` also ended their doors, so that the last ones are known."""
    closed = session.scalars(
        update(Walk)
        .where(
            Walk.id.in_(walk_ids),
            Walk.state == WalkState.PUBLISHED,
            ~exists().where(Assignment.walk_id == Walk.id, live()),
        )
        .values(state=WalkState.CLOSED, closed_at=moment)
        .returning(Walk.id)
        .execution_options(synchronize_session="fetch")
    ).all()
    end_members(session, closed, None, moment)


def members(session: Session, walk_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Who walks these walks now."""
    return session.scalars(
        select(WalkMember.account_id).where(WalkMember.walk_id.in_(walk_ids), WalkMember.ended_at.is_(None))
    ).all()


def member_names(session: Session, walk_ids: Sequence[UUID]) -> dict[UUID, tuple[str, ...]]:
    """The names of those who walk each walk now."""
    names: dict[UUID, tuple[str, ...]] = {}
    rows = session.execute(
        select(WalkMember.walk_id, Account.full_name)
        .join(Account, Account.id == WalkMember.account_id)
        .where(WalkMember.walk_id.in_(walk_ids), WalkMember.ended_at.is_(None))
        .order_by(WalkMember.started_at, Account.id)
    )
    for row in rows:
        names[row.walk_id] = (*names.get(row.walk_id, ()), row.full_name)
    return names


def end_members(
    session: Session, walk_ids: Sequence[UUID], account_ids: set[UUID] | None, moment: datetime
) -> None:
    """End memberships; None: of everybody."""
    ended = update(WalkMember).where(WalkMember.walk_id.in_(walk_ids), WalkMember.ended_at.is_(None))
    if account_ids is not None:
        ended = ended.where(WalkMember.account_id.in_(account_ids))
    session.execute(ended.values(ended_at=moment).execution_options(synchronize_session=False))


def add_members(session: Session, walks: Sequence[Walk], account_ids: set[UUID]) -> None:
    """Put these people on all of these walks."""
    rows = [
        {"ward_id": walk.ward_id, "walk_id": walk.id, "account_id": account_id}
        for walk in walks
        for account_id in account_ids
    ]
    if rows:
        session.execute(insert(WalkMember).on_conflict_do_nothing(), rows)
