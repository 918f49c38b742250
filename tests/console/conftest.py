"""A small evening that the desk's tests look at: three doors in Ngõ 34, Minh on a walk, two visits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import AreaUnit, Campaign, Household, Resident, Walk
from backend.services import events
from tests import factories as make
from tests.people import People, sign_in
from tests.sync.kit import on_device, result, visit


@dataclass(frozen=True)
class Evening:
    """`doors[0]` was helped (one person done, one stuck), `doors[1]` not at home, `doors[2]` is on no walk."""

    people: People
    alley: AreaUnit
    doors: list[Household]
    residents: list[Resident]
    walk: Walk
    campaign: Campaign


@pytest.fixture
def evening(app: Flask, session: Session, people: People) -> Evening:
    alley = make.create_alley(session, people.neighbourhood)
    doors = [
        make.create_household(session, people.neighbourhood, address=f"Số {number} ngõ 34", alley=alley)
        for number in (12, 14, 16)
    ]
    doors[0].head_name = "Đỗ Thị Hường"
    campaign = make.create_campaign(session, people.ward.id)
    walk = make.create_walk(session, people.team, [people.minh], doors[:2])
    residents = list(
        session.scalars(
            select(Resident).where(Resident.household_id == doors[0].id).order_by(Resident.ordinal)
        )
    )
    work.commit(session)
    minh = people.minh.id
    phone = on_device(session, people.minh, people.minh_device)
    done = [
        result(residents[0].id, "eid_level_2", "done_with_help"),
        result(residents[1].id, "eid_level_2", "blocked", "otp_not_received"),
    ]
    answers = events.store(
        session,
        phone,
        [
            visit(minh, doors[0].id, "helped", results=done, note="Hẹn con gái về cùng"),
            visit(minh, doors[1].id, "not_home"),
        ],
    )
    assert {answer.code for answer in answers} == {"accepted"}
    work.commit(session)
    session.expire_all()
    return Evening(people, alley, doors, residents, walk, campaign)


@pytest.fixture
def lan(client: FlaskClient, session: Session, evening: Evening) -> FlaskClient:
    """Lan at her desk."""
    return sign_in(client, session, evening.people.lan)


@pytest.fixture
def officer(app: Flask, session: Session, evening: Evening) -> FlaskClient:
    """The ward's officer at the desk."""
    return sign_in(app.test_client(), session, evening.people.officer)


@contextmanager
def statements(connection: Connection) -> Iterator[list[str]]:
    """The statements that run on `connection` inside the block, without savepoints."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", note)
