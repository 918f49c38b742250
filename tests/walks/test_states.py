"""Whatever leaders do, in any order: a door is on one live walk at most, and leaves it only when somebody said so."""

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.models import Account, Assignment, Household, HouseholdState, Walk, WalkMember, WalkState
from backend.services import walks, walks_live
from backend.services.actor import Actor
from backend.services.walk_doors import Choice, live
from tests import factories as make
from tests.people import People

_PEOPLE = 4


def test_no_door_is_lost_or_doubled(session: Session, people: People, lan: Actor) -> None:
    alleys = [make.create_alley(session, people.neighbourhood, f"Ngõ {n}") for n in (4, 12, 34)]
    doors = [
        make.create_household(
            session, people.neighbourhood, alley=alley, address=f"Số {n} {alley.name}", people=1
        )
        for alley in alleys
        for n in range(1, 5)
    ]
    crew = [
        make.create_account(session, people.ward.id, f"Người {n}", team=people.team) for n in range(_PEOPLE)
    ]
    session.flush()

    class Evening(_Evening):
        def __init__(self) -> None:
            super().__init__(session, lan, Choice(people.neighbourhood.id, with_work=False), doors, crew)

    run_state_machine_as_test(
        Evening,
        settings=settings(
            max_examples=25,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )


class _Evening(RuleBasedStateMachine):
    """`holder`: the walk on which the model expects each live door. Every example is undone at its end."""

    def __init__(
        self, session: Session, lan: Actor, everything: Choice, doors: list[Household], crew: list[Account]
    ) -> None:
        super().__init__()
        self.session, self.lan, self.everything, self.crew = session, lan, everything, crew
        self.doors = [door.id for door in doors]
        self.holder: dict[UUID, UUID] = {}
        self.gone: set[UUID] = set()
        self.plans: list[UUID] = []
        self.example = session.begin_nested()

    def teardown(self) -> None:
        self.example.rollback()
        self.session.expire_all()

    def published(self) -> list[UUID]:
        return list(dict.fromkeys(self.holder.values()))  # in an order that a repetition meets again

    def drafted(self, plan_id: UUID) -> list[Walk]:
        return list(self.session.scalars(select(Walk).where(Walk.plan_id == plan_id).order_by(Walk.name)))

    def on_walk(self, walk_id: UUID) -> list[UUID]:
        return list(
            self.session.scalars(
                select(Assignment.household_id)
                .where(Assignment.walk_id == walk_id, Assignment.ended_at.is_(None))
                .order_by(Assignment.position)
            )
        )

    @rule(data=st.data(), number=st.integers(1, 3))
    def draft(self, data: Any, number: int) -> None:
        if len(self.gone) > len(self.doors) - number:
            return
        people = data.draw(st.permutations([account.id for account in self.crew]))
        crews = [[person] for person in people[: number - 1]] + [people[number - 1 :]]
        self.plans.append(walks.draft(self.session, self.lan, self.everything, crews))

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def move_a_door(self, data: Any) -> None:
        drafts = self.drafted(data.draw(st.sampled_from(self.plans)))
        filled = [walk for walk in drafts if self.on_walk(walk.id)]
        if len(drafts) < 2 or not filled:
            return
        source = data.draw(st.sampled_from(filled))
        target = data.draw(st.sampled_from([walk for walk in drafts if walk is not source]))
        some = data.draw(st.lists(st.sampled_from(self.on_walk(source.id)), min_size=1, unique=True))
        walks.move_doors(self.session, self.lan, source.id, target.id, some)

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def publish(self, data: Any) -> None:
        plan_id = data.draw(st.sampled_from(self.plans))
        expected = {
            door: walk.id
            for walk in self.drafted(plan_id)
            for door in self.on_walk(walk.id)
            if door not in self.gone
        }
        if not expected:
            return
        said = walks_live.effects(self.session, self.lan, plan_id)
        taken = sum(door in self.holder for door in expected)
        done = walks_live.publish(self.session, self.lan, plan_id)
        self.plans.remove(plan_id)
        assert (done.doors, done.taken) == (len(expected), taken)
        assert done.doors + done.left_out == said.doors
        assert sum(one.doors for one in said.taken) >= taken
        self.holder |= expected

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def discard(self, data: Any) -> None:
        plan_id = data.draw(st.sampled_from(self.plans))
        walks.discard(self.session, self.lan, plan_id)
        self.plans.remove(plan_id)
        assert not self.drafted(plan_id)

    @precondition(lambda self: len(self.published()) > 1)
    @rule(data=st.data(), everything=st.booleans())
    def hand_over(self, data: Any, everything: bool) -> None:
        source, target = data.draw(st.permutations(self.published()))[:2]
        held = [door for door in self.doors if self.holder.get(door) == source]
        some = held if everything else data.draw(st.lists(st.sampled_from(held), min_size=1, unique=True))
        moved = walks_live.hand_over(self.session, self.lan, source, target, None if everything else some)
        assert moved == len(some)
        self.holder |= dict.fromkeys(some, target)

    @precondition(lambda self: self.holder)
    @rule(data=st.data())
    def close(self, data: Any) -> None:
        walk_id = data.draw(st.sampled_from(self.published()))
        freed = walks_live.close(self.session, self.lan, walk_id)
        assert freed == sum(walk == walk_id for walk in self.holder.values())
        self.holder = {door: walk for door, walk in self.holder.items() if walk != walk_id}

    @precondition(lambda self: self.holder)
    @rule(data=st.data())
    def somebody_else_walks(self, data: Any) -> None:
        walk_id = data.draw(st.sampled_from(self.published()))
        someone = data.draw(st.sampled_from([account.id for account in self.crew]))
        walks_live.set_members(self.session, self.lan, walk_id, [someone])

    @precondition(lambda self: len(self.gone) < 4)
    @rule(data=st.data())
    def move_away(self, data: Any) -> None:
        door = data.draw(st.sampled_from([door for door in self.doors if door not in self.gone]))
        self.session.get_one(Household, door).state = HouseholdState.MOVED_AWAY
        self.session.flush()
        self.gone.add(door)

    @invariant()
    def every_door_is_where_it_was_put(self) -> None:
        rows = self.session.execute(select(Assignment.household_id, Assignment.walk_id).where(live())).all()
        assert len(rows) == len({row.household_id for row in rows})
        assert {row.household_id: row.walk_id for row in rows} == self.holder

    @invariant()
    def a_walk_in_force_has_doors_and_people(self) -> None:
        in_force = self.session.scalars(select(Walk.id).where(Walk.state == WalkState.PUBLISHED)).all()
        assert sorted(in_force) == sorted(self.published())
        manned = self.session.scalars(
            select(func.count(func.distinct(WalkMember.walk_id))).where(
                WalkMember.walk_id.in_(in_force), WalkMember.ended_at.is_(None)
            )
        ).one()
        assert manned == len(in_force)
