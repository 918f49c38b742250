"""One walk: its doors in order, its people, handing over, closing; and a sheet to print."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from backend.console import forms
from backend.console.walks import NO_ALLEY, alley_id, attempt, door
from backend.core.refusal import NotFound
from backend.edge.access import LEADERS, OVERSEERS, actor
from backend.edge.db import session
from backend.edge.words import _, number
from backend.models import Team, Walk, WalkState
from backend.services import paper, walks, walks_live, walks_read
from backend.services.walk_rights import volunteers_of, walk_for

__all__ = ["door"]  # the room of walks with all its pages


class RenameIn(Schema):
    """Name and last day of a walk."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True)
    until = forms.Day(load_default=None)


class PeopleIn(Schema):
    """Who walks."""

    class Meta:
        unknown = EXCLUDE

    people = fields.List(fields.UUID())


class DoorsIn(Schema):
    """Doors that go to another walk; `all`: every one."""

    class Meta:
        unknown = EXCLUDE

    target = fields.UUID(required=True)
    doors = fields.List(fields.UUID())
    all = fields.Boolean(load_default=False)


class ShiftIn(Schema):
    """One alley earlier or later; `way` "turn" turns the whole walk round."""

    class Meta:
        unknown = EXCLUDE

    alley = fields.String(load_default=NO_ALLEY)
    way = fields.String(required=True, validate=validate.OneOf(("earlier", "later", "turn")))


class HeirIn(Schema):
    """Who takes over."""

    class Meta:
        unknown = EXCLUDE

    heir = fields.UUID(required=True)


@door.page("/<uuid:walk_id>", who=OVERSEERS)
def show(walk_id: UUID) -> ResponseReturnValue:
    """The walk as a list of doors; prints as a sheet to carry."""
    page = walks_read.walk_page(session(), actor(), walk_id)
    others = walks_read.list_walks(session(), actor(), neighbourhood_id=page.row.walk.neighbourhood_id)
    return render_template(
        "console/walks/walk.html",
        page=page,
        walk=page.row.walk,
        alleys=_by_alley(page.doors),
        targets=[row for row in others if _takes_doors_of(row.walk, page.row.walk)],
        people=volunteers_of(session(), session().get_one(Team, page.row.walk.team_id)),
        members={person.id for person in page.row.people},
        sheets=paper.sheets_of(session(), actor(), walk_id),
        NO_ALLEY=NO_ALLEY,
    )


@door.page("/<uuid:walk_id>/ten", who=LEADERS, methods=("POST",))
def rename(walk_id: UUID) -> ResponseReturnValue:
    """Another name, another last day."""
    walk_for(session(), actor(), walk_id)

    def act() -> None:
        form = forms.read(RenameIn())
        walks.rename(session(), actor(), walk_id, form["name"], until=form["until"])
        flash(_("Đã lưu."))

    attempt(act)
    return _back(walk_id)


@door.page("/<uuid:walk_id>/nguoi", who=LEADERS, methods=("POST",))
def people(walk_id: UUID) -> ResponseReturnValue:
    """Who walks from now on."""
    walk_for(session(), actor(), walk_id)

    def act() -> None:
        form = forms.read(PeopleIn(), many=("people",))
        walks_live.set_members(session(), actor(), walk_id, form["people"])
        flash(_("Đã lưu người đi tuyến."))

    attempt(act)
    return _back(walk_id)


@door.page("/<uuid:walk_id>/thu-tu", who=LEADERS, methods=("POST",))
def shift(walk_id: UUID) -> ResponseReturnValue:
    """Another order."""
    walk_for(session(), actor(), walk_id)

    def act() -> None:
        form = forms.read(ShiftIn())
        if form["way"] == "turn":
            walks.reverse(session(), actor(), walk_id)
        else:
            earlier = form["way"] == "earlier"
            walks.shift_alley(session(), actor(), walk_id, alley_id(form["alley"]), earlier=earlier)

    attempt(act)
    return _back(walk_id)


@door.page("/<uuid:walk_id>/chuyen", who=LEADERS, methods=("POST",))
def pass_on(walk_id: UUID) -> ResponseReturnValue:
    """Give doors to another walk: between drafts, or between walks in force."""
    walk = walk_for(session(), actor(), walk_id)

    def act() -> None:
        form = forms.read(DoorsIn(), many=("doors",))
        if walk.state == WalkState.DRAFT:
            moved = walks.move_doors(session(), actor(), walk_id, form["target"], form["doors"])
        else:
            chosen = None if form["all"] else form["doors"]
            moved = walks_live.hand_over(session(), actor(), walk_id, form["target"], chosen)
        flash(_("Đã chuyển {n} hộ.", n=number(moved)))

    attempt(act)
    return _back(walk_id)


@door.page("/<uuid:walk_id>/dong", who=LEADERS, methods=("POST",))
def close(walk_id: UUID) -> ResponseReturnValue:
    """End the walk."""
    walk_for(session(), actor(), walk_id)

    def act() -> None:
        freed = walks_live.close(session(), actor(), walk_id)
        flash(_("Đã đóng tuyến. {n} hộ chờ được giao lại.", n=number(freed)))

    attempt(act)
    return _back(walk_id)


@door.page("/thay-nguoi/<uuid:account_id>", who=LEADERS, methods=("POST",))
def replace(account_id: UUID) -> ResponseReturnValue:
    """All walks of one who stops go to another."""
    heir = forms.read(HeirIn())["heir"] if request.form.get("heir") else None
    if heir is None:
        raise NotFound

    def act() -> None:
        doors = walks_live.replace_volunteer(session(), actor(), account_id, heir)
        flash(_("Đã giao mọi tuyến cho người mới: {n} hộ.", n=number(doors)))

    attempt(act)
    return redirect("/tuyen", 303)


def _by_alley(doors: Any) -> list[tuple[Any, list[Any]]]:
    """Runs of doors of one alley, in the walk's order."""
    runs: list[tuple[Any, list[Any]]] = []
    for one in doors:
        if runs and runs[-1][0].alley_id == one.alley_id:
            runs[-1][1].append(one)
        else:
            runs.append((one, [one]))
    return runs


def _takes_doors_of(other: Walk, walk: Walk) -> bool:
    if other.id == walk.id or other.state != walk.state or walk.state == WalkState.CLOSED:
        return False
    return walk.state != WalkState.DRAFT or other.plan_id == walk.plan_id


def _back(walk_id: UUID) -> ResponseReturnValue:
    return redirect(f"/tuyen/{walk_id}", 303)
