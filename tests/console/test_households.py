"""The households room: find, filter, tell the story, mend, add."""

from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import AuditEntry, ChangeFeed, Household, HouseholdState, Resident
from backend.services.households import Filter, find_doors
from tests import factories as make
from tests.console.conftest import Evening, statements
from tests.people import acting, on_phone, sign_in


def _codes(session: Session, evening: Evening, **wanted: object) -> list[str]:
    found = find_doors(session, acting(session, evening.people.lan), Filter(**wanted))
    return [door.address for door in found.doors]


@pytest.mark.parametrize(
    ("text", "doors"),
    [
        ("so 12 ngo 34", ["Số 12 ngõ 34"]),
        ("NGÕ 34", ["Số 12 ngõ 34", "Số 14 ngõ 34", "Số 16 ngõ 34"]),
        ("huong", ["Số 12 ngõ 34"]),
        ("Đỗ Thị", ["Số 12 ngõ 34"]),
        ("%", ["Số 12 ngõ 34", "Số 14 ngõ 34", "Số 16 ngõ 34"]),  # nothing to search for
        ("1_2", []),
        ("khong co", []),
    ],
)
def test_search_needs_no_diacritics(session: Session, evening: Evening, text: str, doors: list[str]) -> None:
    assert _codes(session, evening, text=text) == doors


@pytest.mark.parametrize(
    ("wanted", "doors"),
    [
        ({"service": "eid_level_2", "step": "blocked"}, [12]),
        ({"reason": "otp_not_received"}, [12]),
        ({"service": "ehealth_book", "step": "open"}, [12, 14, 16]),
        ({"state": "begun"}, [12, 14]),
        ({"state": "done"}, []),
        ({"state": "left"}, [12, 14, 16]),
        ({"state": "no_walk"}, [16]),
        ({"state": "stub"}, []),
        ({"state": "moved_away"}, []),
        ({"visit": "none"}, [16]),
        ({"visit": "some"}, [12, 14]),
        ({"visit": "today"}, [12, 14]),
        ({"visit": "old"}, []),
        ({"visit": "flagged"}, []),
        ({"visit": "appointment"}, []),
    ],
)
def test_filters(session: Session, evening: Evening, wanted: dict[str, str], doors: list[int]) -> None:
    assert _codes(session, evening, **wanted) == [f"Số {number} ngõ 34" for number in doors]


def test_filters_by_alley_and_volunteer(session: Session, evening: Evening) -> None:
    assert len(_codes(session, evening, alley_id=evening.alley.id)) == 3
    assert _codes(session, evening, alley_id=uuid4()) == []
    assert len(_codes(session, evening, volunteer_id=evening.people.minh.id)) == 2
    assert _codes(session, evening, volunteer_id=evening.people.hoa.id) == []


def test_the_list_pages_by_fifty_in_walking_order(session: Session, evening: Evening) -> None:
    for number in range(100, 160):
        make.create_household(session, evening.people.neighbourhood, address=f"Số {number} ngõ 36")
    work.commit(session)
    lan = acting(session, evening.people.lan)
    first, second = find_doors(session, lan, Filter(), 1), find_doors(session, lan, Filter(), 2)
    assert (first.total, first.pages, len(first.doors), len(second.doors)) == (63, 2, 50, 13)
    assert not {door.id for door in first.doors} & {door.id for door in second.doors}
    assert find_doors(session, lan, Filter(), 99).page == 2


def test_the_list_costs_the_same_whatever_the_size(
    connection: Connection, session: Session, evening: Evening
) -> None:
    lan = acting(session, evening.people.lan)
    with statements(connection) as few:
        find_doors(session, lan, Filter(text="ngo"))
    for number in range(45):
        make.create_household(session, evening.people.neighbourhood, address=f"Số {number} ngõ 36")
    work.commit(session)
    with statements(connection) as many:
        find_doors(session, lan, Filter(text="ngo"))
    assert len(few) == len(many) <= 7


def test_old_links_with_odd_values_still_open(lan: FlaskClient) -> None:
    reply = lan.get("/ho?ngo=sai&trang=x&o=la-la&viec=eid_level_2&buoc=blocked")
    assert reply.status_code == 200
    assert "Số 12 ngõ 34" in reply.text
    assert "Số 14 ngõ 34" not in reply.text


