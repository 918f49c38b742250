"""Push and pull: the two requests that carry the work (sync.md, sections 7 and 8)."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response

from backend.core.refusal import Refusal
from backend.edge.access import SHUT_OUT, VOLUNTEERS, actor
from backend.edge.db import session
from backend.edge.errors import error_body
from backend.services import events, feed, held, phones, pull
from backend.services.event_core import Item
from backend.services.sql import begin_reading, end_reading
from mobile_api.door import ApiDoor, json_text
from mobile_api.schemas import PullIn, PullOut, PushIn, PushOut

_TELLS = ("persisted", "installed", "waiting", "dead", "oldest_waiting_s")
door = ApiDoor("sync", __name__, "Events go up, state comes down.")


@door.post("/sync/push", who=VOLUNTEERS, takes=PushIn, gives=PushOut, refuses=(409, 413))
def push(body: dict[str, Any]) -> Response:
    """Hand over events. Repeat it until it is answered: nothing is stored twice."""
    return _take(body, lambda items: events.store(session(), actor(), items, device_now=body["device_now"]))


@door.post("/sync/quarantine", who=SHUT_OUT, takes=PushIn, gives=PushOut, refuses=(409, 410, 413))
def quarantine(body: dict[str, Any]) -> Response:
    """Hand over events from a phone that was shut out: kept for a leader's word, for 14 days after it happened."""
    return _take(body, lambda items: held.hold(session(), actor(), items))


@door.post("/sync/wiped", who=SHUT_OUT, status=204, refuses=(409, 410))
def wiped() -> Response:
    """A phone that was shut out holds nothing any more."""
    held.note_wiped(session(), actor())
    return Response(status=204)


def _take(body: dict[str, Any], store: Callable[[list[Item]], list[events.Result]]) -> Response:
    items = [_item(each) for each in body["items"]]
    if len(items) != body["n"]:
        raise Refusal("bad_request", status=400, fields={"n": "bad_value"})
    if len(items) > events.MAX_ITEMS:
        raise Refusal("too_many_items", status=413, limit=events.MAX_ITEMS)
    epoch, moved = feed.check_epoch(session())
    if moved or epoch != body["epoch"]:
        return json_text(json.dumps(error_body("epoch") | {"epoch": str(epoch)}), 409)
    results = store(items)
    reply = {
        "proto": pull.PROTO,
        "epoch": str(epoch),
        "server_time": pull.server_time(),
        "n": len(results),
        "results": [result.wire() for result in results],
    }
    return json_text(json.dumps(reply, separators=(",", ":")))


@door.post("/sync/pull", who=VOLUNTEERS, takes=PullIn, gives=PullOut, refuses=(404, 426), at_one_moment=True)
def pull_page(body: dict[str, Any]) -> Response:
    """Fetch one page of one stream; the own `user:` stream names the others."""
    told = body["device"]
    ask = pull.Ask(
        stream=body["stream"],
        schema=body["schema"],
        gen=body["gen"],
        epoch=body["epoch"],
        cursor=body["cursor"],
        snapshot_head=body["snapshot_head"],
        limit=body["limit"],
        device=pull.Telemetry(
            app_build=told.get("build"),
            app_schema=body["schema"],
            **{name: told.get(name) for name in _TELLS},
        ),
    )
    try:
        page = pull.pull(session(), actor(), ask)
    except pull.AnotherHistory:
        end_reading(session())
        session().rollback()
        feed.ensure_epoch(session())
        session().commit()
        begin_reading(session())
        page = pull.pull(session(), actor(), ask)
    except Refusal as refusal:
        if refusal.code == "upgrade":  # it gets no list, but it was here: nobody shall look for it
            end_reading(session())
            phones.note_device(session(), actor(), ask.device)
            session().commit()
        raise
    if page.device_due:
        end_reading(session())  # what follows writes
        phones.note_device(session(), actor(), ask.device)
    return json_text(page.text)


def _item(told: dict[str, Any]) -> Item:
    core = told.get("core")
    return Item(told["id"], told["sha256"], core or "", told.get("redacted") if core is None else None)
