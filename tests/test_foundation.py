"""The ground that everything stands on: the app starts, tables exist, a signed-in person is known."""

from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.core.settings import Settings
from backend.database import work
from backend.models import AreaUnit, ChangeFeed, Household, Level
from tests import factories as make
from tests.people import People, acting


def test_the_shipped_map_has_34_provinces_and_3321_wards(session: Session) -> None:
    counts = dict(
        session.execute(
            select(AreaUnit.level, func.count())
            .where(AreaUnit.data_version.is_not(None))
            .group_by(AreaUnit.level)
        ).all()
    )
    assert counts == {Level.PROVINCE: 34, Level.WARD: 3321}


def test_health(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}


def test_a_database_that_is_away_is_told_as_busy(settings: Settings, tmp_path: Path) -> None:
    away = create_app(settings, f"postgresql+psycopg://postgres:@/postgres?host={tmp_path}").test_client()
    reply = away.post(
        "/api/v1/sync/pull", json={}, headers={"X-Gocua-Client": "test", "Cookie": "gocua_device=abc"}
    )
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert reply.json
    assert reply.json["code"] == "busy"


def test_a_foreign_host_is_refused(client: FlaskClient) -> None:
    assert client.get("/healthz", base_url="http://evil.example").status_code == 400


def test_a_commit_numbers_what_was_touched(session: Session, people: People) -> None:
    household = make.create_household(session, people.neighbourhood)
    make.create_walk(session, people.team, [people.minh], [household])
    work.commit(session)
    row = session.scalars(select(ChangeFeed).where(ChangeFeed.entity_id == household.id)).one()
    assert row.audience == f"team:{people.team.id}"
    assert session.get_one(Household, household.id, populate_existing=True).v == 2


def test_three_people(session: Session, people: People) -> None:
    assert acting(session, people.lan).leads == {people.team.id}
    assert not acting(session, people.minh).leads
    assert acting(session, people.officer).ward_wide
