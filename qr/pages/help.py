"""Ask for help: three questions from a plate, a neighbourhood's page or a poster; a code by which the answer comes."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from backend.core.i18n import sentence
from backend.core.messages import N_
from backend.core.refusal import NotFound, Refusal
from backend.edge.access import PUBLIC, Door
from backend.edge.db import session
from backend.edge.words import locale
from backend.models import AreaUnit, HelpWhen
from backend.services import codes, help_answer, help_asking
from backend.services.contacts import contact_for
from backend.services.help_asking import Asked, Origin
from qr.codes import NotAToken, grouped, normalise
from qr.pages import guard
from qr.pages.answer import page
from qr.pages.guides import shown_guides

door = Door("resident_help", __name__, template_folder="templates")
PURPOSE = "help"
WHEN: dict[str, str] = {
    HelpWhen.TONIGHT: N_("Tối nay"),
    HelpWhen.EVENINGS: N_("Tối nào cũng được, 19–21 giờ"),
    HelpWhen.WEEKEND: N_("Thứ bảy, chủ nhật"),
    HelpWhen.DAYTIME: N_("Ban ngày"),
}


@door.page("/giup", who=PUBLIC, methods=("GET", "POST"))
def ask() -> ResponseReturnValue:
    """Ask from the front page, or from the page of a neighbourhood (?khu=)."""
    chosen = request.args.get("khu", "")
    unit = next((one for one in help_asking.served(session()) if one.code == chosen), None)
    return _ask(
        help_asking.origin_of_neighbourhood(session(), unit)
        if unit
        else help_asking.origin_of(session(), None)
    )


@door.page("/giup/<token>", who=PUBLIC, methods=("GET", "POST"))
def ask_from_code(token: str) -> ResponseReturnValue:
    """Ask from a scanned code: a plate says which door it is."""
    try:
        scanned = codes.resolve(session(), normalise(token), count=False)
        if scanned is None:
            raise NotFound
        return _ask(help_asking.origin_of(session(), scanned))
    except (NotAToken, NotFound):
        return page("unknown.html", contact=contact_for(session()), status=404, guides=shown_guides())


@door.page("/Y/<token>", who=PUBLIC)
def follow(token: str) -> ResponseReturnValue:
    """What came of a request; nothing of who asked or where."""
    guard.slow_guessing("follow")
    try:
        code = normalise(token)
    except NotAToken:
        code = ""
    answer = help_answer.follow(session(), code) if code else None
    if answer is None:
        return page("unknown.html", contact=contact_for(session()), status=404, guides=shown_guides())
    return page(
        "follow.html",
        contact=contact_for(session(), ward_id=answer.ward_id),
        answer=answer,
        code=grouped(code),
        words=help_asking.service_words(session(), locale()),
        suits=WHEN[answer.suits],
        hour=help_answer.evening,
    )


@door.page("/y/<token>", who=PUBLIC)
def follow_typed(token: str) -> ResponseReturnValue:
    """As /Y/."""
    return follow(token)


def _ask(origin: Origin) -> ResponseReturnValue:
    if request.method == "GET":
        return _form(origin, guard.new_ticket(), request.form)
    ticket = guard.ticket_of(PURPOSE)
    if ticket is None:
        return _form(origin, guard.new_ticket(), request.form, Refusal("help_old_form", status=400))
    try:
        asked = _read(origin)
        guard.check(PURPOSE, ticket)
        code = help_asking.ask(session(), origin, asked, ticket.nonce)
    except Refusal as refusal:
        session().rollback()
        if refusal.code == "help_question":
            ticket = replace(ticket, asked=True)
        return _form(origin, ticket, request.form, refusal)
    return redirect(f"/Y/{code}", 303)


def _read(origin: Origin) -> Asked:
    given = request.form
    wrong: dict[str, str] = {}
    services = tuple(dict.fromkeys(one for one in given.getlist("viec") if one != "khac"))
    if not given.getlist("viec"):
        wrong["viec"] = "help_choose"
    if given.get("khi") not in tuple(HelpWhen):
        wrong["khi"] = "help_choose"
    if given.get("dong_y") != help_asking.CONSENT:
        wrong["dong_y"] = "help_agree"
    if origin.neighbourhood_id is None and _uuid(given.get("khu", "")) is None:
        wrong["khu"] = "help_choose"
    if origin.household_id is None and not given.get("nha", "").strip():
        wrong["nha"] = "needed"
    if wrong:
        raise Refusal("bad_form", fields=wrong)
    return Asked(
        services,
        HelpWhen(given["khi"]),
        given.get("nha", ""),
        given.get("dt", ""),
        _uuid(given.get("khu", "")),
    )


def _form(
    origin: Origin, ticket: guard.Ticket, given: MultiDict[str, str], refusal: Refusal | None = None
) -> ResponseReturnValue:
    problems: dict[str, Any] = {"problem": "", "errors": {}}
    if refusal is not None:
        problems["problem"] = sentence(refusal.code, locale(), **refusal.values)
        problems["errors"] = {name: sentence(code, locale()) for name, code in refusal.fields.items()}
    return page(
        "help.html",
        contact=contact_for(session(), ward_id=origin.ward_id, household_id=origin.household_id)
        if origin.ward_id
        else contact_for(session()),
        status=refusal.status if refusal else 200,
        origin=origin,
        ticket=ticket,
        sealed=ticket.sealed(PURPOSE),
        given=given,
        chosen=given.getlist("viec"),
        words=help_asking.service_words(session(), locale()),
        when=WHEN,
        areas=_areas(origin),
        consent=help_asking.CONSENT,
        trap=guard.TRAP,
        limit=help_asking.PLACE_LIMIT,
        here=request.full_path.rstrip("?"),
        **problems,
    )


def _areas(origin: Origin) -> list[AreaUnit]:
    return [] if origin.neighbourhood_id else help_asking.served(session(), origin.ward_id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
