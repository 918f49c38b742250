"""A walk in force with two people behind each door, its day sheet printed."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.database import work
from backend.models import Adoption, Household, PaperSheet, Walk
from backend.services import paper_print
from backend.services.actor import Actor
from tests import factories as make
from tests.people import People, acting

BASE = "https://abcd.vn"


@pytest.fixture
def lan(session: Session, people: People) -> Actor:
    return acting(session, people.lan)


@pytest.fixture
def doors(session: Session, people: People) -> list[Household]:
    alley = make.create_alley(session, people.neighbourhood)
    return [
        make.create_household(
            session, people.neighbourhood, address=f"Số {n} ngõ 34", alley=alley, birth_year=1958
        )
        for n in range(1, 9)
    ]


@pytest.fixture
def walk(session: Session, people: People, doors: list[Household]) -> Walk:
    walk = make.create_walk(session, people.team, [people.minh], doors)
    work.commit(session)
    return walk


@pytest.fixture
def sheet(session: Session, lan: Actor, walk: Walk) -> PaperSheet:
    paper_print.day_sheets(session, lan, [walk.id], today(), BASE)
    work.commit(session)
    return session.scalars(select(PaperSheet)).one()


@pytest.fixture
def open_steps(session: Session) -> Callable[[UUID], list[tuple[UUID, str]]]:
    """(resident, service) pairs of a door, in a fixed order."""
    return lambda household: [
        (row.resident_id, row.service_code)
        for row in session.execute(
            select(Adoption.resident_id, Adoption.service_code)
            .where(Adoption.household_id == household)
            .order_by(Adoption.resident_id, Adoption.service_code)
        )
    ]
