"""A phone's own affairs: pairing, who am I, where a nudge reaches me, the words of the services."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from flask import Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue

from backend.edge.access import DEVICE_COOKIE, PUBLIC, VOLUNTEERS, actor, cookie_name, set_cookie
from backend.edge.db import db, session
from backend.edge.words import locale
from backend.services import enrol, phones, rate_limit
from backend.services.sessions import actor_of_device
from mobile_api.door import ApiDoor, json_text
from mobile_api.schemas import EnrolIn, MeOut, PushTargetIn, ReferenceOut

COOKIE_DAYS = 400  # the longest that browsers keep one; the lease ends far earlier
_WINDOW = timedelta(minutes=15)
# A hall of volunteers behind one address pairs in a quarter of an hour; 130 random bits need no tighter guard.
_PER_ADDRESS, _IN_ALL = 300, 3000

door = ApiDoor("phone", __name__, "Pairing and the phone's own affairs.")


def slow_down() -> None:
    """Count one attempt at a pairing code, per address and in all. Raises Refusal too_many (429)."""
    rate_limit.hit(db.engine, "enrol", request.remote_addr or "", limit=_PER_ADDRESS, window=_WINDOW)
    rate_limit.hit(db.engine, "enrol", "*", limit=_IN_ALL, window=_WINDOW)


@door.post("/enrol", who=PUBLIC, takes=EnrolIn, gives=MeOut, status=201, refuses=(404, 410, 429))
def enrol_phone(body: dict[str, Any]) -> Response:
    """Pair this phone: the token from the leader's QR is exchanged for the phone's own cookie."""
    slow_down()
    _, secret = enrol.enrol(session(), body["token"], body["label"])
    paired = actor_of_device(session(), secret, request_id=g.request_id)
    assert paired is not None  # noqa: S101  # made two lines above
    response = make_response(MeOut().dump(phones.me(session(), paired)), 201)
    set_cookie(response, DEVICE_COOKIE, secret, days=COOKIE_DAYS)
    return response


@door.get("/me", who=VOLUNTEERS, gives=MeOut)
def me() -> phones.Me:
    """Who is paired with this phone, and what it may pull."""
    return phones.me(session(), actor())


@door.post("/device/push-target", who=VOLUNTEERS, takes=PushTargetIn, status=204)
def set_push_target(body: dict[str, Any]) -> Response:
    """Where a nudge reaches this phone (a Firebase Installation ID or a registration token)."""
    phones.set_push_target(session(), actor(), body["kind"], body["value"])
    return Response(status=204)


@door.delete("/device/push-target", who=VOLUNTEERS, status=204)
def drop_push_target() -> Response:
    """No nudges to this phone any more."""
    phones.drop_push_targets(session(), actor())
    return Response(status=204)


@door.post("/device/sign-out", who=VOLUNTEERS, status=204)
def sign_out() -> Response:
    """End the pairing. Only for a phone whose outbox is empty and whose store is wiped."""
    enrol.sign_out(session(), actor())
    response = Response(status=204)
    response.delete_cookie(
        cookie_name(DEVICE_COOKIE),
        path="/",
        secure=current_app.config["GOCUA"].secure,
        httponly=True,
        samesite="Strict",
    )
    return response


@door.get("/reference", who=VOLUNTEERS, gives=ReferenceOut)
def reference() -> ResponseReturnValue:
    """The services and the reasons for "not done"; send the ETag back to be told that nothing changed."""
    text = json.dumps({"services": phones.reference(session(), locale())}, ensure_ascii=False)
    response = json_text(text)
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)
