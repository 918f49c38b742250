"""What a door adds to the sums of the board, told once more from its events and by other means than tally.py."""

from collections import Counter
from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import local
from backend.models import Assignment, Household
from backend.services.replay import Told


def leaders_words(session: Session, doors: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
    """What no event tells of these doors: which of them wait for the leader, and which are on a walk in force."""
    waiting = select(Household.id).where(Household.id.in_(doors), Household.stub)
    walked = select(Assignment.household_id).where(
        Assignment.household_id.in_(doors), Assignment.started_at.is_not(None), Assignment.ended_at.is_(None)
    )
    return set(session.scalars(waiting)), set(session.scalars(walked))


def words(door: Told, *, stub: bool, on_walk: bool) -> Counter[str]:
    """The words of a door, each as often as it counts; a door without a neighbourhood adds nothing."""
    found: Counter[str] = Counter()
    days: set[date] = set()
    meetings: set[date] = set()
    for _, visit in door.counted:
        day = local(visit.est_time).date()
        days.add(day)
        found[f"day {day} {visit.outcome}"] += 1
        found[f"day {day} flagged"] += visit.flagged
        if visit.appointment_at:
            meetings.add(local(visit.appointment_at).date())
    found.update(f"day {day} door" for day in days)
    found.update(f"meet {day}" for day in meetings)
    if door.state == "active":
        found["person"] = door.residents
        for (_, service), (state, reason, _, _) in door.steps.items():
            found[f"step {service} {state} {reason or ''}".rstrip()] += 1
        found[_progress(door)] += 1
        found["stub"] += stub
        found["loose"] += not on_walk
    return +found


def _progress(door: Told) -> str:
    if not door.counted:
        return "door untouched"
    if door.counted[-1][1].outcome in ("refused", "no_need"):
        return "door closed"
    left = {
        service for (_, service), step in door.steps.items() if step[0] in ("not_started", "shown", "blocked")
    }
    return f"door visited {'+'.join(sorted(left))}".rstrip()


def stored(view: Any) -> Counter[str]:
    """The words that stand beside a door."""
    return Counter(view.tally.split(",")) if view is not None and view.tally else Counter()
