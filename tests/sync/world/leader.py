"""What leaders and the ward's officer do, through the same services as the console."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.models import Assignment, Household, Role, Walk, WalkMember
from backend.services import enrol, erasure, feed, merging, people, walks_live
from backend.services.walk_doors import live
from tests import factories as make
from tests.sync.world.ground import Ground


class Leader:
    """`erased`: the doors that took their consent back. `shut_out`: the devices that were revoked."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.erased: set[str] = set()
        self.shut_out: set[str] = set()
        self._edits = 0

    def give(self, door: str, walk: UUID) -> None:
        """The leader moves a door to another walk, also to another team's; nothing when it is there already."""
        with self.ground.acting() as session:
            now_at = session.scalars(
                select(Assignment).where(Assignment.household_id == UUID(door), live())
            ).one_or_none()
            target = session.get_one(Walk, walk)
            if now_at is None or now_at.walk_id == walk:
                return
            if now_at.team_id == target.team_id and target.state == "published":
                lead = self.ground.lead(session, self.ground.officer)
                walks_live.hand_over(session, lead, now_at.walk_id, walk, [UUID(door)])
                return
            now_at.ended_at = make.now()
            session.flush()
            again = session.scalars(
                select(Assignment).where(Assignment.walk_id == walk, Assignment.household_id == UUID(door))
            ).one_or_none()
            if again is None:
                session.add(
                    Assignment(
                        ward_id=self.ground.ward,
                        walk_id=walk,
                        team_id=target.team_id,
                        household_id=UUID(door),
                        position=90,
                        started_at=make.now(),
                    )
                )
            else:
                again.started_at, again.ended_at = make.now(), None
            feed.touch_households(session, [UUID(door)])

    def edit(self, door: str) -> None:
        """The leader writes something at a door."""
        with self.ground.acting() as session:
            household = session.get_one(Household, UUID(door))
            self._edits += 1
            household.address = f"Số {1000 + self._edits}"
            feed.touch_households(session, [household.id])

    def role(self, account: UUID, role: Role) -> None:
        """Another role in the same team: the generation of the rights grows."""
        with self.ground.acting() as session:
            people.set_role(
                session, self.ground.lead(session, self.ground.officer), account, self.ground.team, role
            )

    def end_walk(self, account: UUID, *, quietly: bool = False) -> None:
        """A person stops at their walk; `quietly`: by date, with no write that touches."""
        with self.ground.acting() as session:
            member = session.scalars(
                select(WalkMember).where(WalkMember.account_id == account, WalkMember.ended_at.is_(None))
            ).one_or_none()
            if member is not None:
                member.ended_at = make.now()
                if not quietly:
                    self._touch_walk(session, member.walk_id)

    def begin_walk(self, account: UUID) -> None:
        """And is on it again."""
        with self.ground.acting() as session:
            walk = self.ground.walk_of[account]
            open_ = select(WalkMember.id).where(
                WalkMember.account_id == account, WalkMember.walk_id == walk, WalkMember.ended_at.is_(None)
            )
            if session.scalars(open_).first() is None:
                session.add(WalkMember(ward_id=self.ground.ward, walk_id=walk, account_id=account))
                self._touch_walk(session, walk)

    def _touch_walk(self, session: Session, walk: UUID) -> None:
        doors = session.scalars(
            select(Assignment.household_id).where(Assignment.walk_id == walk, live())
        ).all()
        feed.touch_households(session, doors)

    def erase(self, door: str) -> None:
        """A household takes its consent back."""
        with self.ground.acting() as session:
            erasure.erase(session, self.ground.lead(session), UUID(door))
        self.erased |= {door, *self._merged_into(door)}

    def _merged_into(self, door: str) -> set[str]:
        rows = self.ground.connection.execute(text(_ALIASES), {"id": door})
        return {row.old for row in rows}

    def merge(self, old: str, new: str) -> None:
        """The leader makes one door of two."""
        with self.ground.acting() as session:
            merging.merge_households(session, self.ground.lead(session), UUID(old), UUID(new))

    def revoke(self, device: str) -> None:
        """The officer shuts a phone out."""
        with self.ground.acting() as session:
            enrol.revoke_device(session, self.ground.lead(session, self.ground.officer), UUID(device))
        self.shut_out.add(device)


_ALIASES = """
    WITH RECURSIVE way(old) AS (
      SELECT old_id FROM household_alias WHERE new_id = :id
      UNION SELECT a.old_id FROM household_alias a JOIN way ON a.new_id = way.old)
    SELECT old::text FROM way
"""
