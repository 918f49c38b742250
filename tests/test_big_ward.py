"""The maker of a big ward, at a small size: what it copies and what the application derives of it agree; the board of it."""

import gzip

from flask.testing import FlaskClient
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Household, Visit
from backend.services import board, recount
from tests.big_ward import Size, fill_ward
from tests.console.conftest import statements
from tests.people import acting, sign_in
from tests.recounted import figures, recounted


def test_a_recount_finds_no_difference(session: Session) -> None:
    made = fill_ward(session, Size(teams=6, households=240, visits=1500, volunteers=3))
    assert session.scalar(select(func.count()).select_from(Household)) == 240
    assert session.scalar(select(func.count()).select_from(Visit)) == 1500
    officer = acting(session, made.officer)
    for place in (None, made.neighbourhoods[0].id):
        shown = board.board(session, officer, place, made.campaign.id)
        assert shown.total("doors") > 0
        assert all(one.stuck and one.done for one in shown.services)
        assert recount.differences(session, officer, shown, place) == []
        places = [one.id for one in shown.neighbourhoods]
        assert figures(shown) == recounted(session, places, list(made.campaign.service_codes), shown.at)


def test_a_hundred_and_ten_teams_on_one_board(
    client: FlaskClient, session: Session, connection: Connection
) -> None:
    made = fill_ward(session, Size(teams=110, households=660, visits=1500, volunteers=10))
    work.commit(session)
    officer = acting(session, made.officer)
    with statements(connection) as seen:
        shown = board.board(session, officer, None, made.campaign.id)
    assert len(seen) <= 10
    assert [one.id for one in shown.neighbourhoods] == [place.id for place in made.neighbourhoods]
    sign_in(client, session, made.officer)
    for path in ("/bang", "/bang?trang=3", "/bang?can=1", "/bang/so", "/nguoi"):
        page = client.get(path)
        assert page.status_code == 200
        assert len(gzip.compress(page.data, 6)) <= 100_000, path
    assert "Trang 1/5" in client.get("/bang").text
    last = client.get("/bang?trang=5").text
    assert f'href="/bang?khu={made.neighbourhoods[-1].id}"' in last
