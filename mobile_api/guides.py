"""What a phone keeps for offline beside its doors: guides, the own badge, the plates of its doors.

Small documents with an ETag each: a phone that has them already is told so in a few bytes.
"""

import base64
import hashlib
import json
from typing import Any

from flask import current_app, request
from flask.typing import ResponseReturnValue

from backend.edge.access import VOLUNTEERS, actor
from backend.edge.db import session
from backend.services import attendance, live_badges, pocket
from mobile_api.door import ApiDoor, json_text
from mobile_api.guide_schemas import AttendanceOut, BadgeKeyOut, BadgeOut, GuidePackOut, PlatesOut
from qr.codes import LIVE_BADGE, code_url

door = ApiDoor("pocket", __name__, "What a phone keeps for offline beside its doors.")


@door.get("/guides", who=VOLUNTEERS, gives=GuidePackOut)
def guide_pack() -> ResponseReturnValue:
    """Every valid guide in both languages, with the address of the ward's code for each."""
    return _document(pocket.guide_pack(session(), actor(), current_app.config["GOCUA"].base_url))


@door.get("/badge", who=VOLUNTEERS, gives=BadgeOut)
def badge() -> ResponseReturnValue:
    """The volunteer's own badge, as residents may see it."""
    return _document(pocket.own_badge(session(), actor(), current_app.config["GOCUA"].base_url))


@door.get("/attendance", who=VOLUNTEERS, gives=AttendanceOut)
def my_attendance() -> ResponseReturnValue:
    """The days that the phone's owner worked, and the doors of the running campaign."""
    return _document(attendance.mine(session(), actor()))


@door.post("/device/badge-key", who=VOLUNTEERS, gives=BadgeKeyOut, status=201)
def badge_key() -> dict[str, str]:
    """A new secret for this phone's rotating badge; codes of its earlier one end. A lost reply: ask again."""
    handle, secret = live_badges.new_key(session(), actor())
    return {
        "handle": handle,
        "secret": base64.urlsafe_b64encode(secret).decode().rstrip("="),
        "address": code_url(current_app.config["GOCUA"].base_url, LIVE_BADGE, ""),
    }


@door.get("/plates", who=VOLUNTEERS, gives=PlatesOut)
def plates() -> ResponseReturnValue:
    """Which plate hangs on which door, so that a scan opens the door without a network."""
    found = pocket.plates(session(), actor())
    return _document({"plates": {token: str(household) for token, household in found.items()}})


def _document(content: dict[str, Any]) -> ResponseReturnValue:
    text = json.dumps(content, ensure_ascii=False)
    response = json_text(text)
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)
