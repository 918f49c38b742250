"""Doors: the list with its filters, one door's whole story, and what a leader puts right by hand."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.datastructures import MultiDict

from backend.console import forms, words
from backend.console.place import around, chosen_campaign, chosen_neighbourhood
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import LEADERS, Door, actor
from backend.edge.db import session
from backend.edge.words import _
from backend.models import AdoptionState, HouseholdKind, HouseholdState, Mark, ResidentState
from backend.services import household_edit, household_story, households, visit_review
from backend.services.desk import ServiceChoices, service_choices
from backend.services.household_edit import DoorIn, PersonIn
from backend.services.households import Filter

door = Door("households", __name__, template_folder="templates")
_MOST_PEOPLE = 20


class DoorForm(Schema):
    """A door as the leader writes it."""

    class Meta:
        unknown = EXCLUDE

    address = fields.String(required=True, validate=[forms.present, forms.up_to(200)])
    kind = fields.String(load_default=HouseholdKind.HOUSEHOLD, validate=validate.OneOf(list(HouseholdKind)))
    head_name = fields.String(load_default="", validate=forms.up_to(80))
    phone = fields.String(load_default="", validate=forms.up_to(40))
    state = fields.String(load_default=None, validate=validate.OneOf(list(HouseholdState)))
    mark = fields.String(load_default=None, validate=validate.OneOf(["", *Mark]))
    phone_seen = fields.String(load_default=None, validate=forms.up_to(40))


class NewDoorForm(DoorForm):
    """A door the list lacks."""

    neighbourhood = fields.UUID(required=True)
    people = fields.Integer(required=True, validate=validate.Range(0, _MOST_PEOPLE))


class PersonForm(Schema):
    """A resident as the leader writes it; everything may stay empty."""

    class Meta:
        unknown = EXCLUDE

    full_name = fields.String(load_default="", validate=forms.up_to(80))
    birth_year = forms.OptionalYear(load_default=None)
    sex = forms.Choice(["male", "female"], load_default=None)
    relation = fields.String(load_default="", validate=forms.up_to(40))
    state = fields.String(load_default=ResidentState.ACTIVE, validate=validate.OneOf(list(ResidentState)))


class PhoneIn(Schema):
    """Which of two numbers is right: the one that stands, or the other."""

    class Meta:
        unknown = EXCLUDE

    so = forms.Choice(["nay", "kia"], load_default="nay")


class FilterIn(Schema):
    """The filters of the list, by the names they have in its address; odd values count as none."""

    class Meta:
        unknown = EXCLUDE

    tim = fields.String(load_default="", validate=forms.up_to(80))
    ngo = fields.UUID(load_default=None)
    viec = fields.String(load_default="")
    buoc = forms.Choice([*AdoptionState, "open"], load_default="")
    ly_do = fields.String(load_default="", data_key="ly-do")
    o = forms.Choice(list(words.STATE_FILTERS), load_default="")
    lan = forms.Choice(list(words.VISIT_FILTERS), load_default="")
    nguoi = fields.UUID(load_default=None)
    dau = forms.Choice(["any", *Mark], load_default="")
    trang = fields.Integer(load_default=1)


@door.page("/ho", who=LEADERS)
def listing() -> ResponseReturnValue:
    """The list; filters in the address, the place from what follows the person everywhere."""
    here = chosen_neighbourhood()
    given = given_in(request.args)
    services = service_choices(session(), actor(), chosen_campaign())
    found = households.find_doors(session(), actor(), wanted_of(given, services), given["trang"])
    areas = around().neighbourhoods
    only = here or (next(iter(areas)) if len(areas) == 1 else None)
    alleys = households.alleys_of(session(), actor(), only)
    volunteers = households.volunteers_with_doors(session(), actor())
    steps = [("open", _("Còn phải làm")), *words.options(words.STEPS)]
    return render_template(
        "console/households/list.html",
        found=found,
        chosen=_chosen(given, alleys, volunteers, services, dict(steps)),
        given=given,
        filtered=any(value for key, value in given.items() if key != "trang"),
        many_places=only is None,
        alleys=list(alleys.items()),
        services=services.all,
        reasons=services.reasons,
        volunteers=volunteers,
        link=_page_link,
        states=words.options(words.STATE_FILTERS),
        visits=words.options(words.VISIT_FILTERS),
        marks=_marks(),
        query=urlencode([(key, value) for key, value in request.args.items(multi=True) if value]),
        steps=steps,
    )


@door.page("/ho/them", who=LEADERS, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Add a door by hand."""
    if request.method == "GET":
        return _new(forms.NO_PROBLEM)
    try:
        form = forms.read(NewDoorForm())
        made = household_edit.add_household(
            session(), actor(), form.pop("neighbourhood"), _door(form), form["people"]
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _new(forms.problems(refusal)), refusal.status
    flash(_("Đã thêm hộ {code}.", code=made.code))
    return redirect(f"/ho/{made.id}", 303)


@door.page("/ho/<uuid:household_id>", who=LEADERS)
def show(household_id: UUID) -> ResponseReturnValue:
    """One door's story."""
    return render_template(
        "console/households/show.html",
        story=household_story.story(session(), actor(), household_id),
        services=service_choices(session(), actor(), chosen_campaign()).all,
        referral_places=words.options(words.REFERRALS),
    )


@door.page("/ho/<uuid:household_id>/lan-tham/<uuid:event_id>/da-xem", who=LEADERS, methods=("POST",))
def reviewed(household_id: UUID, event_id: UUID) -> ResponseReturnValue:
    """What was odd about a visit has been looked at."""
    visit_review.review(session(), actor(), household_id, event_id)
    flash(_("Đã ghi là đã xem."))
    return redirect(f"/ho/{household_id}#visits", 303)


@door.page("/ho/<uuid:household_id>/sua", who=LEADERS, methods=("GET", "POST"))
def edit(household_id: UUID) -> ResponseReturnValue:
    """Put address, name, phone and state right."""
    if request.method == "GET":
        return _edited(household_id, forms.NO_PROBLEM)
    try:
        form = forms.read(DoorForm())
        household_edit.edit_household(session(), actor(), household_id, _door(form))
    except NotFound:
        raise
    except Refusal as refusal:
        return _edited(household_id, forms.problems(refusal)), refusal.status
    flash(_("Đã lưu. Máy của tình nguyện viên sẽ nhận bản mới."))
    return redirect(f"/ho/{household_id}", 303)


@door.page("/ho/<uuid:household_id>/so-dien-thoai", who=LEADERS, methods=("POST",))
def choose_phone(household_id: UUID) -> ResponseReturnValue:
    """Two people wrote a number: which one is right."""
    chosen = forms.lenient(PhoneIn(), request.form)["so"]
    household_edit.choose_phone(session(), actor(), household_id, other=chosen == "kia")
    flash(_("Đã lưu. Máy của tình nguyện viên sẽ nhận bản mới."))
    return redirect(f"/ho/{household_id}", 303)


@door.page("/ho/<uuid:household_id>/nguoi", who=LEADERS, methods=("GET", "POST"))
def person(household_id: UUID) -> ResponseReturnValue:
    """Add a resident, or put one right (?nguoi=<number of the resident>)."""
    told = household_story.story(session(), actor(), household_id)
    number = request.args.get("nguoi", "")
    chosen = next((one.resident for one in told.people if str(one.resident.ordinal) == number), None)
    if number and chosen is None:
        raise NotFound
    if request.method == "GET":
        return _person(told, chosen, forms.NO_PROBLEM)
    try:
        form = PersonIn(**forms.read(PersonForm()))
        household_edit.save_person(session(), actor(), household_id, form, chosen.id if chosen else None)
    except NotFound:
        raise
    except Refusal as refusal:
        return _person(told, chosen, forms.problems(refusal)), refusal.status
    flash(_("Đã lưu. Máy của tình nguyện viên sẽ nhận bản mới."))
    return redirect(f"/ho/{household_id}", 303)


def given_in(args: MultiDict[str, str]) -> dict[str, Any]:
    """The filters of an address; a value that is not right counts as none, as links grow old."""
    return forms.lenient(FilterIn(), args)


def wanted_of(given: dict[str, Any], services: ServiceChoices) -> Filter:
    """The filter that an address means, in the neighbourhood that the person looks at."""
    return Filter(
        text=given["tim"],
        neighbourhood_id=chosen_neighbourhood(),
        alley_id=given["ngo"],
        service=given["viec"],
        step=given["buoc"],
        reason=given["ly_do"],
        state=given["o"],
        visit=given["lan"],
        volunteer_id=given["nguoi"],
        mark=given["dau"],
        services=tuple(services.codes),
    )


def _chosen(
    given: dict[str, Any],
    alleys: dict[UUID, str],
    volunteers: list[tuple[UUID, str]],
    services: ServiceChoices,
    steps: dict[str, str],
) -> list[str]:
    """The filters in force, in words."""
    tables: dict[str, dict[Any, str]] = {
        "ngo": dict(alleys),
        "o": dict(words.options(words.STATE_FILTERS)),
        "lan": dict(words.options(words.VISIT_FILTERS)),
        "viec": {one.code: words.named(one) for one in services.all},
        "buoc": steps,
        "ly_do": {one.code: words.named(one) for one in services.reasons},
        "nguoi": dict(volunteers),
        "dau": dict(_marks()),
    }
    return [table.get(given[key], str(given[key])) for key, table in tables.items() if given[key]]


def _marks() -> list[tuple[str, str]]:
    return [("any", _("Có dấu ưu tiên")), *words.options(words.MARKS)]


def _page_link(number: int) -> str:
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key != "trang" and value]
    return f"/ho?{urlencode([*pairs, ('trang', str(number))])}"


