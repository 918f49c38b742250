"""People: the teams and who belongs to them; letting a phone in by a QR, shutting one out, changes of role."""

from typing import Any
from uuid import UUID

from flask import Response, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms, words
from backend.console.place import chosen_neighbourhood
from backend.core.clock import now
from backend.core.i18n import sentence
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale
from backend.models import Role
from backend.services import enrol, held, people, people_leave, people_rows, people_slips, walk_handover
from backend.services.actor import LEADING
from qr.codes import ENROLMENT, code_url, grouped, slips_pdf, svg

door = Door("people", __name__, template_folder="templates")


class MemberForm(Schema):
    """A new person in a team."""

    class Meta:
        unknown = EXCLUDE

    team = fields.UUID(required=True)
    full_name = fields.String(required=True, validate=[forms.present, forms.up_to(80)])
    phone = fields.String(load_default="", validate=forms.up_to(40))
    role = forms.Choice(list(people.TEAM_ROLES), load_default=Role.MEMBER)


class ManyForm(Schema):
    """Several people at once, one to a line."""

    class Meta:
        unknown = EXCLUDE

    team = fields.UUID(required=True)
    names = fields.String(required=True, validate=[forms.present, forms.up_to(6000)])


class InTeamForm(Schema):
    """Something about one person in one team."""

    class Meta:
        unknown = EXCLUDE

    team = fields.UUID(required=True)


class HeirsIn(Schema):
    """Who takes the doors of somebody who leaves."""

    class Meta:
        unknown = EXCLUDE

    cho = fields.List(fields.UUID())


class RoleForm(InTeamForm):
    """Another role."""

    role = forms.Choice(list(people.TEAM_ROLES), required=True)


class LoginForm(InTeamForm):
    """A way to sign in."""

    login = fields.String(load_default="", validate=forms.up_to(40))


@door.page("/nguoi", who=LEADERS)
def listing() -> ResponseReturnValue:
    """Every team of the actor's, with its people and their phones."""
    teams = people_rows.teams(session(), actor(), chosen_neighbourhood())
    return render_template("console/people/list.html", teams=teams, held=held.count(session(), actor()))


