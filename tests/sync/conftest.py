"""A small team at work: Minh's phone, three doors on his walk."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Account, Household, Walk
from backend.services import feed
from tests import factories as make
from tests.people import People
from tests.sync.kit import Phone


@dataclass
class Team:
    people: People
    walk: Walk
    doors: list[Household]
    app: Flask
    session: Session

    def phone(self, account: Account | None = None) -> Phone:
        """A phone of `account` (Minh), newly paired."""
        account = account or self.people.minh
        device, token = make.create_device(self.session, account)
        work.commit(self.session)
        return Phone(self.app.test_client(), token, account, device)

    @property
    def stream(self) -> str:
        return feed.team_stream(self.people.team.id)


@pytest.fixture
def team(app: Flask, session: Session, people: People) -> Team:
    doors = [
        make.create_household(session, people.neighbourhood, address=f"Số {n} ngõ 34") for n in (2, 4, 6)
    ]
    walk = make.create_walk(session, people.team, [people.minh], doors)
    work.commit(session)
    return Team(people, walk, doors, app, session)


@pytest.fixture
def phone(team: Team) -> Phone:
    return team.phone()
