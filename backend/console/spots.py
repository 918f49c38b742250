"""Places with codes: add, put right, close; who is on duty at a support point; how many walked in; rounds of codes."""

from datetime import time
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.console.place import around, chosen_neighbourhood
from backend.core.clock import today
from backend.core.messages import N_
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.spot_words import EQUIPMENT, WEEKDAYS
from backend.edge.words import _, locale
from backend.models import Spot, SpotKind
from backend.services import code_rounds, codes, help_asking, slips, spots
from backend.services.spots import SpotIn

door = Door("spots", __name__, template_folder="templates")
KINDS: dict[str, str] = {
    SpotKind.SUPPORT_POINT: N_("Điểm hỗ trợ"),
    SpotKind.WIFI: N_("Wifi công cộng"),
    SpotKind.PLACE: N_("Di tích, nhà văn hoá"),
    SpotKind.STALL: N_("Sạp hàng"),
    SpotKind.SURVEY: N_("Khảo sát"),
}
CHECKED: dict[str, str] = {
    "intact": N_("còn nguyên"),
    "missing": N_("bị mất"),
    "covered": N_("bị dán đè"),
    "unlisted": N_("mã lạ"),
    "": N_("chưa soát"),
}


class SpotForm(Schema):
    """A place as the leader writes it; its seven pairs of hours are read by _hours."""

    class Meta:
        unknown = EXCLUDE

    ten = fields.String(required=True, validate=[forms.present, forms.up_to(80)])
    dia_chi = fields.String(load_default="", validate=forms.up_to(120))
    gioi_thieu = fields.String(load_default="", validate=forms.up_to(1500))
    trang_bi = fields.List(fields.String(), load_default=list)
    ssid = fields.String(load_default="", validate=forms.up_to(32))
    mat_khau_wifi = fields.String(load_default="", validate=forms.up_to(63))
    hoi = fields.String(load_default="", validate=forms.up_to(160))
    dap = fields.String(load_default="", validate=forms.up_to(400))


class NewSpotForm(SpotForm):
    """A new place: what it is and where."""

    loai = fields.Enum(SpotKind, by_value=True, required=True)
    khu = fields.UUID(required=True)


class DutyForm(Schema):
    """Somebody, one day, from and to."""

    class Meta:
        unknown = EXCLUDE

    nguoi = fields.UUID(required=True)
    ngay = forms.Day(required=True)
    tu = forms.Clock(required=True)
    den = forms.Clock(required=True)


@door.page("/diem", who=LEADERS)
def listing() -> ResponseReturnValue:
    """Every place with its code, and what people thought of visits."""
    named = around().neighbourhoods
    return render_template(
        "console/spots/list.html",
        rows=spots.list_spots(session(), actor(), neighbourhood_id=chosen_neighbourhood()),
        kinds=KINDS,
        areas=list(named.items()),
        feedback=[(named.get(area, ""), n) for area, n in slips.feedback_of(session(), actor()).items()],
        incidents=code_rounds.open_incidents(session(), actor()),
    )


