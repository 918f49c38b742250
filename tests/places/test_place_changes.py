"""Splits and merges: everything is counted before and after, and nothing is missing."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import (
    Adoption,
    AreaUnit,
    AreaUnitChange,
    Assignment,
    ChangeFeed,
    Household,
    HouseholdMove,
    Resident,
    TeamArea,
    Walk,
)
from backend.services import places
from backend.services.actor import Actor, neighbourhood_for
from backend.services.place_changes import Part, merge_neighbourhoods, split_neighbourhood
from backend.services.walk_doors import live
from tests import factories as make
from tests.people import People, acting


@dataclass
class Village:
    unit: AreaUnit
    alleys: list[AreaUnit]
    doors: list[Household]
    walk: Walk


@pytest.fixture
def officer(session: Session, people: People) -> Actor:
    return acting(session, people.officer)


@pytest.fixture
def village(session: Session, people: People) -> Village:
    """Three alleys of four doors, two doors without an alley; the first six are being walked."""
    alleys = [make.create_alley(session, people.neighbourhood, f"Ngõ {n}") for n in (4, 12, 34)]
    doors = [
        make.create_household(session, people.neighbourhood, alley=alley, code=f"H{n:04d}")
        for n, alley in enumerate([*(alley for alley in alleys for _ in range(4)), None, None], start=1)
    ]
    walk = make.create_walk(session, people.team, [people.minh], doors[:6])
    walk.neighbourhood_id = people.neighbourhood.id
    work.commit(session)
    return Village(people.neighbourhood, alleys, doors, walk)


def counts(session: Session) -> dict[str, int]:
    tables = (Household, Resident, Adoption, Assignment)
    found = {
        table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables
    }
    return found | {"live": session.scalar(select(func.count()).select_from(Assignment).where(live())) or 0}


def in_unit(session: Session, unit: AreaUnit) -> set[UUID]:
    return set(session.scalars(select(Household.id).where(Household.neighbourhood_id == unit.id)))


def halves(village: Village, **rest: bool) -> list[Part]:
    return [
        Part("tdp", "Tổ dân phố 7A", alley_ids=frozenset([village.alleys[0].id, village.alleys[1].id])),
        Part(
            "tdp",
            "Tổ dân phố 7B",
            alley_ids=frozenset([village.alleys[2].id]),
            household_ids=frozenset([village.doors[0].id]),
            **rest,
        ),
    ]


def test_a_split_moves_every_door_and_keeps_every_count(
    session: Session, people: People, officer: Actor, village: Village
) -> None:
    before = counts(session)
    seen = session.scalar(select(func.max(ChangeFeed.seq)))
    change = split_neighbourhood(
        session, officer, village.unit.id, halves(village, rest=True), effective_on=today()
    )
    work.commit(session)
    assert counts(session) == before
    assert change.moved == (7, 7)
    a, b = change.units
    assert in_unit(session, a) == {door.id for door in village.doors[1:8]}
    assert not in_unit(session, village.unit)
    assert session.scalar(select(func.count()).select_from(HouseholdMove)) == 14
    session.expire_all()
    assert [alley.parent_id for alley in village.alleys] == [a.id, a.id, b.id]
    assert (session.scalar(select(func.max(ChangeFeed.seq))) or 0) > (seen or 0)
    arrows = session.execute(select(AreaUnitChange.predecessor_id, AreaUnitChange.successor_id)).all()
    assert {tuple(arrow) for arrow in arrows} == {(village.unit.id, a.id), (village.unit.id, b.id)}


def test_the_team_goes_on_with_both_halves_and_its_walk(
    session: Session, people: People, officer: Actor, village: Village
) -> None:
    change = split_neighbourhood(
        session, officer, village.unit.id, halves(village, rest=True), effective_on=today()
    )
    work.commit(session)
    lan = acting(session, people.lan)
    for unit in change.units:
        assert neighbourhood_for(session, lan, unit.id) is unit
    with pytest.raises(NotFound):
        neighbourhood_for(session, lan, village.unit.id)
    session.refresh(village.walk)
    assert village.walk.neighbourhood_id == change.units[0].id


def test_the_old_unit_is_history_and_its_name_leads_to_the_new_ones(
    session: Session, people: People, officer: Actor, village: Village
) -> None:
    change = split_neighbourhood(
        session, officer, village.unit.id, halves(village, rest=True), effective_on=today()
    )
    found = places.find_units(session, "to dan pho 7", ward_id=people.ward.id, on=today())
    assert {hit.unit for hit in found} == set(change.units)
    assert village.unit not in places.units_on(session, officer, today())
    assert village.unit in places.units_on(session, officer, date(2025, 8, 1))


def test_a_door_that_no_half_takes_is_refused_by_name(
    session: Session, officer: Actor, village: Village
) -> None:
    with pytest.raises(Refusal) as refused:
        split_neighbourhood(session, officer, village.unit.id, halves(village), effective_on=today())
    assert refused.value.code == "place_unmoved"
    assert refused.value.values == {"count": 2, "codes": "H0013, H0014"}


def test_splitting_and_merging_again_keeps_all_counts_and_codes_unique(
    session: Session, people: People, officer: Actor, village: Village
) -> None:
    before = counts(session)
    halved = split_neighbourhood(
        session, officer, village.unit.id, halves(village, rest=True), effective_on=today()
    )
    work.commit(session)
    # A door of the second half now bears a code that the first half uses too.
    twin = make.create_household(session, halved.units[1], code="H0002")
    work.commit(session)
    whole = merge_neighbourhoods(
        session,
        officer,
        [unit.id for unit in halved.units],
        kind="tdp",
        name="Tổ dân phố 7",
        effective_on=today(),
    )
    work.commit(session)
    after = counts(session)
    assert after["household"] == before["household"] + 1
    assert {key: after[key] for key in ("assignment", "live")} == {
        key: before[key] for key in ("assignment", "live")
    }
    codes = session.execute(
        select(Household.id, Household.code).where(Household.neighbourhood_id == whole.units[0].id)
    ).all()
    assert len({row.code for row in codes}) == len(codes) == 15
    changed = {row.id: row.code for row in codes if row.id in (twin.id, village.doors[1].id)}
    assert sorted(changed.values()) == ["H0002", "H0015"]
    assert session.scalar(select(func.count()).select_from(HouseholdMove)) == 29
    open_areas = session.scalars(
        select(TeamArea.area_unit_id).where(TeamArea.team_id == people.team.id, TeamArea.valid_to.is_(None))
    )
    assert open_areas.all() == [whole.units[0].id]
    session.expire_all()
    assert {alley.parent_id for alley in village.alleys} == {whole.units[0].id}


def test_what_cannot_be_split_or_merged(
    session: Session, people: People, officer: Actor, village: Village
) -> None:
    whole = Part("tdp", "Tổ mới", rest=True)
    twice = [Part("tdp", "A", alley_ids=frozenset([village.alleys[0].id])), *halves(village, rest=True)]
    cases = [
        ([whole], today(), "place_parts"),
        (twice, today(), "place_alley_twice"),
        (halves(village, rest=True), date(2025, 1, 1), "place_date"),
        (halves(village, rest=True), date(2999, 1, 1), "place_date"),
        ([whole, Part("tdp", "Tổ mới")], today(), "place_taken"),
    ]
    for parts, day, code in cases:
        with pytest.raises(Refusal) as refused, session.begin_nested():
            split_neighbourhood(session, officer, village.unit.id, parts, effective_on=day)
        assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        merge_neighbourhoods(
            session, officer, [village.unit.id], kind="tdp", name="Một", effective_on=today()
        )
    assert refused.value.code == "place_parts"


def test_another_wards_places_do_not_exist(
    session: Session, people: People, officer: Actor, village: Village
) -> None:
    foreign_alley = make.create_alley(session, people.other_neighbourhood)
    foreign_door = make.create_household(session, people.other_neighbourhood)
    strange = [
        (people.other_neighbourhood.id, halves(village, rest=True)),
        (uuid4(), halves(village, rest=True)),
        (
            village.unit.id,
            [Part("tdp", "A", alley_ids=frozenset([foreign_alley.id])), Part("tdp", "B", rest=True)],
        ),
        (
            village.unit.id,
            [Part("tdp", "A", household_ids=frozenset([foreign_door.id])), Part("tdp", "B", rest=True)],
        ),
    ]
    for unit_id, parts in strange:
        with pytest.raises(NotFound):
            split_neighbourhood(session, officer, unit_id, parts, effective_on=today())
    with pytest.raises(NotFound):
        merge_neighbourhoods(
            session,
            officer,
            [village.unit.id, people.other_neighbourhood.id],
            kind="tdp",
            name="Chung",
            effective_on=today(),
        )


def test_only_officers_split_and_merge(session: Session, people: People, village: Village) -> None:
    for account in (people.lan, people.hoa):
        with pytest.raises(Refusal) as refused:
            split_neighbourhood(
                session,
                acting(session, account),
                village.unit.id,
                halves(village, rest=True),
                effective_on=today(),
            )
        assert refused.value.status == 403
    assert village.unit.valid_to is None
