"""Many doors at once: told first, done as told, taken back; other people's doors are not there."""

import gzip
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.models import Assignment, AuditEntry, BulkAct, Household, QrCode, Walk, WalkMember
from backend.services import household_bulk
from tests import factories as make
from tests.console.conftest import Evening, statements
from tests.people import sign_in
from tests.sync.kit import Phone


def many(evening: Evening, *places: int) -> dict[str, Any]:
    return {"chon": [str(evening.doors[place].id) for place in places]}


def act_id(location: str) -> UUID:
    return UUID(location.rpartition("/")[2])


def holder(session: Session, door: Household) -> UUID | None:
    session.expire_all()
    return session.scalars(
        select(Assignment.walk_id).where(
            Assignment.household_id == door.id,
            Assignment.started_at.is_not(None),
            Assignment.ended_at.is_(None),
        )
    ).one_or_none()


@pytest.fixture
def other_walk(session: Session, evening: Evening) -> Walk:
    """A second walk in force, of Hùng."""
    people = evening.people
    hung = make.create_account(session, people.ward.id, "Lê Văn Hùng", team=people.team)
    door = make.create_household(session, people.neighbourhood, address="Số 1 ngõ 40")
    walk = make.create_walk(session, people.team, [hung], [door])
    walk.name = "Tuyến của Hùng"
    work.commit(session)
    return walk


def test_the_list_offers_it(lan: FlaskClient, evening: Evening) -> None:
    page = lan.get("/ho").text
    assert f'name="chon" value="{evening.doors[0].id}"' in page
    page = lan.post("/ho/nhieu", data=many(evening, 0, 1)).text
    assert "Làm gì với 2 hộ đã chọn?" in page
    assert "Tuyến 1 (Nguyễn Văn Minh)" in page


def test_nothing_chosen_says_so(lan: FlaskClient) -> None:
    answer = lan.post("/ho/nhieu", data={"loc": "o=left"})
    assert answer.location == "/ho?o=left"
    assert "Chưa chọn hộ nào" in lan.get(answer.location).text


def test_handing_to_a_walk_and_back(
    lan: FlaskClient, session: Session, evening: Evening, other_walk: Walk
) -> None:
    """All doors of Minh's walk and one of nobody's go to Hùng; the emptied walk closes, and comes back with the undo."""
    form = many(evening, 0, 1, 2) | {"kind": "walk", "target": str(other_walk.id)}
    page = lan.post("/ho/nhieu/xem", data=form).text
    assert "3 hộ sẽ đổi" in page
    assert "2 hộ rời Tuyến 1 (Nguyễn Văn Minh)" in page
    assert "1 hộ chưa giao cho ai" in page
    assert holder(session, evening.doors[0]) == evening.walk.id

    answer = lan.post("/ho/nhieu/lam", data=form | {"seen": "3"})
    assert {holder(session, door) for door in evening.doors} == {other_walk.id}
    assert session.get_one(Walk, evening.walk.id).state == "closed"
    page = lan.get(answer.location).text
    assert "Hoàn tác, trả 3 hộ về như trước" in page

    assert lan.post(f"{answer.location}/hoan-tac").status_code == 303
    assert [holder(session, door) for door in evening.doors] == [evening.walk.id, evening.walk.id, None]
    walk = session.get_one(Walk, evening.walk.id)
    assert (walk.state, walk.closed_at) == ("published", None)
    members = session.scalars(select(WalkMember.ended_at).where(WalkMember.walk_id == walk.id)).all()
    assert members == [None]
    assert lan.post(f"{answer.location}/hoan-tac").status_code == 409
    actions = set(session.scalars(select(AuditEntry.action)))
    assert {"household.bulk_walk", "household.bulk_undo"} <= actions


def test_an_undo_leaves_what_was_changed_since(lan: FlaskClient, session: Session, evening: Evening) -> None:
    form = many(evening, 0, 1, 2) | {"kind": "mark", "target": "first", "seen": "3"}
    here = lan.post("/ho/nhieu/lam", data=form).location
    lan.post("/ho/nhieu/lam", data=many(evening, 1) | {"kind": "mark", "target": "call_first", "seen": "1"})
    assert "1 hộ trong đó đã được đổi tiếp" in lan.get(here).text
    answer = lan.post(f"{here}/hoan-tac", follow_redirects=True)
    assert "2 hộ đã trở lại như trước; 1 hộ giữ nguyên" in answer.text
    session.expire_all()
    assert [door.mark for door in evening.doors] == [None, "call_first", None]
    assert "Đánh dấu “Gọi trước khi đến”" in lan.get("/ho/viec").text


