"""A neighbourhood with alleys, its doors parsed from real-looking addresses, and a team to walk it."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.orm import Session

from backend.models import Account, Household
from backend.services import places
from backend.services.actor import Actor
from backend.text.addresses import parse
from tests import factories as make
from tests.people import People, acting

Settle = Callable[[Sequence[str]], list[Household]]


@pytest.fixture
def lan(session: Session, people: People) -> Actor:
    return acting(session, people.lan)


@pytest.fixture
def hoa(session: Session, people: People) -> Actor:
    return acting(session, people.hoa)


@pytest.fixture
def settle(session: Session, people: People) -> Settle:
    """Households of Lan's neighbourhood at these addresses, in their alleys."""

    def make_doors(addresses: Sequence[str]) -> list[Household]:
        read = [parse(address) for address in addresses]
        alleys = places.ensure_alleys(session, people.neighbourhood, [a.alley for a in read if a.alley])
        doors = []
        for address in read:
            door = make.create_household(session, people.neighbourhood, address=address.raw, people=1)
            door.alley_id = alleys[address.alley] if address.alley else None
            door.parts, door.walk_key = address.parts, address.walk_key
            doors.append(door)
        session.flush()
        return doors

    return make_doors


@pytest.fixture
def crew(session: Session, people: People) -> Callable[[int], list[Account]]:
    """Volunteers of Lan's team."""
    return lambda n: [
        make.create_account(session, people.ward.id, f"Người {i}", team=people.team) for i in range(n)
    ]
