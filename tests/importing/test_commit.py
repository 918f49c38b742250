"""Rows become households once: importing again, or a corrected list, updates and never doubles."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.crypto import keyring
from backend.database import work
from backend.models import AreaUnit, AuditEntry, Household, HouseholdState, ImportBatch, Resident
from backend.services.importing.grouping import GroupBy
from backend.services.importing.plan import Choice
from backend.services.importing.records import build
from backend.services.importing.running import run_at_once
from tests.importing.files import PEOPLE, plan_of, xlsx
from tests.people import People


def bring_in(session: Session, place: AreaUnit, rows: Any, choice: Choice | None = None) -> dict[str, Any]:
    plan = plan_of(xlsx(rows), choice)
    batch = ImportBatch(
        ward_id=place.ward_id,
        neighbourhood_id=place.id,
        file_name="ds.xlsx",
        file_sha256=b"",
        rows_total=len(plan.rows),
    )
    session.add(batch)
    session.flush()
    run_at_once(session, batch, plan, build(plan, this_year=today().year))
    work.commit(session)
    session.expire_all()
    return batch.counts


def households(session: Session, place: AreaUnit) -> list[Household]:
    found = select(Household).where(Household.neighbourhood_id == place.id).order_by(Household.code)
    return list(session.scalars(found))


def residents(session: Session, household: Household) -> list[Resident]:
    found = select(Resident).where(Resident.household_id == household.id).order_by(Resident.ordinal)
    return list(session.scalars(found))


def changed(row: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(cells) for cells in PEOPLE]
    rows[row - 1][column - 1] = value
    return rows


def test_a_list_becomes_households(session: Session, people: People) -> None:
    counts = bring_in(session, people.neighbourhood, PEOPLE)
    assert (counts["created"], counts["updated"], counts["unchanged"], counts["refused"]) == (3, 0, 0, 0)
    first, second, third = households(session, people.neighbourhood)
    assert [first.code, second.code, third.code] == ["H0001", "H0002", "H0003"]
    assert (first.address, first.head_name, first.phone) == ("Số 5 ngõ 34", "Nguyễn Văn An", "+84912345678")
    assert first.phone_index == keyring().blind("+84912345678", "phone")
    assert first.alley_id == second.alley_id != third.alley_id
    assert first.walk_key < second.walk_key
    assert "ngo 34" in first.search_key
    assert "h0001" in first.search_key
    people_there = residents(session, first)
    assert [person.full_name for person in people_there] == [
        "Nguyễn Văn An",
        "Trần Thị Bình",
        "Nguyễn Thị Cúc",
    ]
    assert [person.birth_year for person in people_there] == [1975, 1978, 2005]
    assert [person.sex for person in people_there] == ["male", "female", "female"]
    assert [person.is_head for person in people_there] == [True, False, False]


def test_names_and_phones_are_not_readable_in_the_database(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    raw = session.execute(
        select(func.string_agg(func.encode(Resident.__table__.c.full_name, "escape"), "|"))
    ).scalar_one()
    assert raw
    assert "Nguy" not in raw


def test_importing_twice_changes_nothing(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    before = [(one.id, one.v, one.code) for one in households(session, people.neighbourhood)]
    counts = bring_in(session, people.neighbourhood, PEOPLE)
    assert (counts["created"], counts["updated"], counts["unchanged"]) == (0, 0, 3)
    assert (counts["people_created"], counts["people_updated"], counts["missing"]) == (0, 0, 0)
    assert [(one.id, one.v, one.code) for one in households(session, people.neighbourhood)] == before


def test_a_corrected_name_updates(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    counts = bring_in(session, people.neighbourhood, changed(5, 3, "Lê Văn Dụng"))
    assert (counts["created"], counts["updated"], counts["unchanged"]) == (0, 1, 2)
    second = households(session, people.neighbourhood)[1]
    assert second.head_name == "Lê Văn Dụng"
    assert [person.full_name for person in residents(session, second)] == ["Lê Văn Dụng"]


def test_a_corrected_address_updates(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    counts = bring_in(session, people.neighbourhood, changed(5, 8, "Số 7A ngõ 36"))
    assert (counts["created"], counts["updated"], counts["unchanged"]) == (0, 1, 2)
    _, second, third = households(session, people.neighbourhood)
    assert second.address == "Số 7A ngõ 36"
    assert second.alley_id == third.alley_id


def test_a_line_put_in_shifts_the_numbers_and_nothing_else(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    kept = {one.id: one.head_name for one in households(session, people.neighbourhood)}
    rows = [list(cells) for cells in PEOPLE]
    for row in rows[4:]:
        row[0] = row[0] and row[0] + 1
    rows.insert(4, [2, 4, "Vũ Thị Mới", 1999, "Nữ", "Chủ hộ", None, "Số 6 ngõ 34"])
    counts = bring_in(session, people.neighbourhood, rows)
    assert (counts["created"], counts["updated"]) == (1, 0)
    assert {
        one.id: one.head_name for one in households(session, people.neighbourhood) if one.id in kept
    } == kept


def test_a_new_member_is_added_and_a_missing_one_stays(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    rows = [list(cells) for cells in PEOPLE]
    rows[2] = [None, 2, "Nguyễn Văn Út", 2012, "Nam", "Con", None, None]
    counts = bring_in(session, people.neighbourhood, rows)
    assert (counts["updated"], counts["people_created"]) == (1, 1)
    first = households(session, people.neighbourhood)[0]
    assert len(residents(session, first)) == 4


def test_a_household_missing_from_the_new_list_stays_and_is_told(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    counts = bring_in(session, people.neighbourhood, PEOPLE[:5])
    assert (counts["unchanged"], counts["missing"]) == (2, 1)
    assert len(households(session, people.neighbourhood)) == 3


def test_what_a_visit_taught_is_not_overwritten(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    second = households(session, people.neighbourhood)[1]
    second.state = HouseholdState.MOVED_AWAY
    person = residents(session, second)[0]
    person.state = "moved_away"
    session.commit()
    bring_in(session, people.neighbourhood, changed(5, 4, "1951"))
    session.refresh(second)
    session.refresh(person)
    assert (second.state, person.state, person.birth_year) == ("moved_away", "moved_away", 1951)


def test_a_withdrawn_household_is_left_alone(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    second = households(session, people.neighbourhood)[1]
    second.withdrawn_at = second.created_at
    second.head_name = None
    session.commit()
    bring_in(session, people.neighbourhood, changed(5, 4, "1951"))
    session.refresh(second)
    assert second.head_name is None


def test_an_empty_cell_takes_nothing_away(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    rows = [[*row[:6], None, row[7]] if place else row for place, row in enumerate(PEOPLE)]
    counts = bring_in(session, people.neighbourhood, rows)
    assert counts["unchanged"] == 3
    assert households(session, people.neighbourhood)[0].phone == "+84912345678"


def test_people_who_are_alike_do_not_double(session: Session, people: People) -> None:
    rows = [*PEOPLE, [None, 7, "Phạm Văn Khoa", "01/01/1990", "Nam", "Con", None, None]]
    bring_in(session, people.neighbourhood, rows)
    counts = bring_in(session, people.neighbourhood, rows)
    assert (counts["people_created"], counts["unchanged"]) == (0, 3)


def test_a_list_of_heads_with_numbers_of_members(session: Session, people: People) -> None:
    rows = [
        ("STT hộ", "Họ và tên chủ hộ", "Địa chỉ của hộ", "Số nhân khẩu"),
        (1, "Nguyễn Văn An", "Số 5 ngõ 34", 4),
        (2, "Lê Văn Dũng", "Số 7 ngõ 34", 1),
    ]
    counts = bring_in(session, people.neighbourhood, rows)
    assert (counts["created"], counts["people_created"]) == (2, 5)
    again = bring_in(session, people.neighbourhood, rows)
    assert (again["unchanged"], again["people_created"]) == (2, 0)


def test_two_families_of_one_name_at_one_address_stay_two(session: Session, people: People) -> None:
    rows = [("Họ và tên", "Địa chỉ", "Năm sinh"), *[("Nguyễn Văn An", "Số 5 ngõ 34", 1975)] * 2]
    choice = Choice(group_by=GroupBy.ROW)
    assert bring_in(session, people.neighbourhood, rows, choice)["created"] == 2
    assert bring_in(session, people.neighbourhood, rows, choice)["unchanged"] == 2


def test_the_commit_is_audited_without_names(session: Session, people: People) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "import.commit")).one()
    assert entry.count == 3
    assert "Nguy" not in str(entry.detail)


def test_a_household_known_from_elsewhere_is_recognised_by_its_people(
    session: Session, people: People
) -> None:
    bring_in(session, people.neighbourhood, PEOPLE)
    rows = [
        ("Họ và tên", "Năm sinh", "Quan hệ", "Nơi ở hiện nay"),
        ("Nguyễn Văn An", 1975, "Chủ hộ", "5/34 Láng"),
    ]
    counts = bring_in(session, people.neighbourhood, rows)
    assert (counts["created"], counts["updated"], counts["missing"]) == (0, 1, 2)
