"""What a phone keeps for offline: guides, badge, plates."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.database import work
from backend.services import codes
from backend.services.guides import guides
from tests import factories as make
from tests.people import People, acting, on_phone

HEADERS = {"X-Gocua-Client": "test"}


def _phone(client: FlaskClient, session: Session, people: People) -> None:
    work.commit(session)
    on_phone(client, people.minh_token)


def test_guides_come_in_both_languages_with_codes_that_open(
    client: FlaskClient, session: Session, people: People
) -> None:
    _phone(client, session, people)
    answer = client.get("/api/v1/guides", headers=HEADERS)
    pack = answer.get_json()
    shown = [each.slug for each in guides("vi") if not each.withdrawn(today())]
    assert [each["slug"] for each in pack["guides"]["vi"]] == shown
    assert {each["slug"] for each in pack["guides"]["en"]} == set(shown)
    first = pack["guides"]["vi"][0]
    assert first["intro"].strip()
    assert "<" not in first["intro"]
    assert all(step["text"] for step in first["steps"])
    assert {step["picture"] for step in first["steps"]} <= pack["pictures"].keys()
    token = pack["codes"][first["slug"]]["url"].rpartition("/")[2]
    assert first["title"] in client.get(f"/G/{token}").get_data(as_text=True)
    again = client.get("/api/v1/guides", headers=HEADERS | {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_badge_is_the_phone_owners_and_opens_the_live_page(
    client: FlaskClient, session: Session, people: People
) -> None:
    _phone(client, session, people)
    badge = client.get("/api/v1/badge", headers=HEADERS).get_json()
    assert badge["given_name"] == "Minh"
    assert badge["code"] == client.get("/api/v1/badge", headers=HEADERS).get_json()["code"]
    page = client.get("/B/" + badge["code"]["url"].rpartition("/")[2])
    assert page.status_code == 200
    assert "Minh" in page.get_data(as_text=True)


def test_plates_only_of_the_doors_in_sight(client: FlaskClient, session: Session, people: People) -> None:
    mine, not_mine = (
        make.create_household(session, people.neighbourhood),
        make.create_household(session, people.neighbourhood),
    )
    make.create_walk(session, people.team, [people.minh], [mine])
    issued = codes.codes_for_households(session, acting(session, people.lan), [mine.id, not_mine.id])
    plates = {code.household_id: code.token for code in issued}
    assert len(plates) == 2
    _phone(client, session, people)
    found = client.get("/api/v1/plates", headers=HEADERS).get_json()["plates"]
    assert found == {plates[mine.id]: str(mine.id)}
