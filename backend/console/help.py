"""Who asks for help: the requests of residents, which door it is, who goes there, and how it ended."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms, words
from backend.console.place import chosen_neighbourhood
from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale
from backend.models import HelpClosed
from backend.services import help_asking, help_desk, households
from backend.services.help_desk import RequestRow
from backend.services.households import Filter

door = Door("help", __name__, url_prefix="/yeu-cau", template_folder="templates")
_MOST_DOORS = 8


class DoorForm(Schema):
    """Which household it is."""

    class Meta:
        unknown = EXCLUDE

    household = fields.UUID(required=True)


class AddressForm(Schema):
    """The address of a door that the list lacks."""

    class Meta:
        unknown = EXCLUDE

    address = fields.String(required=True, validate=[forms.present, forms.up_to(200)])


class AssignForm(Schema):
    """Who goes: `ai` is "tuyen:ID" (a walk in force) or "nguoi:ID" (one person); `ngay`: on which evening."""

    class Meta:
        unknown = EXCLUDE

    ai = fields.String(required=True, validate=forms.present)
    ngay = forms.Day(required=True)


class CloseForm(Schema):
    """Why it is closed without a visit."""

    class Meta:
        unknown = EXCLUDE

    vi_sao = fields.Enum(HelpClosed, by_value=True, required=True)


@door.page("", who=LEADERS)
def listing() -> ResponseReturnValue:
    """Requests that wait, the oldest first; ?xong=1: those that are settled."""
    closed = request.args.get("xong") == "1"
    rows = help_desk.list_requests(session(), actor(), neighbourhood_id=chosen_neighbourhood(), closed=closed)
    return render_template(
        "console/help/list.html",
        rows=rows,
        closed=closed,
        most=help_desk.MOST_ROWS,
        services=help_asking.service_words(session(), locale()),
        stage_kinds=words.STAGE_KINDS,
    )


@door.page("/<uuid:request_id>", who=LEADERS)
def show(request_id: UUID) -> ResponseReturnValue:
    """One request: what was asked, the door, who goes, closing; ?tim= looks for the door."""
    return _show(request_id, forms.NO_PROBLEM)


@door.page("/<uuid:request_id>/ho", who=LEADERS, methods=("POST",))
def choose_door(request_id: UUID) -> ResponseReturnValue:
    """Say which household it is."""
    try:
        chosen = help_desk.choose_door(session(), actor(), request_id, forms.read(DoorForm())["household"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request_id, forms.problems(refusal)), refusal.status
    flash(_("Đã ghép với hộ {code}.", code=chosen.code))
    return redirect(f"/yeu-cau/{request_id}", 303)


@door.page("/<uuid:request_id>/ho-moi", who=LEADERS, methods=("POST",))
def new_door(request_id: UUID) -> ResponseReturnValue:
    """Add the household that the list lacks."""
    try:
        made = help_desk.new_door(session(), actor(), request_id, forms.read(AddressForm())["address"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request_id, forms.problems(refusal)), refusal.status
    flash(_("Đã thêm hộ {code}.", code=made.code))
    return redirect(f"/yeu-cau/{request_id}", 303)


@door.page("/<uuid:request_id>/giao", who=LEADERS, methods=("POST",))
def assign(request_id: UUID) -> ResponseReturnValue:
    """Send somebody there."""
    try:
        form = forms.read(AssignForm())
        walk = _assign(request_id, form["ai"], form["ngay"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request_id, forms.problems(refusal)), refusal.status
    flash(_("Đã giao: {walk}. Người dân thấy ngày hẹn trên trang của mình.", walk=walk))
    return redirect("/yeu-cau", 303)


@door.page("/<uuid:request_id>/khep", who=LEADERS, methods=("POST",))
def close(request_id: UUID) -> ResponseReturnValue:
    """Close it without a visit."""
    try:
        help_desk.close(session(), actor(), request_id, forms.read(CloseForm())["vi_sao"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request_id, forms.problems(refusal)), refusal.status
    flash(_("Đã khép. Người dân thấy lý do trên trang của mình."))
    return redirect("/yeu-cau", 303)


def _assign(request_id: UUID, whom: str, on: date) -> str:
    kind, _separator, raw = whom.partition(":")
    try:
        target = UUID(raw)
    except ValueError:
        raise Refusal("bad_form", fields={"ai": "help_choose"}) from None
    if kind == "tuyen":
        return help_desk.assign_walk(session(), actor(), request_id, target, on).name
    return help_desk.assign_person(session(), actor(), request_id, target, on).name


def _show(request_id: UUID, problems: dict[str, Any]) -> str:
    row = help_desk.request_row(session(), actor(), request_id)
    search = request.args.get("tim", row.place)[:80]
    waits = row.stage not in ("done", "closed")
    return render_template(
        "console/help/show.html",
        one=row,
        waits=waits,
        search=search,
        doors=_doors(row, search) if waits else [],
        walks=help_desk.walks_for(session(), actor(), row) if waits else [],
        helpers=_helpers(row) if waits else [],
        services=help_asking.service_words(session(), locale()),
        reasons=words.options(words.CLOSED_WHY, *(key for key in HelpClosed if key != HelpClosed.VISITED)),
        day=request.form.get("ngay") or f"{row.planned_on or today():%Y-%m-%d}",
        stage_kinds=words.STAGE_KINDS,
        **problems,
    )


def _doors(row: RequestRow, search: str) -> list[households.Door]:
    if not search.strip():
        return []
    wanted = Filter(text=search, neighbourhood_id=row.neighbourhood_id)
    return list(households.find_doors(session(), actor(), wanted).doors[:_MOST_DOORS])


def _helpers(row: RequestRow) -> list[Any]:
    try:
        return help_desk.helpers_for(session(), actor(), row)
    except Refusal:
        return []  # no team serves the place any more: the walks of the ward remain
