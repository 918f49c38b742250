"""The sums for the board: folded once a minute, compared with the doors and put right by a recount."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.services.sql import run

_KEY = "neighbourhood_id, kind, what, state, detail"
# One worker folds at a time. What is inserted meanwhile is not seen, not deleted, and folded the next time.
_FOLD = f"""
    WITH taken AS (
      DELETE FROM tally_change WHERE (SELECT pg_try_advisory_xact_lock(%(lock)s))
        AND at <= now() - make_interval(secs => %(age)s) RETURNING ward_id, {_KEY}, n
    ), sums AS (
      SELECT ward_id, {_KEY}, sum(n)::int AS n FROM taken GROUP BY ward_id, {_KEY} HAVING sum(n) <> 0
    )
    INSERT INTO tally (ward_id, {_KEY}, n) SELECT ward_id, {_KEY}, n FROM sums
    ON CONFLICT ({_KEY}) DO UPDATE SET n = tally.n + EXCLUDED.n
    RETURNING n
"""  # noqa: S608  # constants only
_EMPTY = "DELETE FROM tally WHERE n = 0"
_LOCK = 0x7A11
_DRIFT = f"""
    WITH said AS (
      SELECT neighbourhood_id, word, sum(doors)::int AS n
      FROM (SELECT neighbourhood_id, tally, count(*) AS doors FROM household_view
            WHERE ward_id = %(ward)s AND neighbourhood_id IS NOT NULL GROUP BY 1, 2) alike
      CROSS JOIN LATERAL unnest(string_to_array(tally, ',')) AS word
      GROUP BY 1, 2
    ), each AS (
      SELECT neighbourhood_id, split_part(word, ' ', 1) AS kind, split_part(word, ' ', 2) AS what,
             split_part(word, ' ', 3) AS state, split_part(word, ' ', 4) AS detail, n AS said, 0 AS stored FROM said
      UNION ALL SELECT {_KEY}, 0, n FROM tally WHERE ward_id = %(ward)s
      UNION ALL SELECT {_KEY}, 0, n FROM tally_change WHERE ward_id = %(ward)s
    )
    SELECT {_KEY}, sum(said)::int AS said, sum(stored)::int AS stored FROM each
    GROUP BY {_KEY} HAVING sum(said) <> sum(stored)
"""  # noqa: S608
# A correction is one more change: whoever pushes at this moment is neither held up nor lost.
_MEND = f"""
    INSERT INTO tally_change (ward_id, {_KEY}, n)
    SELECT %(ward)s, {_KEY}, said - stored FROM ({_DRIFT}) drift RETURNING n
"""  # noqa: S608


def fold(session: Session, age: float = 60) -> int:
    """Add the changes older than `age` seconds to their sums, so that few rows are read; returns how many sums changed.

    Younger ones stay, so that an open board that asks every few seconds has seen each (board_live.py). The sums say the same before, during and after; nobody who pushes or reads waits.
    """
    changed = len(run(session, _FOLD, lock=_LOCK, age=age))
    if changed:
        run(session, _EMPTY)
    return changed


def drift(session: Session, ward_id: UUID) -> list[Any]:
    """Sums of a ward that are not what its doors say: neighbourhood_id, kind, what, state, detail, said, stored."""
    return run(session, _DRIFT, ward=ward_id)


def mend(session: Session, ward_id: UUID) -> int:
    """Put the sums of a ward right by what its doors say; returns how many were wrong."""
    return len(run(session, _MEND, ward=ward_id))
