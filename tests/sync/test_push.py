"""Storing events: each once, for ever, with the answer it was first given (directed histories of sync.md)."""

from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.ids import uuid7
from backend.database import work
from backend.models import Adoption, Household, Visit, VisitEvent
from backend.services import events
from backend.services.actor import Actor
from backend.services.event_core import Item, compose
from tests import factories as make
from tests.people import People


@pytest.fixture
def door(session: Session, people: People) -> Household:
    household = make.create_household(session, people.neighbourhood)
    make.create_walk(session, people.team, [people.minh], [household])
    work.commit(session)
    return household


@pytest.fixture
def minh(session: Session, people: People) -> Actor:
    return on_device(session, people)


def on_device(session: Session, people: People) -> Actor:
    from backend.services.actor import load_actor

    actor = load_actor(session, people.minh.id, device_id=people.minh_device.id)
    assert actor is not None
    return actor


def visit(actor: Actor, household_id: UUID, outcome: str = "not_home", **more: object) -> Item:
    return compose(actor.account_id, household_id, "visit", {"outcome": outcome, **more})


def test_works(session: Session, minh: Actor, door: Household) -> None:
    [answer] = events.store(session, minh, [visit(minh, door.id)])
    work.commit(session)
    assert answer.code == "accepted"
    assert session.scalar(select(func.count()).select_from(Visit)) == 1
    session.refresh(door)
    assert door.v == answer.v
