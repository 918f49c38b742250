"""The slip of a visit: from the phone's own hash to a page, one anonymous answer, one report to the ward."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.models import FeedbackCount, ReportAbout, Resident, ScamReport, SlipUsed
from backend.services import slips
from backend.services.event_core import compose
from qr.codes import new_token
from qr.codes.tokens import token_from
from tests.help.conftest import filled
from tests.people import acting
from tests.sync.conftest import Team
from tests.sync.kit import Phone, result, visit


@pytest.fixture
def helped(team: Team, phone: Phone, session: Session) -> tuple[str, object]:
    """A visit that was sent, and the code that its phone shows."""
    person = session.scalars(select(Resident.id).where(Resident.household_id == team.doors[0].id)).first()
    assert person
    item = visit(
        phone.account.id,
        team.doors[0].id,
        "helped",
        results=[result(person, "eid_level_2", "done_with_help")],
        note="Bác Chimyen",
    )
    code = token_from(bytes.fromhex(item.sha256))
    phone.push(item)
    return code, item


def ticket(client: FlaskClient, code: str) -> dict[str, object]:
    return {"ve": filled(client.get(f"/S/{code}"))["ve"], "trang_web": ""}


def test_before_the_phone_sent_it_says_wait(client: FlaskClient) -> None:
    reply = client.get(f"/S/{new_token()}")
    assert reply.status_code == 404
    assert "ngày mai" in reply.text


def test_the_page_tells_work_and_nobody(client: FlaskClient, helped: tuple[str, object], team: Team) -> None:
    code, _ = helped
    for path in (f"/S/{code}", f"/s/{code.lower()}"):
        page = client.get(path)
        assert page.status_code == 200
        assert "Minh (" in page.text
        assert "Đã xong" in page.text
        for canary in ("Chimyen", "Nguyễn Văn", "ngõ 34", team.doors[0].code, str(team.doors[0].id)):
            assert canary not in page.text
        assert len(client.get(path, headers={"Accept-Encoding": "gzip"}).data) <= 10 * 1024
    assert client.get("/tim", query_string={"ma": code}).location == f"/S/{code}"
    assert "What was done" in client.get(f"/S/{code}?lang=en").text


def test_one_answer_a_slip_without_identity(
    client: FlaskClient, helped: tuple[str, object], session: Session, team: Team
) -> None:
    code, _ = helped
    form = ticket(client, code)
    path = f"/S/{code}/y-kien"
    assert client.post(path, data=form | {"dap": "7"}).status_code == 422
    assert client.post(path, data=form | {"dap": ""}).status_code == 422
    assert client.post(path, data={"dap": "0"}).status_code == 400
    assert client.post(path, data=form | {"dap": "2"}).status_code == 303
    assert client.post(path, data=form | {"dap": "2"}).status_code == 409
    assert "Cảm ơn" in client.get(f"/S/{code}").text
    assert session.scalar(select(func.sum(FeedbackCount.n))) == 1
    assert set(SlipUsed.__table__.columns.keys()) == {"slip", "what", "ward_id"}
    lan = acting(session, team.people.lan)
    area = team.people.neighbourhood.id
    assert slips.feedback_of(session, lan) == {area: None}  # one answer is nobody's business
    session.add(
        FeedbackCount(
            neighbourhood_id=area, month=slips.today().replace(day=1), answer=0, ward_id=lan.ward_id, n=4
        )
    )
    session.flush()
    assert slips.feedback_of(session, lan) == {area: (4, 0, 1)}
    assert slips.feedback_of(session, acting(session, team.people.hoa)) == {}


def test_a_report_goes_to_the_ward(client: FlaskClient, helped: tuple[str, object], session: Session) -> None:
    code, item = helped
    form = ticket(client, code)
    assert client.post(f"/S/{code}/khong-dung", data=form).status_code == 303
    assert client.post(f"/S/{code}/khong-dung", data=form).status_code == 409
    told = session.scalars(select(ScamReport)).one()
    assert (told.about, told.visit_event_id, told.account_id) == (ReportAbout.VISIT, item.id, None)
    assert "Phường đã nhận" in client.get(f"/S/{code}").text


def test_a_corrected_visit_shows_what_counts(
    client: FlaskClient, helped: tuple[str, object], phone: Phone, team: Team
) -> None:
    code, item = helped
    fixed = compose(
        phone.account.id, team.doors[0].id, "correction", {"outcome": "no_need"}, corrects=item.id
    )
    phone.push(fixed)
    assert "chưa cần giúp" in client.get(f"/S/{code}").text
    phone.push(compose(phone.account.id, team.doors[0].id, "correction", {"void": True}, corrects=fixed.id))
    gone = client.get(f"/S/{code}")
    assert gone.status_code == 410
    assert "Phiếu này không dùng nữa" in gone.text
    assert client.post(f"/S/{code}/y-kien", data={"dap": "0"}).status_code in (400, 422)


def test_the_phone_spells_the_same_code() -> None:
    """The pair that mobile_api/pwa/src/protocol/slip.test.ts holds, too."""
    assert token_from(bytes.fromhex("0123456789abcdef" + "0" * 48)) == "04HMASW9NF"
