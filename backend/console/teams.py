"""Teams of a ward, made by its officers: a team, the neighbourhoods it serves, its leader."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms, words
from backend.core.messages import N_
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import OFFICERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.models import Role
from backend.services import people, places
from backend.services.desk import surroundings

door = Door("teams", __name__, template_folder="templates")
KINDS = {
    "tdp": N_("Tổ dân phố"),
    "khu_pho": N_("Khu phố"),
    "thon": N_("Thôn"),
    "ap": N_("Ấp"),
    "xom": N_("Xóm"),
    "ban": N_("Bản"),
    "buon": N_("Buôn"),
}


class TeamForm(Schema):
    """A new team with its leader."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True, validate=[forms.present, forms.up_to(120)])
    contact_phone = fields.String(load_default="", validate=forms.up_to(40))
    areas = fields.List(fields.UUID(), load_default=list)
    leader = fields.String(required=True, validate=[forms.present, forms.up_to(80)])
    login = fields.String(load_default="", validate=forms.up_to(40))


class PlaceForm(Schema):
    """A new neighbourhood."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(required=True)
    place = fields.String(required=True, validate=[forms.present, forms.up_to(120)])


@door.page("/to/them", who=OFFICERS, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Make a team and its leader; the leader's one-time password stands on the answer, once."""
    if request.method == "GET":
        return _form(forms.NO_PROBLEM)
    try:
        form = forms.read(TeamForm(), many=("areas",))
        team = people.create_team(
            session(), actor(), form["name"], form["areas"], contact_phone=form["contact_phone"]
        )
        leader = people.add_member(session(), actor(), team.id, form["leader"], role=Role.TEAM_LEADER)
        login = form["login"] or people.suggested_login(session(), leader.full_name)
        given = people.give_login(session(), actor(), leader.id, team.id, login)
    except NotFound:
        raise
    except Refusal as refusal:
        session().rollback()  # a team without a leader is no team
        return _form(forms.problems(refusal, {"full_name": "leader"})), refusal.status
    flash(_("Đã tạo tổ và tổ trưởng."))
    return render_template(
        "console/people/password.html",
        account=leader,
        given=given,
        address=f"{current_app.config['GOCUA'].base_url}/vao",
    )


@door.page("/to/noi", who=OFFICERS, methods=("POST",))
def add_place() -> ResponseReturnValue:
    """Make a neighbourhood of the ward."""
    try:
        form = forms.read(PlaceForm())
        places.create_neighbourhood(session(), actor(), kind=form["kind"], name=form["place"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(forms.problems(refusal, {"name": "place"})), refusal.status
    flash(_("Đã thêm. Chọn nơi ấy cho tổ ở dưới."))
    return redirect("/to/them", 303)


def _form(problems: dict[str, Any]) -> str:
    around = surroundings(session(), actor())
    return render_template(
        "console/people/team.html",
        neighbourhoods=list(around.neighbourhoods.items()),
        chosen=request.form.getlist("areas"),
        form=request.form,
        kinds=words.options(KINDS),
        **problems,
    )
