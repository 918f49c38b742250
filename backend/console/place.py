"""The only filters that follow a leader everywhere: neighbourhood and campaign, kept in a small cookie."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask, Response, current_app, g, request

from backend.core.messages import N_
from backend.edge.access import LEADERS, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.services.actor import WARD_ROLES
from backend.services.desk import Surroundings, surroundings

COOKIE = "gocua_place"

# Address, word, further words (dropped on a phone), and the drawing of a 24 × 24 icon.
_ROOMS = (
    ("/bang", N_("Bảng"), "", "M4 20h16M7 16v-5M12 16V5M17 16v-8"),
    ("/ho", N_("Hộ"), "", "M4 11l8-7 8 7M6 10v10h12V10M10 20v-5h4v5"),
    (
        "/tuyen",
        N_("Tuyến"),
        "",
        "M6 20a2 2 0 100-4 2 2 0 000 4zM18 8a2 2 0 100-4 2 2 0 000 4zM8 18h7a3 3 0 000-6H9a3 3 0 010-6h7",
    ),
    (
        "/nguoi",
        N_("Người"),
        "",
        "M9 11a3 3 0 100-7 3 3 0 000 7zM3 20c0-4 2-6 6-6s6 2 6 6M16 5a3 3 0 010 6M17 14c2 1 4 3 4 6",
    ),
    (
        "/ma",
        N_("Mã QR"),
        "",
        "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2",
    ),
    ("/nhap", N_("Nhập"), N_("danh sách"), "M12 4v11M8 11l4 4 4-4M4 19h16"),
)

_FOR_VIEWERS = ("/bang", "/tuyen")
# Pages whose address does not begin with that of their room.
_ROOM_OF = {
    "/yeu-cau": "/bang",
    "/cho-duyet": "/nguoi",
    "/to": "/nguoi",
    "/diem": "/ma",
    "/soat-ma": "/ma",
    "/T": "/tuyen",
}


@dataclass(frozen=True)
class Desk:
    """What layout.html shows around a page."""

    signed_in: bool
    rooms: list[tuple[str, str, str, str]]
    name: str = ""
    ward: str = ""
    neighbourhood_id: str = ""
    neighbourhood: str = ""
    neighbourhoods: tuple[tuple[UUID, str], ...] = ()
    campaign_id: str = ""
    campaign: str = ""
    campaigns: tuple[tuple[UUID, str], ...] = ()

    @staticmethod
    def language_link(language: str) -> str:
        """This same page in another language (a page that answered a form: the board)."""
        here = request.path if request.method == "GET" else "/bang"
        return f"{here}?{urlencode([*(pair for pair in request.args.items(multi=True) if pair[0] != 'lang'), ('lang', language)])}"


def chosen_neighbourhood() -> UUID | None:
    """The neighbourhood that the person looks at, inside their scope; None for all of them."""
    wanted = _wanted()[0]
    return wanted if wanted in around().neighbourhoods else None


def chosen_campaign() -> UUID | None:
    """The campaign that the person looks at: the running one until they choose; None for all."""
    if "dot" not in request.args and COOKIE not in request.cookies:
        return around().running
    wanted = _wanted()[1]
    return wanted if wanted in around().campaigns else None


def desk() -> Desk:
    """The surroundings of the page that is being written; without names for a person who is not signed in."""
    person = g.get("actor")
    rooms = [
        (href, _(word), _(more) if more else "", icon)
        for href, word, more, icon in _ROOMS
        if not looks_on() or href in _FOR_VIEWERS
    ]
    if person is None:
        return Desk(signed_in=False, rooms=rooms)
    names, here, drive = around(), chosen_neighbourhood(), chosen_campaign()
    if here is None and len(names.neighbourhoods) == 1:
        only = next(iter(names.neighbourhoods.values()))
    else:
        only = names.neighbourhoods[here] if here else ""
    return Desk(
        signed_in=True,
        rooms=rooms,
        name=names.account_name,
        ward=names.ward_name,
        neighbourhood_id=str(here or ""),
        neighbourhood=only,
        neighbourhoods=tuple(names.neighbourhoods.items()),
        campaign_id=str(drive or ""),
        campaign=names.campaigns[drive] if drive else "",
        campaigns=tuple(names.campaigns.items()),
    )


def in_room(room: str) -> str:
    """For aria-current: "page" on the page of the room itself, "true" on another page of it, "" elsewhere."""
    first = f"/{request.path.split('/', 2)[1]}"
    if request.path.rstrip("/") == room:
        return "page"
    return "true" if _ROOM_OF.get(first, first) == room else ""


def looks_on() -> bool:
    """True for somebody who may see the board and the walks but no household: links to those stay away."""
    person = g.get("actor")
    return bool(person and not person.roles & LEADERS.roles)


def is_officer() -> bool:
    """True for the ward's own people, who may make teams and leaders."""
    person = g.get("actor")
    return bool(person and person.roles & WARD_ROLES)


def register(app: Flask) -> None:
    """Give templates `desk()`, `in_room()` and `is_officer()`, and remember a choice of place."""
    app.jinja_env.globals.update(desk=desk, in_room=in_room, is_officer=is_officer)

    @app.after_request
    def remember(response: Response) -> Response:
        if "surroundings" in g and ("khu" in request.args or "dot" in request.args):
            response.set_cookie(
                COOKIE,
                f"{chosen_neighbourhood() or ''}|{chosen_campaign() or ''}",
                samesite="Lax",
                httponly=True,
                secure=current_app.config["GOCUA"].secure,
            )
        return response


def around() -> Surroundings:
    """The names around the page, read once per request."""
    if "surroundings" not in g:
        g.surroundings = surroundings(session(), actor())
    found: Surroundings = g.surroundings
    return found


def _wanted() -> tuple[UUID | None, UUID | None]:
    here, _separator, drive = request.cookies.get(COOKIE, "").partition("|")
    return _uuid(request.args.get("khu", here)), _uuid(request.args.get("dot", drive))


def _uuid(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None
