"""What the tests of sync share: a phone that speaks the real HTTP interface, and makers of events."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.core.clock import now
from backend.models import Account, Device
from backend.services.actor import Actor, load_actor
from backend.services.event_core import Item, compose
from tests.phone_model.stream import scope_digest

HEADERS = {"X-Gocua-Client": "test"}


def on_device(session: Session, account: Account, device: Device) -> Actor:
    """The actor of a phone, for calls of services."""
    actor = load_actor(session, account.id, device_id=device.id)
    assert actor is not None
    return actor


def visit(author: UUID, household: UUID, outcome: str = "not_home", **more: Any) -> Item:
    """A visit; `results` etc. go into the payload, `at`, `base_v`, `offset_ms`, `id_` into the core."""
    core = {"device_time": more.pop("at", None)}
    core |= {name: more.pop(name) for name in ("base_v", "offset_ms", "id_") if name in more}
    return compose(author, household, "visit", {"outcome": outcome, **more}, **core)


def result(resident: UUID, service: str, state: str, reason: str | None = None) -> dict[str, Any]:
    return {"resident": str(resident), "service": service, "state": state, "reason": reason}


def push_body(
    epoch: str, device: UUID, items: Iterable[Item], *, device_now: datetime | None = None
) -> dict[str, Any]:
    wire = [{"id": str(item.id), "sha256": item.sha256, "core": item.core} for item in items]
    return {
        "proto": 1,
        "epoch": epoch,
        "device": str(device),
        "device_now": (device_now or now()).isoformat(),
        "schema": 1,
        "n": len(wire),
        "items": wire,
    }


class Phone:
    """One phone's cache and cursors, after section 8; its outbox is what the test hands it."""

    def __init__(self, client: FlaskClient, token: str, account: Account, device: Device) -> None:
        self.client, self.account, self.device = client, account, device
        client.set_cookie("gocua_device", token)
        self.epoch = client.get("/api/v1/me").json["epoch"]
        self.rows: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
        self.state: dict[str, dict[str, Any]] = {}
        self.replies: list[dict[str, Any]] = []

    @property
    def own_stream(self) -> str:
        return f"user:{self.account.id}"

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self.client.post(f"/api/v1{path}", json=body, headers=HEADERS | headers)

    def push(self, *items: Item, **more: Any) -> list[dict[str, Any]]:
        reply = self.post("/sync/push", push_body(self.epoch, self.device.id, items, **more))
        assert reply.status_code == 200, reply.text
        assert reply.json["n"] == len(items)
        return reply.json["results"]

    def ask(self, stream: str, limit: int = 200, **changed: Any) -> TestResponse:
        state = self.state.get(stream, {})
        body = {
            "proto": 1,
            "schema": 1,
            "stream": stream,
            "gen": state.get("gen"),
            "epoch": state.get("epoch"),
            "cursor": state.get("cursor"),
            "snapshot_head": state.get("snapshot_head"),
            "limit": limit,
        }
        return self.post("/sync/pull", body | changed)

    def apply(self, reply: dict[str, Any]) -> None:
        stream = reply["stream"]
        rows = self.rows.setdefault(stream, {})
        if reply["reset"]:
            rows.clear()
        for row in reply["rows"]:
            key = (row["kind"], row["id"])
            if row.get("deleted"):
                rows.pop(key, None)
            else:
                rows[key] = row
        self.state[stream] = {
            "gen": reply["gen"],
            "epoch": reply["epoch"],
            "cursor": reply["next_cursor"],
            "snapshot_head": reply["snapshot_head"],
        }

    def pull(self, stream: str, limit: int = 200) -> dict[str, Any]:
        """Page after page until there is no more; the digest must then be equal. Returns the last reply."""
        for _ in range(1000):
            answer = self.ask(stream, limit)
            assert answer.status_code == 200, answer.text
            reply: dict[str, Any] = answer.json
            self.replies.append(reply)
            self.apply(reply)
            if not reply["more"]:
                assert self.digest(stream) == reply["scope_digest"], stream
                assert len(self.rows[stream]) == reply["scope_count"]
                return reply
        raise AssertionError("the pull never ends")

    def sync(self) -> None:
        """The pull half of a cycle: the own stream, then every stream it names."""
        self.pull(self.own_stream)
        named = {row["data"]["stream"] for row in self.rows[self.own_stream].values()}
        for stream in sorted(named):
            self.pull(stream)
        for stream in [each for each in self.rows if each not in named | {self.own_stream}]:
            del self.rows[stream], self.state[stream]

    def digest(self, stream: str) -> str:
        return scope_digest((kind, id_, row["v"]) for (kind, id_), row in self.rows[stream].items())

    @property
    def doors(self) -> set[str]:
        return {id_ for rows in self.rows.values() for kind, id_ in rows if kind == "household"}
