"""Draft, adjust, publish, hand over, close: what each does, and what it refuses."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import (
    Account,
    Assignment,
    AuditEntry,
    Household,
    HouseholdState,
    HouseholdView,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import walk_rights, walks, walks_live
from backend.services.actor import Actor
from backend.services.walk_doors import Choice, choose, live
from tests import factories as make
from tests.people import People, acting
from tests.walks.conftest import Settle

Crew = Callable[[int], list[Account]]
ALLEYS = [f"Số {n} ngõ {alley} Láng" for alley in (4, 12, 34, 40) for n in range(1, 13)]


def all_doors(people: People, **more: object) -> Choice:
    return Choice(people.neighbourhood.id, with_work=False, **more)  # type: ignore[arg-type]


def walks_of(session: Session, plan_id: UUID) -> list[Walk]:
    return list(session.scalars(select(Walk).where(Walk.plan_id == plan_id).order_by(Walk.name)))


def doors_on(session: Session, walk: Walk) -> list[UUID]:
    return list(
        session.scalars(
            select(Assignment.household_id)
            .where(Assignment.walk_id == walk.id, Assignment.ended_at.is_(None))
            .order_by(Assignment.position)
        )
    )


def live_doors(session: Session) -> list[UUID]:
    return list(session.scalars(select(Assignment.household_id).where(live())))


@pytest.fixture
def plan(session: Session, people: People, lan: Actor, settle: Settle, crew: Crew) -> UUID:
    """48 doors in four alleys, drafted for two crews, the first of them a pair."""
    settle(ALLEYS)
    first, second, third = crew(3)
    return walks.draft(session, lan, all_doors(people), [[first.id, second.id], [third.id]])


def test_a_draft_divides_every_door_once_and_keeps_alleys_whole(session: Session, plan: UUID) -> None:
    one, two = walks_of(session, plan)
    assert (one.state, one.name, two.name) == (WalkState.DRAFT, "Tuyến 1", "Tuyến 2")
    assert len(doors_on(session, one)) == len(doors_on(session, two)) == 24
    alleys = [
        set(session.scalars(select(Household.alley_id).where(Household.id.in_(doors_on(session, walk)))))
        for walk in (one, two)
    ]
    assert not alleys[0] & alleys[1]
    assert not live_doors(session)


def test_doors_stand_in_walking_order(session: Session, plan: UUID) -> None:
    one = walks_of(session, plan)[0]
    addresses = {row.id: row.address for row in session.execute(select(Household.id, Household.address))}
    assert [addresses[door] for door in doors_on(session, one)] == ALLEYS[:24]


def test_publish_puts_in_force_tells_the_volunteers_and_is_audited(
    session: Session, plan: UUID, lan: Actor
) -> None:
    done = walks_live.publish(session, lan, plan)
    work.commit(session)
    assert (done.walks, done.doors, done.taken, done.left_out) == (2, 48, 0, 0)
    assert len(live_doors(session)) == 48
    jobs = session.execute(
        text("SELECT args FROM procrastinate_jobs WHERE task_name = :task"), {"task": walks_live.NOTIFY}
    ).all()
    assert sorted(row.args["walk_id"] for row in jobs) == sorted(
        str(walk.id) for walk in walks_of(session, plan)
    )
    assert session.scalar(select(AuditEntry.count).where(AuditEntry.action == "walk.publish")) == 48


def test_a_second_plan_takes_the_doors_and_closes_the_emptied_walks(
    session: Session, people: People, lan: Actor, plan: UUID, crew: Crew
) -> None:
    walks_live.publish(session, lan, plan)
    again = walks.draft(session, lan, all_doors(people), [[crew(1)[0].id]])
    before = walks_live.effects(session, lan, again)
    assert [(taken.doors, taken.left) for taken in before.taken] == [(24, 0), (24, 0)]
    assert walks_live.publish(session, lan, again).taken == 48
    session.expire_all()
    assert {walk.state for walk in walks_of(session, plan)} == {WalkState.CLOSED}
    assert len(live_doors(session)) == len(set(live_doors(session))) == 48
    assert not session.scalar(
        select(func.count())
        .select_from(WalkMember)
        .where(
            WalkMember.walk_id.in_([walk.id for walk in walks_of(session, plan)]),
            WalkMember.ended_at.is_(None),
        )
    )


def test_an_alley_moves_between_drafts_and_comes_back_in_its_place(
    session: Session, lan: Actor, plan: UUID
) -> None:
    one, two = walks_of(session, plan)
    before = doors_on(session, one), doors_on(session, two)
    alley = session.scalar(select(Household.alley_id).where(Household.id == before[0][0]))
    assert walks.move_alley(session, lan, one.id, two.id, alley) == 12
    assert (len(doors_on(session, one)), len(doors_on(session, two))) == (12, 36)
    walks.move_alley(session, lan, two.id, one.id, alley)
    assert (doors_on(session, one), doors_on(session, two)) == before


def test_single_doors_move_beside_their_alley(session: Session, lan: Actor, plan: UUID) -> None:
    one, two = walks_of(session, plan)
    last = doors_on(session, one)[-2:]
    walks.move_doors(session, lan, one.id, two.id, last)
    assert doors_on(session, two)[:2] == last
    with pytest.raises(NotFound):
        walks.move_doors(session, lan, one.id, two.id, last)


def test_an_order_by_hand_and_the_other_way_round(session: Session, lan: Actor, plan: UUID) -> None:
    one = walks_of(session, plan)[0]
    doors = doors_on(session, one)
    walks.reverse(session, lan, one.id)
    assert doors_on(session, one) == doors[::-1]
    with pytest.raises(Refusal) as refused:
        walks.reorder(session, lan, one.id, doors[:-1])
    assert refused.value.code == "other_doors"


def test_renamed_and_given_a_last_day(session: Session, lan: Actor, plan: UUID) -> None:
    one = walks_of(session, plan)[0]
    walks.rename(session, lan, one.id, "  Tuyến   chợ ", until=date(2026, 12, 1))
    assert (one.name, one.until) == ("Tuyến chợ", date(2026, 12, 1))
    with pytest.raises(Refusal):
        walks.rename(session, lan, one.id, " ", until=None)


def test_handing_all_doors_over_closes_the_walk_and_loses_none(
    session: Session, lan: Actor, plan: UUID
) -> None:
    walks_live.publish(session, lan, plan)
    one, two = walks_of(session, plan)
    assert walks_live.hand_over(session, lan, one.id, two.id) == 24
    session.expire_all()
    assert one.state == WalkState.CLOSED
    assert len(doors_on(session, two)) == len(set(live_doors(session))) == 48


def test_doors_given_away_can_come_back(session: Session, lan: Actor, plan: UUID) -> None:
    walks_live.publish(session, lan, plan)
    one, two = walks_of(session, plan)
    some = doors_on(session, one)[:5]
    walks_live.hand_over(session, lan, one.id, two.id, some)
    walks_live.hand_over(session, lan, two.id, one.id, some)
    assert doors_on(session, one)[-5:] == some
    assert len(live_doors(session)) == 48


def test_somebody_else_takes_the_walks_of_one_who_stops(
    session: Session, people: People, lan: Actor, plan: UUID, crew: Crew
) -> None:
    walks_live.publish(session, lan, plan)
    two = walks_of(session, plan)[1]
    leaving = session.scalars(select(WalkMember.account_id).where(WalkMember.walk_id == two.id)).one()
    heir = crew(1)[0]
    assert walks_live.replace_volunteer(session, lan, leaving, heir.id) == 24
    members = select(WalkMember.account_id).where(WalkMember.walk_id == two.id, WalkMember.ended_at.is_(None))
    assert session.scalars(members).all() == [heir.id]


def test_closing_frees_the_doors(session: Session, people: People, lan: Actor, plan: UUID) -> None:
    walks_live.publish(session, lan, plan)
    one = walks_of(session, plan)[0]
    assert not choose(session, lan, all_doors(people, unassigned=True))
    assert walks_live.close(session, lan, one.id) == 24
    assert len(choose(session, lan, all_doors(people, unassigned=True))) == 24


def test_doors_that_left_meanwhile_are_left_out_and_counted(session: Session, lan: Actor, plan: UUID) -> None:
    one = walks_of(session, plan)[0]
    gone = session.get_one(Household, doors_on(session, one)[0])
    gone.state = HouseholdState.MOVED_AWAY
    session.flush()
    done = walks_live.publish(session, lan, plan)
    assert (done.doors, done.left_out) == (47, 1)


def test_a_walk_without_people_is_not_published(session: Session, lan: Actor, plan: UUID) -> None:
    for member in session.scalars(
        select(WalkMember).where(WalkMember.walk_id == walks_of(session, plan)[1].id)
    ):
        session.delete(member)
    session.flush()
    with pytest.raises(Refusal) as refused:
        walks_live.publish(session, lan, plan)
    assert refused.value.code == "walk_without_people"


def test_crews_are_checked(session: Session, people: People, lan: Actor, settle: Settle, crew: Crew) -> None:
    settle(ALLEYS[:2])
    minh, other = people.minh.id, crew(1)[0].id
    for crews, code in (
        ([], "crew_empty"),
        ([[minh], []], "crew_empty"),
        ([[minh], [minh]], "crew_twice"),
        ([[people.hoa.id]], "not_in_team"),
        ([[uuid4()]], "not_in_team"),
        ([[minh], [other], [people.lan.id]], "more_walks_than_doors"),
    ):
        with pytest.raises(Refusal) as refused:
            walks.draft(session, lan, all_doors(people), crews)
        assert refused.value.code == code


def test_only_doors_with_something_open_are_chosen(
    session: Session, people: People, lan: Actor, settle: Settle
) -> None:
    settle(ALLEYS[:6])
    campaign = make.create_campaign(session, people.ward.id)
    work.commit(session)
    chosen = choose(session, lan, Choice(people.neighbourhood.id, campaign_id=campaign.id))
    assert len(chosen) == 6
    assert {door.load for door in chosen} == {2}


def test_doors_visited_lately_and_alleys_not_asked_for_are_left_out(
    session: Session, people: People, lan: Actor, settle: Settle
) -> None:
    doors = settle(["Số 1 ngõ 4", "Số 2 ngõ 4", "Số 1 ngõ 12", "Lô B3-12"])
    work.commit(session)
    session.get_one(HouseholdView, doors[0].id).last_visit_at = now()
    session.flush()

    def chosen(**more: object) -> set[UUID]:
        return {door.id for door in choose(session, lan, all_doors(people, **more))}

    assert chosen(not_visited_since=today()) == {door.id for door in doors[1:]}
    assert chosen(not_visited_since=today() + timedelta(1)) == {door.id for door in doors}
    assert chosen(alley_ids=frozenset([doors[0].alley_id])) == {doors[0].id, doors[1].id}
    assert chosen(alley_ids=frozenset([None])) == {doors[3].id}
    assert not chosen(alley_ids=frozenset())


def test_a_campaign_of_another_ward_does_not_exist(session: Session, people: People, lan: Actor) -> None:
    foreign = make.create_campaign(session, people.other_ward.id)
    with pytest.raises(NotFound):
        choose(session, lan, all_doors(people, campaign_id=foreign.id))


def test_nothing_of_another_ward_can_be_reached(
    session: Session, people: People, hoa: Actor, lan: Actor, plan: UUID
) -> None:
    walks_live.publish(session, lan, plan)
    one, two = walks_of(session, plan)
    again = walks.draft(session, lan, all_doors(people), [[people.minh.id]])
    draft_walk = walks_of(session, again)[0]
    for act in (
        lambda: choose(session, hoa, all_doors(people)),
        lambda: walks.draft(session, hoa, all_doors(people), [[people.hoa.id]]),
        lambda: walk_rights.team_for(session, hoa, people.neighbourhood.id),
        lambda: walks.move_alley(session, hoa, draft_walk.id, one.id, None),
        lambda: walks.reverse(session, hoa, one.id),
        lambda: walks.rename(session, hoa, one.id, "Khác", until=None),
        lambda: walks.discard(session, hoa, again),
        lambda: walks_live.effects(session, hoa, again),
        lambda: walks_live.publish(session, hoa, again),
        lambda: walks_live.set_members(session, hoa, one.id, [people.hoa.id]),
        lambda: walks_live.hand_over(session, hoa, one.id, two.id),
        lambda: walks_live.replace_volunteer(session, hoa, people.minh.id, people.hoa.id),
        lambda: walks_live.close(session, hoa, one.id),
    ):
        with pytest.raises(NotFound):
            act()


def test_those_who_only_look_cannot_direct(session: Session, people: People, lan: Actor, plan: UUID) -> None:
    minh = acting(session, people.minh)
    for act in (
        lambda: walks.discard(session, minh, plan),
        lambda: walks_live.publish(session, minh, plan),
        lambda: walks_live.replace_volunteer(session, minh, people.minh.id, people.lan.id),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.status == 403
