"""What came of a request, told by the visits of its door: the same words for the resident's page and for the leader.

Nothing of this is stored: a visit that arrives late, or is taken back, changes the answer by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import local, today
from backend.core.crypto import keyring
from backend.models import ANSWERING, AdoptionState, Outcome
from backend.services.help_asking import follow_key
from backend.services.sql import run

# The visit that says most: one that answers before one that only tried, then the newest.
STANDING = """
    FROM help_request r
    LEFT JOIN LATERAL (
      SELECT v.event_id, v.outcome, v.est_time, v.results, v.appointment_at, a.full_name AS author
      FROM visit v JOIN account a ON a.id = v.author
      WHERE v.household_id = r.household_id AND v.effective AND v.est_time >= r.created_at
      ORDER BY v.outcome IN ('helped', 'no_need') DESC, v.est_time DESC, v.event_id DESC LIMIT 1
    ) v ON true
    LEFT JOIN assignment s ON s.household_id = r.household_id AND s.started_at IS NOT NULL AND s.ended_at IS NULL
    LEFT JOIN walk w ON w.id = s.walk_id
"""
_FOLLOW = f"""
    SELECT r.id, r.ward_id, r.created_at, r.services, r.suits, r.planned_on, r.closed_at, r.closed_reason,
           r.household_id, s.id IS NOT NULL AS on_walk, v.outcome, v.est_time, v.results, v.appointment_at, v.author,
           n.name AS neighbourhood,
           (SELECT t.name FROM team_area ta JOIN team t ON t.id = ta.team_id
            WHERE ta.area_unit_id = r.neighbourhood_id AND ta.valid_to IS NULL
            ORDER BY t.id = w.team_id DESC, ta.valid_from, t.id LIMIT 1) AS team
    {STANDING} JOIN area_unit n ON n.id = r.neighbourhood_id
    WHERE r.follow = %(follow)s
"""  # noqa: S608  # constants only


class Stage(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    PLANNED = "planned"
    TRIED = "tried"  # somebody came, it is not settled
    DONE = "done"
    CLOSED = "closed"


@dataclass(frozen=True)
class Done:
    """What a visit brought, as service codes: never whose."""

    done: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A request as its page tells it: no address, no name of a resident, no phone.

    `by`: the given name of who came; `late`: the planned day has passed without a visit.
    """

    stage: Stage
    ward_id: UUID
    neighbourhood: str
    team: str
    services: tuple[str, ...]
    suits: str
    asked_at: datetime
    planned_on: date | None
    late: bool
    outcome: str
    came_at: datetime | None
    appointment_at: datetime | None
    by: str
    work: Done
    closed_reason: str


def follow(session: Session, code: str) -> Answer | None:
    """What a code that was given to a resident tells; None when there is no such request (any more)."""
    row = run(session, _FOLLOW, follow=follow_key(code)).one_or_none()
    if row is None:
        return None
    stage = stage_of(row.outcome, row.closed_reason, row.planned_on if row.on_walk else None)
    return Answer(
        stage=stage,
        ward_id=row.ward_id,
        neighbourhood=row.neighbourhood,
        team=row.team or "",
        services=tuple(row.services),
        suits=row.suits,
        asked_at=row.created_at,
        planned_on=row.planned_on,
        late=stage is Stage.PLANNED and not row.outcome and row.planned_on < today(),
        outcome=row.outcome or "",
        came_at=row.est_time,
        appointment_at=row.appointment_at,
        by=given_name(row.author),
        work=work_of(row.results or ()),
        closed_reason=row.closed_reason or "",
    )


def stage_of(outcome: str | None, closed_reason: str | None, planned_on: date | None) -> Stage:
    """The stage from the visit that says most, the leader's word and the plan, in this order of weight."""
    if outcome in ANSWERING:
        return Stage.DONE
    if closed_reason:
        return Stage.CLOSED
    if outcome is None:
        return Stage.PLANNED if planned_on else Stage.RECEIVED
    return Stage.PLANNED if outcome == Outcome.RESCHEDULED else Stage.TRIED


def work_of(results: Sequence[Any]) -> Done:
    """The services of a visit's results, each once: done beats stuck, stuck beats shown, whoever it was for."""
    by_state: dict[str, set[str]] = {}
    for result in results:
        by_state.setdefault(result["state"], set()).add(result["service"])
    done = by_state.get(AdoptionState.DONE_WITH_HELP, set()) | by_state.get(AdoptionState.DOES_ALONE, set())
    stuck = by_state.get(AdoptionState.BLOCKED, set()) - done
    shown = by_state.get(AdoptionState.SHOWN, set()) - done - stuck
    return Done(*(tuple(sorted(group)) for group in (done, shown, stuck)))


def given_name(sealed: bytes | None) -> str:
    """The last word of a name, as people are called."""
    return keyring().open(bytes(sealed), "account.full_name").decode().split()[-1] if sealed else ""


def evening(moment: datetime) -> str:
    """ "20:00", or "" when no hour was agreed."""
    clock = local(moment)
    return "" if (clock.hour, clock.minute) == (0, 0) else f"{clock:%H:%M}"
