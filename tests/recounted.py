"""The board's figures by plain counting over the tables that every event rewrites, without any sum: what the board must
equal, and what it cost before there were sums (decision 0051)."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.models import DONE
from backend.services.board_counts import WARD_HAND, Board

_STEPS = text(
    """
    SELECT h.neighbourhood_id AS place, a.service_code AS service, a.state, a.reason, count(*) AS n
    FROM adoption a JOIN household h ON h.id = a.household_id
    WHERE h.neighbourhood_id = ANY(:places) AND a.service_code = ANY(:services)
    GROUP BY 1, 2, 3, 4
    """
)
_RESIDENTS = text(
    """
    SELECT count(*) FROM resident r JOIN household h ON h.id = r.household_id
    WHERE h.neighbourhood_id = ANY(:places) AND h.state = 'active' AND r.state IN ('active', 'away_for_work')
    """
)
_DOORS = text(
    """
    SELECT h.neighbourhood_id AS place, count(*) AS doors,
           count(*) FILTER (WHERE v.last_outcome IN ('refused', 'no_need')
                            OR (v.visit_count > 0 AND o.household_id IS NULL)) AS done,
           count(*) FILTER (WHERE COALESCE(v.visit_count, 0) = 0) AS untouched,
           count(*) FILTER (WHERE a.id IS NULL) AS on_no_walk, count(*) FILTER (WHERE h.stub) AS stubs
    FROM household h
    LEFT JOIN household_view v ON v.household_id = h.id
    LEFT JOIN (SELECT DISTINCT household_id FROM adoption WHERE service_code = ANY(:services)
               AND state IN ('not_started', 'shown', 'blocked')) o ON o.household_id = h.id
    LEFT JOIN assignment a ON a.household_id = h.id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    WHERE h.neighbourhood_id = ANY(:places) AND h.state = 'active'
    GROUP BY 1
    """
)
_VISITS = text(
    """
    SELECT (v.est_time AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, h.neighbourhood_id AS place, v.outcome,
           count(*) AS n, array_agg(DISTINCT v.household_id) AS doors,
           count(*) FILTER (WHERE cardinality(v.flags) > 0) AS flagged
    FROM visit v JOIN household h ON h.id = v.household_id
    WHERE v.est_time >= :since AND v.effective AND h.neighbourhood_id = ANY(:places)
    GROUP BY 1, 2, 3
    """
)
_APPOINTMENTS = text(
    """
    SELECT count(DISTINCT v.household_id) FROM visit v JOIN household h ON h.id = v.household_id
    WHERE v.appointment_at >= :midnight AND v.appointment_at < :tomorrow AND v.effective
      AND h.neighbourhood_id = ANY(:places)
    """
)


def recounted(session: Session, places: list[UUID], services: list[str], at: datetime) -> dict[str, Any]:
    """The same figures as `figures` reads from a board, counted anew."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    values = {
        "places": places,
        "services": services,
        "midnight": midnight,
        "tomorrow": midnight + timedelta(days=1),
        "since": midnight - timedelta(days=13),
    }
    steps = session.execute(_STEPS, values).all()
    doors = {row.place: row for row in session.execute(_DOORS, values)}
    visits = session.execute(_VISITS, values).all()
    residents = session.execute(_RESIDENTS, values).scalar_one()
    tonight = [row for row in visits if row.day == at.date()]
    blocked = [row for row in steps if row.state == "blocked"]
    return {
        "residents": residents,
        "services": {
            code: _service([row for row in steps if row.service == code], residents) for code in services
        },
        "reasons": _counts(((row.service, row.reason), row.n) for row in blocked),
        "places": {
            place: (
                *((row.doors, row.done, row.untouched, row.on_no_walk, row.stubs) if row else (0,) * 5),
                sum(each.n for each in tonight if each.place == place),
                sum(each.flagged for each in tonight if each.place == place),
                sum(each.n for each in blocked if each.place == place),
                sum(each.n for each in blocked if each.place == place and each.reason in WARD_HAND),
                max((each.day for each in visits if each.place == place), default=None),
            )
            for place in places
            for row in [doors.get(place)]
        },
        "trend": [
            (
                day,
                sum(each.n for each in visits if each.day == day),
                _doors(each for each in visits if each.day == day),
                sum(each.n for each in visits if each.day == day and each.outcome == "helped"),
            )
            for day in (at.date() - timedelta(days=back) for back in range(13, -1, -1))
        ],
        "tonight": (
            sum(each.n for each in tonight),
            _doors(tonight),
            _counts((each.outcome, each.n) for each in tonight),
            session.execute(_APPOINTMENTS, values).scalar_one(),
            sum(each.flagged for each in tonight),
        ),
    }


def figures(board: Board) -> dict[str, Any]:
    """What the board shows, in the shape of `recounted`."""
    return {
        "residents": board.residents,
        "services": {
            one.code: (
                *(one.eligible, one.done, one.keeps, one.shown, one.not_started, one.stuck, one.unknown),
                one.not_eligible,
            )
            for one in board.services
        },
        "reasons": {(one.service_code, one.code): one.people for one in board.reasons},
        "places": {
            one.id: (
                *(
                    one.doors,
                    one.done,
                    one.untouched,
                    one.on_no_walk,
                    one.waiting_stubs,
                    one.visits,
                    one.flagged,
                ),
                *(one.stuck, one.ward_stuck, one.last_visit),
            )
            for one in board.neighbourhoods
        },
        "trend": [(one.day, one.visits, one.doors, one.helped) for one in board.trend],
        "tonight": (
            board.tonight.visits,
            board.tonight.doors,
            board.tonight.outcomes,
            board.tonight.appointments,
            board.tonight.flagged,
        ),
    }


def _service(rows: list[Any], residents: int) -> tuple[int, ...]:
    by_state: Counter[str] = Counter()
    for row in rows:
        by_state[row.state] += row.n
    unknown = by_state["unknown"]
    return (
        by_state.total() - unknown,
        sum(by_state[state] for state in DONE),
        *(by_state[state] for state in ("keeps_old_way", "shown", "not_started", "blocked", "unknown")),
        residents - by_state.total(),
    )


def _counts(pairs: Any) -> dict[Any, int]:
    found: Counter[Any] = Counter()
    for key, n in pairs:
        found[key] += n
    return dict(found)


def _doors(visits: Iterable[Any]) -> int:
    return len({door for each in visits for door in each.doors})
