"""Every page of the desk is reached by visible links from the board, in few steps, and its room is lit in the rail."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from backend.edge.access import Credential
from backend.models import Role
from tests.architecture.test_access import World, world  # noqa: F401 (a fixture)
from tests.people import sign_in

STEPS = 3
# The rail's room on pages whose address does not say it.
ROOMS = {
    "board.show": "/bang",
    "help.listing": "/bang",
    "help.show": "/bang",
    "held.listing": "/nguoi",
    "attendance.show": "/nguoi",
    "spots.listing": "/ma",
    "spots.rounds": "/ma",
    "reports.index": "/ma",
    "visit_codes.index": "/ma",
    "guides_desk.overview": "/ma",
    "codes.overview": "/ma",
}
# These belong to no room: the bar at the top opens them.
AT_THE_TOP = ("/toi", "/khu", "/dot")
# Pages that no link on the desk opens, and why.
WITHOUT_A_LINK = {
    "board.figures": "the board's own script asks for it",
    "imports.progress": "the script of a running import asks for it",
    "paper.scanned": "the code printed on a day sheet opens it",
    "people.invited": "pressing “invite” opens it, and it is shown once",
    "imports.columns": "an upload opens it while its columns are not told",
    "imports.look": "an import opens it once its columns are told",
    "imports.refused_rows": "the result of an import that left rows out",
    "imports_after.problems": "an import with rows to put right opens it",
    "imports_after.ask_undo": "the result of an import that can be undone",
    "buildings.show": "the list of buildings, where there is one",
    "board.sheet": "the board of several neighbourhoods",
    "spots.edit": "the page of its place, which is three clicks away itself",
}


class _Links(HTMLParser):
    """The addresses of links, and of forms that are sent with GET."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = (
            given.get("href")
            if tag == "a"
            else given.get("action")
            if tag == "form" and (given.get("method") or "get").lower() == "get"
            else None
        )
        if address and address.startswith("/"):
            self.found.append(address)


def _links(page: str) -> Iterator[str]:
    reader = _Links()
    reader.feed(page)
    yield from reader.found


def _endpoint(app: Flask, path: str) -> str | None:
    try:
        return str(app.url_map.bind("localhost").match(path, method="GET")[0])
    except HTTPException:
        return None


def _walk(app: Flask, client: FlaskClient) -> dict[str, tuple[str, str]]:
    """Endpoint to the path and text of a page of it, for all that at most three clicks from the board open."""
    found: dict[str, tuple[str, str]] = {}
    seen: set[str] = set()
    now = ["/bang"]
    for _step in range(STEPS + 1):
        after: list[str] = []
        for address in now:
            path = urlsplit(address).path
            endpoint = _endpoint(app, path)
            if path in seen or endpoint is None:
                continue
            seen.add(path)
            reply = client.get(address)
            # 409: a page that says what must be done first.
            assert reply.status_code < 400 or reply.status_code == 409, (address, reply.status_code)
            found.setdefault(endpoint, (path, reply.text if reply.mimetype == "text/html" else ""))
            if reply.location:
                after.append(reply.location)
            elif reply.mimetype == "text/html":
                after += _links(reply.text)
        now = after
    return found


def _may_open(app: Flask, role: Role) -> set[str]:
    found = set()
    for rule in app.url_map.iter_rules():
        policy = getattr(app.view_functions[rule.endpoint], "gocua_policy", None)
        if (
            policy
            and policy.credential is Credential.BROWSER
            and "GET" in (rule.methods or ())
            and (not policy.roles or role in policy.roles)
        ):
            found.add(rule.endpoint)
    return found


@pytest.mark.parametrize(("who", "role"), [("officer", Role.WARD_OFFICER), ("lan", Role.TEAM_LEADER)])
def test_every_page_is_three_clicks_from_the_board(
    app: Flask,
    world: World,  # noqa: F811
    session: Session,
    who: str,
    role: Role,
) -> None:
    found = _walk(app, sign_in(app.test_client(), session, getattr(world.people, who)))
    assert _may_open(app, role) - set(found) - set(WITHOUT_A_LINK) == set()
    lit = {
        endpoint: re.findall(r'<li><a href="(/[a-z]+)" aria-current="(?:page|true)"', page)
        for endpoint, (path, page) in found.items()
        if 'class="rail"' in page and not path.startswith(AT_THE_TOP)
    }
    assert {endpoint: rooms for endpoint, rooms in lit.items() if len(rooms) != 1} == {}
    assert {endpoint: lit[endpoint] for endpoint in ROOMS if endpoint in lit} == {
        endpoint: [room] for endpoint, room in ROOMS.items() if endpoint in lit
    }
    wanted = set(ROOMS) - ({"reports.index"} if who == "lan" else set())
    assert wanted <= set(lit)