@door.page("/nguoi/them", who=LEADERS, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Add somebody to a team; the page after it offers the QR for their phone."""
    if request.method == "GET":
        return _new(forms.NO_PROBLEM)
    try:
        form = forms.read(MemberForm())
        made = people.add_member(
            session(), actor(), form["team"], form["full_name"], phone=form["phone"], role=form["role"]
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _new(forms.problems(refusal)), refusal.status
    flash(_("Đã thêm vào tổ. Bước tiếp: đưa mã QR vào điện thoại của người ấy."))
    return redirect(f"/nguoi/{made.id}", 303)


@door.page("/nguoi/them-nhieu", who=LEADERS, methods=("GET", "POST"))
def add_many() -> ResponseReturnValue:
    """Add a whole list of people; the team's page then offers their slips."""
    if request.method == "GET":
        return _new(forms.NO_PROBLEM, "console/people/many.html")
    try:
        form = forms.read(ManyForm())
        with session().begin_nested():
            made = people.add_members(session(), actor(), form["team"], form["names"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _new(forms.problems(refusal), "console/people/many.html"), refusal.status
    flash(_("Đã thêm {n} người. Bước tiếp: in phiếu mời, hoặc cho từng người quét mã.", n=len(made)))
    return redirect("/nguoi", 303)


@door.page("/nguoi/phieu/<uuid:team_id>", who=LEADERS, methods=("POST",))
def slips(team_id: UUID) -> ResponseReturnValue:
    """Invitation slips as PDF for everybody of a team without a phone."""
    people.team_for(session(), actor(), team_id)
    return _slips(team_id, None, "/nguoi")


@door.page("/nguoi/<uuid:account_id>/phieu/<uuid:team_id>", who=LEADERS, methods=("POST",))
def slip(account_id: UUID, team_id: UUID) -> ResponseReturnValue:
    """An invitation slip for one person."""
    people_rows.profile(session(), actor(), account_id)
    people.membership_for(session(), actor(), account_id, team_id)
    return _slips(team_id, account_id, f"/nguoi/{account_id}")


@door.page("/nguoi/<uuid:account_id>", who=LEADERS)
def show(account_id: UUID) -> ResponseReturnValue:
    """One person: roles, walks, phones."""
    return _shown(account_id)


@door.page("/nguoi/<uuid:account_id>/moi", who=LEADERS, methods=("POST",))
def invite(account_id: UUID) -> ResponseReturnValue:
    """A new one-time code for this person's phone; it stands on this page only and nowhere else."""
    found = people_rows.profile(session(), actor(), account_id)
    token = enrol.invite(session(), actor(), account_id)
    address = code_url(current_app.config["GOCUA"].base_url, ENROLMENT, token)
    return render_template(
        "console/people/invite.html",
        account=found.account,
        symbol=Markup(svg(address, title=_("Mã QR để vào việc"))),  # noqa: S704  # our own drawing
        host=current_app.config["GOCUA"].host,
        token=grouped(token),
        minutes=enrol.MINUTES,
        invitation=people_rows.last_invitation(session(), account_id),
        now=now(),
    )


@door.page("/nguoi/<uuid:account_id>/moi/xem", who=LEADERS)
def invited(account_id: UUID) -> ResponseReturnValue:
    """How the last invitation stands; the page with the code asks every five seconds."""
    people_rows.profile(session(), actor(), account_id)
    return render_template(
        "console/people/_invited.html",
        invitation=people_rows.last_invitation(session(), account_id),
        now=now(),
    )


@door.page("/nguoi/<uuid:account_id>/may/<uuid:device_id>", who=LEADERS, methods=("GET", "POST"))
def revoke(account_id: UUID, device_id: UUID) -> ResponseReturnValue:
    """Shut one phone out, after saying what that means."""
    found = people_rows.profile(session(), actor(), account_id)
    phone = next((one for one in found.devices if one.id == device_id), None)
    if phone is None:
        raise NotFound
    if request.method == "GET":
        return render_template("console/people/revoke.html", account=found.account, phone=phone)
    enrol.revoke_device(session(), actor(), device_id)
    flash(_("Đã thu hồi máy. Máy đó không còn xem được hộ nào."))
    return redirect(f"/nguoi/{account_id}", 303)


@door.page("/nguoi/<uuid:account_id>/vai-tro", who=LEADERS, methods=("POST",))
def role(account_id: UUID) -> ResponseReturnValue:
    """Another role in one team."""
    people_rows.profile(session(), actor(), account_id)
    try:
        form = forms.read(RoleForm())
        people.set_role(session(), actor(), account_id, form["team"], form["role"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _shown(account_id, forms.problems(refusal)), refusal.status
    flash(_("Đã đổi vai trò."))
    return redirect(f"/nguoi/{account_id}", 303)


@door.page("/nguoi/<uuid:account_id>/mat-khau", who=LEADERS, methods=("POST",))
def first_password(account_id: UUID) -> ResponseReturnValue:
    """A one-time password for somebody who leads; shown once, on the answer itself."""
    found = people_rows.profile(session(), actor(), account_id)
    try:
        form = forms.read(LoginForm())
        given = people.give_login(session(), actor(), account_id, form["team"], form["login"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _shown(account_id, forms.problems(refusal)), refusal.status
    return render_template(
        "console/people/password.html",
        account=found.account,
        given=given,
        address=f"{current_app.config['GOCUA'].base_url}/vao",
    )


@door.page("/nguoi/<uuid:account_id>/nghi/<uuid:team_id>", who=LEADERS, methods=("GET", "POST"))
def leave(account_id: UUID, team_id: UUID) -> ResponseReturnValue:
    """End somebody's place in a team, after saying what happens to their walks and phones."""
    people_rows.profile(session(), actor(), account_id)
    try:
        effects = people_leave.leaving(session(), actor(), account_id, team_id)
        if request.method == "GET":
            return render_template(
                "console/people/leave.html",
                effects=effects,
                account_id=account_id,
                team_id=team_id,
                others=_others(account_id, team_id),
            )
        receivers = forms.load(HeirsIn(), request.form, ("cho",))["cho"]
        with session().begin_nested():
            if receivers and effects.alone:
                walk_handover.hand_over_all(session(), actor(), account_id, receivers)
            people_leave.leave(session(), actor(), account_id, team_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return _shown(account_id, forms.problems(refusal)), refusal.status
    flash(_("Đã cho nghỉ. Các lần thăm đã ghi vẫn giữ nguyên."))
    return redirect("/nguoi", 303)


def _others(account_id: UUID, team_id: UUID) -> list[walk_handover.Holder]:
    """Who could take the doors over, with what they hold already."""
    return [
        one
        for one in walk_handover.holders(session(), actor())
        if one.team_id == team_id and one.account_id != account_id
    ]


def _slips(team_id: UUID, account_id: UUID | None, back: str) -> ResponseReturnValue:
    base_url = str(current_app.config["GOCUA"].base_url)
    try:
        with session().begin_nested():
            made = people_slips.invitation_slips(session(), actor(), team_id, base_url, account_id=account_id)
            body = slips_pdf(made)
    except NotFound:
        raise
    except Refusal as refusal:
        flash(sentence(refusal.code, locale(), **refusal.values), "attention")
        return redirect(back, 303)
    return Response(
        body,
        mimetype="application/pdf",
        headers={
            "Content-Disposition": 'attachment; filename="phieu-moi.pdf"',
            "Cache-Control": "no-store",
        },
    )


def _new(problems: dict[str, Any], template: str = "console/people/new.html") -> str:
    teams = people_rows.teams(session(), actor())
    return render_template(
        template,
        teams=[(str(team.id), team.name) for team in teams],
        form=request.form,
        team=request.values.get("team", ""),
        roles=words.options(words.ROLES, *people.roles_open(actor())),
        **problems,
    )


def _shown(account_id: UUID, problems: dict[str, Any] = forms.NO_PROBLEM) -> str:
    found = people_rows.profile(session(), actor(), account_id)
    return render_template(
        "console/people/show.html",
        profile=found,
        quiet=people_rows.is_quiet,
        waited=people_rows.waited,
        myself=account_id == actor().account_id,
        roles=words.options(words.ROLES, *people.roles_open(actor())),
        leading=LEADING,
        login=request.form.get("login") or people.suggested_login(session(), found.account.full_name),
        **problems,
    )
