"""Whether a board that is open shows what is true: one cheap statement, so that asking often costs little."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.services.actor import Actor
from backend.services.sql import run

_PULSE = """
    SELECT COALESCE(max(c.id), 0) AS last, count(c.id) AS n
    FROM tally_change c
    WHERE c.neighbourhood_id IN (
      SELECT u.id FROM area_unit u WHERE u.ward_id = %(ward)s AND u.level = 'neighbourhood'
        AND (%(here)s::uuid IS NULL OR u.id = %(here)s)
        AND (%(wide)s OR u.id IN (SELECT t.area_unit_id FROM team_area t
                                  WHERE t.team_id = ANY(%(teams)s::uuid[]) AND t.valid_to IS NULL)))
"""


def version(session: Session, actor: Actor, neighbourhood_id: UUID | None) -> str:
    """A word that changes when a figure of the actor's board does, and every minute for what phones tell of themselves.

    Changes stay unfolded for a minute: whoever asks more often has seen each of them.
    """
    row = run(
        session,
        _PULSE,
        ward=actor.ward_id,
        here=neighbourhood_id,
        wide=actor.ward_wide,
        teams=list(actor.leads),
    ).one()
    return f"{row.last}.{row.n}.{now():%d%H%M}"
