"""Days worked (ngày công): the month of the people one leads, and the sheet for the ward's accounts."""

from datetime import date, timedelta

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from backend.console import forms
from backend.core.clock import today
from backend.core.refusal import Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.services import attendance

door = Door("attendance", __name__, url_prefix="/nguoi/cham-cong", template_folder="templates")

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@door.page("", who=LEADERS)
def show() -> ResponseReturnValue:
    """One month (?thang=2026-11), this one when none is said."""
    try:
        first = attendance.parse_month(request.args.get("thang", ""))
    except Refusal as refusal:
        return _page(today().replace(day=1), forms.problems(refusal)), refusal.status
    return _page(first, forms.NO_PROBLEM)


@door.page("/tep", who=LEADERS)
def download() -> ResponseReturnValue:
    """The same as an Excel sheet."""
    try:
        first = attendance.parse_month(request.args.get("thang", ""))
    except Refusal as refusal:
        return _page(today().replace(day=1), forms.problems(refusal)), refusal.status
    name = f"gocua-cham-cong-{first:%Y-%m}.xlsx"
    return Response(
        attendance.month_file(session(), actor(), first),
        mimetype=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _page(first: date, problems: dict[str, object]) -> str:
    return render_template(
        "console/people/attendance.html",
        month=attendance.month(session(), actor(), first),
        before=(first - timedelta(days=1)).replace(day=1),
        after=(first + timedelta(days=32)).replace(day=1),
        **problems,
    )
