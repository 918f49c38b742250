"""Days worked: an evening once, corrections and take-backs as they should, whose page shows whom, the sheet opened again."""

import io
from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, today
from backend.models import AuditEntry, Household, Membership
from backend.services import attendance, events
from backend.services.event_core import Item, compose
from backend.services.sessions import actor_of_device
from tests import factories as make
from tests.people import People, acting, on_phone, sign_in
from tests.sync.kit import visit

MONTH = date(2026, 10, 1)


def at(day: int, hour: int = 19, minute: int = 30, month: date = MONTH) -> datetime:
    return datetime.combine(month.replace(day=day), time(hour, minute), tzinfo=VIETNAM)


class Ground:
    """Minh's phone and doors of his."""

    def __init__(self, session: Session, people: People, doors: int = 6) -> None:
        self.session, self.people = session, people
        session.execute(update(Membership).values(valid_from=datetime(2026, 1, 1, tzinfo=VIETNAM)))
        self.doors = [make.create_household(session, people.neighbourhood) for _ in range(doors)]
        make.create_walk(session, people.team, [people.minh], self.doors)
        actor = actor_of_device(session, people.minh_token)
        assert actor is not None
        self.actor = actor

    def visits(self, moment: datetime, *doors: int) -> list[Item]:
        items = [visit(self.people.minh.id, self.doors[door].id, at=moment) for door in doors]
        self.store(items)
        return items

    def correct(self, item: Item, moment: datetime, payload: dict[str, object]) -> None:
        household = UUID(item.core.split('"household":"')[1][:36])
        self.store(
            [
                compose(
                    self.people.minh.id,
                    household,
                    "correction",
                    payload,
                    corrects=item.id,
                    device_time=moment,
                )
            ]
        )

    def store(self, items: list[Item]) -> None:
        found = events.store(self.session, self.actor, items, device_now=datetime.now(VIETNAM))
        assert {one.code for one in found} <= {"accepted", "accepted_out_of_scope"}, found
        self.session.commit()

    def days(self, first: date = MONTH) -> dict[str, dict[date, int]]:
        month = attendance.month(self.session, acting(self.session, self.people.lan), first)
        return {person.name: person.days for person in month.people}


@pytest.fixture
def ground(session: Session, people: People) -> Ground:
    return Ground(session, people)


def test_an_evening_counts_once(ground: Ground) -> None:
    ground.visits(at(3), 0, 1)
    ground.visits(at(3, 21), 2, 2)
    ground.visits(at(4), 0)
    ground.visits(at(31, 23, 59), 3)
    ground.visits(at(1, 0, 0, date(2026, 11, 1)), 3)
    found = ground.days()["Nguyễn Văn Minh"]
    assert found == {date(2026, 10, 3): 3, date(2026, 10, 4): 1, date(2026, 10, 31): 1}
    assert ground.days()["Trần Thị Lan"] == {}
    assert ground.days(date(2026, 11, 1))["Nguyễn Văn Minh"] == {date(2026, 11, 1): 1}


def test_a_correction_counts_for_the_evening_it_corrects(ground: Ground) -> None:
    (first,) = ground.visits(at(5), 0)
    ground.correct(first, at(9), {"outcome": "helped"})
    assert ground.days()["Nguyễn Văn Minh"] == {date(2026, 10, 5): 1}


def test_what_was_taken_back_counts_for_nothing(ground: Ground) -> None:
    (first,) = ground.visits(at(6), 0)
    ground.correct(first, at(6, 19, 31), {"void": True})
    assert ground.days()["Nguyễn Văn Minh"] == {}


def test_another_wards_and_teams_people_are_not_there(
    ground: Ground, session: Session, people: People
) -> None:
    other = make.create_team(session, people.neighbourhood, name="Tổ khác")
    khac = make.create_account(session, people.ward.id, "Bùi Văn Khác", team=other)
    session.execute(
        update(Membership)
        .where(Membership.account_id == khac.id)
        .values(valid_from=datetime(2026, 1, 1, tzinfo=VIETNAM))
    )
    session.commit()
    assert set(ground.days()) == {"Nguyễn Văn Minh", "Trần Thị Lan"}
    hoa = attendance.month(session, acting(session, people.hoa), MONTH)
    assert [person.name for person in hoa.people] == ["Lê Thị Hoa"]
    ward = attendance.month(session, acting(session, people.officer), MONTH)
    assert "Bùi Văn Khác" in {person.name for person in ward.people}


def test_the_page_and_its_months(
    client: FlaskClient, ground: Ground, session: Session, people: People
) -> None:
    ground.visits(at(3), 0, 1)
    sign_in(client, session, people.lan)
    page = client.get("/nguoi/cham-cong?thang=2026-10").text
    for said in ("10/2026", "Nguyễn Văn Minh", "03/10", "Cộng: 1 ngày công của 2 người"):
        assert said in page, said
    wrong = client.get("/nguoi/cham-cong?thang=thang-muoi")
    assert (wrong.status_code, "Tháng ghi như 11/2026" in wrong.text) == (422, True)
    assert "/nguoi/cham-cong" in client.get("/nguoi").text


def test_the_sheet_opens_elsewhere_and_holds_no_formula(
    client: FlaskClient, ground: Ground, session: Session, people: People
) -> None:
    make.create_account(session, people.ward.id, '=HYPERLINK("http://x","y")', team=people.team)
    session.execute(update(Membership).values(valid_from=datetime(2026, 1, 1, tzinfo=VIETNAM)))
    ground.visits(at(3), 0, 1)
    ground.visits(at(4), 2)
    sign_in(client, session, people.lan)
    answer = client.get("/nguoi/cham-cong/tep?thang=2026-10")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gocua-cham-cong-2026-10.xlsx"'
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert "BẢNG CHẤM CÔNG THÁNG 10/2026" in str(rows[0][0])
    heads = [str(cell) for cell in rows[2]]
    assert heads[:4] == ["STT", "Họ và tên", "Tổ", "1"]
    assert heads[-2:] == ["Ngày công", "Số hộ"]
    minh = next(row for row in rows if row[1] == "Nguyễn Văn Minh")
    assert [heads[place] for place, cell in enumerate(minh) if cell == "x"] == ["3", "4"]
    assert (minh[-2], minh[-1]) == (2, 3)
    assert any(str(row[1]).startswith("'=HYPERLINK") for row in rows[3:])
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    audited = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("attendance.%"))).all()
    assert "attendance.export" in audited


def test_the_phone_is_told_its_own(
    client: FlaskClient, ground: Ground, session: Session, people: People
) -> None:
    make.create_campaign(session, people.ward.id).starts_on = today() - timedelta(days=5)
    yesterday = datetime.combine(today() - timedelta(days=1), time(20), tzinfo=VIETNAM)
    ground.visits(yesterday, 0, 1)
    on_phone(client, people.minh_token)
    headers = {"X-Gocua-Client": "test"}
    answer = client.get("/api/v1/attendance", headers=headers)
    told = answer.get_json()
    assert told["days"] == [yesterday.date().isoformat()]
    assert (told["campaign"]["done"], told["campaign"]["total"], told["campaign"]["days"]) == (2, 6, 1)
    again = client.get("/api/v1/attendance", headers=headers | {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_without_a_campaign_there_are_only_days(ground: Ground, session: Session) -> None:
    assert attendance.mine(session, ground.actor) == {"days": [], "campaign": None}
    assert isinstance(ground.doors[0], Household)
