"""The statements of the board. Parameters: ward, places and services (lists), since and until (today)."""

from sqlalchemy import text

# A door is finished when its last visit closed it, or when it was visited and nothing of the services looked at is
# open behind it. Needs household_view as v and OPEN_DOORS as o.
FINISHED = "(v.last_outcome IN ('refused', 'no_need') OR (v.visit_count > 0 AND o.household_id IS NULL))"
OPEN_DOORS = """(SELECT DISTINCT b.household_id FROM adoption b JOIN household x ON x.id = b.household_id
      WHERE b.ward_id = :ward AND x.neighbourhood_id = ANY(:places) AND b.service_code = ANY(:services)
        AND b.state IN ('not_started', 'shown', 'blocked'))"""


ADOPTION = text(
    """
    SELECT h.neighbourhood_id AS place, a.service_code AS service, a.state, a.reason, count(*) AS n
    FROM adoption a JOIN household h ON h.id = a.household_id
    WHERE a.ward_id = :ward AND h.neighbourhood_id = ANY(:places) AND a.service_code = ANY(:services)
    GROUP BY 1, 2, 3, 4
    """
)
RESIDENTS = text(
    """
    SELECT count(*) FROM resident r JOIN household h ON h.id = r.household_id
    WHERE h.ward_id = :ward AND h.neighbourhood_id = ANY(:places) AND h.state = 'active'
      AND r.state IN ('active', 'away_for_work')
    """
)
DOORS = text(
    f"""
    SELECT h.neighbourhood_id AS place, count(*) AS doors, count(*) FILTER (WHERE {FINISHED}) AS done,
           count(*) FILTER (WHERE COALESCE(v.visit_count, 0) = 0) AS untouched,
           count(*) FILTER (WHERE a.id IS NULL) AS on_no_walk, count(*) FILTER (WHERE h.stub) AS stubs
    FROM household h
    LEFT JOIN household_view v ON v.household_id = h.id
    LEFT JOIN {OPEN_DOORS} o ON o.household_id = h.id
    LEFT JOIN assignment a ON a.household_id = h.id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    WHERE h.ward_id = :ward AND h.neighbourhood_id = ANY(:places) AND h.state = 'active'
    GROUP BY 1
    """  # noqa: S608  # a constant of ours
)
VOLUNTEERS = text(
    f"""
    SELECT m.account_id AS account, count(*) AS doors, count(*) FILTER (WHERE {FINISHED}) AS done,
           count(*) FILTER (WHERE COALESCE(v.visit_count, 0) = 0) AS untouched
    FROM walk_member m
    JOIN assignment a ON a.walk_id = m.walk_id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    JOIN household h ON h.id = a.household_id AND h.neighbourhood_id = ANY(:places) AND h.state = 'active'
    LEFT JOIN household_view v ON v.household_id = h.id
    LEFT JOIN {OPEN_DOORS} o ON o.household_id = h.id
    WHERE m.ward_id = :ward AND m.ended_at IS NULL
    GROUP BY 1
    """  # noqa: S608
)
VISITS = text(
    """
    SELECT h.neighbourhood_id AS place, v.author, v.outcome, count(*) AS n,
           array_agg(DISTINCT v.household_id) AS doors,
           count(*) FILTER (WHERE cardinality(v.flags) > 0) AS flagged
    FROM visit v JOIN household h ON h.id = v.household_id
    WHERE v.ward_id = :ward AND v.est_time >= :since AND v.effective AND h.neighbourhood_id = ANY(:places)
    GROUP BY 1, 2, 3
    """
)
APPOINTMENTS = text(
    """
    SELECT count(DISTINCT v.household_id) FROM visit v JOIN household h ON h.id = v.household_id
    WHERE v.ward_id = :ward AND v.appointment_at >= :since AND v.appointment_at < :until AND v.effective
      AND h.neighbourhood_id = ANY(:places)
    """
)
PHONES = text(
    """
    SELECT account_id AS account, count(*) AS phones, max(COALESCE(last_seen_at, created_at)) AS seen,
           COALESCE(sum(waiting), 0) AS waiting, COALESCE(sum(dead), 0) AS dead
    FROM device WHERE ward_id = :ward AND revoked_at IS NULL GROUP BY 1
    """
)
