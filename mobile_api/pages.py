"""Two plain pages for a volunteer's phone: pairing it (/E/<token>) and tonight's doors (/m/tuyen).

The second is read-only and works without script, for phones that cannot run the app at /m/.
"""

from itertools import groupby

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.edge.access import DEVICE_COOKIE, PUBLIC, VOLUNTEERS, Door, actor, set_cookie
from backend.edge.db import session
from backend.edge.words import locale
from backend.services import enrol, phones
from mobile_api.phone import COOKIE_DAYS, slow_down

door = Door(
    "phone_pages", __name__, template_folder="templates", static_folder="static", static_url_path="/m/static"
)
REFUSED = frozenset(("enrol_unknown", "enrol_used", "enrol_expired", "enrol_revoked"))


@door.page("/E/<token>", who=PUBLIC, methods=("GET", "POST"))
def pair(token: str) -> ResponseReturnValue:
    """Greet the person a code was made for, and pair this phone when they say so."""
    slow_down()
    try:
        if request.method == "GET":
            return render_template("phone/pair.html", invitation=enrol.look(session(), token))
        _, secret = enrol.enrol(session(), token, request.form.get("label", ""))
    except Refusal as refusal:
        if refusal.code not in REFUSED:
            raise
        said = sentence(refusal.code, locale())
        return render_template("phone/refused.html", sentence=said), refusal.status
    response = make_response(redirect(url_for("phone_shell.page"), 303))
    set_cookie(response, DEVICE_COOKIE, secret, days=COOKIE_DAYS)
    return response


@door.page("/e/<token>", who=PUBLIC, methods=("GET", "POST"))
def pair_typed(token: str) -> ResponseReturnValue:
    """The same for an address that was typed in small letters."""
    return pair(token)


@door.page("/m/tuyen", who=VOLUNTEERS)
def tonight() -> str:
    """Tonight's doors in walking order."""
    doors = phones.tonight(session(), actor())
    walks = []
    for name, found in groupby(doors, key=lambda each: each.walk):
        inside = list(found)
        alleys = [(alley, list(run)) for alley, run in groupby(inside, key=lambda each: each.alley)]
        walks.append((name, len(inside), alleys))
    return render_template("phone/tonight.html", me=phones.me(session(), actor()), doors=doors, walks=walks)
