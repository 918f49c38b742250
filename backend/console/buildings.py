"""Apartment buildings: the list of them, one floor by floor, another name, more flats."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.console.place import around, chosen_neighbourhood
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, number
from backend.services import buildings

door = Door("buildings", __name__, url_prefix="/ho/toa-nha", template_folder="templates")


class FlatsIn(Schema):
    """A building's flats: floors from … to …, so many on each."""

    class Meta:
        unknown = EXCLUDE

    neighbourhood = fields.UUID(required=True)
    name = fields.String(required=True, validate=[forms.present, forms.up_to(80)])
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    each = fields.Integer(required=True)


class NameIn(Schema):
    """Another name for a building."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True, validate=[forms.present, forms.up_to(80)])


@door.page("", who=LEADERS)
def listing() -> ResponseReturnValue:
    """The buildings, and the form that adds one."""
    return _listing()


@door.page("", who=LEADERS, methods=("POST",))
def add() -> ResponseReturnValue:
    """A door per flat."""
    try:
        form = forms.read(FlatsIn())
        neighbourhood = form.pop("neighbourhood")
        done = buildings.add_flats(session(), actor(), neighbourhood, **form)
    except NotFound:
        raise
    except Refusal as refusal:
        return _listing(**forms.problems(refusal)), refusal.status
    if done.there:
        flash(
            _(
                "Đã thêm {made} căn; {there} căn có sẵn giữ nguyên.",
                made=number(done.made),
                there=number(done.there),
            )
        )
    else:
        flash(_("Đã thêm {made} căn.", made=number(done.made)))
    return redirect(f"/ho/toa-nha/{done.building_id}", 303)


@door.page("/<uuid:alley_id>", who=LEADERS)
def show(alley_id: UUID) -> ResponseReturnValue:
    """One building, floor by floor."""
    return _show(alley_id)


@door.page("/<uuid:alley_id>/ten", who=LEADERS, methods=("POST",))
def rename(alley_id: UUID) -> ResponseReturnValue:
    """Another name."""
    try:
        changed = buildings.rename(session(), actor(), alley_id, forms.read(NameIn())["name"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(alley_id, **forms.problems(refusal)), refusal.status
    flash(
        _(
            "Đã đổi tên, {n} căn theo tên mới. Danh sách còn ghi tên cũ vẫn về đúng tòa này.",
            n=number(changed),
        )
    )
    return redirect(f"/ho/toa-nha/{alley_id}", 303)


def _listing(**problem: Any) -> str:
    areas = around().neighbourhoods
    return render_template(
        "console/households/buildings.html",
        found=buildings.buildings(session(), actor(), chosen_neighbourhood()),
        neighbourhoods=list(areas.items()),
        here=request.form.get("neighbourhood") or chosen_neighbourhood() or "",
        form=request.form,
        most=buildings.MOST_FLATS,
        **(forms.NO_PROBLEM | problem),
    )


def _show(alley_id: UUID, **problem: Any) -> str:
    found = buildings.building(session(), actor(), alley_id)
    return render_template(
        "console/households/building.html",
        found=found,
        name=request.form.get("name", found.name),
        **(forms.NO_PROBLEM | problem),
    )
