"""Which doors a phone may see now: one query, used by push, pull and the walk page alike.

A volunteer sees the live doors of the walks they are on, and the doors they added until the leader decides; who
leads a team sees all live doors of the team. Dates are honoured at once, whatever the feed says.
"""

from uuid import UUID

from backend.services.actor import Actor
from backend.services.sql import uuids

# Columns: household_id, walk_id, position. Parameters: user, ward, teams (where they are a member now),
# leads (those of them that they lead).
VISIBLE = """
    SELECT a.household_id, a.walk_id, a.position
    FROM walk_member m
    JOIN assignment a ON a.walk_id = m.walk_id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    WHERE m.account_id = %(user)s AND m.ward_id = %(ward)s AND m.ended_at IS NULL
      AND a.team_id = ANY(%(teams)s::uuid[])
    UNION
    SELECT a.household_id, a.walk_id, a.position FROM assignment a
    WHERE a.team_id = ANY(%(leads)s::uuid[]) AND a.ward_id = %(ward)s
      AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    UNION
    SELECT s.id, NULL, NULL FROM household s
    WHERE s.added_by = %(user)s AND s.ward_id = %(ward)s AND s.stub AND cardinality(%(teams)s::uuid[]) > 0
      AND NOT EXISTS (
        SELECT FROM assignment a WHERE a.household_id = s.id AND a.started_at IS NOT NULL AND a.ended_at IS NULL)
"""
# What nobody sees any more, whoever was assigned to it.
ALIVE = "h.withdrawn_at IS NULL AND h.state <> 'merged'"


def parameters(actor: Actor, team: UUID | None = None) -> dict[str, object]:
    """The parameters of VISIBLE, for all of the actor's teams or for one of them."""
    teams = [each for each in actor.teams if team in (None, each)]
    return {
        "user": actor.account_id,
        "ward": actor.ward_id,
        "teams": uuids(teams),
        "leads": uuids(each for each in teams if each in actor.leads),
    }
