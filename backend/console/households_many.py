"""Many doors at once: what can be done with the chosen ones, what it will do, doing it, taking it back."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from flask import Response, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.datastructures import MultiDict

from backend.console import forms, words
from backend.console.codes import PAPERS
from backend.console.households import given_in, wanted_of
from backend.console.place import around, chosen_campaign, chosen_neighbourhood
from backend.core.clock import today
from backend.core.messages import N_
from backend.core.refusal import Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, number
from backend.models import BulkKind
from backend.services import code_sheets, household_bulk, households
from backend.services.bulk_kinds import Foreseen
from backend.services.desk import service_choices
from qr.codes import LAYOUTS, TooDense, TooLong, label_sheet_pdf

door = Door("households_many", __name__, url_prefix="/ho", template_folder="templates")
LEFT_OUT: dict[str, str] = {
    "same": N_("đã như vậy"),
    "gone": N_("không còn ai ở, hoặc đã gộp"),
    "elsewhere": N_("ở tổ dân phố, thôn khác"),
}
NO_MARK = "none"


class ActIn(Schema):
    """One act upon the chosen doors. `seen`: how many doors the person was told; "" before the first look."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(required=True, validate=validate.OneOf(list(BulkKind)))
    target = fields.String(required=True, validate=forms.present)
    seen = fields.Integer(load_default=None, allow_none=True)


@door.page("/nhieu", who=LEADERS, methods=("POST",))
def choose() -> ResponseReturnValue:
    """What can be done with the chosen doors."""
    return _choose()


@door.page("/nhieu/xem", who=LEADERS, methods=("POST",))
def look() -> ResponseReturnValue:
    """What the act will do, to how many and to whom; nothing is done yet."""
    try:
        form = forms.read(ActIn())
        found = household_bulk.foresee(session(), actor(), BulkKind(form["kind"]), _chosen(), _target(form))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _choose(refusal)
    return _look(form, found)


@door.page("/nhieu/lam", who=LEADERS, methods=("POST",))
def perform() -> ResponseReturnValue:
    """Do it, if it is still what was told."""
    try:
        form = forms.read(ActIn())
        chosen = _chosen()
        found = household_bulk.foresee(session(), actor(), BulkKind(form["kind"]), chosen, _target(form))
        if form["seen"] != len(found.doors):
            return _look(form, found, **forms.problems(Refusal("bulk_changed"))), 409
        act = household_bulk.perform(session(), actor(), BulkKind(form["kind"]), chosen, _target(form))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _choose(refusal)
    flash(_("Đã làm với {n} hộ.", n=number(act.count)))
    return redirect(f"/ho/viec/{act.id}", 303)


@door.page("/nhieu/ma", who=LEADERS, methods=("POST",))
def print_codes() -> ResponseReturnValue:
    """Labels of the chosen doors as PDF."""
    try:
        labels = code_sheets.chosen_labels(
            session(), actor(), _chosen(), str(current_app.config["GOCUA"].base_url)
        )
        if not labels:
            raise Refusal("no_codes_to_print")
        body = label_sheet_pdf(labels, LAYOUTS[request.form.get("giay", "")])
    except (TooDense, TooLong, KeyError):
        return _choose(Refusal("codes_too_dense"))
    except Refusal as refusal:
        return _choose(refusal)
    return Response(
        body,
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="gocua-ho-{today():%Y%m%d}.pdf"',
            "Cache-Control": "no-store",
        },
    )


@door.page("/viec", who=LEADERS)
def acts() -> ResponseReturnValue:
    """What the person did to many doors lately."""
    return render_template(
        "console/households/acts.html", acts=household_bulk.recent(session(), actor()), said=_said
    )


@door.page("/viec/<uuid:act_id>", who=LEADERS)
def show_act(act_id: UUID) -> ResponseReturnValue:
    """One of these acts, and the way back."""
    past = household_bulk.act_for(session(), actor(), act_id)
    return render_template("console/households/act.html", past=past, act=past.act, said=_said)


@door.page("/viec/<uuid:act_id>/hoan-tac", who=LEADERS, methods=("POST",))
def undo(act_id: UUID) -> ResponseReturnValue:
    """Give the doors back what they had."""
    back, left = household_bulk.undo(session(), actor(), act_id)
    if left:
        flash(
            _(
                "{n} hộ đã trở lại như trước; {left} hộ giữ nguyên vì đã có người đổi.",
                n=number(back),
                left=number(left),
            )
        )
    else:
        flash(_("{n} hộ đã trở lại như trước.", n=number(back)))
    return redirect(f"/ho/viec/{act_id}", 303)


def _chosen() -> list[UUID]:
    """The doors of the form: those ticked, or all behind the filter. Raises Refusal where there are too many."""
    if request.form.get("tat_ca"):
        given = given_in(MultiDict(parse_qsl(request.form.get("loc", "")[:2000])))
        services = service_choices(session(), actor(), chosen_campaign())
        return households.ids_of(session(), actor(), wanted_of(given, services), household_bulk.MOST)
    found: list[UUID] = []
    for raw in dict.fromkeys(request.form.getlist("chon")):
        try:
            found.append(UUID(raw))
        except ValueError:
            continue
    return found


def _target(form: dict[str, Any]) -> str | None:
    return None if form["kind"] == BulkKind.MARK and form["target"] == NO_MARK else form["target"]


def _choose(refusal: Refusal | None = None) -> ResponseReturnValue:
    """The page of acts; without doors, or with too many, back to the list with the reason."""
    try:
        chosen = _chosen()
        if not chosen:
            raise Refusal("bulk_none")
        if len(chosen) > household_bulk.MOST:
            raise Refusal("bulk_many", n=number(len(chosen)))
    except Refusal as none:
        flash(str(forms.problems(none)["problem"]), "attention")
        return _back()
    areas = around().neighbourhoods
    only = chosen_neighbourhood() or (next(iter(areas)) if len(areas) == 1 else None)
    page = render_template(
        "console/households/many.html",
        chosen=chosen,
        loc=_loc(),
        walks=household_bulk.walks_open(session(), actor()),
        alleys=list(households.alleys_of(session(), actor(), only).items()),
        marks=[*words.options(words.MARKS), (NO_MARK, _("Bỏ dấu ưu tiên"))],
        papers=words.options(PAPERS),
        **(forms.problems(refusal) if refusal else forms.NO_PROBLEM),
    )
    return page, refusal.status if refusal else 200


def _loc() -> str:
    return request.form.get("loc", "")[:2000] if request.form.get("tat_ca") else ""


def _back() -> ResponseReturnValue:
    loc = request.form.get("loc", "")[:2000]
    return redirect(f"/ho?{loc}" if loc else "/ho", 303)


def _look(form: dict[str, Any], found: Foreseen, **problem: Any) -> str:
    return render_template(
        "console/households/many_look.html",
        form=form,
        found=found,
        chosen=_chosen(),
        loc=_loc(),
        what=_what(form["kind"], found.label, _target(form)),
        left_out=[(_(LEFT_OUT[why]), n) for why, n in found.left_out.items()],
        **(forms.NO_PROBLEM | problem),
    )


def _what(kind: str, label: str, target: str | None) -> str:
    if kind == BulkKind.WALK:
        return _("Giao cho {walk}", walk=label)
    if kind == BulkKind.ALLEY:
        return _("Đặt vào {alley}", alley=label)
    return _("Đánh dấu “{mark}”", mark=_(words.MARKS[target])) if target else _("Bỏ dấu ưu tiên")


def _said(act: Any) -> str:
    return _what(act.kind, act.label, act.target)
