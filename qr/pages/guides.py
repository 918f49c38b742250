"""Guides without a code: the list and each guide at its own address; “my screen looks otherwise” is counted here."""

from datetime import timedelta
from uuid import UUID

from flask import current_app, redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from backend.core.clock import today
from backend.core.refusal import Refusal
from backend.edge.access import PUBLIC, Door
from backend.edge.db import db, session
from backend.edge.words import reading
from backend.models import CodeKind
from backend.services import codes, guide_reports, rate_limit
from backend.services.contacts import Contact, contact_for
from backend.services.guide_texts import guide_for, guides_for
from backend.services.guides import Guide
from qr.codes import GUIDE, NotAlphanumeric, NotAToken, TooLong, code_url, normalise, svg
from qr.pages.answer import ALOUD, PUBLIC_FOR, page, picture

door = Door("resident_guides", __name__, url_prefix="/huong-dan", template_folder="templates")

# Phones share addresses behind their operators: generous for one address, with a ceiling for all together.
_PER_ADDRESS, _IN_ALL, _WINDOW = 20, 600, timedelta(hours=1)


@door.page("/", who=PUBLIC, strict_slashes=False)
def guide_list() -> ResponseReturnValue:
    """Every guide that is still valid."""
    return _list()


@door.page("/<slug>", who=PUBLIC)
def guide_page(slug: str) -> ResponseReturnValue:
    """One guide; for an unknown name the guides that there are."""
    contact = contact_for(session())
    found = guide_for(session(), contact.ward_id, slug, reading())
    if found is None:
        return _list(404)
    return show(found, contact, cache_for=PUBLIC_FOR)


@door.page("/<slug>/bao", who=PUBLIC, methods=("POST",))
def report_step(slug: str) -> ResponseReturnValue:
    """Count that a step looks otherwise on somebody's phone; the form sends the step and nothing else."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Refusal("bad_request", status=400)
    ward_id, token = _ward_of(request.form.get("ma", ""))
    found = guide_for(session(), ward_id, slug, reading())
    step = request.form.get("buoc", "")
    if found is None or not step.isascii() or not step.isdigit() or not 1 <= int(step) <= len(found.steps):
        return _list(404)
    try:
        rate_limit.hit(db.engine, "guide_step", request.remote_addr or "", limit=_PER_ADDRESS, window=_WINDOW)
        rate_limit.hit(db.engine, "guide_step", "*", limit=_IN_ALL, window=_WINDOW)
    except Refusal:
        # Whoever presses often still reads what to do; only the count stands still.
        return _thanks(slug, step, token)
    guide_reports.report(session(), ward_id, found, int(step))
    return _thanks(slug, step, token)


@door.page("/<slug>/cam-on", who=PUBLIC)
def thanks(slug: str) -> ResponseReturnValue:
    """What to do after a report: stop, call, do not guess."""
    ward_id, token = _ward_of(request.args.get("ma", ""))
    contact = contact_for(session(), ward_id=ward_id)
    found = guide_for(session(), ward_id, slug, reading())
    if found is None:
        return _list(404)
    step = request.args.get("buoc", "")
    known = step if step.isascii() and step.isdigit() and 1 <= int(step) <= len(found.steps) else ""
    back = f"/G/{token}" if token else f"/huong-dan/{found.slug}"
    return page("reported.html", contact=contact, guide=found, step=known, back=back)


def shown_guides(ward_id: UUID | None = None) -> list[Guide]:
    """The guides of this language, as the ward has them, whose review date has not passed."""
    on = today()
    return [found for found in guides_for(session(), ward_id, reading()) if not found.withdrawn(on)]


def show(
    found: Guide, contact: Contact, *, cache_for: str = "no-store", token: str = ""
) -> ResponseReturnValue:
    """A guide, or a kind word and a number when nobody has checked it in time. `token`: of the code scanned."""
    if found.withdrawn():
        shown = shown_guides(contact.ward_id)
        return page("withdrawn.html", contact=contact, status=410, guide=found, guides=shown)
    return page(
        "guide.html",
        contact=contact,
        cache_for=cache_for,
        script=ALOUD,
        guide=found,
        picture=picture,
        token=token,
        symbol=_symbol(found.slug, token),
    )


def _symbol(slug: str, token: str) -> Markup:
    """The code that a printed page carries: the one scanned, else the address of the page; none when too long."""
    base_url = str(current_app.config["GOCUA"].base_url)
    try:
        return Markup(svg(code_url(base_url, GUIDE, token) if token else f"{base_url}/huong-dan/{slug}"))  # noqa: S704
    except (TooLong, NotAlphanumeric):
        return Markup()


def _ward_of(text: str) -> tuple[UUID | None, str]:
    """The ward of the code from which the page came and its token; without one, the only ward served here."""
    try:
        scanned = codes.resolve(session(), normalise(text), count=False) if text else None
    except NotAToken:
        scanned = None
    if scanned and scanned.kind is CodeKind.GUIDE:
        return scanned.ward_id, scanned.token
    return contact_for(session()).ward_id, ""


def _thanks(slug: str, step: str, token: str) -> ResponseReturnValue:
    code = f"&ma={token}" if token else ""
    return redirect(f"/huong-dan/{slug}/cam-on?buoc={int(step)}{code}", 303)


def _list(status: int = 200) -> ResponseReturnValue:
    cache_for = PUBLIC_FOR if status == 200 else "no-store"
    contact = contact_for(session())
    shown = shown_guides(contact.ward_id)
    return page("guides.html", contact=contact, status=status, cache_for=cache_for, guides=shown)