def _door(form: dict[str, Any]) -> DoorIn:
    return DoorIn(
        address=form["address"],
        kind=form["kind"],
        head_name=form["head_name"],
        phone=form["phone"],
        state=form["state"],
        mark=form["mark"],
        phone_seen=form["phone_seen"],
    )


def _new(problems: dict[str, Any]) -> str:
    return render_template(
        "console/households/new.html",
        neighbourhoods=list(around().neighbourhoods.items()),
        here=request.form.get("neighbourhood") or chosen_neighbourhood() or "",
        form=request.form,
        kinds=words.options(words.KINDS),
        **problems,
    )


def _edited(household_id: UUID, problems: dict[str, Any]) -> str:
    found = household_story.household_for(session(), actor(), household_id)
    form = request.form if request.method == "POST" else household_edit.as_form(found)
    return render_template(
        "console/households/edit.html",
        household=found,
        form=form,
        kinds=words.options(words.KINDS),
        states=words.options(words.DOORS, *household_edit.states_open(session(), found)),
        marks=words.options(words.MARKS),
        walks=household_edit.on_walks(session(), found),
        **problems,
    )


def _person(told: household_story.Story, chosen: Any, problems: dict[str, Any]) -> str:
    form = request.form if request.method == "POST" else chosen
    return render_template(
        "console/households/person.html",
        household=told.household,
        chosen=chosen,
        form=form,
        sexes=words.options(words.SEXES),
        states=words.options(words.PEOPLE),
        **problems,
    )
