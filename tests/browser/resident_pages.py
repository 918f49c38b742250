"""Every kind of page that a resident can open, by the route that serves it, with the state each shall be seen in.

The one list for axe-core, Lighthouse and the browser tests. A new public page of `qr.pages` without an entry here
fails `test_every_public_page_is_listed`; a new kind of code needs its live and its revoked state.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.models import HelpDoor, HelpWhen, QrCode, SpotKind
from backend.services import codes, help_asking, live_badges, spots
from backend.services.actor import Actor
from backend.services.sessions import actor_of_device
from backend.services.spots import SpotIn
from qr.codes.live import live_token, step_at
from tests.people import acting

# name → path; the words in braces are filled by `make`.
PAGES: dict[str, str] = {
    "home": "/",
    "guides": "/huong-dan",
    "guide": "/G/{guide}",
    "guide-welfare": "/huong-dan/tai-khoan-an-sinh",
    "guide-health": "/huong-dan/so-suc-khoe",
    "guide-longest": "/huong-dan/an-toan",
    "guide-reported": "/huong-dan/vneid-muc-2/cam-on?buoc=3",
    "guide-revoked": "/G/{old_guide}",
    "household": "/H/{plate}",
    "badge": "/B/{badge}",
    "badge-revoked": "/B/{old_badge}",
    "household-revoked": "/H/{old_plate}",
    "unknown": "/H/0000000000",
    "badge-unknown": "/B/0000000000",
    "live-badge": "/V/{fresh}",
    "live-badge-old": "/V/{stale}",
    "live-badge-early": "/V/{early}",
    "live-badge-forged": "/V/00000000000000000000000000",
    "visit-code": "/xac-minh",
    "visit-code-wrong": "/xac-minh?ma=000000",
    "privacy": "/quyen-rieng-tu",
    "help": "/giup",
    "help-plate": "/giup/{plate}",
    "help-follow": "/Y/{request}",
    "neighbourhoods": "/khu-pho",
    "neighbourhood": "/N/{area}",
    "neighbourhood-own": "/khu-pho/{slug}",
    "support-point": "/D/{support_point}",
    "support-point-revoked": "/D/{old_support_point}",
    "wifi": "/W/{wifi}",
    "place": "/P/{place}",
    "stall": "/M/{stall}",
    "survey": "/K/{survey}",
    "slip-unknown": "/S/0000000000",
}
# Rules that show no page of their own: a redirect, or the same page under its lower-case letter.
NO_PAGE = {"/v/<token>", "/tim", "/g/<token>", "/h/<token>", "/b/<token>", "/y/<token>"} | {
    f"/{letter}/<token>" for letter in "dknmpsw"
}


@dataclass
class Pages:
    """`names` fill the paths; `handle` and `secret` make the codes of a rotating badge."""

    names: dict[str, str] = field(default_factory=dict)
    handle: str = ""
    secret: bytes = b""

    def path(self, name: str) -> str:
        """Where the page `name` is now: a rotating code is made when it is asked for."""
        step = step_at(now().timestamp())
        shown = {"fresh": step, "stale": step - 4, "early": step + 4}
        live = {word: live_token(self.handle, self.secret, one) for word, one in shown.items()}
        return PAGES[name].format(**self.names, **live)


def make(session: Session, live) -> Pages:  # type: ignore[no-untyped-def]  # tests.browser.conftest.Live imports this
    """Issue one live and one revoked code of each kind on the served application."""
    lan = acting(session, live.people.lan)
    old = {
        "old_guide": codes.code_for_guide(session, lan, "so-suc-khoe", placement="Chợ"),
        "old_plate": codes.code_for_household(session, lan, live.households[1].id),
        "old_badge": codes.code_for_account(session, lan, live.people.lan.id),
    }
    made = {
        "guide": codes.code_for_guide(session, lan, "vneid-muc-2"),
        "plate": codes.code_for_household(session, lan, live.households[0].id),
        "badge": codes.code_for_account(session, lan, live.people.minh.id),
    }
    for code in old.values():
        codes.revoke(session, lan, code.id)
    names = {name: code.token for name, code in {**old, **made}.items()}
    door = help_asking.Origin(HelpDoor.PLATE, live.people.ward.id, household_id=live.households[2].id)
    door = replace(door, neighbourhood_id=live.people.neighbourhood.id)
    names["request"] = help_asking.ask(
        session, door, help_asking.Asked(("eid_level_2",), HelpWhen.TONIGHT), "resident-pages"
    )
    names |= {str(kind): _spot(session, lan, live, kind) for kind in SpotKind}
    gone = _spot(session, lan, live, SpotKind.SUPPORT_POINT)
    codes.revoke(session, lan, _code_id(session, gone))
    area = codes.code_for_neighbourhood(session, lan, live.people.neighbourhood.id)
    names |= {"old_support_point": gone, "area": area.token, "slug": live.people.neighbourhood.code}
    phone = actor_of_device(session, live.people.minh_token)
    assert phone is not None
    return Pages(names, *live_badges.new_key(session, phone))


def _spot(session: Session, lan: Actor, live, kind: SpotKind) -> str:  # type: ignore[no-untyped-def]
    """A place of this kind with its code."""
    told = SpotIn(
        kind,
        f"Nơi {kind}",
        about="Dựng năm 1780." if kind is SpotKind.PLACE else "",
        ssid="Nha van hoa" if kind is SpotKind.WIFI else "",
        wifi_password="chao ca nha" if kind is SpotKind.WIFI else "",
        question="Hài lòng không?" if kind is SpotKind.SURVEY else "",
        answers=("Có", "Không", "") if kind is SpotKind.SURVEY else (),
    )
    return spots.add(session, lan, live.people.neighbourhood.id, told)[1].token


def _code_id(session: Session, token: str) -> UUID:
    return session.scalars(select(QrCode.id).where(QrCode.token == token)).one()


def unlisted(app: Flask) -> list[str]:
    """The rules of the residents' pages that answer GET and that no entry of PAGES leads to."""
    adapter = app.url_map.bind("localhost")
    listed = set()
    for path in PAGES.values():
        filled = path.format_map(_Any())
        listed.add(str(adapter.match(filled.partition("?")[0], return_rule=True)[0].rule))
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if app.view_functions[rule.endpoint].__module__.startswith("qr.pages")
        and "GET" in (rule.methods or ())
        and rule.rule not in listed | NO_PAGE
    )


class _Any(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "0000000000"
