"""A local server that speaks FCM v1 (formats.md, 10.3), and the real firebase-admin client pointed at it.

The address chooses the answer: "gone", "sender", "invalid", "invalid-target", "quota", "quota-60", "500", "503",
"flaky" (503, 503, then success), "slow" (no answer until the server ends); anything else succeeds.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import firebase_admin.credentials
import google.auth.credentials
import requests

from backend.clients.firebase import Firebase

_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
# Address to HTTP status, status name, FCM error code (None: no FcmError detail), further headers.
_ERRORS: dict[str, tuple[int, str, str | None, dict[str, str]]] = {
    "gone": (404, "NOT_FOUND", "UNREGISTERED", {}),
    "sender": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", {}),
    "invalid": (400, "INVALID_ARGUMENT", None, {}),
    "invalid-target": (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", {}),
    "quota": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", {}),
    "quota-300": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", {"Retry-After": "300"}),
    "500": (500, "INTERNAL", "INTERNAL", {}),
    "503": (503, "UNAVAILABLE", "UNAVAILABLE", {}),
}


@dataclass
class Fcm:
    """What the server has been sent: the paths and the messages, in order of arrival."""

    port: int = 0
    paths: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, message: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
        """The reply to one message: status, headers, body."""
        address = message.get("fid") or message.get("token") or ""
        self.paths.append(path)
        self.messages.append(message)
        self.tries[address] += 1
        if address == "slow":
            self.over.wait(30)
        name = "503" if address == "flaky" and self.tries[address] <= 2 else address
        if name not in _ERRORS:
            return 200, {}, {"name": f"projects/demo/messages/{len(self.messages)}"}
        status, status_name, code, headers = _ERRORS[name]
        details = [{"@type": _FCM_ERROR, "errorCode": code}] if code else []
        error = {"code": status, "message": "no", "status": status_name, "details": details}
        return status, headers, {"error": error}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512


class FixedToken(google.auth.credentials.Credentials):
    """A bearer token that needs no Google."""

    def refresh(self, request: object) -> None:
        self.token = "test"


class FakeCredential(firebase_admin.credentials.Base):
    def get_credential(self) -> FixedToken:
        return FixedToken()


class Redirect(requests.adapters.HTTPAdapter):
    """Keeps the real URLs and sends them to the local server; like the adapter it replaces, it never retries."""

    def __init__(self, base: str) -> None:
        super().__init__(max_retries=0)
        self.base = base

    def send(self, request: Any, **options: Any) -> requests.Response:
        request.url = self.base + request.path_url
        return super().send(request, **options)


@contextmanager
def fcm_server() -> Iterator[Fcm]:
    """A running server."""
    fcm = Fcm()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, answer = fcm.answer(self.path, body["message"])
            data = json.dumps(answer).encode()
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except ConnectionError:
                self.close_connection = True  # the client ran out of patience

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    server = _Server(("127.0.0.1", 0), Handler)
    fcm.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield fcm
    finally:
        fcm.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def firebase_at(port: int) -> Iterator[Firebase]:
    """The real client of firebase-admin, its HTTP pointed at the local server."""
    client = Firebase(FakeCredential(), project_id="demo", transport=Redirect(f"http://127.0.0.1:{port}"))
    try:
        yield client
    finally:
        client.close()
