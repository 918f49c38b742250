"""What a printed code opens: a guide, a house plate; unknown and revoked ones are answered kindly (badges: badges.py).

The letter and the token come in any case, since cameras and people write both. A code under the wrong letter
is unknown: nobody learns from here what exists.
"""

from flask import redirect, request
from flask.typing import ResponseReturnValue

from backend.edge.access import PUBLIC, Door
from backend.edge.db import session
from backend.edge.words import reading
from backend.models import CodeKind
from backend.services import codes, help_answer, slips
from backend.services.codes import Scanned
from backend.services.contacts import contact_for
from backend.services.guide_texts import guide_for
from qr.codes import NotAToken, grouped, normalise
from qr.pages import guard
from qr.pages.answer import page
from qr.pages.guides import show, shown_guides

door = Door("resident_codes", __name__, template_folder="templates")


@door.page("/G/<token>", who=PUBLIC)
def guide_code(token: str) -> ResponseReturnValue:
    """The guide itself, at once: one request to read it."""
    scanned = scanned_code(token, CodeKind.GUIDE)
    if scanned is None:
        return _unknown()
    found = guide_for(session(), scanned.ward_id, scanned.guide or "", reading())
    if found is None:
        return _unknown()
    contact = contact_for(session(), ward_id=scanned.ward_id)
    if scanned.revoked:
        return page("revoked.html", contact=contact, status=410, guides=shown_guides(scanned.ward_id))
    return show(found, contact, token=scanned.token)


@door.page("/H/<token>", who=PUBLIC)
def household_code(token: str) -> ResponseReturnValue:
    """What the plate at a door is for; nothing about who lives there."""
    scanned = scanned_code(token, CodeKind.HOUSEHOLD)
    if scanned is None:
        return _unknown()
    contact = contact_for(session(), ward_id=scanned.ward_id, household_id=scanned.household_id)
    if scanned.revoked:
        return page("revoked.html", contact=contact, status=410, guides=shown_guides(scanned.ward_id))
    return page(
        "household.html", contact=contact, guides=shown_guides(scanned.ward_id), token=grouped(scanned.token)
    )


# The same in lower case, as people type it.


@door.page("/g/<token>", who=PUBLIC)
def guide_code_typed(token: str) -> ResponseReturnValue:
    """As /G/."""
    return guide_code(token)


@door.page("/h/<token>", who=PUBLIC)
def household_code_typed(token: str) -> ResponseReturnValue:
    """As /H/."""
    return household_code(token)


@door.page("/tim", who=PUBLIC)
def find_code() -> ResponseReturnValue:
    """From a typed code to its page; the target comes from the database, never from the request."""
    try:
        token = normalise(request.args.get("ma", ""))
    except NotAToken:
        return _unknown()
    found = codes.resolve(session(), token, count=False)
    if found is None:
        guard.slow_guessing("follow")
        if help_answer.follow(session(), token) is not None:
            return redirect(f"/Y/{token}", 303)
        if slips.open_slip(session(), token) is not None:
            return redirect(f"/S/{token}", 303)
        return _unknown()
    return redirect(f"/{codes.LETTERS[found.kind]}/{found.token}", 303)


def scanned_code(token: str, kind: CodeKind) -> Scanned | None:
    """What a token of this kind opens, counted when it is a person's scan; None for anything else."""
    try:
        wanted = normalise(token)
    except NotAToken:
        return None
    found = codes.resolve(session(), wanted, count=request.method == "GET")
    return found if found and found.kind is kind else None


def _unknown() -> ResponseReturnValue:
    contact = contact_for(session())
    return page("unknown.html", contact=contact, status=404, guides=shown_guides(contact.ward_id))