def test_marks_show_filter_and_reach_the_phone(
    lan: FlaskClient, app: Flask, session: Session, evening: Evening
) -> None:
    lan.post("/ho/nhieu/lam", data=many(evening, 0) | {"kind": "mark", "target": "asked_home", "seen": "1"})
    page = lan.get("/ho?dau=any").text
    assert "Hộ xin giúp tại nhà" in page
    assert evening.doors[0].code in page
    assert evening.doors[1].code not in page
    assert evening.doors[0].code not in lan.get("/ho?dau=first").text
    phone = Phone(
        app.test_client(), evening.people.minh_token, evening.people.minh, evening.people.minh_device
    )
    phone.sync()
    rows = str(phone.__dict__)
    assert "'mark': 'asked_home'" in rows or '"mark":"asked_home"' in rows


def test_another_alley(lan: FlaskClient, session: Session, evening: Evening) -> None:
    alley = make.create_alley(session, evening.people.neighbourhood, "Ngõ 99")
    work.commit(session)
    form = many(evening, 0, 1) | {"kind": "alley", "target": str(alley.id)}
    assert "2 hộ sẽ đổi" in lan.post("/ho/nhieu/xem", data=form).text
    here = lan.post("/ho/nhieu/lam", data=form | {"seen": "2"}).location
    session.expire_all()
    assert {door.alley_id for door in evening.doors[:2]} == {alley.id}
    assert {door.address for door in evening.doors[:2]} == {"Số 12 ngõ 34", "Số 14 ngõ 34"}
    lan.post(f"{here}/hoan-tac")
    session.expire_all()
    assert {door.alley_id for door in evening.doors[:2]} == {evening.alley.id}


def test_codes_of_the_chosen(lan: FlaskClient, session: Session, evening: Evening) -> None:
    answer = lan.post("/ho/nhieu/ma", data=many(evening, 0, 2) | {"giay": "24"})
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    found = set(session.scalars(select(QrCode.household_id)))
    assert found == {evening.doors[0].id, evening.doors[2].id}
    assert session.scalars(select(AuditEntry).where(AuditEntry.action == "code.export")).one().count == 2


def test_all_behind_a_filter(lan: FlaskClient, session: Session, evening: Evening) -> None:
    for number in range(60):
        make.create_household(session, evening.people.neighbourhood, address=f"Số {number} ngõ 70", people=1)
    work.commit(session)
    page = lan.get("/ho?tim=ngo+70").text
    assert "Chọn cả 60 hộ của mọi trang" in page
    form = {"tat_ca": "1", "loc": "tim=ngo+70", "kind": "mark", "target": "first"}
    page = lan.post("/ho/nhieu/xem", data=form).text
    assert "60 hộ sẽ đổi" in page
    assert 'name="chon"' not in page
    make.create_household(session, evening.people.neighbourhood, address="Số 99 ngõ 70", people=1)
    work.commit(session)
    answer = lan.post("/ho/nhieu/lam", data=form | {"seen": "60"})
    assert answer.status_code == 409
    assert "số hộ đã đổi" in answer.text
    assert session.scalar(select(Household).where(Household.mark.is_not(None)).limit(1)) is None
    assert lan.post("/ho/nhieu/lam", data=form | {"seen": "61"}).status_code == 303
    marked = session.scalars(select(Household.id).where(Household.mark == "first")).all()
    assert len(marked) == 61


def test_too_many_say_so(lan: FlaskClient, evening: Evening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(household_bulk, "MOST", 2)
    answer = lan.post("/ho/nhieu", data=many(evening, 0, 1, 2), follow_redirects=True)
    assert "mỗi lần nhiều nhất" in answer.text


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"kind": "mark", "target": "first"}, 422, "đã như vậy"),
        ({"kind": "mark", "target": "poor"}, 422, ""),
        ({"kind": "walk", "target": "not an id"}, 422, ""),
        ({"kind": "sell", "target": "x"}, 422, ""),
        ({"kind": "mark"}, 422, ""),
        ({"kind": "walk", "target": str(uuid4())}, 404, ""),
        ({"kind": "alley", "target": str(uuid4())}, 404, ""),
    ],
)
def test_bad_input(
    lan: FlaskClient, session: Session, evening: Evening, form: dict[str, str], status: int, said: str
) -> None:
    evening.doors[0].mark = "first"
    work.commit(session)
    answer = lan.post("/ho/nhieu/lam", data=many(evening, 0) | {"seen": "0"} | form)
    assert answer.status_code == status
    assert said in answer.text
    assert session.scalar(select(BulkAct)) is None


