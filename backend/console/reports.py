"""What residents report at a verify page: for the ward's officers, never for the teams."""

from uuid import UUID

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from backend.core.messages import N_
from backend.edge.access import OFFICERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.models import ReportAbout, ReportReason, ReportState
from backend.services import scam_reports

door = Door("reports", __name__, url_prefix="/ma/bao", template_folder="templates")

ABOUT = {
    ReportAbout.LIVE_BADGE: N_("Mã trên điện thoại"),
    ReportAbout.PAPER_BADGE: N_("Thẻ giấy"),
    ReportAbout.VISIT_CODE: N_("Mã hẹn"),
    ReportAbout.VISIT: N_("Lần thăm"),
}
REASONS = {
    ReportReason.OTHER_PERSON: N_("Không đúng người trên thẻ"),
    ReportReason.SECRET: N_("Hỏi mã OTP, mật khẩu, giấy tờ"),
    ReportReason.MONEY: N_("Hỏi tiền"),
    ReportReason.CODE_REFUSED: N_("Mã không đúng"),
    ReportReason.DID_NOT_HAPPEN: N_("Lần thăm này không có"),
    ReportReason.OTHER: N_("Điều khác"),
}
VERDICTS = {
    "fresh": N_("mã đúng, còn hạn"),
    "old": N_("mã hết hạn, có thể là ảnh chụp"),
    "early": N_("đồng hồ máy sai"),
    "over": N_("thẻ đã thu hồi hoặc người đã nghỉ"),
    "revoked": N_("thẻ đã thu hồi hoặc người đã nghỉ"),
    "forged": N_("mã giả"),
    "known": N_("thẻ giấy đang dùng"),
}


@door.page("", who=OFFICERS)
def index() -> ResponseReturnValue:
    """The ward's reports, the new ones first."""
    return render_template(
        "console/reports/list.html",
        reports=scam_reports.reports(session(), actor()),
        about=ABOUT,
        reasons=REASONS,
        verdicts=VERDICTS,
        most=scam_reports.MOST_ROWS,
    )


@door.page("/<uuid:report_id>/xem", who=OFFICERS, methods=("POST",))
def seen(report_id: UUID) -> ResponseReturnValue:
    """An officer is at it."""
    scam_reports.handle(session(), actor(), report_id, ReportState.SEEN)
    return redirect("/ma/bao", 303)


@door.page("/<uuid:report_id>/xong", who=OFFICERS, methods=("POST",))
def closed(report_id: UUID) -> ResponseReturnValue:
    """It is settled."""
    scam_reports.handle(session(), actor(), report_id, ReportState.CLOSED)
    flash(_("Đã đóng báo cáo."))
    return redirect("/ma/bao", 303)
