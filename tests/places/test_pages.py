"""The officers' page of places: create, find, split, merge by form; leaders and other wards stay outside."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.database import work
from backend.models import AreaUnit, Household, Level
from tests import factories as make
from tests.people import People, sign_in


@pytest.fixture
def office(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.officer)


@pytest.fixture
def alleys(session: Session, people: People) -> list[AreaUnit]:
    """Two alleys of three doors, and one door without an alley."""
    found = [make.create_alley(session, people.neighbourhood, f"Ngõ {n}") for n in (4, 12)]
    for alley in (*found * 3, None):
        make.create_household(session, people.neighbourhood, alley=alley)
    work.commit(session)
    return found


def split_form(alleys: list[AreaUnit], rest: str = "khac:2") -> dict[str, object]:
    return {
        "kind": "tdp",
        "names": ["Tổ dân phố 7A", "Tổ dân phố 7B", "", ""],
        "alleys": [f"{alleys[0].id}:1", f"{alleys[1].id}:2", rest],
        "effective_on": today().isoformat(),
    }


def doors_by_unit(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(AreaUnit.name, func.count().label("doors"))
        .join(Household, Household.neighbourhood_id == AreaUnit.id)
        .group_by(AreaUnit.name)
    ).all()
    return {row.name: row.doors for row in rows}


def test_a_new_neighbourhood_and_its_search(office: FlaskClient) -> None:
    office.post("/khu/moi", data={"kind": "thon", "name": "Thôn Hạ"})
    assert "Đã thêm Thôn Hạ, mã 00004-N01" in office.get("/khu").text
    assert "00004-N01" in office.get("/khu?tim=thon+ha").text
    office.post("/khu/moi", data={"kind": "thon", "name": "Thôn Hạ"})
    assert "Phường này đã có “Thôn Hạ”" in office.get("/khu").text


def test_split_and_merge_by_form(
    office: FlaskClient, session: Session, people: People, alleys: list[AreaUnit]
) -> None:
    here = f"/khu/{people.neighbourhood.id}"
    assert office.post(f"{here}/chia", data=split_form(alleys)).status_code == 303
    assert doors_by_unit(session) == {"Tổ dân phố 7A": 3, "Tổ dân phố 7B": 4}
    past = office.get(here).text
    assert "Nay là:" in past
    assert "Chia thành nhiều đơn vị" not in past
    units = session.scalars(
        select(AreaUnit.id).where(
            AreaUnit.ward_id == people.ward.id,
            AreaUnit.level == Level.NEIGHBOURHOOD,
            AreaUnit.valid_to.is_(None),
        )
    ).all()
    office.post(
        "/khu/gop",
        data={"units": units, "kind": "tdp", "name": "Tổ dân phố Mới", "effective_on": today().isoformat()},
    )
    assert doors_by_unit(session) == {"Tổ dân phố Mới": 7}


def test_a_split_that_leaves_a_door_keeps_the_form(
    office: FlaskClient, session: Session, people: People, alleys: list[AreaUnit]
) -> None:
    reply = office.post(f"/khu/{people.neighbourhood.id}/chia", data=split_form(alleys, rest=""))
    assert reply.status_code == 422
    assert "Còn 1 hộ chưa biết về đâu" in reply.text
    assert f'value="{alleys[0].id}:1" selected' in reply.text
    assert 'value="Tổ dân phố 7A"' in reply.text
    assert list(doors_by_unit(session).values()) == [7]


def test_renaming_by_form(office: FlaskClient, people: People) -> None:
    office.post(f"/khu/{people.neighbourhood.id}/ten", data={"name": "Tổ dân phố Hồ Tây"})
    assert "Tên cũ: Tổ dân phố 7" in office.get(f"/khu/{people.neighbourhood.id}").text


def test_only_officers_of_the_ward(
    app: object, client: FlaskClient, session: Session, people: People, alleys: list[AreaUnit]
) -> None:
    sign_in(client, session, people.lan)
    assert client.get("/khu").status_code == 403
    sign_in(client, session, people.officer)
    foreign = people.other_neighbourhood.id
    assert client.get(f"/khu/{foreign}").status_code == 404
    assert client.post(f"/khu/{foreign}/ten", data={"name": "Của tôi"}).status_code == 404
    assert client.post(f"/khu/{foreign}/chia", data=split_form(alleys)).status_code == 404
    merged = {
        "units": [str(foreign), str(people.neighbourhood.id)],
        "name": "Chung",
        "effective_on": today().isoformat(),
    }
    assert client.post("/khu/gop", data=merged).status_code == 404
