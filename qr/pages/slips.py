"""After the visit: the slip's page, one anonymous question, and "this did not happen", which goes to the ward."""

from dataclasses import replace

from flask import redirect, request
from flask.typing import ResponseReturnValue

from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.edge.access import PUBLIC, Door
from backend.edge.db import session
from backend.edge.words import locale
from backend.models import ReportAbout, ReportReason
from backend.services import help_answer, help_asking, scam_reports, slips
from backend.services.contacts import contact_for
from backend.services.slips import Slip
from qr.codes import NotAToken, grouped, normalise
from qr.pages import guard
from qr.pages.answer import page
from qr.pages.guides import shown_guides

door = Door("resident_slips", __name__, template_folder="templates")
PURPOSE = "slip"


@door.page("/S/<token>", who=PUBLIC)
def slip(token: str) -> ResponseReturnValue:
    """What was done at a visit, by whom, what is next."""
    code, found = _open(token)
    return _show(code, found) if found else _not_yet(code)


@door.page("/S/<token>/y-kien", who=PUBLIC, methods=("POST",))
def feedback(token: str) -> ResponseReturnValue:
    """One answer to one question; a slip answers once."""
    code, found = _open(token)
    if found is None:
        return _not_yet(code)
    answer = request.form.get("dap", "")
    return _once(
        code,
        found,
        lambda: slips.give_feedback(session(), code, int(answer) if answer in "012" and answer else -1),
    )


@door.page("/S/<token>/khong-dung", who=PUBLIC, methods=("POST",))
def did_not_happen(token: str) -> ResponseReturnValue:
    """Tell the ward that the visit was not so; the volunteer is not told from here."""
    code, found = _open(token)
    if found is None:
        return _not_yet(code)

    def tell() -> None:
        slips.use(session(), found, code, "report")
        scam_reports.report(
            session(),
            found.ward_id,
            ReportAbout.VISIT,
            ReportReason.DID_NOT_HAPPEN,
            verdict=found.outcome,
            visit_event_id=found.event_id,
        )

    return _once(code, found, tell)


@door.page("/s/<token>", who=PUBLIC)
def slip_typed(token: str) -> ResponseReturnValue:
    """As /S/."""
    return slip(token)


def _open(token: str) -> tuple[str, Slip | None]:
    guard.slow_guessing("slip")
    try:
        code = normalise(token)
    except NotAToken:
        return "", None
    return code, slips.open_slip(session(), code)


def _once(code: str, found: Slip, act) -> ResponseReturnValue:  # type: ignore[no-untyped-def]
    ticket = guard.ticket_of(PURPOSE)
    try:
        if ticket is None:
            raise Refusal("help_old_form", status=400)
        guard.check(PURPOSE, ticket)
        act()
    except Refusal as refusal:
        session().rollback()
        fresh = ticket or guard.new_ticket()
        return _show(code, found, replace(fresh, asked=refusal.code == "help_question"), refusal)
    return redirect(f"/S/{code}", 303)


def _show(
    code: str, found: Slip, ticket: guard.Ticket | None = None, refusal: Refusal | None = None
) -> ResponseReturnValue:
    ticket = ticket or guard.new_ticket()
    status = refusal.status if refusal else 410 if found.taken_back else 200
    return page(
        "slip.html",
        contact=contact_for(session(), ward_id=found.ward_id),
        status=status,
        slip=found,
        code=grouped(code),
        token=code,
        words=help_asking.service_words(session(), locale()),
        hour=help_answer.evening,
        ticket=ticket,
        sealed=ticket.sealed(PURPOSE),
        trap=guard.TRAP,
        problem=sentence(refusal.code, locale(), **refusal.values) if refusal else "",
    )


def _not_yet(code: str) -> ResponseReturnValue:
    contact = contact_for(session())
    return page(
        "slip_unknown.html",
        contact=contact,
        status=404,
        code=grouped(code),
        guides=shown_guides(contact.ward_id),
    )
