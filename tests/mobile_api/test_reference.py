"""GET /api/v1/reference."""

from flask.testing import FlaskClient

from mobile_api.schemas import ReferenceOut
from tests.people import People

URL = "/api/v1/reference"


def test_works(phone: FlaskClient) -> None:
    body = phone.get(URL).json
    assert body
    assert not ReferenceOut().validate(body)
    codes = [service["code"] for service in body["services"]]
    assert codes[:2] == ["eid_level_1", "eid_level_2"]
    level_2 = body["services"][1]
    assert level_2["guide"] == "vneid-muc-2"
    assert level_2["reasons"][0]["name"] == "Tài khoản chưa được duyệt"


def test_unchanged_is_told_without_a_body(phone: FlaskClient) -> None:
    tag = phone.get(URL).headers["ETag"]
    again = phone.get(URL, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert phone.get(URL, headers={"If-None-Match": '"other"'}).status_code == 200


def test_in_english(phone: FlaskClient) -> None:
    body = phone.get(f"{URL}?lang=en").json
    assert body
    assert body["services"][1]["name"] == "Activate VNeID level 2"


def test_credential(client: FlaskClient, people: People) -> None:
    assert client.get(URL).status_code == 401
