"""In and out: sign-in, sign-out, one's own password and sessions."""

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.core.refusal import Refusal
from backend.edge.access import (
    PUBLIC,
    SESSION_COOKIE,
    SIGNED_IN,
    Door,
    actor,
    cookie_name,
    set_cookie,
)
from backend.edge.db import db, session
from backend.edge.words import _
from backend.services import passwords, rate_limit, sessions

door = Door("sign_in", __name__, template_folder="templates")
_WINDOW = timedelta(minutes=15)
_PER_LOGIN, _PER_ADDRESS = 5, 20


class SignInIn(Schema):
    """The form at /vao."""

    class Meta:
        unknown = EXCLUDE  # the form token

    login = fields.String(required=True, validate=forms.present)
    password = fields.String(required=True, validate=forms.present)


class PasswordIn(Schema):
    """The form at /toi."""

    class Meta:
        unknown = EXCLUDE

    current = fields.String(required=True, validate=forms.present)
    new = fields.String(required=True, validate=forms.present)
    again = fields.String(required=True, validate=forms.present)


@door.page("/vao", who=PUBLIC, methods=("GET", "POST"))
def enter() -> ResponseReturnValue:
    """Sign in; a wrong password keeps the login in its field."""
    if request.method == "GET":
        return _entrance(forms.NO_PROBLEM)
    try:
        form = forms.read(SignInIn())
        login = form["login"].strip().casefold()
        rate_limit.hit(db.engine, "sign_in", request.remote_addr or "", limit=_PER_ADDRESS, window=_WINDOW)
        rate_limit.hit(db.engine, "sign_in_login", login, limit=_PER_LOGIN, window=_WINDOW)
        token = sessions.sign_in(session(), login, form["password"])
    except Refusal as refusal:
        return _entrance(forms.problems(refusal)), refusal.status
    response = redirect("/bang", 303)
    set_cookie(response, SESSION_COOKIE, token, days=sessions.SESSION_DAYS)
    return response


@door.page("/ra", who=SIGNED_IN, methods=("POST",))
def leave() -> ResponseReturnValue:
    """End this browser's session."""
    sessions.sign_out(session(), _token())
    flash(_("Bạn đã đăng xuất."))
    response = redirect("/vao", 303)
    response.delete_cookie(cookie_name(SESSION_COOKIE), path="/")
    return response


@door.page("/toi", who=SIGNED_IN, methods=("GET", "POST"))
def myself() -> ResponseReturnValue:
    """One's own password and open sessions."""
    if request.method == "GET":
        return _mine(forms.NO_PROBLEM)
    try:
        form = forms.read(PasswordIn())
        rate_limit.hit(db.engine, "password", str(actor().account_id), limit=_PER_LOGIN, window=_WINDOW)
        passwords.change(session(), actor(), form["current"], form["new"], form["again"], keep=_token())
    except Refusal as refusal:
        return _mine(forms.problems(refusal)), refusal.status
    if actor().first_password:
        flash(_("Đã đổi mật khẩu. Mời bắt đầu."))
        return redirect("/bang", 303)
    flash(_("Đã đổi mật khẩu. Các máy khác của bạn phải đăng nhập lại."))
    return redirect("/toi", 303)


@door.page("/toi/dang-xuat-moi-noi", who=SIGNED_IN, methods=("POST",))
def leave_everywhere() -> ResponseReturnValue:
    """End every session of this person, this one too."""
    sessions.revoke_sessions(session(), actor().account_id)
    flash(_("Đã đăng xuất mọi nơi."))
    response = redirect("/vao", 303)
    response.delete_cookie(cookie_name(SESSION_COOKIE), path="/")
    return response


def _entrance(problems: dict[str, Any]) -> str:
    return render_template("console/sign_in/enter.html", login=request.form.get("login", ""), **problems)


def _mine(problems: dict[str, Any]) -> str:
    return render_template(
        "console/sign_in/myself.html",
        first=actor().first_password,
        open_sessions=passwords.open_sessions(session(), actor(), _token()),
        **problems,
    )


def _token() -> str:
    return request.cookies.get(cookie_name(SESSION_COOKIE), "")
