"""What a paired phone asks apart from sync: who is it, which doors tonight, where a nudge can reach it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from backend.core.clock import now
from backend.core.ids import uuid7
from backend.models import (
    Account,
    AreaUnit,
    Assignment,
    Device,
    FailureReason,
    Household,
    HouseholdView,
    PushTarget,
    ServerMeta,
    Service,
    StreamAccess,
    Team,
    Walk,
    WalkMember,
)
from backend.services import feed
from backend.services.actor import Actor
from backend.services.phone_scope import ALIVE, VISIBLE, parameters
from backend.services.pull import Telemetry, server_time
from backend.services.sql import run

_DOORS = f"""
    SELECT h.id, seen.walk_id, seen.position FROM ({VISIBLE}) seen
    JOIN household h ON h.id = seen.household_id WHERE {ALIVE}
"""  # noqa: S608  # constants only


@dataclass(frozen=True)
class WalkShort:
    """A walk of the phone's owner: how many doors, until when, with whom (first names)."""

    id: UUID
    name: str
    doors: int
    until: date | None
    with_: tuple[str, ...]


@dataclass(frozen=True)
class Me:
    """The owner of a phone and what it may pull."""

    account_id: UUID
    device_id: UUID
    full_name: str
    first_name: str
    teams: tuple[Team, ...]
    walks: tuple[WalkShort, ...]
    streams: tuple[str, ...]
    lease_days: int
    epoch: UUID
    server_time: str


@dataclass(frozen=True)
class DoorShort:
    """A door of tonight as the walk page lists it; `open`: how many person-services are still to do."""

    walk: str | None
    alley: str
    address: str
    code: str
    open: int
    last_outcome: str | None
    last_visit_at: datetime | None


def me(session: Session, actor: Actor) -> Me:
    """Who is paired with this phone."""
    account = session.get_one(Account, actor.account_id)
    device = session.get_one(Device, actor.device_id)
    meta = session.get(ServerMeta, True) or feed.ensure_epoch(session)
    streams = session.scalars(
        select(StreamAccess.audience)
        .where(
            StreamAccess.user_id == account.id,
            StreamAccess.ended_at.is_(None),
            StreamAccess.audience.in_([feed.team_stream(team) for team in actor.teams]),
        )
        .order_by(StreamAccess.audience)
    )
    return Me(
        account_id=account.id,
        device_id=device.id,
        full_name=account.full_name,
        first_name=account.full_name.split()[-1],
        teams=tuple(session.scalars(select(Team).where(Team.id.in_(actor.teams)).order_by(Team.id))),
        walks=tuple(_walks(session, actor)),
        streams=(feed.user_stream(account.id), *streams),
        lease_days=device.lease_days,
        epoch=meta.epoch,
        server_time=server_time(),
    )


def _walks(session: Session, actor: Actor) -> list[WalkShort]:
    doors = (
        select(func.count())
        .where(
            Assignment.walk_id == Walk.id, Assignment.started_at.is_not(None), Assignment.ended_at.is_(None)
        )
        .scalar_subquery()
    )
    mine, other = aliased(WalkMember), aliased(WalkMember)
    rows = session.execute(
        select(Walk.id, Walk.name, Walk.until, doors.label("doors"))
        .join(mine, mine.walk_id == Walk.id)
        .where(mine.account_id == actor.account_id, mine.ended_at.is_(None), doors > 0)
        .order_by(Walk.published_at, Walk.id)
    ).all()
    names: dict[UUID, list[str]] = {}
    for walk_id, full_name in session.execute(
        select(other.walk_id, Account.full_name)
        .join(Account, Account.id == other.account_id)
        .where(
            other.walk_id.in_([row.id for row in rows]),
            other.ended_at.is_(None),
            other.account_id != actor.account_id,
        )
        .order_by(other.started_at, other.id)
    ):
        names.setdefault(walk_id, []).append(full_name.split()[-1])
    return [WalkShort(row.id, row.name, row.doors, row.until, tuple(names.get(row.id, ()))) for row in rows]


def tonight(session: Session, actor: Actor) -> list[DoorShort]:
    """The doors that this phone may see, in walking order; doors without a walk come last."""
    seen = {row.id: (row.walk_id, row.position) for row in run(session, _DOORS, **parameters(actor)).all()}
    alley = aliased(AreaUnit)
    rows = session.execute(
        select(
            Household.id,
            Household.address,
            Household.code,
            Household.walk_key,
            alley.name.label("alley"),
            HouseholdView.open_count,
            HouseholdView.last_outcome,
            HouseholdView.last_visit_at,
        )
        .outerjoin(alley, alley.id == Household.alley_id)
        .outerjoin(HouseholdView, HouseholdView.household_id == Household.id)
        .where(Household.id.in_(list(seen)), Household.ward_id == actor.ward_id)
    ).all()
    walk_ids = {walk for walk, _ in seen.values() if walk}
    names = {
        row.id: row.name for row in session.execute(select(Walk.id, Walk.name).where(Walk.id.in_(walk_ids)))
    }

    def order(row: Any) -> tuple[Any, ...]:
        walk, position = seen[row.id]
        return (walk is None, str(walk), position or 0, row.walk_key)

    return [
        DoorShort(
            walk=names.get(seen[row.id][0]),
            alley=row.alley or "",
            address=row.address,
            code=row.code,
            open=row.open_count or 0,
            last_outcome=row.last_outcome,
            last_visit_at=row.last_visit_at,
        )
        for row in sorted(rows, key=order)
    ]


def note_device(session: Session, actor: Actor, told: Telemetry) -> None:
    """Write down that a phone was here and what it told of itself; what it did not tell stays."""
    values: dict[str, Any] = {name: value for name, value in told.__dict__.items() if value is not None}
    session.execute(update(Device).where(Device.id == actor.device_id).values(last_seen_at=now(), **values))


def set_push_target(session: Session, actor: Actor, kind: str, value: str) -> None:
    """Where a nudge reaches this phone. An address that another pairing held moves here: it is the same browser."""
    session.execute(
        delete(PushTarget).where(
            PushTarget.device_id == actor.device_id, PushTarget.kind == kind, PushTarget.value != value
        )
    )
    statement = insert(PushTarget).values(
        id=uuid7(), ward_id=actor.ward_id, device_id=actor.device_id, kind=kind, value=value, created_at=now()
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "value"],
            set_={"device_id": actor.device_id, "ward_id": actor.ward_id, "fail_code": None},
        )
    )


def drop_push_targets(session: Session, actor: Actor) -> None:
    """No nudges to this phone any more."""
    session.execute(delete(PushTarget).where(PushTarget.device_id == actor.device_id))


def reference(session: Session, locale: str) -> list[dict[str, Any]]:
    """The services with their reasons, in order of importance and in the words of `locale`."""
    reasons: dict[str, list[dict[str, str]]] = {}
    for reason in session.scalars(select(FailureReason).order_by(FailureReason.position)):
        reasons.setdefault(reason.service_code, []).append(
            {
                "code": reason.code,
                "name": reason.name_en if locale == "en" else reason.name_vi,
                "advice": reason.advice_vi,
            }
        )
    return [
        {
            "code": service.code,
            "name": service.name_en if locale == "en" else service.name_vi,
            "short": service.short_vi,
            "prerequisite": service.prerequisite,
            "guide": service.guide,
            "min_age": service.min_age,
            "max_age": service.max_age,
            "household_kind": service.household_kind,
            "head_only": service.head_only,
            "reasons": reasons.get(service.code, []),
        }
        for service in session.scalars(select(Service).order_by(Service.position))
    ]