def test_the_story_tells_everything_and_is_audited(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    page = lan.get(f"/ho/{evening.doors[0].id}").text
    for words in (
        "Đỗ Thị Hường",
        "Đã giúp được",
        "Nguyễn Văn Minh",
        "Không nhận được mã",
        "Hẹn con gái về cùng",
        "Tuyến 1",
        "Đang kẹt",
    ):
        assert words in page, words
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "household.read")).one()
    assert (entry.object_id, entry.actor_id) == (evening.doors[0].id, evening.people.lan.id)


def test_another_wards_household_is_not_there(
    client: FlaskClient, session: Session, evening: Evening
) -> None:
    hoa = sign_in(client, session, evening.people.hoa)
    home = f"/ho/{evening.doors[0].id}"
    form = {"address": "Số 1", "kind": "household"}
    assert hoa.get(home).status_code == 404
    assert hoa.get(f"{home}/sua").status_code == 404
    assert hoa.post(f"{home}/sua", data=form).status_code == 404
    assert hoa.post(f"{home}/nguoi", data={}).status_code == 404
    assert "ngõ 34" not in hoa.get("/ho").text
    new = form | {"neighbourhood": str(evening.people.neighbourhood.id), "people": "1"}
    assert hoa.post("/ho/them", data=new).status_code == 404
    assert session.get_one(Household, evening.doors[0].id, populate_existing=True).address == "Số 12 ngõ 34"


def test_a_volunteer_and_a_stranger_do_not_come_in(client: FlaskClient, evening: Evening) -> None:
    for path in ("/ho", f"/ho/{evening.doors[0].id}", "/ho/them"):
        assert client.get(path).location == "/vao"
    assert on_phone(client, evening.people.minh_token).get("/ho").location == "/vao"


def test_an_edit_reaches_the_phones(lan: FlaskClient, session: Session, evening: Evening) -> None:
    door = evening.doors[0]
    before = session.get_one(Household, door.id, populate_existing=True).v
    number = session.scalars(select(ChangeFeed.seq).where(ChangeFeed.entity_id == door.id)).one()
    form = {
        "address": "Số 12A ngõ 34",
        "kind": "household",
        "head_name": " Đỗ  Hường ",
        "phone": "0912345678",
    }
    assert lan.post(f"/ho/{door.id}/sua", data=form).location == f"/ho/{door.id}"
    saved = session.get_one(Household, door.id, populate_existing=True)
    assert (saved.address, saved.old_address, saved.head_name) == (
        "Số 12A ngõ 34",
        "Số 12 ngõ 34",
        "Đỗ Hường",
    )
    assert saved.phone == "+84912345678"
    assert saved.phone_index is not None
    assert saved.v == before + 1
    later = session.scalars(select(ChangeFeed.seq).where(ChangeFeed.entity_id == door.id)).one()
    assert later > number
    assert "12a" in saved.search_key
    assert lan.get("/ho?tim=12a").text.count("Số 12A ngõ 34") == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"address": "  "}, "Mời điền ô này."),
        ({"phone": "12"}, "Số điện thoại chưa đúng."),
        ({"head_name": "Lan 0012" + "34567890"}, "Xin đừng ghi số căn cước"),
        ({"state": "merged"}, "Ô này chưa đúng."),
        ({"kind": "lâu đài"}, "Ô này chưa đúng."),
        ({"address": "x" * 300}, "Dài quá."),
    ],
)
def test_a_bad_form_keeps_what_was_typed(
    lan: FlaskClient, session: Session, evening: Evening, changed: dict[str, str], sentence: str
) -> None:
    form = {"address": "Số 99 ngõ 34", "kind": "household", "head_name": "Vũ Tám", "phone": ""} | changed
    reply = lan.post(f"/ho/{evening.doors[1].id}/sua", data=form)
    assert reply.status_code == 422
    assert sentence in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert f'value="{form["head_name"]}"' in reply.text
    assert session.get_one(Household, evening.doors[1].id, populate_existing=True).address == "Số 14 ngõ 34"


