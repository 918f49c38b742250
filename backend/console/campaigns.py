"""The officers' page of campaigns (đợt): opened, changed, ended early, with their targets."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields

from backend.console import forms
from backend.core.clock import today
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import OFFICERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, day, number
from backend.services import campaign_targets, campaigns
from backend.services.campaign_forms import FORMS, campaign_form
from backend.services.campaigns import Phase, Wish
from backend.services.desk import service_choices

door = Door("campaigns", __name__, url_prefix="/dot", template_folder="templates")


class CampaignIn(Schema):
    """A campaign as it shall be."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True, validate=[forms.present, forms.up_to(campaigns.NAME_LIMIT)])
    starts_on = forms.Day(required=True)
    ends_on = forms.Day(required=True)
    services = fields.List(fields.String(), load_default=list)


@door.page("", who=OFFICERS)
def index() -> ResponseReturnValue:
    """Every campaign of the ward: running, coming, over."""
    rows = campaigns.list_campaigns(session(), actor())
    return render_template(
        "console/campaigns/list.html",
        running=[row for row in rows if row.phase is Phase.RUNNING],
        coming=[row for row in rows if row.phase is Phase.COMING],
        past=[row for row in rows if row.phase is Phase.PAST],
    )


@door.page("/moi", who=OFFICERS, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Open a campaign, from nothing or from the form of a real one (?mau=…)."""
    if request.method == "GET":
        form = campaign_form(request.args.get("mau", ""))
        first, last = form.dates(today()) if form else (today(), None)
        values = {"name": form.name if form else "", "starts_on": first, "ends_on": last}
        return _form(None, values, ())
    try:
        with session().begin_nested():
            made = campaigns.create_campaign(session(), actor(), _wish())
    except Refusal as refusal:
        return _posted(None, refusal), refusal.status
    flash(_("Đã mở đợt. Bước tiếp: đặt chỉ tiêu nếu phường có giao, hoặc chia tuyến."))
    running = campaigns.phase(made, today()) is Phase.RUNNING
    return redirect(f"/dot?dot={made.id}" if running else "/dot", 303)


@door.page("/<uuid:campaign_id>", who=OFFICERS, methods=("GET", "POST"))
def change(campaign_id: UUID) -> ResponseReturnValue:
    """Another name, other days, other services."""
    row = campaigns.campaign_row(session(), actor(), campaign_id)
    if request.method == "GET":
        kept = row.campaign
        values = {"name": kept.name, "starts_on": kept.starts_on, "ends_on": kept.ends_on}
        return _form(row, values, tuple(kept.service_codes))
    try:
        with session().begin_nested():
            campaigns.change_campaign(session(), actor(), campaign_id, _wish())
    except NotFound:
        raise
    except Refusal as refusal:
        return _posted(row, refusal), refusal.status
    flash(_("Đã lưu đợt."))
    return redirect("/dot", 303)


@door.page("/<uuid:campaign_id>/ket-thuc", who=OFFICERS, methods=("GET", "POST"))
def end(campaign_id: UUID) -> ResponseReturnValue:
    """End early, after saying what that means and for how many walks."""
    row = campaigns.campaign_row(session(), actor(), campaign_id)
    if request.method == "GET":
        return render_template("console/campaigns/end.html", row=row)
    try:
        ended = campaigns.end_early(session(), actor(), campaign_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return render_template(
            "console/campaigns/end.html", row=row, **forms.problems(refusal)
        ), refusal.status
    flash(
        _("Hôm nay, {day}, là ngày cuối của đợt. Không mất gì: lần thăm và tuyến vẫn giữ.", day=day(today()))
    )
    return redirect(f"/dot#d-{ended.id}", 303)


@door.page("/<uuid:campaign_id>/chi-tieu", who=OFFICERS, methods=("GET", "POST"))
def targets(campaign_id: UUID) -> ResponseReturnValue:
    """The targets of one service (?viec=): the ward's and each neighbourhood's."""
    if request.method == "GET":
        return _targets(campaign_id, request.args.get("viec"))
    campaigns.campaign_for(session(), actor(), campaign_id)
    service = request.form.get("viec")
    if not service:
        raise NotFound
    page = campaign_targets.targets_page(session(), actor(), campaign_id, service)
    try:
        changed = campaign_targets.set_targets(
            session(),
            actor(),
            campaign_id,
            service,
            _goals(page),
            source=request.form.get("source", ""),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _targets(campaign_id, service, forms.problems(refusal)), refusal.status
    flash(_("Đã lưu {n} chỉ tiêu.", n=number(changed)) if changed else _("Không có gì thay đổi."))
    return redirect(f"/dot/{campaign_id}/chi-tieu?viec={service}", 303)


def _wish() -> Wish:
    form = forms.read(CampaignIn(), many=("services",))
    return Wish(form["name"], form["starts_on"], form["ends_on"], tuple(form["services"]))


def _posted(row: campaigns.CampaignRow | None, refusal: Refusal) -> str:
    """The form again, with everything that was typed."""
    typed: dict[str, Any] = {name: request.form.get(name, "") for name in ("name", "starts_on", "ends_on")}
    return _form(row, typed, tuple(request.form.getlist("services")), forms.problems(refusal))


def _form(
    row: campaigns.CampaignRow | None,
    values: dict[str, Any],
    chosen: tuple[str, ...],
    problems: dict[str, Any] = forms.NO_PROBLEM,
) -> str:
    """`chosen` stand first and in their order, so that a save keeps it."""
    known = {one.code: one for one in service_choices(session(), actor(), None).all}
    first = [known[code] for code in dict.fromkeys(chosen) if code in known]
    return render_template(
        "console/campaigns/form.html",
        row=row,
        values=values,
        chosen=set(chosen),
        services=[*first, *(one for one in known.values() if one.code not in chosen)],
        known=known,
        models=FORMS,
        model=request.args.get("mau", ""),
        **problems,
    )


def _targets(campaign_id: UUID, service: str | None, problems: dict[str, Any] = forms.NO_PROBLEM) -> str:
    return render_template(
        "console/campaigns/targets.html",
        page=campaign_targets.targets_page(session(), actor(), campaign_id, service),
        typed=request.form if request.method == "POST" else None,
        **problems,
    )


def _goals(page: campaign_targets.TargetsPage) -> list[campaign_targets.Goal]:
    """The numbers of the form; an area whose field was not sent is left alone."""
    units = [area.unit.id for area in (page.ward, *page.areas)]
    names = {unit: [campaign_targets.field_name(kind, unit) for kind in ("goal", "base")] for unit in units}
    sent = {unit: pair for unit, pair in names.items() if pair[0] in request.form}
    schema = Schema.from_dict(
        {name: forms.OptionalCount(load_default=None) for pair in sent.values() for name in pair}
    )
    form = forms.read(schema(unknown=EXCLUDE))
    return [campaign_targets.Goal(unit, form[goal], form[base]) for unit, (goal, base) in sent.items()]
