"""What a neighbourhood's public page tells: the team, its hours and places, how far the services have come.

No names of volunteers (a list of who knocks is a script for an impostor), no count from which a person could be told.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from backend.models import DONE, AreaUnit, Spot, SpotKind
from backend.services.sql import run

# Fewer than five of either kind are hidden (data-protection.md, section 7), and so are whole groups below twenty.
_SMALL, _SMALL_GROUP = 5, 20
_PROGRESS = """
    SELECT a.service_code AS code, count(*) AS eligible, count(*) FILTER (WHERE a.state = ANY(%(done)s)) AS done
    FROM adoption a JOIN household h ON h.id = a.household_id JOIN service s ON s.code = a.service_code
    WHERE h.neighbourhood_id = %(id)s AND a.state <> 'unknown'
    GROUP BY a.service_code, s.position ORDER BY s.position
"""
_TEAM = """
    SELECT t.name, t.title, t.contact_phone,
           (SELECT count(DISTINCT m.account_id) FROM membership m WHERE m.team_id = t.id AND m.valid_from <= now()
              AND (m.valid_to IS NULL OR m.valid_to > now())) AS people
    FROM team_area ta JOIN team t ON t.id = ta.team_id
    WHERE ta.area_unit_id = %(id)s AND ta.valid_to IS NULL ORDER BY ta.valid_from, t.id LIMIT 1
"""


@dataclass(frozen=True)
class Progress:
    """A service's bar: `percent` in steps of five, None where the numbers are too small to be told."""

    service: str
    percent: int | None


@dataclass(frozen=True)
class NeighbourhoodPage:
    """Everything on the page; `people`: how many are in the team."""

    unit: AreaUnit
    team: str
    title: str
    phone: str
    people: int
    progress: tuple[Progress, ...]
    points: tuple[Spot, ...]


def page_of(session: Session, unit: AreaUnit) -> NeighbourhoodPage:
    """The page of a neighbourhood, in three statements."""
    session.flush()
    team = run(session, _TEAM, id=unit.id).one_or_none()
    rows = run(session, _PROGRESS, id=unit.id, done=[str(state) for state in DONE])
    points = (
        session.query(Spot)
        .where(
            Spot.neighbourhood_id == unit.id, Spot.kind == SpotKind.SUPPORT_POINT, Spot.closed_at.is_(None)
        )
        .order_by(Spot.name)
        .limit(20)
    )
    return NeighbourhoodPage(
        unit=unit,
        team=team.name if team else "",
        title=team.title if team else "",
        phone=team.contact_phone if team else "",
        people=team.people if team else 0,
        progress=tuple(Progress(row.code, told_percent(row.done, row.eligible)) for row in rows),
        points=tuple(points),
    )


def told_percent(done: int, eligible: int) -> int | None:
    """A share that tells of nobody: truncated to a step of five, None for small groups or a handful of people."""
    if eligible < _SMALL_GROUP or done < _SMALL or 0 < eligible - done < _SMALL:
        return None
    return done * 20 // eligible * 5


def unit_by_id(session: Session, unit_id: UUID) -> AreaUnit | None:
    """The neighbourhood of a scanned code."""
    return session.get(AreaUnit, unit_id)
