"""Visits that wait for a leader's word: from phones that were shut out and from rescue files."""

from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.core.refusal import Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.models import HeldSource
from backend.services import held, rescue

door = Door("held", __name__, template_folder="templates")


class SourceForm(Schema):
    """Which of an author's events are meant."""

    class Meta:
        unknown = EXCLUDE

    source = forms.Choice(list(HeldSource), required=True)


class BackForm(SourceForm):
    """Why they are sent back."""

    reason = fields.String(load_default="", validate=forms.up_to(200))


@door.page("/cho-duyet", who=LEADERS)
def listing() -> ResponseReturnValue:
    """What waits, by author and origin, and the place to bring a rescue file."""
    return _shown()


@door.page("/cho-duyet/tep", who=LEADERS, methods=("POST",))
def upload() -> ResponseReturnValue:
    """Bring a rescue file in."""
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Refusal("bad_form", fields={"file": "needed"})
        told = rescue.upload(session(), actor(), file.read())
    except Refusal as refusal:
        return _shown(refusal), refusal.status
    flash(_("{n} lần ghi chờ bạn duyệt, {known} đã có từ trước.", n=told.held, known=told.known))
    if told.unreadable:
        flash(_("{n} mục không đọc được nên không nhận.", n=told.unreadable))
    if told.foreign:
        flash(_("{n} mục của người ngoài tổ: nhờ tổ trưởng của họ tải tệp này lên.", n=told.foreign))
    return redirect("/cho-duyet", 303)


@door.page("/cho-duyet/<uuid:account_id>/nhan", who=LEADERS, methods=("POST",))
def accept(account_id: UUID) -> ResponseReturnValue:
    """These are this person's: they count from now on."""
    try:
        form = forms.read(SourceForm())
        taken = held.accept(session(), actor(), account_id, form["source"])
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _shown(refusal), refusal.status
    flash(_("Đã nhận {n} lần ghi, tính cho người ghi.", n=taken))
    return redirect("/cho-duyet", 303)


@door.page("/cho-duyet/<uuid:account_id>/tra", who=LEADERS, methods=("POST",))
def send_back(account_id: UUID) -> ResponseReturnValue:
    """These do not count, and why."""
    try:
        form = forms.read(BackForm())
        sent = held.reject(session(), actor(), account_id, form["source"], form["reason"])
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _shown(refusal, account_id), refusal.status
    flash(_("Đã trả lại {n} lần ghi. Trong 30 ngày vẫn nhận lại được.", n=sent))
    return redirect("/cho-duyet", 303)


def _shown(refusal: Refusal | None = None, about: UUID | None = None) -> str:
    problems = forms.problems(refusal) if refusal else forms.NO_PROBLEM
    groups = held.waiting(session(), actor())
    return render_template(
        "console/held/list.html", groups=groups, about=about, form=request.form, **problems
    )