def test_doors_that_cannot_are_named(
    lan: FlaskClient, session: Session, evening: Evening, other_walk: Walk
) -> None:
    evening.doors[0].state = "moved_away"
    away = make.create_neighbourhood(session, evening.people.ward, "Tổ dân phố 9")
    make.create_team(session, away, "Tổ 9")
    work.commit(session)
    form = many(evening, 0, 1) | {"kind": "walk", "target": str(other_walk.id)}
    page = lan.post("/ho/nhieu/xem", data=form).text
    assert "1 hộ sẽ đổi" in page
    assert "1 hộ không đổi: không còn ai ở, hoặc đã gộp." in page


def test_doors_of_another_ward_are_not_there(app: Flask, session: Session, evening: Evening) -> None:
    hoa = sign_in(app.test_client(), session, evening.people.hoa)
    form = many(evening, 0) | {"kind": "mark", "target": "first", "seen": "1"}
    assert hoa.post("/ho/nhieu/lam", data=form).status_code == 404
    assert session.get_one(Household, evening.doors[0].id, populate_existing=True).mark is None


def test_acts_of_another_ward_are_not_there(
    lan: FlaskClient, app: Flask, session: Session, evening: Evening
) -> None:
    form = many(evening, 0) | {"kind": "mark", "target": "first", "seen": "1"}
    here = lan.post("/ho/nhieu/lam", data=form).location
    hoa = sign_in(app.test_client(), session, evening.people.hoa)
    assert hoa.get(here).status_code == 404
    assert hoa.post(f"{here}/hoan-tac").status_code == 404


def test_a_ward_of_60000_households(
    lan: FlaskClient, officer: FlaskClient, connection: Connection, session: Session, evening: Evening
) -> None:
    """The list, a filter, a search and the pairs: a fixed number of statements, no page over 100 KB compressed."""
    _fill(session, evening, 60_000)
    counts = {}
    for path in ("/ho", "/ho?trang=600", "/ho?dau=any", "/ho?tim=ngo+12", "/ho?lan=none&o=left", "/ho/trung"):
        with statements(connection) as seen:
            answer = officer.get(path)
        assert answer.status_code == 200, path
        counts[path] = len(seen)
        assert len(gzip.compress(answer.data)) < 100_000, path
        assert len(answer.data) < 200_000, path
    with statements(connection) as seen:
        officer.get("/ho?khu=" + str(evening.people.other_neighbourhood.id))
    assert max(counts.values()) <= len(seen) + 4, counts
    assert max(counts.values()) <= 22, counts
    assert "60.00" in officer.get("/ho").text
    assert "Chọn một tổ dân phố, thôn" in officer.get("/ho/trung").text


def _fill(session: Session, evening: Evening, number: int) -> None:
    """Doors without people in 20 neighbourhoods, straight into the table."""
    areas = [
        make.create_neighbourhood(session, evening.people.ward, f"Tổ dân phố {n}") for n in range(20, 40)
    ]
    session.execute(
        text(
            "INSERT INTO household (id, ward_id, neighbourhood_id, code, kind, state, address, old_address, parts,"
            " search_key, walk_key, stub, v, created_at)"
            " SELECT gen_random_uuid(), :ward, (CAST(:areas AS uuid[]))[1 + n % 20], 'H' || lpad((n / 20)::text, 5, '0'),"
            " 'household', 'active', 'Số ' || n % 97 || ' ngõ ' || n % 40, '', '{}', 'so ' || n % 97 || ' ngo ' || n % 40,"
            " decode(lpad(to_hex(n), 8, '0'), 'hex'), false, 1, :now FROM generate_series(1, :number) AS n"
        ),
        {
            "ward": evening.people.ward.id,
            "areas": [area.id for area in areas],
            "number": number,
            "now": now(),
        },
    )
    session.execute(text("ANALYZE household"))
    work.commit(session)


def test_a_fixed_number_of_statements(
    lan: FlaskClient, session: Session, connection: Connection, evening: Evening
) -> None:
    found: list[int] = []
    form = {"tat_ca": "1", "loc": "tim=ngo+70", "kind": "mark", "target": "first"}
    for many_more in (1, 3, 55):
        for number in range(many_more):
            make.create_household(
                session, evening.people.neighbourhood, address=f"Số {number} ngõ 70", people=0
            )
        work.commit(session)
        with statements(connection) as seen:
            page = lan.post("/ho/nhieu/xem", data=form)
        assert page.status_code == 200
        assert 'name="chon"' not in page.text
        found.append(len(seen))
    assert found[1] == found[2], found
