"""Teams of a ward, made by its officers: a team, the neighbourhoods it serves, its leader. Places are made at /khu."""

from typing import Any

from flask import current_app, flash, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.console.place import around
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import OFFICERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.models import Role
from backend.services import people

door = Door("teams", __name__, template_folder="templates")


class TeamForm(Schema):
    """A new team with its leader."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True, validate=[forms.present, forms.up_to(120)])
    contact_phone = fields.String(load_default="", validate=forms.up_to(40))
    areas = fields.List(fields.UUID(), load_default=list)
    leader = fields.String(required=True, validate=[forms.present, forms.up_to(80)])
    login = fields.String(load_default="", validate=forms.up_to(40))


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


def _form(problems: dict[str, Any]) -> str:
    return render_template(
        "console/people/team.html",
        neighbourhoods=list(around().neighbourhoods.items()),
        chosen=request.form.getlist("areas"),
        form=request.form,
        **problems,
    )
