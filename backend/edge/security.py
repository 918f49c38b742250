"""Headers on every answer, the request id, one log line per request without personal data, the form token's cookie."""

import json
import logging
import secrets
import sys
import time
import traceback
from functools import cache

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from backend.core.settings import Settings

_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
}
_log = logging.getLogger("gocua.request")


class JsonLines(logging.Formatter):
    """One JSON object a line; of an exception the type and the places, never its text, which may quote values."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "what": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [
                f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-6:]
            ]
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(level: str) -> None:
    """Log to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger("gocua")
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False


class _FormSessions(SecureCookieSessionInterface):
    """The cookie that holds the form token. Phones carry a header instead (edge.access): theirs is never opened."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path.startswith("/api/") else super().open_session(app, request)


@cache
def _headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    """The headers of every answer that says nothing else of its own."""
    headers = dict(HEADERS)
    if settings.map_host:
        images = f"img-src 'self' {settings.map_host}"
        headers["Content-Security-Policy"] = _CSP.replace("img-src 'self'", images)
    if settings.secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return tuple(headers.items())


def register(app: Flask) -> None:
    """Attach the headers, the request log and the form token's cookie."""
    app.session_interface = _FormSessions()

    @app.before_request
    def begin() -> None:
        g.request_id = secrets.token_hex(8)
        g.began = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        # One walk over what is there: asking werkzeug's headers for each name walks them each time.
        given = {name.lower() for name in response.headers.keys()}  # noqa: SIM118  # not a dict: its items are pairs
        headers = _headers(app.config["GOCUA"])
        response.headers.extend([pair for pair in headers if pair[0].lower() not in given])
        if request.endpoint != "static" and "cache-control" not in given:
            response.headers.add("Cache-Control", "no-store")
        response.headers.add("X-Request-Id", g.request_id)
        # The rule, not the path: paths carry codes and ids.
        _log.info(
            "request",
            extra={
                "fields": {
                    "id": g.request_id,
                    "method": request.method,
                    "rule": str(request.url_rule or "-"),
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - g.began) * 1000, 1),
                }
            },
        )
        return response
