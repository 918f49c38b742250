"""What the codes of places open: a neighbourhood, a support point, wifi, a relic, a stall's check, a survey."""

from collections.abc import Callable
from dataclasses import replace

from flask import redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.edge.access import PUBLIC, Door
from backend.edge.db import session
from backend.edge.spot_words import EQUIPMENT, WEEKDAYS
from backend.edge.words import locale
from backend.models import AreaUnit, CodeKind, Spot
from backend.services import badges, code_rounds, codes, help_asking, neighbourhood_page, spots
from backend.services.codes import Scanned
from backend.services.contacts import contact_for
from qr.codes import NotAToken, TooLong, grouped, normalise, svg, wifi_text
from qr.pages import guard
from qr.pages.answer import PUBLIC_FOR, page
from qr.pages.guides import shown_guides

door = Door("resident_places", __name__, template_folder="templates")
PURPOSE = "survey"
_SPOTS = {
    "D": CodeKind.SUPPORT_POINT,
    "W": CodeKind.WIFI,
    "P": CodeKind.PLACE,
    "M": CodeKind.STALL,
    "K": CodeKind.SURVEY,
}


@door.page("/khu-pho", who=PUBLIC)
def neighbourhoods() -> ResponseReturnValue:
    """Every neighbourhood that a team serves."""
    units = help_asking.served(session())
    return page("neighbourhoods.html", contact=contact_for(session()), cache_for=PUBLIC_FOR, units=units)


@door.page("/khu-pho/<slug>", who=PUBLIC)
def neighbourhood(slug: str) -> ResponseReturnValue:
    """One neighbourhood by the code of its unit ("00004-T01")."""
    unit = next((one for one in help_asking.served(session()) if one.code == slug), None)
    return _neighbourhood(unit, f"/giup?khu={slug}", cache_for=PUBLIC_FOR) if unit else _unknown()


@door.page("/N/<token>", who=PUBLIC)
def neighbourhood_code(token: str) -> ResponseReturnValue:
    """A neighbourhood from its printed code."""
    scanned = _scanned(token, CodeKind.NEIGHBOURHOOD)
    if scanned is None:
        return _unknown()
    unit = neighbourhood_page.unit_by_id(session(), scanned.area_unit_id) if scanned.area_unit_id else None
    if scanned.revoked or unit is None:
        return _revoked(scanned)
    return _neighbourhood(unit, f"/giup/{scanned.token}")


def _spot_view(letter: str) -> Callable[[str], ResponseReturnValue]:
    def view(token: str) -> ResponseReturnValue:
        scanned = _scanned(token, _SPOTS[letter])
        if scanned is None:
            return _unknown()
        spot = session().get(Spot, scanned.spot_id) if scanned.spot_id else None
        if scanned.revoked or spot is None or spot.closed_at is not None:
            return _revoked(scanned)
        if spot.kind == CodeKind.SURVEY:
            return _survey(scanned, spot)
        return _spot(scanned, spot)

    return view


for _letter in _SPOTS:
    _methods = ("GET", "POST") if _letter == "K" else ("GET",)
    _view = _spot_view(_letter)
    door.page(f"/{_letter}/<token>", who=PUBLIC, methods=_methods, endpoint=f"spot_{_letter}")(_view)
    # As people type it; but /m/ is the phone app's, whose files these addresses would hide.
    if _letter != "M":
        door.page(
            f"/{_letter.lower()}/<token>", who=PUBLIC, methods=_methods, endpoint=f"spot_typed_{_letter}"
        )(_view)


@door.page("/n/<token>", who=PUBLIC)
def neighbourhood_code_typed(token: str) -> ResponseReturnValue:
    """As /N/."""
    return neighbourhood_code(token)


