"""Visit codes (mã hẹn): announce one for a team's evenings, with the text to read out; take one back."""

from datetime import time
from typing import Any
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.services import visit_codes
from backend.services.badges import NIGHT

door = Door("visit_codes", __name__, url_prefix="/ma/hen", template_folder="templates")

_USUAL = time(19, 30)  # visits are made from 19:30 to 21:30


class AnnounceIn(Schema):
    """A team's evenings."""

    class Meta:
        unknown = EXCLUDE

    team = fields.UUID(required=True)
    starts_on = forms.Day(required=True)
    ends_on = forms.Day(required=True)
    opens = forms.Clock(required=True)
    closes = forms.Clock(required=True)


@door.page("", who=LEADERS)
def index() -> ResponseReturnValue:
    """The codes that are in force, to come or just over, and the form for the next one."""
    return _page(forms.NO_PROBLEM)


@door.page("", who=LEADERS, methods=("POST",), endpoint="announce")
def announce() -> ResponseReturnValue:
    """Announce: the answer is the page with the text."""
    try:
        wish = forms.read(AnnounceIn())
        made = visit_codes.announce(
            session(),
            actor(),
            wish["team"],
            starts_on=wish["starts_on"],
            ends_on=wish["ends_on"],
            opens=wish["opens"],
            closes=wish["closes"],
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(forms.problems(refusal)), refusal.status
    return redirect(f"/ma/hen/{made}", 303)


@door.page("/<uuid:visit_code_id>", who=LEADERS)
def show(visit_code_id: UUID) -> ResponseReturnValue:
    """One code with the text for the loudspeaker, Zalo and paper."""
    return render_template(
        "console/visit_codes/show.html",
        code=visit_codes.one(session(), actor(), visit_code_id),
        domain=current_app.config["GOCUA"].host,
    )


@door.page("/<uuid:visit_code_id>/thu-hoi", who=LEADERS, methods=("POST",))
def take_back(visit_code_id: UUID) -> ResponseReturnValue:
    """End a code."""
    visit_codes.take_back(session(), actor(), visit_code_id)
    flash(_("Đã huỷ mã hẹn. Ai kiểm tra sẽ thấy không có mã này tối nay."))
    return redirect("/ma/hen", 303)


def _page(problems: dict[str, Any]) -> str:
    teams = visit_codes.teams(session(), actor())
    day = today()
    usual = {"starts_on": day, "ends_on": day, "opens": f"{_USUAL:%H:%M}", "closes": f"{NIGHT:%H:%M}"}
    return render_template(
        "console/visit_codes/list.html",
        codes=visit_codes.announced(session(), actor()),
        teams=teams,
        form=request.form or usual,
        **problems,
    )
