"""The room of walks: cut a neighbourhood into walks, look, adjust, hand out. One walk's own pages: walk.py."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app, flash, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from backend.console import forms, place, words
from backend.core.clock import today
from backend.core.i18n import sentence
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, OVERSEERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _, locale, number
from backend.models import Outcome, WalkState
from backend.services import planning, walk_handover, walk_map, walks, walks_live, walks_read
from backend.services.walk_doors import Choice
from backend.services.walk_rights import team_for, volunteers_of

door = Door("walks", __name__, url_prefix="/tuyen", template_folder="templates")
NO_ALLEY = "khac"
# What a script asks for: the part that changed, not the page.
PART = "X-Gocua-Part"
_QUIET_DAYS = (0, 7, 14, 30)


class DraftIn(Schema):
    """The form at /tuyen/moi. `crews`: "account:number"; who has no number stays at home."""

    class Meta:
        unknown = EXCLUDE  # the form token

    neighbourhood = fields.UUID(required=True)
    campaign = fields.UUID(allow_none=True, load_default=None)
    alleys = fields.List(fields.String())
    crews = fields.List(fields.String(validate=validate.Regexp(r"([0-9a-f-]{36}:[0-9]{1,3})?")))
    until = forms.Day(load_default=None)
    quiet = fields.Integer(load_default=0, validate=validate.OneOf(_QUIET_DAYS))
    with_work = fields.Boolean(load_default=False)
    unassigned = fields.Boolean(load_default=False)
    service = fields.String(allow_none=True, load_default=None)
    last = fields.String(load_default="", validate=validate.OneOf(["", "new", *Outcome]))


class MoveIn(Schema):
    """One alley from one draft to another."""

    class Meta:
        unknown = EXCLUDE

    source = fields.UUID(required=True)
    target = fields.UUID(required=True)
    alley = fields.String(required=True)


@door.page("", who=OVERSEERS)
def index() -> ResponseReturnValue:
    """All walks: on the table, on the way, over."""
    rows = walks_read.list_walks(session(), actor(), neighbourhood_id=place.chosen_neighbourhood())
    plans: dict[UUID | None, list[walks_read.WalkRow]] = defaultdict(list)
    for row in rows:
        if row.walk.state == WalkState.DRAFT:
            plans[row.walk.plan_id].append(row)
    return render_template(
        "console/walks/list.html",
        plans=list(plans.items()),
        published=[row for row in rows if row.walk.state == WalkState.PUBLISHED],
        closed=[row for row in rows if row.walk.state == WalkState.CLOSED],
        over=sum(map(walk_handover.is_over, rows)),
    )


@door.page("/moi", who=LEADERS)
def new() -> ResponseReturnValue:
    """The form that cuts a neighbourhood into walks."""
    return _form(place.chosen_neighbourhood() or _only_neighbourhood(), place.chosen_campaign())


@door.page("/moi", who=LEADERS, methods=("POST",))
def make() -> ResponseReturnValue:
    """Cut; the result is a plan on the table, which nobody but the leaders sees."""
    neighbourhood, campaign = _uuid(request.form.get("neighbourhood")), _uuid(request.form.get("campaign"))
    plan: list[UUID] = []
    try:
        form = forms.load(DraftIn(), _without_blanks(), many=("alleys", "crews"))
        with session().begin_nested():
            plan.append(
                walks.draft(session(), actor(), _choice(form), _crews(form["crews"]), until=form["until"])
            )
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(neighbourhood, campaign, forms.problems(refusal)), refusal.status
    return redirect(f"/tuyen/ke-hoach/{plan[0]}", 303)


@door.page("/ke-hoach/<uuid:plan_id>", who=OVERSEERS)
def plan(plan_id: UUID) -> ResponseReturnValue:
    """A plan on the table: how even it is, which alleys go where, what handing it out will do."""
    return render_template("console/walks/plan.html", **_on_the_table(plan_id))


@door.page("/ke-hoach/<uuid:plan_id>/chuyen", who=LEADERS, methods=("POST",))
def move(plan_id: UUID) -> ResponseReturnValue:
    """Move one alley to another draft of the plan; a script gets the balance as it is then, without a page."""
    walks_live.effects(session(), actor(), plan_id)  # NotFound for a plan that is not the actor's
    said: list[str] = []

    def act() -> None:
        form = forms.read(MoveIn())
        moved = walks.move_alley(session(), actor(), form["source"], form["target"], alley_id(form["alley"]))
        said.append(_("Đã chuyển {n} hộ.", n=number(moved)))

    if PART not in request.headers:
        if attempt(act):
            flash(said[0])
        return redirect(f"/tuyen/ke-hoach/{plan_id}", 303)
    refused = ""
    try:
        with session().begin_nested():
            act()
    except NotFound:
        # The alley was moved in another tab meanwhile: show how things stand.
        refused = sentence("other_doors", locale())
    except Refusal as refusal:
        refused = sentence(refusal.code, locale(), **refusal.values)
    shown = _on_the_table(plan_id)
    return render_template("console/walks/_plan.html", said="".join(said), refused=refused, **shown)


@door.page("/ke-hoach/<uuid:plan_id>/giao", who=LEADERS, methods=("POST",))
def publish(plan_id: UUID) -> ResponseReturnValue:
    """Put the plan in force."""

    def act() -> None:
        done = walks_live.publish(session(), actor(), plan_id)
        flash(
            _(
                "Đã giao {walks} tuyến, {doors} hộ. Máy của từng người sẽ báo.",
                walks=done.walks,
                doors=number(done.doors),
            )
        )
        if done.left_out:
            flash(
                _("{n} hộ đã chuyển đi hoặc để trống từ lúc chia, nên không giao.", n=number(done.left_out)),
                "attention",
            )

    return redirect("/tuyen" if attempt(act) else f"/tuyen/ke-hoach/{plan_id}", 303)


@door.page("/ke-hoach/<uuid:plan_id>/bo", who=LEADERS, methods=("POST",))
def discard(plan_id: UUID) -> ResponseReturnValue:
    """Throw a plan away."""
    walks.discard(session(), actor(), plan_id)
    flash(_("Đã bỏ bản chia nháp. Chưa ai nhận được gì."))
    return redirect("/tuyen", 303)


@door.context_processor
def rights() -> dict[str, bool]:
    """`may_lead`: whether the person of this page may direct, or only look."""
    person = g.get("actor")
    return {"may_lead": bool(person and person.roles & LEADERS.roles)}


def attempt(act: Callable[[], None]) -> bool:
    """Do `act` whole or not at all; a refusal becomes a sentence on the next page, what does not exist stays 404."""
    try:
        with session().begin_nested():
            act()
    except NotFound:
        raise
    except Refusal as refusal:
        flash(sentence(refusal.code, locale(), **refusal.values), "danger")
        return False
    return True


def alley_id(raw: str) -> UUID | None:
    """The alley of a form; the doors without one have a word of their own. Raises NotFound for anything else."""
    if raw == NO_ALLEY:
        return None
    found = _uuid(raw)
    if found is None:
        raise NotFound
    return found


def _on_the_table(plan_id: UUID) -> dict[str, Any]:
    page = walks_read.plan_page(session(), actor(), plan_id)
    return {
        "plan": page,
        "effects": walks_live.effects(session(), actor(), plan_id),
        "drawing": _drawing(page),
        "open": set(request.form.getlist("open")),
        "NO_ALLEY": NO_ALLEY,
    }


def _drawing(page: walks_read.Plan) -> walk_map.Drawing:
    """The whole plan as one neighbourhood: every alley once, with the walks that hold it."""
    held = walk_map.holders({number: one.run for number, one in enumerate(page.walks, start=1)})
    names = {part.id: part.name for one in page.walks for part in one.alleys}
    alleys = planning.in_alleys(door for one in page.walks for door in one.run)
    return walk_map.draw(
        [
            walk_map.Alley(
                run[0].alley, names.get(run[0].alley) or _("Không ghi ngõ"), run, held[run[0].alley]
            )
            for run in alleys
        ],
        current_app.config["GOCUA"].map_tiles,
    )


def _form(
    neighbourhood: UUID | None, campaign: UUID | None, problems: dict[str, Any] = forms.NO_PROBLEM
) -> str:
    if neighbourhood is None:
        return render_template("console/walks/where.html")
    choice = Choice(neighbourhood, campaign_id=campaign, with_work=False)
    alleys = walks_read.alleys_to_choose(session(), actor(), choice)
    free = walks_read.alleys_to_choose(session(), actor(), replace(choice, unassigned=True))
    people = volunteers_of(session(), team_for(session(), actor(), neighbourhood))
    drawn = walks_read.alleys_to_draw(session(), actor(), choice, _("Không ghi ngõ"))
    return render_template(
        "console/walks/form.html",
        drawing=walk_map.draw(drawn, current_app.config["GOCUA"].map_tiles),
        services=walks_read.services_to_choose(session(), actor(), campaign),
        lasts=[("new", _("chưa thăm lần nào")), *words.options(words.OUTCOMES)],
        neighbourhood=neighbourhood,
        neighbourhood_name=dict(place.desk().neighbourhoods).get(neighbourhood, ""),
        campaign=campaign,
        alleys=alleys,
        doors=sum(alley.doors for alley in alleys),
        free=sum(alley.doors for alley in free),
        people=people,
        numbers=_numbers(people),
        chosen=set(request.form.getlist("alleys")) if request.method == "POST" else None,
        quiet_days=_QUIET_DAYS,
        NO_ALLEY=NO_ALLEY,
        **problems,
    )


def _numbers(people: Any) -> dict[UUID, int]:
    """The walk number that each person has in the form: as posted, else one each, or two by two (?ghep=cap)."""
    if request.method == "POST":
        return {account: number for account, number in map(_crew, request.form.getlist("crews")) if account}
    together = 2 if request.args.get("ghep") == "cap" else 1
    return {account.id: place // together + 1 for place, account in enumerate(people)}


def _crew(raw: str) -> tuple[UUID | None, int]:
    account, _separator, number = raw.partition(":")
    return _uuid(account), int(number) if number.isdecimal() else 0


def _crews(raw: list[str]) -> list[list[UUID]]:
    crews: dict[int, list[UUID]] = defaultdict(list)
    for account, walk_number in map(_crew, raw):
        if account is not None and walk_number:
            crews[walk_number].append(account)
    return [crews[walk_number] for walk_number in sorted(crews)]


def _choice(form: dict[str, Any]) -> Choice:
    return Choice(
        neighbourhood_id=form["neighbourhood"],
        campaign_id=form["campaign"],
        alley_ids=frozenset(alley_id(raw) for raw in form["alleys"]),
        with_work=form["with_work"],
        not_visited_since=today() - timedelta(days=form["quiet"]) if form["quiet"] else None,
        unassigned=form["unassigned"],
        service=form["service"],
        last={"": None, "new": ""}.get(form["last"], form["last"]),
    )


def _without_blanks() -> Any:
    given = request.form.copy()
    for name in ("campaign", "service"):
        if not given.get(name):
            given.pop(name, None)
    return given


def _only_neighbourhood() -> UUID | None:
    all_of_them = place.desk().neighbourhoods
    return all_of_them[0][0] if len(all_of_them) == 1 else None


def _uuid(raw: str | None) -> UUID | None:
    try:
        return UUID(raw or "")
    except ValueError:
        return None
