"""Two people at one door, the later one with an old list in hand (sync.md, section 13): "parallel" or "conflict".

Both visits stay, both are facts; the label only asks a leader to look.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.models import Outcome
from backend.services.event_core import Core
from backend.services.event_doors import Door
from backend.services.sql import run

PARALLEL, CONFLICT = "parallel", "conflict"
# Each event knows by its answer which version of the door it made.
_SINCE = """
    SELECT e.household_link AS door, e.author, (e.result_json ->> 'v')::bigint AS v, w.outcome, w.results
    FROM visit_event e LEFT JOIN visit w ON w.event_id = e.id AND w.effective
    WHERE e.household_link = ANY(%(doors)s::uuid[]) AND (e.result_json ->> 'v')::bigint > %(since)s
"""


def labels(session: Session, author: UUID, coming: Sequence[tuple[Core, Door]]) -> dict[UUID, str]:
    """The label of each event that needs one; one statement, none when everybody looked at the newest version.

    What the author alone changed since is no reason to look: the phone just had not heard of its own visit yet.
    """
    old = [
        (core, door, core.base_v)
        for core, door in coming
        if core.base_v is not None and core.base_v < door.v and not door.withdrawn
    ]
    if not old:
        return {}
    since: dict[UUID, list[Any]] = defaultdict(list)
    found = run(session, _SINCE, doors=list({door.id for _, door, _ in old}), since=min(v for _, _, v in old))
    for row in found:
        since[row.door].append(row)
    told: dict[UUID, str] = {}
    for core, door, seen in old:
        later = [row for row in since[door.id] if row.v > seen]
        if any(row.author != author and _contradicts(core.payload, row) for row in later):
            told[core.id] = CONFLICT
        elif len({row.v for row in later if row.author == author}) < door.v - seen:
            told[core.id] = PARALLEL
    return told


def _contradicts(payload: Mapping[str, Any], other: Any) -> bool:
    """Another step for the same person and service; or one found the house moved away, the other somebody at home."""
    if {payload.get("outcome"), other.outcome} in _ABOUT_LIVING:
        return True
    steps = {(each["resident"], each["service"]): each["state"] for each in other.results or ()}
    return any(
        steps.get((each["resident"], each["service"]), each["state"]) != each["state"]
        for each in payload.get("results", ())
    )


_ABOUT_LIVING = [
    {Outcome.MOVED_AWAY.value, there.value}
    for there in (Outcome.HELPED, Outcome.REFUSED, Outcome.RESCHEDULED, Outcome.NO_NEED)
]
