"""Two doors that were one (D23): visits, people and late events end at the door that stays."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.ids import uuid7
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import Adoption, Assignment, AuditEntry, Household, HouseholdView, Resident, VisitEvent
from backend.services import merging, recount
from backend.services.event_core import compose
from tests.people import acting
from tests.sync.conftest import Team
from tests.sync.kit import Phone, result, visit


def test_a_late_event_lands_on_the_merged_door(team: Team, phone: Phone, session: Session) -> None:
    other = team.phone()
    listed, typed = team.doors[0].id, uuid7()
    bich = session.scalars(
        select(Resident).where(Resident.household_id == listed).order_by(Resident.ordinal)
    ).first()
    assert bich is not None
    bich.full_name = "Trần Thị Bích"
    session.flush()
    me, twin, child = phone.account.id, uuid7(), uuid7()
    people = [{"id": str(twin), "name": "trần thị  bích"}, {"id": str(child), "birth_year": 2012}]
    phone.push(
        compose(me, typed, "household_add", {"address": "Số 2, ngõ 34", "residents": people}),
        visit(me, typed, "helped", results=[result(twin, "eid_level_2", "done_with_help")]),
        visit(me, listed, "not_home"),
    )
    phone.sync()
    assert {str(typed), str(listed)} <= phone.doors
    lan = acting(session, team.people.lan)
    assert merging.merging(session, lan, typed, listed) == merging.Merged(1, 1, 1)
    merging.merge_households(session, lan, typed, listed)
    work.commit(session)

    # A phone that heard nothing of it says something about the old door, of the old entry of the person.
    [answer] = other.push(visit(me, typed, "helped", results=[result(twin, "ehealth_book", "shown")]))
    assert answer["code"] == "accepted"
    phone.sync()
    assert str(typed) not in phone.doors
    [door] = [
        row["data"] for rows in phone.rows.values() for row in rows.values() if row["id"] == str(listed)
    ]
    assert len(door["visits"]) == 3
    assert [person.get("born") for person in door["people"]] == [1958, 1958, 2012]
    steps = dict(
        session.execute(
            select(Adoption.service_code, Adoption.state).where(Adoption.resident_id == bich.id)
        ).all()
    )
    assert (steps["eid_level_2"], steps["ehealth_book"]) == ("done_with_help", "shown")
    assert set(session.scalars(select(VisitEvent.household_link).distinct())) == {listed}
    assert session.get_one(HouseholdView, listed).visit_count == 3
    assert recount.in_ward(session, team.people.ward.id) == []
    assert (
        session.scalars(select(AuditEntry).where(AuditEntry.action == "household.merge")).one().object_id
        == typed
    )


def test_the_walk_goes_on_to_the_door_that_stays(team: Team, phone: Phone, session: Session) -> None:
    new = team.doors[0].id
    spare = uuid7()
    phone.push(compose(phone.account.id, spare, "household_add", {"address": "Số 8"}))
    merging.merge_households(session, acting(session, team.people.lan), new, spare)
    work.commit(session)
    phone.sync()
    assert str(spare) in phone.doors
    assert str(new) not in phone.doors
    live = session.scalars(select(Assignment).where(Assignment.household_id == spare)).one()
    assert live.walk_id == team.walk.id


def test_a_chain_of_merges_ends_at_the_last(team: Team, phone: Phone, session: Session) -> None:
    lan, (first, second, third) = acting(session, team.people.lan), [door.id for door in team.doors]
    merging.merge_households(session, lan, first, second)
    merging.merge_households(session, lan, second, third)
    work.commit(session)
    phone.push(visit(phone.account.id, first))
    assert session.scalars(select(VisitEvent.household_link)).one() == third
    assert session.get_one(Household, first).state == "merged"
    assert recount.in_ward(session, team.people.ward.id) == []


def test_who_may_not_and_what_cannot(team: Team, session: Session) -> None:
    first, second = team.doors[0].id, team.doors[1].id
    with pytest.raises(NotFound):
        merging.merge_households(session, acting(session, team.people.hoa), first, second)
    lan = acting(session, team.people.lan)
    with pytest.raises(Refusal, match="merge_same"):
        merging.merge_households(session, lan, first, first)
    merging.merge_households(session, lan, first, second)
    with pytest.raises(Refusal, match="merge_settled"):
        merging.merge_households(session, lan, first, second)
