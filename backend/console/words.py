"""The words for every state that the desk shows; the code keeps the English name."""

from datetime import datetime
from typing import Any

from flask import Flask

from backend.core.clock import local
from backend.core.messages import N_
from backend.edge.words import _, locale
from backend.models import (
    AdoptionState,
    HelpClosed,
    HelpDoor,
    HelpWhen,
    HouseholdKind,
    HouseholdState,
    Mark,
    Outcome,
    ReferralPlace,
    ReferralState,
    ResidentState,
    Role,
)
from backend.services.help_answer import Stage
from backend.text import phones

OUTCOMES: dict[str, str] = {
    Outcome.HELPED: N_("Đã giúp được"),
    Outcome.NOT_HOME: N_("Vắng nhà"),
    Outcome.RESCHEDULED: N_("Hẹn lại"),
    Outcome.REFUSED: N_("Từ chối"),
    Outcome.MOVED_AWAY: N_("Đã chuyển đi"),
    Outcome.NO_NEED: N_("Không cần giúp"),
    Outcome.NO_ACCESS: N_("Không vào được"),
}
STEPS: dict[str, str] = {
    AdoptionState.UNKNOWN: N_("Chưa rõ tuổi"),
    AdoptionState.NOT_STARTED: N_("Chưa làm"),
    AdoptionState.BLOCKED: N_("Đang kẹt"),
    AdoptionState.SHOWN: N_("Đã chỉ cách"),
    AdoptionState.DONE_WITH_HELP: N_("Xong, có giúp"),
    AdoptionState.DOES_ALONE: N_("Tự làm được"),
    AdoptionState.KEEPS_OLD_WAY: N_("Chọn cách cũ"),
}
STEP_KINDS: dict[str, str] = {
    AdoptionState.BLOCKED: "attention",
    AdoptionState.DONE_WITH_HELP: "ok",
    AdoptionState.DOES_ALONE: "ok",
}
DOORS: dict[str, str] = {
    HouseholdState.ACTIVE: N_("Có người ở"),
    HouseholdState.MOVED_AWAY: N_("Đã chuyển đi"),
    HouseholdState.VACANT: N_("Nhà trống"),
    HouseholdState.MERGED: N_("Đã gộp vào hộ khác"),
    HouseholdState.WITHDRAWN: N_("Đã xin thôi, không đến nữa"),
}
KINDS: dict[str, str] = {
    HouseholdKind.HOUSEHOLD: N_("Hộ gia đình"),
    HouseholdKind.BUSINESS: N_("Hộ kinh doanh"),
}
PEOPLE: dict[str, str] = {
    ResidentState.ACTIVE: N_("Đang ở đây"),
    ResidentState.MOVED_AWAY: N_("Đã chuyển đi"),
    ResidentState.AWAY_FOR_WORK: N_("Đi làm xa"),
    ResidentState.GONE: N_("Không còn"),
}
MARKS: dict[str, str] = {
    Mark.FIRST: N_("Đến trước"),
    Mark.ASKED_HOME: N_("Hộ xin giúp tại nhà"),
    Mark.CALL_FIRST: N_("Gọi trước khi đến"),
}
SEXES: dict[str, str] = {"male": N_("Nam"), "female": N_("Nữ")}
ROLES: dict[str, str] = {
    Role.MEMBER: N_("Tổ viên"),
    Role.DEPUTY_LEADER: N_("Tổ phó"),
    Role.TEAM_LEADER: N_("Tổ trưởng"),
    Role.WARD_OFFICER: N_("Cán bộ phường"),
    Role.WARD_VIEWER: N_("Người xem của phường"),
    Role.POLICE_LIAISON: N_("Công an phường (chỉ số đếm)"),
    Role.ADMIN: N_("Quản trị"),
}
# What the server noticed about a visit (reliability/sync.md); said without blame.
FLAGS: dict[str, str] = {
    "out_of_scope": N_("hộ này lúc đó không giao cho người ghi"),
    "parallel": N_("hộ đã đổi sau bản mà người ghi đang xem"),
    "conflict": N_("người khác cũng vừa ghi ở đây và nói khác, nên hỏi lại hai người"),
    "foreign_correction": N_("sửa lần thăm của người khác, không có hiệu lực"),
    "no_offset": N_("máy không nói múi giờ"),
    "clock_offset": N_("đồng hồ máy lệch, đã tính lại giờ"),
    "clock_future": N_("đồng hồ máy chạy trước"),
    "clock_lost": N_("đồng hồ máy sai nhiều"),
    "clock_jump": N_("đồng hồ máy bị chỉnh"),
    "offered_redacted": N_("hộ đã xin thôi, chỉ còn giờ và người đi"),
    "held": N_("máy gửi lên đã bị thu hồi, tổ trưởng đã xác nhận"),
    "rescued": N_("lấy từ tệp cứu, tổ trưởng đã xác nhận"),
    "note_cut": N_("ghi chú dài, đã cắt bớt"),
}
PURPOSES: dict[str, str] = {
    "help": N_("Được giúp tại nhà"),
    "contact": N_("Được gọi lại, nhắc hẹn"),
    "data": N_("Lưu thông tin của hộ"),
}
HOW: dict[str, str] = {
    "voice": N_("nói miệng"),
    "paper": N_("trên giấy"),
    "qr": N_("qua mã QR"),
    "tick": N_("đánh dấu trên máy"),
}
VISIT_FILTERS: dict[str, str] = {
    "none": N_("Chưa thăm lần nào"),
    "some": N_("Đã thăm"),
    "today": N_("Đã thăm hôm nay"),
    "old": N_("Hơn 7 ngày chưa thăm lại"),
    "appointment": N_("Có hẹn hôm nay"),
    "flagged": N_("Lần thăm cần xem lại"),
    "conflict": N_("Hai người ghi khác nhau, chưa ai xem"),
}
STATE_FILTERS: dict[str, str] = {
    "left": N_("Chưa xong"),
    "done": N_("Đã xong"),
    "begun": N_("Đã thăm, còn việc"),
    "stub": N_("Hộ mới, chờ xem"),
    "no_walk": N_("Chưa giao cho ai"),
    "referred": N_("Đang chờ nơi khác giúp"),
    HouseholdState.MOVED_AWAY: DOORS[HouseholdState.MOVED_AWAY],
    HouseholdState.VACANT: DOORS[HouseholdState.VACANT],
    HouseholdState.MERGED: DOORS[HouseholdState.MERGED],
    HouseholdState.WITHDRAWN: DOORS[HouseholdState.WITHDRAWN],
}
REFERRALS: dict[str, str] = {
    ReferralPlace.DESK: N_("Điểm phục vụ hành chính công"),
    ReferralPlace.POLICE: N_("Công an phường, xã"),
    ReferralPlace.BANK: N_("Ngân hàng"),
    ReferralPlace.CARRIER: N_("Điểm giao dịch nhà mạng"),
    ReferralPlace.HOME: N_("Tổ đến giúp tại nhà"),
}
REFERRAL_STATES: dict[str, str] = {
    ReferralState.OPEN: N_("đang chờ"),
    ReferralState.DONE: N_("đã xong"),
    ReferralState.DROPPED: N_("không cần nữa"),
}
CHANGES: dict[str, str] = {
    "household.add": N_("thêm hộ"),
    "household.edit": N_("sửa địa chỉ, liên lạc hoặc tình trạng"),
    "household.people": N_("sửa người trong hộ"),
    "household.merge": N_("gộp vào hộ khác"),
}
EVENTS: dict[str, str] = {
    "visit": N_("Lần thăm"),
    "correction": N_("Sửa một lần thăm"),
    "household_add": N_("Thêm hộ"),
    "resident_add": N_("Thêm người"),
}
ASKED_AT: dict[str, str] = {
    HelpDoor.PLATE: N_("mã cửa nhà"),
    HelpDoor.NEIGHBOURHOOD: N_("trang tổ dân phố"),
    HelpDoor.POSTER: N_("áp phích, tờ hướng dẫn"),
    HelpDoor.HOME: N_("trang đầu"),
}
SUITS: dict[str, str] = {
    HelpWhen.TONIGHT: N_("Tối nay"),
    HelpWhen.EVENINGS: N_("Tối nào cũng được, 19–21 giờ"),
    HelpWhen.WEEKEND: N_("Thứ bảy, chủ nhật"),
    HelpWhen.DAYTIME: N_("Ban ngày"),
}
STAGES: dict[str, str] = {
    Stage.RECEIVED: N_("chờ xếp người"),
    Stage.PLANNED: N_("đã hẹn"),
    Stage.TRIED: N_("đã đến, chưa xong"),
    Stage.DONE: N_("đã giúp"),
    Stage.CLOSED: N_("đã khép"),
}
STAGE_KINDS: dict[str, str] = {Stage.RECEIVED: "attention", Stage.TRIED: "attention", Stage.DONE: "ok"}
CLOSED_WHY: dict[str, str] = {
    HelpClosed.DONE: N_("Xong qua điện thoại hoặc ở điểm hỗ trợ"),
    HelpClosed.COUNTER: N_("Phải ra điểm phục vụ hành chính công"),
    HelpClosed.ELSEWHERE: N_("Nhà ngoài địa bàn phường"),
    HelpClosed.NOT_FOUND: N_("Tìm không thấy nhà"),
    HelpClosed.TWICE: N_("Trùng một yêu cầu khác"),
    HelpClosed.VISITED: N_("Đã đến giúp"),
}
_TABLES = {
    "event": EVENTS,
    "asked_at": ASKED_AT,
    "suits": SUITS,
    "stage": STAGES,
    "closed_why": CLOSED_WHY,
    "outcome": OUTCOMES,
    "step": STEPS,
    "door": DOORS,
    "kind": KINDS,
    "mark": MARKS,
    "change": CHANGES,
    "referral": REFERRALS,
    "referral_state": REFERRAL_STATES,
    "person": PEOPLE,
    "sex": SEXES,
    "role": ROLES,
    "flag": FLAGS,
    "purpose": PURPOSES,
    "how": HOW,
}


def options(table: dict[str, str], *keys: str) -> list[tuple[str, str]]:
    """Pairs (value, words) for a select; of all keys, or of these."""
    return [(str(key), _(table[key])) for key in keys or table]


def named(thing: Any, prefix: str = "name") -> str:
    """The Vietnamese or English name of a service or a reason, by the language of the request."""
    return str(getattr(thing, f"{prefix}_{locale()}") or getattr(thing, f"{prefix}_vi"))


def _word(table: str, value: str | None) -> str:
    return _(_TABLES[table].get(value, value)) if value else ""


def register(app: Flask) -> None:
    """Give templates `word(table, value)`, `step_kind(state)` and `named(thing)`."""
    app.jinja_env.globals.update(
        word=_word,
        step_kind=lambda state: STEP_KINDS.get(state, ""),
        named=named,
    )
    app.jinja_env.filters.update(lower_first=_lower_first, phone=phones.show, appointment=_appointment)


def _lower_first(text: str) -> str:
    """For the middle of a sentence; SIM and NFC stay as they are."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _appointment(when: datetime) -> str:
    """ "21/11/2026 19:30"."""
    return f"{local(when):%d/%m/%Y %H:%M}"
