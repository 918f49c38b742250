"""The officers' page of places: neighbourhoods created, renamed, split, merged. Linked from the room of walks."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.console.walks import NO_ALLEY, alley_id, attempt
from backend.core.clock import today
from backend.core.messages import N_
from backend.core.refusal import Refusal
from backend.edge.access import OFFICERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, number
from backend.services import place_changes, place_read, places

door = Door("places", __name__, url_prefix="/khu", template_folder="templates")
PARTS = ("1", "2", "3", "4")
KINDS: dict[str, str] = {
    "tdp": N_("Tổ dân phố"),
    "khu_pho": N_("Khu phố"),
    "khoi": N_("Khối"),
    "khu": N_("Khu"),
    "thon": N_("Thôn"),
    "ap": N_("Ấp"),
    "xom": N_("Xóm"),
    "ban": N_("Bản"),
    "buon": N_("Buôn"),
    "lang": N_("Làng"),
}


class PlaceIn(Schema):
    """A new neighbourhood, or another name."""

    class Meta:
        unknown = EXCLUDE  # the form token

    name = fields.String(required=True, validate=forms.present)
    kind = fields.String(load_default="tdp")


class MergeIn(Schema):
    """Several neighbourhoods become one."""

    class Meta:
        unknown = EXCLUDE

    units = fields.List(fields.UUID())
    name = fields.String(required=True, validate=forms.present)
    kind = fields.String(load_default="tdp")
    effective_on = forms.Day(required=True)


class SplitIn(Schema):
    """One neighbourhood becomes up to four; `alleys`: "alley:part"."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(load_default="tdp")
    names = fields.List(fields.String())
    alleys = fields.List(fields.String())
    effective_on = forms.Day(required=True)


@door.page("", who=OFFICERS)
def index() -> ResponseReturnValue:
    """All neighbourhoods of the ward, a search by old or new name, and the forms to create and merge."""
    asked = request.args.get("tim", "")
    return render_template(
        "console/places/list.html",
        units=place_read.summaries(session(), actor()),
        asked=asked,
        found=places.find_units(session(), asked, ward_id=actor().ward_id) if asked else None,
        kinds=[(kind, _(word)) for kind, word in KINDS.items()],
    )


@door.page("/moi", who=OFFICERS, methods=("POST",))
def create() -> ResponseReturnValue:
    """A new neighbourhood."""

    def act() -> None:
        form = forms.read(PlaceIn())
        unit = places.create_neighbourhood(session(), actor(), kind=form["kind"], name=form["name"])
        flash(_("Đã thêm {name}, mã {unit}.", name=unit.name, unit=unit.code))

    attempt(act)
    return redirect("/khu", 303)


@door.page("/gop", who=OFFICERS, methods=("POST",))
def merge() -> ResponseReturnValue:
    """Several become one."""

    def act() -> None:
        form = forms.read(MergeIn(), many=("units",))
        change = place_changes.merge_neighbourhoods(
            session(),
            actor(),
            form["units"],
            kind=form["kind"],
            name=form["name"],
            effective_on=form["effective_on"],
        )
        flash(
            _(
                "Đã gộp thành {name}: {n} hộ chuyển sang, tên cũ vẫn tìm được.",
                name=change.units[0].name,
                n=number(change.moved[0]),
            )
        )

    attempt(act)
    return redirect("/khu", 303)


@door.page("/<uuid:neighbourhood_id>", who=OFFICERS)
def show(neighbourhood_id: UUID) -> ResponseReturnValue:
    """One neighbourhood: its alleys, its former names, and the form to split it."""
    return _page(neighbourhood_id, forms.NO_PROBLEM)


@door.page("/<uuid:neighbourhood_id>/ten", who=OFFICERS, methods=("POST",))
def rename(neighbourhood_id: UUID) -> ResponseReturnValue:
    """Another name."""
    places.neighbourhood_or_alley(session(), actor(), neighbourhood_id)

    def act() -> None:
        places.rename_unit(session(), actor(), neighbourhood_id, forms.read(PlaceIn())["name"])
        flash(_("Đã đổi tên. Tên cũ vẫn tìm được."))

    attempt(act)
    return redirect(f"/khu/{neighbourhood_id}", 303)


@door.page("/<uuid:neighbourhood_id>/chia", who=OFFICERS, methods=("POST",))
def split(neighbourhood_id: UUID) -> ResponseReturnValue:
    """One becomes several; what was chosen stays in the form when something is not right."""
    places.neighbourhood_or_alley(session(), actor(), neighbourhood_id)
    try:
        form = forms.read(SplitIn(), many=("names", "alleys"))
        with session().begin_nested():
            change = place_changes.split_neighbourhood(
                session(), actor(), neighbourhood_id, _parts(form), effective_on=form["effective_on"]
            )
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(neighbourhood_id, forms.problems(refusal)), refusal.status
    made = ", ".join(
        f"{unit.name} ({_('{n} hộ', n=number(moved))})"
        for unit, moved in zip(change.units, change.moved, strict=True)
    )
    flash(_("Đã chia: {made}. Lịch sử và tên cũ vẫn giữ.", made=made))
    return redirect("/khu", 303)


def _page(neighbourhood_id: UUID, problems: dict[str, Any]) -> str:
    return render_template(
        "console/places/one.html",
        page=place_read.place_page(session(), actor(), neighbourhood_id),
        parts=PARTS,
        kinds=[(kind, _(word)) for kind, word in KINDS.items()],
        names=dict(zip(PARTS, request.form.getlist("names"), strict=False)),
        chosen=set(request.form.getlist("alleys")),
        day=request.form.get("effective_on") or today(),
        NO_ALLEY=NO_ALLEY,
        **problems,
    )


def _parts(form: dict[str, Any]) -> list[place_changes.Part]:
    """The named parts in their order; doors without an alley go with the part chosen for them."""
    alleys: dict[str, set[UUID]] = {part: set() for part in PARTS}
    rest = ""
    for raw in form["alleys"]:
        alley, _separator, part = raw.partition(":")
        if part in alleys and alley == NO_ALLEY:
            rest = part
        elif part in alleys and (known := alley_id(alley)):
            alleys[part].add(known)
    return [
        place_changes.Part(form["kind"], name, frozenset(alleys[part]), rest=part == rest)
        for part, name in zip(PARTS, form["names"], strict=False)
        if name.strip()
    ]
