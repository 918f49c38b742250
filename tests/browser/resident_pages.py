"""Every page that a resident can open, in each state that it can be in: the one list of it.

axe-core, Lighthouse, the browser tests and the pictures of docs/screenshots/resident go through PAGES; a name is also
the name of the picture. A new public page without an entry here fails `test_every_public_page_is_listed`; a new kind of
code without its live and its revoked page fails `test_every_kind_of_code_is_listed_live_and_revoked`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.models import FailureReason, HelpClosed, HelpDoor, HelpWhen, Resident, SpotKind
from backend.services import (
    codes,
    events,
    help_asking,
    help_desk,
    live_badges,
    slips,
    spots,
    visit_codes,
)
from backend.services.actor import Actor
from backend.services.event_core import Item, compose
from backend.services.help_asking import Asked, Origin
from backend.services.spots import SpotIn
from qr.codes.live import live_token, step_at
from qr.codes.tokens import token_from

# Name → path; the words in braces are filled by `make`.
PAGES: dict[str, str] = {
    "trang-dau": "/",
    "quyen-rieng-tu": "/quyen-rieng-tu",
    "cac-bai": "/huong-dan",
    "vneid-muc-2": "/G/{guide}",
    "bai-ma-thu-hoi": "/G/{old_guide}",
    "tai-khoan-an-sinh": "/huong-dan/tai-khoan-an-sinh",
    "so-suc-khoe": "/huong-dan/so-suc-khoe",
    "tranh-bi-lua": "/huong-dan/an-toan",  # the longest
    "bai-da-bao": "/huong-dan/vneid-muc-2/cam-on?buoc=3",
    "ma-cua-ho": "/H/{plate}",
    "ma-cua-ho-thu-hoi": "/H/{old_plate}",
    "ma-khong-co": "/H/0000000000",
    "the-tinh-nguyen-vien": "/B/{badge}",
    "the-tinh-nguyen-vien-thu-hoi": "/B/{old_badge}",
    "the-khong-co": "/B/0000000000",
    "the-tren-may": "/V/{fresh}",
    "the-tren-may-het-han": "/V/{stale}",
    "the-tren-may-som": "/V/{early}",
    "the-tren-may-thu-hoi": "/V/{over}",
    "the-tren-may-gia": "/V/00000000000000000000000000",
    "ma-hen": "/xac-minh",
    "ma-hen-dung": "/xac-minh?ma={visit_code}",
    "ma-hen-khong-co": "/xac-minh?ma=000000",
    "nho-giup": "/giup",
    "nho-giup-ma-cua": "/giup/{plate}",
    "theo-doi-nhan": "/Y/{nhan}",
    "theo-doi-hen": "/Y/{hen}",
    "theo-doi-vang": "/Y/{vang}",
    "theo-doi-xong": "/Y/{xong}",
    "theo-doi-khep": "/Y/{khep}",
    "cac-to-dan-pho": "/khu-pho",
    "to-dan-pho-rieng": "/khu-pho/{slug}",
    "to-dan-pho": "/N/{area}",
    "to-dan-pho-thu-hoi": "/N/{old_area}",
    "diem-ho-tro": "/D/{support_point}",
    "diem-ho-tro-thu-hoi": "/D/{old_support_point}",
    "wifi": "/W/{wifi}",
    "wifi-thu-hoi": "/W/{old_wifi}",
    "di-tich": "/P/{place}",
    "di-tich-thu-hoi": "/P/{old_place}",
    "sap-cho": "/M/{stall}",
    "sap-cho-thu-hoi": "/M/{old_stall}",
    "khao-sat": "/K/{survey}",
    "khao-sat-xong": "/K/{survey}?xong=1",
    "khao-sat-thu-hoi": "/K/{old_survey}",
    "phieu-chua-co": "/S/0000000000",
    "phieu": "/S/{slip}",
    "phieu-da-tra-loi": "/S/{slip_answered}",
    "phieu-rut-lai": "/S/{slip_void}",
}
# The letters of codes that are no row of `qr_code`: the rotating badge and the slip.
LETTERS = {*codes.LETTERS.values(), "V", "S"}
# Rules that show no page of their own: a redirect, or the same page under its lower-case letter.
NO_PAGE = {"/tim"} | {f"/{letter}/<token>" for letter in "bdghkmnpsvwy"}
DOORS = 7  # how many doors `make` needs

_EVENING = {day: (time(19), time(21)) for day in (0, 2, 4)}
_SPOTS = (
    SpotIn(
        SpotKind.SUPPORT_POINT,
        "Nhà văn hoá tổ 7",
        "Số 5 ngõ 34",
        hours=_EVENING,
        equipment=("computer", "printer", "wifi"),
    ),
    SpotIn(SpotKind.WIFI, "Wifi nhà văn hoá", ssid="NhaVanHoa7", wifi_password="chaobac2026"),
    SpotIn(SpotKind.PLACE, "Đình làng", about="Đình dựng năm 1780.\n\nMở cửa ngày rằm và mồng một."),
    SpotIn(SpotKind.STALL, "Sạp rau cô Tư, chợ 31ha"),
    SpotIn(
        SpotKind.SURVEY,
        "Một cửa phường",
        question="Hôm nay ông/bà có hài lòng không?",
        answers=("Hài lòng", "Bình thường", "Chưa hài lòng"),
    ),
)


@dataclass
class Pages:
    """`names` fill the paths; `key` and `old_key` (handle, secret) make the codes of a rotating badge."""

    names: dict[str, str]
    key: tuple[str, bytes]
    old_key: tuple[str, bytes]

    def path(self, name: str) -> str:
        """Where the page `name` is now: a rotating code is made when it is asked for."""
        return PAGES[name].format(**self.filled())

    def filled(self) -> dict[str, str]:
        """Every word in braces."""
        step = step_at(now().timestamp())
        shown = {"fresh": step, "stale": step - 4, "early": step + 4}
        live = {word: live_token(*self.key, one) for word, one in shown.items()}
        return self.names | live | {"over": live_token(*self.old_key, step)}


def make(session: Session, leader: Actor, phone: Actor, neighbourhood_id: UUID, doors: list[UUID]) -> Pages:
    """Make every state on a ward: `phone` is a volunteer of `leader` on a device; DOORS doors without a request."""
    names = _codes(session, leader, phone, neighbourhood_id, doors[5:]) | _spots(
        session, leader, neighbourhood_id
    )
    names |= _requests(session, leader, phone, neighbourhood_id, doors) | _slips(session, phone, doors)
    made = visit_codes.announce(
        session,
        leader,
        visit_codes.teams(session, leader)[0][0],
        starts_on=today(),
        ends_on=today(),
        opens=time(19, 30),
        closes=time(21, 30),
    )
    names["visit_code"] = visit_codes.one(session, leader, made).code
    old_key = live_badges.new_key(session, phone)  # the next one revokes it
    return Pages(names, live_badges.new_key(session, phone), old_key)


def _codes(
    session: Session, leader: Actor, phone: Actor, neighbourhood_id: UUID, doors: list[UUID]
) -> dict[str, str]:
    old = {
        "old_guide": codes.code_for_guide(session, leader, "so-suc-khoe", placement="Chợ"),
        "old_plate": codes.code_for_household(session, leader, doors[0]),
        "old_badge": codes.code_for_account(session, leader, leader.account_id),
        "old_area": codes.code_for_neighbourhood(session, leader, neighbourhood_id, placement="Chợ"),
    }
    made = {
        "guide": codes.code_for_guide(session, leader, "vneid-muc-2"),
        "plate": codes.code_for_household(session, leader, doors[1]),
        "badge": codes.code_for_account(session, leader, phone.account_id),
        "area": codes.code_for_neighbourhood(session, leader, neighbourhood_id),
    }
    for code in old.values():
        codes.revoke(session, leader, code.id)
    served = next(one for one in help_asking.served(session) if one.id == neighbourhood_id)
    return {"slug": served.code, **{name: code.token for name, code in {**old, **made}.items()}}


def _spots(session: Session, leader: Actor, neighbourhood_id: UUID) -> dict[str, str]:
    """Places of each kind with their codes, once open and once closed."""
    names = {}
    for told in _SPOTS:
        names[str(told.kind)] = spots.add(session, leader, neighbourhood_id, told)[1].token
        spot, code = spots.add(session, leader, neighbourhood_id, told)
        spots.close(session, leader, spot.id)
        names[f"old_{told.kind}"] = code.token
    return names


def _requests(session: Session, leader: Actor, phone: Actor, area: UUID, doors: list[UUID]) -> dict[str, str]:
    """A request in each stage: received, somebody is coming, nobody at home, done, closed."""
    asked = Asked(("eid_level_2", "cashless"), HelpWhen.EVENINGS)
    names = {}
    for name, door in zip(("nhan", "hen", "vang", "xong", "khep"), doors, strict=False):
        origin = Origin(HelpDoor.PLATE, leader.ward_id, area, "", door)
        names[name] = help_asking.ask(session, origin, asked, f"{name}-{door}")
    rows = {row.household_id: row for row in help_desk.list_requests(session, leader, neighbourhood_id=area)}
    help_desk.assign_person(session, leader, rows[doors[1]].id, phone.account_id, today())
    help_desk.close(session, leader, rows[doors[4]].id, HelpClosed.COUNTER)
    events.store(session, phone, [compose(phone.account_id, doors[2], "visit", {"outcome": "not_home"})])
    return names


def _slips(session: Session, phone: Actor, doors: list[UUID]) -> dict[str, str]:
    """The slip of a visit, of one whose slip has answered, and of one that was taken back."""
    told = ("eid_level_2", "done_with_help"), ("cashless", "shown"), ("ehealth_book", "blocked")
    helped, other, back = (
        compose(
            phone.account_id, door, "visit", {"outcome": "helped", "results": _results(session, door, work)}
        )
        for door, work in ((doors[3], told), (doors[6], told[:2]), (doors[2], told[:1]))
    )
    void = compose(phone.account_id, doors[2], "correction", {"void": True}, corrects=back.id)
    events.store(session, phone, [helped, other, back, void])
    slips.give_feedback(session, _slip_code(other), 0)
    return {
        "slip": _slip_code(helped),
        "slip_answered": _slip_code(other),
        "slip_void": _slip_code(back),
    }


def _results(session: Session, door: UUID, told: Iterable[tuple[str, str]]) -> list[dict[str, str | None]]:
    """What a visit did for the first person of a door: services and the states they came to."""
    person = session.scalars(select(Resident.id).where(Resident.household_id == door).limit(1)).one()
    reason = select(FailureReason.code).order_by(FailureReason.position).limit(1)
    return [
        {
            "resident": str(person),
            "service": service,
            "state": state,
            "reason": session.scalar(reason.where(FailureReason.service_code == service))
            if state == "blocked"
            else None,
        }
        for service, state in told
    ]


def _slip_code(visit: Item) -> str:
    return token_from(bytes.fromhex(visit.sha256))


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
