"""The three people of every access test: Lan leads, Minh volunteers for her, Hoa leads in another ward."""

from dataclasses import dataclass

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from backend.models import Account, AreaUnit, Device, Role, Team
from backend.services import sessions
from backend.services.actor import Actor, load_actor
from tests import factories as make


@dataclass(frozen=True)
class People:
    ward: AreaUnit
    neighbourhood: AreaUnit
    team: Team
    lan: Account
    minh: Account
    minh_device: Device
    minh_token: str
    officer: Account
    other_ward: AreaUnit
    other_neighbourhood: AreaUnit
    other_team: Team
    hoa: Account


def make_people(session: Session) -> People:
    ward, other = make.find_ward(session, "00004"), make.find_ward(session, "00008")
    neighbourhood, elsewhere = (
        make.create_neighbourhood(session, ward),
        make.create_neighbourhood(session, other),
    )
    team, other_team = make.create_team(session, neighbourhood), make.create_team(session, elsewhere)
    lan = make.create_account(session, ward.id, "Trần Thị Lan", role=Role.TEAM_LEADER, team=team, login="lan")
    minh = make.create_account(session, ward.id, "Nguyễn Văn Minh", team=team)
    officer = make.create_account(session, ward.id, "Phạm Quốc Việt", role=Role.WARD_OFFICER, login="viet")
    hoa = make.create_account(
        session, other.id, "Lê Thị Hoa", role=Role.TEAM_LEADER, team=other_team, login="hoa"
    )
    device, token = make.create_device(session, minh)
    return People(
        ward, neighbourhood, team, lan, minh, device, token, officer, other, elsewhere, other_team, hoa
    )


def acting(session: Session, account: Account) -> Actor:
    """The actor of an account, for calls of services."""
    actor = load_actor(session, account.id)
    assert actor is not None
    return actor


def sign_in(client: FlaskClient, session: Session, account: Account) -> FlaskClient:
    """Give the browser `client` a session of `account`."""
    token = sessions.open_session(session, account)
    session.commit()
    client.set_cookie("gocua_session", token)
    return client


def on_phone(client: FlaskClient, token: str) -> FlaskClient:
    """Make `client` an enrolled phone; send the header X-Gocua-Client with every POST."""
    client.set_cookie("gocua_device", token)
    return client
