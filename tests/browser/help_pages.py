"""Every state of the pages for asking, following, places and slips, made on a served application: path by name."""

from datetime import time
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.models import HelpClosed, HelpDoor, HelpWhen, SpotKind
from backend.services import codes, events, help_asking, help_desk, spots
from backend.services.actor import Actor
from backend.services.event_core import compose
from backend.services.help_asking import Asked, Origin
from backend.services.spots import SpotIn
from qr.codes.tokens import token_from

_EVENING = {day: (time(19), time(21)) for day in (0, 2, 4)}
_TOLD = {
    "diem-ho-tro": (
        "D",
        SpotIn(
            SpotKind.SUPPORT_POINT,
            "Nhà văn hoá tổ 7",
            "Số 5 ngõ 34",
            hours=_EVENING,
            equipment=("computer", "printer", "wifi"),
        ),
    ),
    "wifi": ("W", SpotIn(SpotKind.WIFI, "Wifi nhà văn hoá", ssid="NhaVanHoa7", wifi_password="chaobac2026")),
    "di-tich": (
        "P",
        SpotIn(SpotKind.PLACE, "Đình làng", about="Đình dựng năm 1780.\n\nMở cửa ngày rằm và mồng một."),
    ),
    "sap-cho": ("M", SpotIn(SpotKind.STALL, "Sạp rau cô Tư, chợ 31ha")),
    "khao-sat": (
        "K",
        SpotIn(
            SpotKind.SURVEY,
            "Một cửa phường",
            question="Hôm nay ông/bà có hài lòng không?",
            answers=("Hài lòng", "Bình thường", "Chưa hài lòng"),
        ),
    ),
}


def make_pages(
    session: Session, leader: Actor, phone: Actor, neighbourhood_id: UUID, doors: list[UUID]
) -> dict[str, str]:
    """Live and revoked codes of each kind, a request in each stage, slips; five doors are needed. Name to path."""
    pages = _spots(session, leader, neighbourhood_id) | _requests(
        session, leader, phone, neighbourhood_id, doors
    )
    found = codes.code_for_neighbourhood(session, leader, neighbourhood_id)
    gone = codes.code_for_neighbourhood(session, leader, neighbourhood_id, placement="Chợ")
    codes.revoke(session, leader, gone.id)
    plate = codes.code_for_household(session, leader, doors[0])
    return pages | {
        "to-dan-pho": f"/N/{found.token}",
        "to-dan-pho-thu-hoi": f"/N/{gone.token}",
        "cac-to-dan-pho": "/khu-pho",
        "nho-giup": "/giup",
        "nho-giup-ma-cua": f"/giup/{plate.token}",
        "phieu-chua-co": "/S/0000000000",
    }


def _spots(session: Session, leader: Actor, neighbourhood_id: UUID) -> dict[str, str]:
    pages = {}
    for name, (letter, told) in _TOLD.items():
        pages[name] = f"/{letter}/{spots.add(session, leader, neighbourhood_id, told)[1].token}"
        spot, code = spots.add(session, leader, neighbourhood_id, told)
        spots.close(session, leader, spot.id)
        pages[f"{name}-thu-hoi"] = f"/{letter}/{code.token}"
    pages["khao-sat-xong"] = f"{pages['khao-sat']}?xong=1"
    return pages


def _requests(session: Session, leader: Actor, phone: Actor, area: UUID, doors: list[UUID]) -> dict[str, str]:
    asked = Asked(("eid_level_2", "cashless"), HelpWhen.EVENINGS)
    pages = {}
    for name, door in zip(("nhan", "hen", "vang", "xong", "khep"), doors, strict=False):
        origin = Origin(HelpDoor.PLATE, leader.ward_id, area, "", door)
        pages[f"theo-doi-{name}"] = f"/Y/{help_asking.ask(session, origin, asked, f'{name}-{door}')}"
    rows = {row.household_id: row for row in help_desk.list_requests(session, leader, neighbourhood_id=area)}
    help_desk.assign_person(session, leader, rows[doors[1]].id, phone.account_id, today())
    help_desk.close(session, leader, rows[doors[4]].id, HelpClosed.COUNTER)
    helped = compose(phone.account_id, doors[3], "visit", {"outcome": "helped"})
    events.store(
        session, phone, [helped, compose(phone.account_id, doors[2], "visit", {"outcome": "not_home"})]
    )
    code = token_from(bytes.fromhex(helped.sha256))
    back = compose(phone.account_id, doors[2], "visit", {"outcome": "helped"})
    void = compose(phone.account_id, doors[2], "correction", {"void": True}, corrects=back.id)
    events.store(session, phone, [back, void])
    return pages | {"phieu": f"/S/{code}", "phieu-rut-lai": f"/S/{token_from(bytes.fromhex(back.sha256))}"}


_STAGES = ("nhan", "hen", "vang", "xong", "khep")
HELP_PAGES = (
    *_TOLD,
    *(f"{name}-thu-hoi" for name in _TOLD),
    *(f"theo-doi-{name}" for name in _STAGES),
    *("khao-sat-xong", "to-dan-pho", "to-dan-pho-thu-hoi", "cac-to-dan-pho", "nho-giup", "nho-giup-ma-cua"),
    *("phieu", "phieu-rut-lai", "phieu-chua-co"),
)
