"""Somebody is ill: everything to others in one act, evenly, alleys whole, phones told; finished walks close in one."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import Account, Adoption, ChangeFeed, HouseholdView, Walk, WalkState
from backend.services import walk_handover, walks, walks_live
from backend.services.actor import Actor
from backend.services.planning import SMALL_ALLEY
from backend.services.walk_doors import choose
from tests.people import People, acting, sign_in
from tests.walks.conftest import Settle
from tests.walks.test_cost import statements
from tests.walks.test_planning import SHAPES, doors_at
from tests.walks.test_walks import ALLEYS, all_doors, doors_on, live_doors, walks_of

Crew = Callable[[int], list[Account]]


@pytest.fixture
def three(session: Session, people: People, lan: Actor, settle: Settle, crew: Crew) -> list[Account]:
    """48 doors on three walks in force, one volunteer each; a fourth volunteer holds nothing."""
    settle(ALLEYS)
    people_ = crew(4)
    plan = walks.draft(session, lan, all_doors(people), [[one.id] for one in people_[:3]])
    walks_live.publish(session, lan, plan)
    work.commit(session)
    return people_


def held(session: Session, lan: Actor) -> dict[UUID, int]:
    return {one.account_id: one.doors for one in walk_handover.holders(session, lan)}


def test_all_doors_go_to_several_evenly_and_none_is_lost(
    session: Session, lan: Actor, three: list[Account]
) -> None:
    ill, one, two, empty = three
    before = held(session, lan)
    wanted = [one.id, two.id, empty.id]
    shown = walk_handover.preview(session, lan, ill.id, wanted)
    seen = session.scalar(select(func.max(ChangeFeed.seq)))
    done = walk_handover.hand_over_all(session, lan, ill.id, wanted)
    work.commit(session)
    assert done == shown
    after = held(session, lan)
    assert after[ill.id] == 0
    assert done.doors == before[ill.id]
    assert sum(after.values()) == len(set(live_doors(session))) == 48
    # The one with nothing gets the most.
    assert after[empty.id] == max(share.doors for share in done.shares)
    assert (session.scalar(select(func.max(ChangeFeed.seq))) or 0) > (seen or 0)
    told = select(func.count()).select_from(text("procrastinate_jobs")).where(text("task_name = :task"))
    assert session.scalar(told, {"task": walks_live.NOTIFY}) == 3 + sum(s.doors > 0 for s in done.shares)


def test_a_pair_goes_on_without_the_ill_one(
    session: Session, people: People, lan: Actor, settle: Settle, crew: Crew
) -> None:
    settle(ALLEYS)
    ill, partner, third = crew(3)
    plan = walks.draft(session, lan, all_doors(people), [[ill.id, partner.id], [third.id]])
    walks_live.publish(session, lan, plan)
    done = walk_handover.hand_over_all(session, lan, ill.id, [])
    work.commit(session)
    assert (done.doors, [kept.partners for kept in done.kept]) == (0, [(partner.full_name,)])
    assert held(session, lan)[partner.id] == 24
    assert held(session, lan)[ill.id] == 0
    assert {walk.state for walk in walks_of(session, plan)} == {WalkState.PUBLISHED}


def test_what_is_refused(session: Session, people: People, lan: Actor, three: list[Account]) -> None:
    ill, one, _two, empty = three
    for person, receivers, code in (
        (ill.id, [], "crew_empty"),
        (ill.id, [ill.id], "crew_empty"),
        (ill.id, [people.hoa.id], "not_in_team"),
        (empty.id, [one.id], "no_doors"),
    ):
        with pytest.raises(Refusal) as refused:
            walk_handover.hand_over_all(session, lan, person, receivers)
        assert refused.value.code == code
    hoa = acting(session, people.hoa)
    for act in (walk_handover.preview, walk_handover.hand_over_all):
        with pytest.raises(NotFound):
            act(session, hoa, ill.id, [people.hoa.id])
    assert len(live_doors(session)) == 48


def test_the_number_of_statements_does_not_grow_with_the_doors(
    session: Session, people: People, lan: Actor, settle: Settle, crew: Crew
) -> None:
    one, two, three = crew(3)
    counts = []
    for alleys in (6, 40):
        settle([f"Số {n} ngõ {alleys}/{alley} Láng" for alley in range(alleys) for n in range(1, 7)])
        plan = walks.draft(session, lan, all_doors(people), [[one.id], [two.id], [three.id]])
        walks_live.publish(session, lan, plan)
        work.commit(session)
        session.expire_all()
        with statements(session) as seen:
            walk_handover.hand_over_all(session, lan, one.id, [two.id, three.id])
            work.commit(session)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] <= 60


@pytest.mark.parametrize("shape", SHAPES)
def test_shares_are_even_for_every_shape(shape: str) -> None:
    doors = doors_at(SHAPES[shape])[:110]
    given = walk_handover.share_out(doors, {uuid4(): 0 for _ in range(3)})
    weights = [sum(door.weight for door in part) for part in given.values()]
    assert max(weights) <= 1.15 * sum(weights) / 3
    assert sorted(door.id for part in given.values() for door in part) == sorted(door.id for door in doors)
    sizes: dict[UUID | None, int] = {}
    for door in doors:
        sizes[door.alley] = sizes.get(door.alley, 0) + 1
    holders: dict[UUID | None, set[UUID]] = {}
    for person, part in given.items():
        for door in part:
            holders.setdefault(door.alley, set()).add(person)
    assert not [alley for alley, found in holders.items() if len(found) > 1 and sizes[alley] < SMALL_ALLEY]


def test_who_carries_much_gets_little() -> None:
    doors = doors_at([f"Số {n} ngõ {alley} Láng" for alley in range(10) for n in range(5)])
    light, heavy = uuid4(), uuid4()
    given = walk_handover.share_out(doors, {light: 0, heavy: 10_000})
    assert len(given[light]) == 50
    assert not given[heavy]
    assert walk_handover.share_out(doors, {light: 0, heavy: 10_000}) == given


def test_walks_with_nothing_left_close_in_one(
    session: Session, people: People, lan: Actor, three: list[Account]
) -> None:
    walk = session.scalars(select(Walk).where(Walk.state == WalkState.PUBLISHED).order_by(Walk.name)).first()
    assert walk is not None
    assert walk_handover.close_finished(session, lan) == 0
    doors = doors_on(session, walk)
    for step in session.scalars(select(Adoption).where(Adoption.household_id.in_(doors))):
        step.state = "does_alone"
    assert walk_handover.close_finished(session, lan) == 0  # nobody was there yet
    for view in session.scalars(select(HouseholdView).where(HouseholdView.household_id.in_(doors))):
        view.visit_count, view.last_visit_at = 1, walk.published_at
    session.flush()
    assert walk_handover.close_finished(session, lan) == 1
    session.expire_all()
    assert walk.state == WalkState.CLOSED
    assert len(live_doors(session)) == 48 - len(doors)


def test_the_pages_say_what_will_happen_and_do_it(
    client: FlaskClient, session: Session, people: People, lan: Actor, three: list[Account]
) -> None:
    ill, one, two, _empty = three
    desk = sign_in(client, session, people.lan)
    assert f"/tuyen/ban-giao/{ill.id}" in desk.get("/tuyen/ai-giu").text
    address = f"/tuyen/ban-giao/{ill.id}"
    first = desk.get(address).text
    assert "Xem chia thử" in first
    assert "Sẽ xảy ra" not in first
    shown = desk.get(f"{address}?cho={one.id}&cho={two.id}").text
    assert "Sẽ xảy ra" in shown
    refused = desk.post(address, data={})
    assert refused.status_code == 422
    assert "Chọn ít nhất một người" in refused.text
    assert desk.post(address, data={"cho": [str(one.id), str(two.id)]}).location == "/tuyen/ai-giu"
    assert held(session, lan)[ill.id] == 0
    assert "không giữ hộ nào" in desk.get(address).text
    assert desk.post("/tuyen/dong-xong").location == "/tuyen"
    assert desk.get(f"{address}?cho=x").status_code == 404


def test_a_filter_chooses_doors(session: Session, people: People, lan: Actor, settle: Settle) -> None:

    doors = settle(ALLEYS[:4])
    work.commit(session)
    view = session.get_one(HouseholdView, doors[0].id)
    view.last_outcome = "not_home"
    session.flush()
    assert {door.id for door in choose(session, lan, all_doors(people, last="not_home"))} == {doors[0].id}
    assert len(choose(session, lan, all_doors(people, last=""))) == 3
    service = session.scalars(
        select(Adoption.service_code).where(Adoption.household_id == doors[1].id)
    ).first()
    for step in session.scalars(
        select(Adoption).where(Adoption.service_code == service, Adoption.household_id != doors[1].id)
    ):
        step.state = "does_alone"
    session.flush()
    assert {door.id for door in choose(session, lan, all_doors(people, service=service))} == {doors[1].id}
