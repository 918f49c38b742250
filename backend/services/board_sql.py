"""The statements of the board, over the sums of services/tally.py; the same number whatever the size.

Parameters: ward, places and services (lists), day (today) and since (the first day of the trend), as text; one: the
service that is looked at place by place; moment and silent (heard of before: quiet).
"""

from backend.models import AdoptionState


def _sums(which: str) -> str:
    """The sums of `which` and the changes that are not folded yet, as one."""
    columns = "neighbourhood_id AS place, kind, what, state, detail, n"
    scope = "neighbourhood_id = ANY(%(places)s::uuid[])"
    return f"""
        SELECT {columns} FROM tally WHERE {scope} AND {which}
        UNION ALL SELECT {columns} FROM tally_change WHERE {scope} AND {which}
    """  # noqa: S608  # constants only


_OF_SERVICES = _sums("kind = 'step' AND what = ANY(%(services)s)")
_STATES = ", ".join(
    f"COALESCE(sum(n) FILTER (WHERE what = %(one)s AND state = '{state}'), 0)::int AS {state}"
    for state in AdoptionState
)
# People of each step of each service and in how many places. Per place (`service` is null): who is stuck, who of them
# the ward can help, and the steps of the service looked at.
STEPS = f"""
    WITH sums AS (
      SELECT place, what, state, detail, sum(n) AS n FROM ({_OF_SERVICES}) t
      GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
    )
    SELECT place, what AS service, state, detail AS reason, sum(n)::int AS n, count(*)::int AS places,
           COALESCE(sum(n) FILTER (WHERE state = 'blocked'), 0)::int AS stuck,
           COALESCE(sum(n) FILTER (WHERE state = 'blocked' AND detail = ANY(%(ward_hand)s)), 0)::int AS ward_stuck,
           {_STATES}
    FROM sums GROUP BY GROUPING SETS ((what, state, detail), (place))
"""  # noqa: S608  # constants only
# A door is finished when its last visit closed it, or when it was visited and nothing of the services looked at is
# open behind it.
DOORS = f"""
    WITH sums AS MATERIALIZED (
      SELECT place, kind, what, state, sum(n) AS n FROM (
        {_sums("kind = ANY('{door,loose,stub,person}')")}
        UNION ALL {_sums("kind = 'meet' AND what = %(day)s")}) t
      GROUP BY 1, 2, 3, 4
    ), open AS (
      SELECT state, string_to_array(state, '+') && %(services)s::text[] AS still
      FROM (SELECT DISTINCT state FROM sums WHERE kind = 'door' AND what = 'visited') each
    )
    SELECT place,
           COALESCE(sum(n) FILTER (WHERE kind = 'door'), 0)::int AS doors,
           COALESCE(sum(n) FILTER (WHERE what = 'closed' OR (what = 'visited' AND NOT open.still)), 0)::int AS done,
           COALESCE(sum(n) FILTER (WHERE what = 'untouched'), 0)::int AS untouched,
           COALESCE(sum(n) FILTER (WHERE kind = 'loose'), 0)::int AS on_no_walk,
           COALESCE(sum(n) FILTER (WHERE kind = 'stub'), 0)::int AS stubs,
           COALESCE(sum(n) FILTER (WHERE kind = 'person'), 0)::int AS people,
           COALESCE(sum(n) FILTER (WHERE kind = 'meet'), 0)::int AS appointments
    FROM sums LEFT JOIN open ON kind = 'door' AND what = 'visited' AND open.state = sums.state
    GROUP BY place
"""  # noqa: S608
# Per day: visits (`state`: an outcome), doors visited, visits to look at. Per place (`day` is null): today's visits and
# those to look at, and the last day of the trend on which somebody went there.
DAYS = f"""
    WITH sums AS MATERIALIZED ({_sums("kind = 'day' AND what BETWEEN %(since)s AND %(day)s")})
    SELECT NULL::uuid AS place, what AS day, state, sum(n)::int AS n, 0 AS visits, 0 AS flagged, NULL AS last_day
    FROM sums GROUP BY what, state
    UNION ALL
    SELECT place, NULL, NULL, 0,
           COALESCE(sum(n) FILTER (WHERE what = %(day)s AND state NOT IN ('door', 'flagged')), 0)::int,
           COALESCE(sum(n) FILTER (WHERE what = %(day)s AND state = 'flagged'), 0)::int,
           max(what) FILTER (WHERE state = 'door' AND n <> 0)
    FROM (SELECT place, what, state, sum(n) AS n FROM sums WHERE state = 'door' OR what = %(day)s GROUP BY 1, 2, 3) each
    GROUP BY place
"""  # noqa: S608
# Who belongs to a team of these places now, with their phones; `trouble`: only those whose phone needs somebody.
MEMBERS = """
    WITH mine AS (
      SELECT m.account_id, array_agg(DISTINCT m.team_id) AS teams FROM membership m
      WHERE m.team_id IN (SELECT team_id FROM team_area WHERE area_unit_id = ANY(%(places)s::uuid[]) AND valid_to IS NULL)
        AND m.valid_from <= %(moment)s AND (m.valid_to IS NULL OR m.valid_to > %(moment)s)
      GROUP BY 1
    ), phone AS (
      SELECT account_id, count(*)::int AS phones, max(COALESCE(last_seen_at, created_at)) AS seen,
             COALESCE(sum(waiting), 0)::int AS waiting, COALESCE(sum(dead), 0)::int AS dead,
             max(oldest_waiting_s) FILTER (WHERE waiting > 0) AS oldest
      FROM device WHERE ward_id = %(ward)s AND revoked_at IS NULL GROUP BY 1
    ), each AS (
      SELECT mine.account_id, mine.teams, COALESCE(phone.phones, 0) AS phones, phone.seen,
             COALESCE(phone.waiting, 0) AS waiting, COALESCE(phone.dead, 0) AS dead, phone.oldest,
             (phone.seen IS NULL OR phone.seen < %(silent)s) AND EXISTS (
               SELECT FROM walk_member w
               JOIN assignment a ON a.walk_id = w.walk_id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
               WHERE w.account_id = mine.account_id AND w.ward_id = %(ward)s AND w.ended_at IS NULL) AS quiet
      FROM mine LEFT JOIN phone ON phone.account_id = mine.account_id
    )
    SELECT each.account_id AS account, person.full_name AS name, teams, phones, seen, waiting, dead, oldest, quiet
    FROM each JOIN account person ON person.id = each.account_id AND person.disabled_at IS NULL
    WHERE NOT %(trouble)s OR dead > 0 OR waiting > 0 OR quiet
"""
# The doors on somebody's published walks; `open` stands in the words of a door (services/tally.py).
VOLUNTEERS = """
    SELECT m.account_id AS account, count(*)::int AS doors,
           count(*) FILTER (WHERE v.visit_count > 0 AND (v.last_outcome IN ('refused', 'no_need') OR NOT (
             string_to_array(split_part(split_part(v.tally, 'door visited ', 2), ',', 1), '+')
             && %(services)s::text[])))::int AS done,
           count(*) FILTER (WHERE COALESCE(v.visit_count, 0) = 0)::int AS untouched
    FROM walk_member m
    JOIN assignment a ON a.walk_id = m.walk_id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    JOIN household h ON h.id = a.household_id AND h.neighbourhood_id = ANY(%(places)s::uuid[]) AND h.state = 'active'
    LEFT JOIN household_view v ON v.household_id = h.id
    WHERE m.ward_id = %(ward)s AND m.account_id = ANY(%(people)s::uuid[]) AND m.ended_at IS NULL
    GROUP BY 1
"""
# The people behind those doors, for the service looked at.
VOLUNTEER_STEPS = """
    SELECT m.account_id AS account, s.state, count(*)::int AS n
    FROM walk_member m
    JOIN assignment a ON a.walk_id = m.walk_id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    JOIN household h ON h.id = a.household_id AND h.neighbourhood_id = ANY(%(places)s::uuid[]) AND h.state = 'active'
    JOIN adoption s ON s.household_id = h.id AND s.service_code = %(one)s
    WHERE m.ward_id = %(ward)s AND m.account_id = ANY(%(people)s::uuid[]) AND m.ended_at IS NULL
    GROUP BY 1, 2
"""
KNOCKS = """
    SELECT v.author AS account, count(*)::int AS n
    FROM visit v JOIN household h ON h.id = v.household_id AND h.neighbourhood_id = ANY(%(places)s::uuid[])
    WHERE v.author = ANY(%(people)s::uuid[]) AND v.est_time >= %(midnight)s AND v.est_time < %(tomorrow)s AND v.effective
    GROUP BY 1
"""
TEAMS = """
    SELECT t.area_unit_id AS place, team.id AS team, team.name FROM team_area t JOIN team ON team.id = t.team_id
    WHERE t.area_unit_id = ANY(%(places)s::uuid[]) AND t.valid_to IS NULL ORDER BY team.name, team.id
"""
REASONS = "SELECT service_code, code, name_vi, name_en, advice_vi FROM failure_reason"
# Each service in each place, for the file of the ward's counts.
BY_PLACE = f"""
    SELECT place, what AS service, state, sum(n)::int AS n FROM ({_OF_SERVICES}) t GROUP BY 1, 2, 3
"""  # noqa: S608
# People eligible for the services, place by place; whose age is not known stands in no denominator.
ELIGIBLE = f"""
    SELECT place, sum(n)::int AS n FROM ({_OF_SERVICES}) t WHERE state <> 'unknown' GROUP BY place
"""  # noqa: S608