def _neighbourhood(unit: AreaUnit, ask: str, *, cache_for: str = "no-store") -> ResponseReturnValue:
    return page(
        "neighbourhood.html",
        contact=contact_for(session(), ward_id=unit.ward_id),
        cache_for=cache_for,
        here=neighbourhood_page.page_of(session(), unit),
        ask=ask,
        words=help_asking.service_words(session(), locale()),
        guides=shown_guides(unit.ward_id),
        hours=(badges.EVENING, badges.NIGHT, badges.WEEKEND_MORNING),
        weekdays=WEEKDAYS,
        open_hours=spots.open_hours,
    )


def _spot(scanned: Scanned, spot: Spot) -> ResponseReturnValue:
    return page(
        "spot.html",
        contact=contact_for(session(), ward_id=scanned.ward_id),
        spot=spot,
        token=grouped(scanned.token),
        open_hours=spots.open_hours(spot),
        weekdays=WEEKDAYS,
        equipment=[EQUIPMENT[one] for one in spot.equipment if one in EQUIPMENT],
        duty=spots.duty_today(session(), spot.id),
        seen=code_rounds.last_intact(session(), scanned.token),
        symbol=_wifi_symbol(spot),
        guides=shown_guides(scanned.ward_id),
    )


def _survey(scanned: Scanned, spot: Spot) -> ResponseReturnValue:
    ticket, refusal = guard.new_ticket(), None
    thanks = request.args.get("xong") == "1"
    if request.method == "POST":
        try:
            return _answered(scanned, spot)
        except Refusal as refused:
            session().rollback()
            refusal = refused
            given = guard.ticket_of(PURPOSE)
            ticket = replace(given or ticket, asked=refused.code == "help_question")
    return page(
        "survey.html",
        contact=contact_for(session(), ward_id=scanned.ward_id),
        status=refusal.status if refusal else 200,
        spot=session().get(Spot, scanned.spot_id),
        ticket=ticket,
        sealed=ticket.sealed(PURPOSE),
        trap=guard.TRAP,
        chosen=request.form.get("dap", ""),
        thanks=thanks,
        here=request.path,
        problem=sentence(refusal.code, locale(), **refusal.values) if refusal else "",
        wrong=sentence("help_choose", locale()) if refusal and "dap" in refusal.fields else "",
    )


def _answered(scanned: Scanned, spot: Spot) -> ResponseReturnValue:
    ticket = guard.ticket_of(PURPOSE)
    if ticket is None:
        raise Refusal("help_old_form", status=400)
    answer = request.form.get("dap", "")
    if not answer.isascii() or not answer.isdigit() or int(answer) >= len(spot.answers):
        raise Refusal("bad_form", fields={"dap": "help_choose"})
    guard.check(PURPOSE, ticket)
    # The same form once more is thanked and not counted again.
    if guard.first_use(PURPOSE, ticket):
        spots.answer_survey(session(), spot, int(answer))
    return redirect(f"/K/{scanned.token}?xong=1", 303)


def _wifi_symbol(spot: Spot) -> Markup:
    """The network as phones read it, on the screen only: the printed code opens this page, which can be revoked."""
    if not spot.ssid:
        return Markup()
    try:
        return Markup(svg(wifi_text(spot.ssid, spot.wifi_password)))  # noqa: S704  # drawn by us
    except TooLong:
        return Markup()


def _revoked(scanned: Scanned) -> ResponseReturnValue:
    contact = contact_for(session(), ward_id=scanned.ward_id)
    return page("revoked.html", contact=contact, status=410, guides=shown_guides(scanned.ward_id))


def _scanned(token: str, kind: CodeKind) -> Scanned | None:
    try:
        wanted = normalise(token)
    except NotAToken:
        return None
    found = codes.resolve(session(), wanted, count=request.method == "GET" and "xong" not in request.args)
    return found if found and found.kind is kind else None


def _unknown() -> ResponseReturnValue:
    contact = contact_for(session())
    return page("unknown.html", contact=contact, status=404, guides=shown_guides(contact.ward_id))
