"""Is the person at the door real? The rotating code of a phone (/V/), the printed badge (/B/), and the way to report.

Nothing is typed here and nobody signs in; only the six digits of a visit code are (/xac-minh). A token stands in the
address of its report's form, so that a badge's page has no field at all.
"""

from datetime import timedelta
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from backend.core.clock import local, now
from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.edge.access import PUBLIC, Door
from backend.edge.db import db, session
from backend.edge.words import locale
from backend.models import CodeKind, ReportAbout, ReportReason
from backend.services import codes, live_badges, rate_limit, scam_reports, visit_codes
from backend.services.badges import Badge, Duty, badge_of
from backend.services.contacts import Contact, contact_for
from backend.services.live_badges import Verdict
from qr.codes import NotAToken, normalise
from qr.pages.answer import page
from qr.pages.codes import scanned_code

door = Door("resident_badges", __name__, template_folder="templates")

# A neighbour tells once or twice; a script that floods the officers stops here.
_PER_ADDRESS, _IN_ALL, _WINDOW = 10, 300, timedelta(hours=1)
# 400 guesses in a quarter of an hour against a ward's few codes of this evening: one hit in some weeks (0074).
_CODES_EACH, _CODES_ALL, _CODES_WINDOW = 15, 400, timedelta(minutes=15)
_STATUS = {"on": 200, "off": 200, "early": 200, "old": 410, "gone": 410, "forged": 404}


@door.page("/V/<token>", who=PUBLIC)
def live_badge(token: str) -> ResponseReturnValue:
    """The code on a volunteer's phone: good for a minute."""
    proof = live_badges.verify(session(), token)
    if proof.verdict in (Verdict.FRESH, Verdict.OVER) and proof.account_id:
        badge = badge_of(session(), proof.account_id) if proof.verdict is Verdict.FRESH else Badge(Duty.GONE)
        return _show(badge.duty.value, badge, proof.ward_id, f"/V/{token}/bao")
    return _show(proof.verdict.value, Badge(Duty.GONE), proof.ward_id, f"/V/{token}/bao")


@door.page("/B/<token>", who=PUBLIC)
def paper_badge(token: str) -> ResponseReturnValue:
    """The code on a printed badge: the same for months, its page is not."""
    scanned = scanned_code(token, CodeKind.BADGE)
    if scanned is None or scanned.account_id is None:
        return _show("forged", Badge(Duty.GONE), None, "/B/0/bao", paper=True)
    badge = Badge(Duty.GONE) if scanned.revoked else badge_of(session(), scanned.account_id)
    return _show(badge.duty.value, badge, scanned.ward_id, f"/B/{scanned.token}/bao", paper=True)


@door.page("/xac-minh", who=PUBLIC)
def visit_code() -> ResponseReturnValue:
    """Six digits that were announced: is a team here tonight? (?ma=) The code is no personal data."""
    typed = request.args.get("ma", "").strip()
    contact = contact_for(session())
    if not typed:
        return page("visit_code.html", contact=contact, typed="", found=None, problem="")
    try:
        rate_limit.hit(
            db.engine, "visit_code", request.remote_addr or "", limit=_CODES_EACH, window=_CODES_WINDOW
        )
        rate_limit.hit(db.engine, "visit_code", "*", limit=_CODES_ALL, window=_CODES_WINDOW)
        found = visit_codes.check(session(), typed[:40])
    except Refusal as refusal:
        said = sentence(refusal.code, locale(), **refusal.values)
        status = refusal.status
        return page(
            "visit_code.html", contact=contact, status=status, typed=typed[:12], found=None, problem=said
        )
    return page(
        "visit_code.html",
        contact=Contact(found.ward, found.phone) if found else contact,
        status=200 if found else 404,
        typed=typed[:12],
        found=found,
        problem="",
        now=local(now()).time(),
    )


@door.page("/V/<token>/bao", who=PUBLIC, methods=("POST",))
def report_live(token: str) -> ResponseReturnValue:
    """Tell the ward about the holder of a rotating code."""
    proof = live_badges.verify(session(), token)
    return _report(ReportAbout.LIVE_BADGE, proof.verdict.value, proof.account_id, proof.ward_id)


@door.page("/B/<token>/bao", who=PUBLIC, methods=("POST",))
def report_paper(token: str) -> ResponseReturnValue:
    """Tell the ward about the holder of a printed badge."""
    try:
        found = codes.resolve(session(), normalise(token), count=False)
    except NotAToken:
        found = None
    if found is None or found.kind is not CodeKind.BADGE:
        return _report(ReportAbout.PAPER_BADGE, "forged", None, None)
    verdict = "revoked" if found.revoked else "known"
    return _report(ReportAbout.PAPER_BADGE, verdict, found.account_id, found.ward_id)


# The same in lower case, as people type it.


@door.page("/v/<token>", who=PUBLIC)
def live_badge_typed(token: str) -> ResponseReturnValue:
    """As /V/."""
    return live_badge(token)


@door.page("/b/<token>", who=PUBLIC)
def paper_badge_typed(token: str) -> ResponseReturnValue:
    """As /B/."""
    return paper_badge(token)


def _show(
    state: str, badge: Badge, ward_id: UUID | None, report_to: str, *, paper: bool = False
) -> ResponseReturnValue:
    contact = Contact(badge.ward, badge.phone) if badge.ward else contact_for(session(), ward_id=ward_id)
    return page(
        "badge.html",
        contact=contact,
        status=_STATUS[state],
        state=state,
        badge=badge,
        paper=paper,
        report_to=report_to,
        reasons=[reason.value for reason in scam_reports.REASONS],
        at=local(now()),
    )


def _report(
    about: ReportAbout, verdict: str, account_id: UUID | None, ward_id: UUID | None
) -> ResponseReturnValue:
    """Store the tap; where the ward cannot be told from the code, ask for it with one more tap."""
    # No session to protect here; only that another site's page shall not report in somebody's name.
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Refusal("bad_request", status=400)
    reason = request.values.get("ly_do", "")
    if reason not in scam_reports.REASONS:
        reason = ReportReason.OTHER
    wards = dict(scam_reports.wards_served(session()))
    if ward_id is None:
        named = next((ward for ward in wards if str(ward) == request.values.get("phuong")), None)
        ward_id = named or (next(iter(wards)) if len(wards) == 1 else None)
    if ward_id is None:
        return page("which_ward.html", contact=Contact(), wards=wards, reason=reason, report_to=request.path)
    try:
        _slow_down()
    except Refusal:
        contact = contact_for(session(), ward_id=ward_id)
        return page("told_ward.html", contact=contact, status=429, stored=False)
    scam_reports.report(
        session(), ward_id, about, ReportReason(reason), verdict=verdict, account_id=account_id
    )
    return page("told_ward.html", contact=contact_for(session(), ward_id=ward_id), stored=True)


def _slow_down() -> None:
    rate_limit.hit(db.engine, "report", request.remote_addr or "", limit=_PER_ADDRESS, window=_WINDOW)
    rate_limit.hit(db.engine, "report", "*", limit=_IN_ALL, window=_WINDOW)