@door.page("/diem/them", who=LEADERS, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Add a place of one kind (?loai=); its code is made with it."""
    asked = request.values.get("loai", "")
    kind = SpotKind(asked) if asked in tuple(SpotKind) else SpotKind.SUPPORT_POINT
    if request.method == "GET":
        return _form(kind, None, forms.NO_PROBLEM)
    try:
        form = forms.read(NewSpotForm(), many=("trang_bi",))
        spot, _code = spots.add(session(), actor(), form["khu"], _told(form, form["loai"]))
    except NotFound:
        raise
    except Refusal as refusal:
        session().rollback()
        return _form(kind, None, forms.problems(refusal)), refusal.status
    flash(_("Đã thêm {name}. Mời in nhãn.", name=spot.name))
    return redirect(f"/diem/{spot.id}", 303)


@door.page("/diem/<uuid:spot_id>", who=LEADERS)
def show(spot_id: UUID) -> ResponseReturnValue:
    """One place: its code, duty, walk-ins, answers."""
    return _show(spot_id, forms.NO_PROBLEM)


@door.page("/diem/<uuid:spot_id>/sua", who=LEADERS, methods=("GET", "POST"))
def edit(spot_id: UUID) -> ResponseReturnValue:
    """Put a place right; the code on the wall stays."""
    spot = spots.spot_for(session(), actor(), spot_id)
    if request.method == "GET":
        return _form(SpotKind(spot.kind), spot, forms.NO_PROBLEM)
    try:
        form = forms.read(SpotForm(), many=("trang_bi",))
        spots.edit(session(), actor(), spot_id, _told(form, SpotKind(spot.kind)))
    except NotFound:
        raise
    except Refusal as refusal:
        session().rollback()
        spot = spots.spot_for(session(), actor(), spot_id)
        return _form(SpotKind(spot.kind), spot, forms.problems(refusal)), refusal.status
    flash(_("Đã lưu."))
    return redirect(f"/diem/{spot_id}", 303)


@door.page("/diem/<uuid:spot_id>/khep", who=LEADERS, methods=("POST",))
def close(spot_id: UUID) -> ResponseReturnValue:
    """Close a place; its code ends with it."""
    spot = spots.close(session(), actor(), spot_id)
    flash(_("Đã khép {name}. Ai quét mã sẽ thấy mã không dùng nữa.", name=spot.name))
    return redirect("/diem", 303)


@door.page("/diem/<uuid:spot_id>/truc", who=LEADERS, methods=("POST",))
def duty(spot_id: UUID) -> ResponseReturnValue:
    """Put somebody on duty."""
    try:
        form = forms.read(DutyForm())
        spots.put_on_duty(session(), actor(), spot_id, form["nguoi"], form["ngay"], form["tu"], form["den"])
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(spot_id, forms.problems(refusal)), refusal.status
    flash(_("Đã ghi lịch trực."))
    return redirect(f"/diem/{spot_id}", 303)


@door.page("/diem/<uuid:spot_id>/luot", who=LEADERS, methods=("POST",))
def walk_ins(spot_id: UUID) -> ResponseReturnValue:
    """Set how many people were helped on a day, per service."""
    try:
        day = forms.parse_day(request.form.get("ngay", ""))
        if day is None:
            raise Refusal("bad_form", fields={"ngay": "bad_date"})
        spots.count_walk_ins(session(), actor(), spot_id, day, _people())
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(spot_id, forms.problems(refusal)), refusal.status
    flash(_("Đã ghi số lượt ngày {day}.", day=f"{day:%d/%m/%Y}"))
    return redirect(f"/diem/{spot_id}?ngay={day}", 303)


@door.page("/khu/<uuid:neighbourhood_id>/ma", who=LEADERS, methods=("POST",))
def neighbourhood_code(neighbourhood_id: UUID) -> ResponseReturnValue:
    """The code of a neighbourhood's public page, made where missing."""
    code = codes.code_for_neighbourhood(session(), actor(), neighbourhood_id)
    return redirect(f"/ma/{code.id}", 303)


@door.page("/soat-ma", who=LEADERS)
def rounds() -> ResponseReturnValue:
    """When each code was last seen, and what was found missing, covered or foreign."""
    return render_template(
        "console/spots/rounds.html",
        placed=code_rounds.all_placed(session(), actor()),
        incidents=code_rounds.incidents(session(), actor()),
        checked=CHECKED,
    )


@door.page("/soat-ma/<uuid:check_id>/xong", who=LEADERS, methods=("POST",))
def handled(check_id: UUID) -> ResponseReturnValue:
    """An incident was looked at."""
    code_rounds.handle(session(), actor(), check_id)
    flash(_("Đã ghi là đã xử lý."))
    return redirect("/soat-ma", 303)


def _people() -> dict[str, int]:
    counted: dict[str, int] = {}
    for name, raw in request.form.items():
        if name.startswith("so-") and raw.strip():
            if not raw.strip().isascii() or not raw.strip().isdigit() or len(raw.strip()) > 4:
                raise Refusal("bad_form", fields={"so": "bad_count"})
            counted[name[3:]] = int(raw)
    if not counted:
        raise Refusal("bad_form", fields={"so": "needed"})
    return counted


def _told(form: dict[str, Any], kind: SpotKind) -> SpotIn:
    return SpotIn(
        kind=kind,
        name=form["ten"],
        address=form["dia_chi"],
        about=form["gioi_thieu"],
        hours=_hours(),
        equipment=form["trang_bi"],
        ssid=form["ssid"],
        wifi_password=form["mat_khau_wifi"],
        question=form["hoi"],
        answers=form["dap"].splitlines(),
    )


def _hours() -> dict[int, tuple[time, time]]:
    """The opening hours by day of the week; every day has its pair of fields, which may be empty."""
    found = {}
    pairs = zip(request.form.getlist("tu"), request.form.getlist("den"), strict=False)
    for day, (starts, ends) in enumerate(pairs):
        if not starts.strip() and not ends.strip():
            continue
        opens, closes = forms.parse_clock(starts), forms.parse_clock(ends)
        if opens is None or closes is None:
            raise Refusal("bad_form", fields={"gio": "bad_clock" if starts and ends else "spot_hours"})
        found[day] = (opens, closes)
    return found


def _form(kind: SpotKind, spot: Spot | None, problems: dict[str, Any]) -> str:
    hours = {day: (starts, ends) for day, starts, ends in spots.open_hours(spot)} if spot else {}
    if request.method == "POST":
        given = zip(request.form.getlist("tu"), request.form.getlist("den"), strict=False)
        hours = dict(enumerate(given))
    return render_template(
        "console/spots/form.html",
        kind=kind,
        kinds=KINDS,
        spot=spot,
        form=request.form if request.method == "POST" else _as_form(spot),
        chosen=request.form.getlist("trang_bi")
        if request.method == "POST"
        else (spot.equipment if spot else []),
        hours=hours,
        weekdays=WEEKDAYS,
        equipment=EQUIPMENT,
        areas=list(around().neighbourhoods.items()),
        here=chosen_neighbourhood(),
        **problems,
    )


def _as_form(spot: Spot | None) -> dict[str, str]:
    if spot is None:
        return {}
    return {
        "ten": spot.name,
        "dia_chi": spot.address,
        "gioi_thieu": spot.about,
        "ssid": spot.ssid,
        "mat_khau_wifi": spot.wifi_password,
        "hoi": spot.question,
        "dap": "\n".join(spot.answers),
    }


def _show(spot_id: UUID, problems: dict[str, Any]) -> str:
    spot = spots.spot_for(session(), actor(), spot_id)
    day = forms.parse_day(request.values.get("ngay", "")) or today()
    live = codes.live_code_of_spot(session(), spot)
    return render_template(
        "console/spots/show.html",
        spot=spot,
        kinds=KINDS,
        code=live,
        hours=spots.open_hours(spot),
        weekdays=WEEKDAYS,
        equipment=[EQUIPMENT[one] for one in spot.equipment],
        duties=spots.duties(session(), spot.id),
        helpers=codes.people_led(session(), actor()),
        services=help_asking.service_words(session(), locale()),
        month=spots.walk_ins(session(), spot.id),
        of_day=spots.walk_ins_of(session(), spot.id, day),
        day=day,
        answers=spots.answers_of(session(), spot) if spot.kind == SpotKind.SURVEY else [],
        **problems,
    )
