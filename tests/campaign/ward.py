"""The ground of a campaign: wards with two teams each, a walk for every volunteer, a phone for every walk."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from backend.core.ids import beside, uuid7
from backend.database import work
from backend.models import AreaUnit, Household, Level, Resident, Role, ServerMeta
from backend.services import feed, walks_live
from backend.services.actor import load_actor
from tests import factories as make

TEAM = 10  # volunteers


@dataclass(frozen=True)
class Paired:
    """A phone that was paired: whose, its token, its epoch."""

    account: str
    device: str
    token: str
    epoch: str


@dataclass(frozen=True)
class Team:
    """A team: its leader's account, and its walks."""

    leader: uuid.UUID
    walks: list[uuid.UUID]


@dataclass(frozen=True)
class Ground:
    """Everything that was made."""

    phones: list[Paired]
    teams: list[Team]
    households: int


def build(engine: Engine, phones: int, doors: int) -> Ground:
    """`phones` volunteers with `doors` doors each, in teams of ten, two teams to a ward."""
    made: list[Paired] = []
    teams: list[Team] = []
    with Session(engine) as session:
        wards = list(
            session.scalars(select(AreaUnit.id).where(AreaUnit.level == Level.WARD).order_by(AreaUnit.code))
        )
        epoch = str(session.scalars(select(ServerMeta.epoch)).one())
    while len(made) < phones:
        with work.unit_of_work(engine) as session:
            ward = session.get_one(AreaUnit, wards[len(teams) // 2])
            neighbourhood = make.create_neighbourhood(session, ward)
            team = make.create_team(session, neighbourhood)
            leader = make.create_account(session, ward.id, role=Role.TEAM_LEADER, team=team)
            walks = []
            for _ in range(min(TEAM, phones - len(made))):
                account = make.create_account(session, ward.id, team=team)
                device, token = make.create_device(session, account, token=uuid7().hex)
                homes = _homes(session, neighbourhood, doors)
                walks.append(make.create_walk(session, team, [account], homes).id)
                made.append(Paired(str(account.id), str(device.id), token, epoch))
            teams.append(Team(leader.id, walks))
    return Ground(made, teams, phones * doors)


def _homes(session: Session, neighbourhood: AreaUnit, n: int) -> list[Household]:
    """Doors with one resident each, in two statements."""
    assert neighbourhood.ward_id
    homes = [
        Household(
            id=uuid7(),
            ward_id=neighbourhood.ward_id,
            neighbourhood_id=neighbourhood.id,
            code=f"C{uuid7().hex[-12:]}",
            address=f"Số {number}",
            search_key=f"so {number}",
            walk_key=number.to_bytes(4),
        )
        for number in range(1, n + 1)
    ]
    session.add_all(homes)
    session.flush()
    session.add_all(
        Resident(
            id=beside(home.id, 1),
            ward_id=home.ward_id,
            household_id=home.id,
            ordinal=1,
            birth_year=1958,
            is_head=True,
        )
        for home in homes
    )
    session.flush()
    feed.touch_households(session, [home.id for home in homes])
    return homes


def hand_over(engine: Engine, team: Team, giving: uuid.UUID, taking: uuid.UUID, n: int) -> int:
    """The leader gives the first `n` doors of one walk to another while both are being walked; how many moved."""
    from backend.models import Assignment
    from backend.services.walk_doors import live

    with work.unit_of_work(engine) as session:
        lead = load_actor(session, team.leader)
        assert lead is not None
        doors = list(
            session.scalars(
                select(Assignment.household_id)
                .where(Assignment.walk_id == giving, live())
                .order_by(Assignment.position, Assignment.household_id)
                .limit(n)
            )
        )
        return walks_live.hand_over(session, lead, giving, taking, doors) if doors else 0
