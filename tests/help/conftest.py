"""What the tests of asking for help share: a person at a public form, and a phone."""

import re
from collections.abc import Callable
from random import randrange

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from qr.pages import guard
from tests.sync.conftest import *  # noqa: F403  # the phones of the sync tests

Fill = Callable[..., TestResponse]
_FIELD = re.compile(r'name="ve" value="([^"]+)"')


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person takes longer than four seconds; the test of haste sets its own limit."""
    monkeypatch.setattr(guard, "MIN_SECONDS", -1)


@pytest.fixture(autouse=True)
def _own_address(client: FlaskClient) -> None:
    """Attempts stay counted from test to test: each test is a house of its own."""
    client.environ_base["REMOTE_ADDR"] = f"10.{randrange(256)}.{randrange(256)}.{randrange(256)}"


@pytest.fixture
def fill(client: FlaskClient) -> Fill:
    """`fill("/giup", nha="…")`: open the form, fill it in, send it. None leaves a field out."""

    def fill(path: str = "/giup", **changes: object) -> TestResponse:
        if "address" in changes:
            client.environ_base["REMOTE_ADDR"] = str(changes.pop("address"))
        opened = client.get(path)
        assert opened.status_code == 200, opened.text[:200]
        return client.post(path, data=filled(opened, **changes))

    return fill


def filled(opened: TestResponse, **changes: object) -> dict[str, object]:
    """What a person sends who saw the page `opened`."""
    ticket = _FIELD.search(opened.text)
    assert ticket
    form: dict[str, object] = {
        "ve": ticket[1],
        "viec": ["eid_level_2"],
        "khi": "evenings",
        "dong_y": "help-1",
        "trang_web": "",
    }
    area = re.search(r'<option value="([0-9a-f-]{36})"', opened.text)
    if area:
        form["khu"] = area[1]
    if 'name="nha"' in opened.text:
        form |= {"nha": "Số 12 ngõ 34", "dt": "0912 000 333"}
    return {name: value for name, value in (form | changes).items() if value is not None}
