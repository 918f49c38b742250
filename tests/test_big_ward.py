"""The maker of a big ward, at a small size: what it copies and what the application derives of it agree."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.models import Household, Visit
from backend.services import board, recount
from tests.big_ward import Size, fill_ward
from tests.people import acting


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
