"""Doors that may be one: the list of pairs, two doors side by side, merged or kept apart."""

from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from backend.console import forms
from backend.console.place import chosen_neighbourhood
from backend.core.messages import N_
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, number
from backend.services import duplicates, merging
from backend.services.household_story import household_for

door = Door("households_twice", __name__, url_prefix="/ho", template_folder="templates")
REASONS: dict[str, str] = {
    "address": N_("cùng địa chỉ"),
    "phone": N_("cùng số điện thoại"),
    "name": N_("cùng tên chủ hộ, cùng ngõ"),
}


class MergeIn(Schema):
    """Which door stays; the other becomes one with it."""

    class Meta:
        unknown = EXCLUDE

    voi = fields.UUID(required=True)
    giu = fields.UUID(required=True)
    hieu = fields.String(required=True, validate=validate.OneOf(("1",)))


class OtherIn(Schema):
    """The other door of a pair."""

    class Meta:
        unknown = EXCLUDE

    voi = fields.UUID(required=True)


class CodeIn(Schema):
    """Another door, by the code on it."""

    class Meta:
        unknown = EXCLUDE

    code = fields.String(required=True, validate=[forms.present, forms.up_to(20)])


@door.page("/trung", who=LEADERS)
def pairs() -> ResponseReturnValue:
    """The pairs of doors that may be one."""
    raw = request.args.get("trang", "1")
    page = int(raw) if raw.isdigit() and len(raw) < 7 else 1
    return render_template(
        "console/households/pairs.html",
        found=duplicates.find(session(), actor(), chosen_neighbourhood(), page),
        reasons={key: _(said) for key, said in REASONS.items()},
        link=lambda number: f"/ho/trung?trang={number}",
    )


@door.page("/<uuid:household_id>/gop", who=LEADERS)
def compare(household_id: UUID) -> ResponseReturnValue:
    """Two doors side by side (?voi=), or the question which other door it is."""
    raw = request.args.get("voi", "")
    if not raw:
        return _ask(household_id)
    try:
        other = UUID(raw)
    except ValueError:
        raise NotFound from None
    return _compare(household_id, other)


@door.page("/<uuid:household_id>/gop/tim", who=LEADERS, methods=("POST",))
def find_other(household_id: UUID) -> ResponseReturnValue:
    """The other door by its code."""
    try:
        code = forms.read(CodeIn())["code"]
        other = duplicates.by_code(session(), actor(), household_id, code)
    except NotFound:
        raise
    except Refusal as refusal:
        return _ask(household_id, **forms.problems(refusal)), refusal.status
    return redirect(f"/ho/{household_id}/gop?voi={other}", 303)


@door.page("/<uuid:household_id>/gop", who=LEADERS, methods=("POST",))
def merge(household_id: UUID) -> ResponseReturnValue:
    """Make them one."""
    other = forms.read(OtherIn())["voi"]
    try:
        form = forms.read(MergeIn())
        stays = form["giu"]
        if stays not in (household_id, other):
            raise Refusal("bad_form", fields={"giu": "bad_value"})
        goes = other if stays == household_id else household_id
        done = merging.merge_households(session(), actor(), goes, stays)
    except NotFound:
        raise
    except Refusal as refusal:
        return _compare(household_id, other, **forms.problems(refusal)), refusal.status
    flash(
        _(
            "Đã gộp: {visits} lần thăm và {people} người chuyển sang hộ này, {same} người trùng.",
            visits=number(done.visits),
            people=number(done.people),
            same=number(done.same_people),
        )
    )
    return redirect(f"/ho/{stays}", 303)


@door.page("/<uuid:household_id>/khac", who=LEADERS, methods=("POST",))
def apart(household_id: UUID) -> ResponseReturnValue:
    """They are two: the pair is not shown again."""
    duplicates.keep_apart(session(), actor(), household_id, forms.read(OtherIn())["voi"])
    flash(_("Đã ghi: đây là hai hộ khác nhau. Máy không hỏi lại."))
    return redirect("/ho/trung", 303)


def _ask(household_id: UUID, **problem: object) -> str:
    return render_template(
        "console/households/merge_ask.html",
        household=household_for(session(), actor(), household_id),
        form=request.form,
        **(forms.NO_PROBLEM | problem),
    )


def _compare(household_id: UUID, other: UUID, **problem: object) -> str:
    sides = duplicates.side_by_side(session(), actor(), household_id, other)
    keep = max(sides, key=lambda side: (side.visits, -side.household.created_at.timestamp()))
    try:
        foreseen = {
            side.household.id: merging.merging(session(), actor(), away.household.id, side.household.id)
            for side, away in (sides, sides[::-1])
        }
    except Refusal as refusal:
        foreseen, problem = {}, forms.problems(refusal) | problem
    return render_template(
        "console/households/merge.html",
        sides=sides,
        household_id=household_id,
        other=other,
        keep=request.form.get("giu") or str(keep.household.id),
        foreseen=foreseen,
        **(forms.NO_PROBLEM | problem),
    )