def test_an_empty_house_counts_nobody(lan: FlaskClient, session: Session, evening: Evening) -> None:
    door = evening.doors[2]
    form = {"address": door.address, "kind": "household", "state": "vacant"}
    for _ in range(2):  # a repeat is harmless
        assert lan.post(f"/ho/{door.id}/sua", data=form).status_code == 303
    assert session.get_one(Household, door.id, populate_existing=True).state == HouseholdState.VACANT
    assert "Nhà trống" in lan.get(f"/ho/{door.id}").text
    assert "/4" in lan.get("/bang").text


def test_who_moved_away_is_told_by_the_visits(lan: FlaskClient, evening: Evening) -> None:
    visited, unseen = evening.doors[0], evening.doors[2]
    assert 'value="moved_away"' not in lan.get(f"/ho/{visited.id}/sua").text
    assert 'value="moved_away"' in lan.get(f"/ho/{unseen.id}/sua").text


def test_a_door_is_added_by_hand(lan: FlaskClient, session: Session, evening: Evening) -> None:
    form = {
        "neighbourhood": str(evening.people.neighbourhood.id),
        "address": "Số 5 ngách 34/12",
        "kind": "household",
        "people": "3",
    }
    where = lan.post("/ho/them", data=form).location
    made = session.get_one(Household, where.rpartition("/")[2])
    assert (made.state, made.stub, made.code[0]) == ("active", False, "H")
    assert made.alley_id is not None
    count = select(func.count()).where(Resident.household_id == made.id)
    assert session.scalar(count) == 3
    assert "Số 5 ngách 34/12" in lan.get(where).text
    second = lan.post("/ho/them", data=form | {"people": "0"}).location
    assert session.get_one(Household, second.rpartition("/")[2]).code != made.code


def test_a_new_door_needs_an_address(lan: FlaskClient, evening: Evening) -> None:
    reply = lan.post("/ho/them", data={"address": "", "people": "nhiều", "head_name": "Vũ Tám"})
    assert reply.status_code == 422
    assert "Mời điền ô này." in reply.text
    assert 'value="Vũ Tám"' in reply.text


def test_people_are_added_and_put_right(lan: FlaskClient, session: Session, evening: Evening) -> None:
    home = f"/ho/{evening.doors[1].id}"
    assert lan.get(f"{home}/nguoi").status_code == 200
    added = lan.post(f"{home}/nguoi", data={"full_name": "Lý Văn Út", "birth_year": "2001", "sex": "male"})
    assert added.location == home
    assert "Lý Văn Út" in lan.get(home).text
    assert (
        lan.post(f"{home}/nguoi?nguoi=3", data={"birth_year": "1999", "state": "away_for_work"}).status_code
        == 303
    )
    saved = session.scalars(
        select(Resident).where(Resident.household_id == evening.doors[1].id, Resident.ordinal == 3)
    ).one()
    assert (saved.full_name, saved.birth_year, saved.state) == (None, 1999, "away_for_work")
    assert lan.get(f"{home}/nguoi?nguoi=9").status_code == 404


@pytest.mark.parametrize("year", ["76", "19766", "1800", "2999", "abcd"])
def test_an_odd_year_of_birth_is_refused(lan: FlaskClient, evening: Evening, year: str) -> None:
    reply = lan.post(f"/ho/{evening.doors[1].id}/nguoi", data={"birth_year": year, "relation": "con"})
    assert reply.status_code == 422
    assert "Năm sinh gồm 4 số" in reply.text
    assert 'value="con"' in reply.text


def test_a_new_door_of_a_volunteer_waits_and_is_accepted(
    lan: FlaskClient, session: Session, evening: Evening
) -> None:
    door = make.create_household(session, evening.people.neighbourhood, address="")
    door.stub, door.added_by = True, evening.people.minh.id
    work.commit(session)
    assert "1 hộ mới do tình nguyện viên thêm" in lan.get("/bang").text
    assert "Nhận hộ này" in lan.get(f"/ho/{door.id}/sua").text
    lan.post(f"/ho/{door.id}/sua", data={"address": "Số 20 ngõ 34", "kind": "household"})
    assert "hộ mới do tình nguyện viên thêm" not in lan.get("/bang").text


def test_the_pages_speak_english(lan: FlaskClient, evening: Evening) -> None:
    for path in ("/ho", f"/ho/{evening.doors[0].id}", f"/ho/{evening.doors[0].id}/sua", "/ho/them"):
        assert "Household" in lan.get(f"{path}?lang=en").text
