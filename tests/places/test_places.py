"""Search by old and new names, creation, codes, alleys, the map of a day."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.models import AreaUnit, Level
from backend.services import places
from tests import factories as make
from tests.people import People, acting


def names(found: list[places.FoundUnit]) -> list[str]:
    return [hit.unit.name for hit in found]


def test_wards_are_found_without_accents_and_typed_accents_come_first(session: Session) -> None:
    found = places.find_units(session, "ba dinh", level=Level.WARD)
    assert {"Phường Ba Đình", "Xã Ba Dinh"} <= set(names(found))
    assert names(places.find_units(session, "BA ĐÌNH", level=Level.WARD))[0] == "Phường Ba Đình"
    assert places.find_units(session, "văn lang", level=Level.WARD)[0].unit.name.endswith("Văn Lang")
    assert places.find_units(session, "văn lăng", level=Level.WARD)[0].unit.name.endswith("Văn Lăng")


@pytest.mark.parametrize("typed", ["%", "_", "\\", "a%b", "100%", "'; --"])
def test_what_is_typed_is_never_a_wildcard(session: Session, typed: str) -> None:
    assert len(places.find_units(session, typed, limit=4000)) < 3321
    assert places.escape_like("a%_\\") == "a\\%\\_\\\\"


@given(st.text(max_size=30))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_searched(session: Session, typed: str) -> None:
    assert len(places.find_units(session, typed, limit=5)) <= 5


def test_a_neighbourhood_gets_the_next_code_of_its_ward(session: Session, people: People) -> None:
    officer = acting(session, people.officer)
    first = places.create_neighbourhood(session, officer, kind="thon", name="Thôn Hạ")
    second = places.create_neighbourhood(session, officer, kind="thon", name="Thôn Thượng")
    assert (first.code, second.code) == ("00004-N01", "00004-N02")
    assert (first.ward_id, first.level, first.valid_from) == (people.ward.id, Level.NEIGHBOURHOOD, today())


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [("thon", " ", "place_name"), ("pho_co", "Phố", "place_kind"), ("tdp", "Tổ dân phố 7", "place_taken")],
)
def test_odd_neighbourhoods_are_refused(
    session: Session, people: People, kind: str, name: str, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        places.create_neighbourhood(session, acting(session, people.officer), kind=kind, name=name)
    assert refused.value.code == code


def test_only_officers_draw_the_map(session: Session, people: People) -> None:
    for account in (people.lan, people.hoa, people.minh):
        with pytest.raises(Refusal) as refused:
            places.create_neighbourhood(session, acting(session, account), kind="tdp", name="Tổ 99")
        assert refused.value.status == 403


def test_a_renamed_place_is_found_by_both_names(session: Session, people: People) -> None:
    officer = acting(session, people.officer)
    places.rename_unit(session, officer, people.neighbourhood.id, "Tổ dân phố Hồ Tây")
    by_old = places.find_units(session, "to dan pho 7", ward_id=people.ward.id)
    assert [(hit.unit.name, hit.matched) for hit in by_old] == [("Tổ dân phố Hồ Tây", "Tổ dân phố 7")]
    assert places.find_units(session, "ho tay", ward_id=people.ward.id)[0].matched is None
    with pytest.raises(NotFound):
        places.rename_unit(session, officer, people.other_neighbourhood.id, "Khác")


def test_a_search_stays_in_its_ward(session: Session, people: People) -> None:
    found = places.find_units(session, "tổ dân phố", ward_id=people.ward.id)
    assert {hit.unit.ward_id for hit in found} == {people.ward.id}
    assert not any(hit.unit.level == Level.NEIGHBOURHOOD for hit in places.find_units(session, "tổ dân phố"))


def test_alleys_are_made_once_under_their_best_spelling(session: Session, people: People) -> None:
    first = places.ensure_alleys(
        session, people.neighbourhood, ["ngo 34 lang", "NGÕ 34 LÁNG", "Ngõ 34 Láng", "Ngõ 4"]
    )
    assert len(set(first.values())) == 2
    assert session.get_one(AreaUnit, first["ngo 34 lang"]).name == "Ngõ 34 Láng"
    assert (
        places.ensure_alleys(session, people.neighbourhood, ["Ngõ 34 Láng"])["Ngõ 34 Láng"]
        == first["NGÕ 34 LÁNG"]
    )
    assert places.ensure_alleys(session, people.neighbourhood, ["", " - "]) == {}


def test_alleys_cost_the_same_few_statements_however_many(session: Session, people: People) -> None:
    counts = []
    for size in (3, 300):
        seen: list[str] = []

        def count(_conn: object, _cursor: object, statement: str, *_: object, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(session.connection(), "before_cursor_execute", count)
        places.ensure_alleys(session, people.neighbourhood, [f"Ngõ {size}/{n}" for n in range(size)])
        event.remove(session.connection(), "before_cursor_execute", count)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5


def test_the_map_of_a_day(session: Session, people: People) -> None:
    officer = acting(session, people.officer)
    gone = make.create_neighbourhood(session, people.ward, "Tổ dân phố cũ")
    gone.valid_to = date(2026, 1, 1)
    session.flush()
    assert gone in places.units_on(session, officer, date(2025, 12, 31))
    assert gone not in places.units_on(session, officer, date(2026, 1, 1))
    assert people.neighbourhood not in places.units_on(session, officer, date(2025, 6, 30))
    assert session.scalar(select(func.count()).where(AreaUnit.code == gone.code)) == 1
    assert places.units_on(session, officer, today() + timedelta(1)) == [people.neighbourhood]
