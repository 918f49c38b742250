"""The services as the hot paths need them: read once a minute per process, they change with a release."""

import time
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.services.derive import Offer
from backend.services.event_payload import Catalogue
from backend.services.sql import run

_SECONDS = 60.0
_SERVICES = """
    SELECT s.code, s.min_age, s.max_age, s.household_kind, s.head_only,
           COALESCE((SELECT array_agg(r.code) FROM failure_reason r WHERE r.service_code = s.code), '{}') AS reasons
    FROM service s ORDER BY s.position, s.code
"""


class Offered(NamedTuple):
    """All services in order of importance, and the catalogue that event payloads are checked against."""

    offers: tuple[Offer, ...]
    catalogue: Catalogue


_kept: tuple[float, Offered] | None = None


def offered(session: Session) -> Offered:
    """The services that exist now (at most a minute old)."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > _SECONDS:
        rows = run(session, _SERVICES).all()
        found = Offered(
            tuple(
                Offer(row.code, row.min_age, row.max_age, row.household_kind, row.head_only) for row in rows
            ),
            Catalogue({row.code: frozenset(row.reasons) for row in rows}),
        )
        if not rows:
            return found
        _kept = (time.monotonic(), found)
    return _kept[1]


def forget() -> None:
    """Read the services anew at the next use (after they were changed in this process)."""
    global _kept
    _kept = None
