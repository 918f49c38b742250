"""Is the person at the door real, and on duty now? What a scanned badge may tell, and nothing more.

A photographed badge must not be enough: the answer changes with the hour, the walk and the membership.
"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from backend.core.clock import local, now
from backend.models import (
    Account,
    AreaUnit,
    Membership,
    Team,
    TeamArea,
    Walk,
    WalkMember,
    WalkState,
)

# Visits are made in the evening (19:30 to 21:30 is normal), on Saturdays and Sundays also by day.
EVENING, NIGHT = time(18), time(22)
WEEKEND_MORNING = time(8)
_SATURDAY = 5


class Duty(StrEnum):
    """What the page says first."""

    ON = "on"
    OFF = "off"  # of the team, but has no reason to knock now
    GONE = "gone"  # left, disabled, or never there


@dataclass(frozen=True)
class Badge:
    """`given_name`: the last word of the name, as people are called; no phone of the person, no number.

    `until`: the end of today's duty when on duty.
    """

    duty: Duty
    given_name: str = ""
    initials: str = ""
    team: str = ""
    team_title: str = ""
    ward: str = ""
    areas: tuple[str, ...] = ()
    phone: str = ""
    until: time | None = None


def badge_of(session: Session, account_id: UUID, *, at: datetime | None = None) -> Badge:
    """The live status of a person's badge, in one statement."""
    moment = at or now()
    ward = AreaUnit.__table__.alias("ward")
    areas = (
        select(func.array_agg(AreaUnit.name))
        .join(TeamArea, TeamArea.area_unit_id == AreaUnit.id)
        .where(TeamArea.team_id == Membership.team_id, TeamArea.valid_to.is_(None))
        .correlate(Membership)
        .scalar_subquery()
    )
    row = session.execute(
        select(
            Account.full_name,
            Team.name.label("team"),
            Team.title,
            Team.contact_phone,
            ward.c.name.label("ward"),
            areas.label("areas"),
            _has_walk(moment).label("walking"),
        )
        .join(Membership, Membership.account_id == Account.id)
        .join(Team, Team.id == Membership.team_id, isouter=True)
        .join(ward, ward.c.id == Account.ward_id)
        .where(
            Account.id == account_id,
            Account.disabled_at.is_(None),
            Membership.valid_from <= moment,
            (Membership.valid_to.is_(None)) | (Membership.valid_to > moment),
        )
        .order_by(Membership.team_id.is_(None), Membership.valid_from)
        .limit(1)
    ).one_or_none()
    if row is None:
        return Badge(Duty.GONE)
    on_duty = row.walking and in_hours(moment)
    words = row.full_name.split()
    return Badge(
        duty=Duty.ON if on_duty else Duty.OFF,
        given_name=words[-1],
        initials="".join(word[0] for word in dict.fromkeys((words[0], words[-1]))).upper(),
        team=row.team or "",
        team_title=row.title or "",
        ward=row.ward,
        areas=tuple(sorted(row.areas or ())),
        phone=row.contact_phone or "",
        until=NIGHT if on_duty else None,
    )


def in_hours(moment: datetime) -> bool:
    """True when a volunteer may be expected at a door."""
    clock = local(moment)
    begin = WEEKEND_MORNING if clock.weekday() >= _SATURDAY else EVENING
    return begin <= clock.time() < NIGHT


def _has_walk(moment: datetime):  # type: ignore[no-untyped-def]
    return exists(
        select(WalkMember.id)
        .join(Walk, Walk.id == WalkMember.walk_id)
        .where(
            WalkMember.account_id == Account.id,
            WalkMember.ended_at.is_(None),
            Walk.state == WalkState.PUBLISHED,
            (Walk.until.is_(None)) | (Walk.until >= local(moment).date()),
        )
        .correlate(Account)
    )
