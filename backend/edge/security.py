"""Headers on every answer, the request id, and one log line per request without personal data."""

import json
import logging
import secrets
import sys
import time
import traceback

from flask import Flask, Response, g, request

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


def register(app: Flask) -> None:
    """Attach the headers and the request log."""

    @app.before_request
    def begin() -> None:
        g.request_id = secrets.token_hex(8)
        g.began = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if app.config["GOCUA"].map_host and response.headers["Content-Security-Policy"] == _CSP:
            response.headers["Content-Security-Policy"] = _CSP.replace(
                "img-src 'self'", f"img-src 'self' {app.config['GOCUA'].map_host}"
            )
        if app.config["GOCUA"].secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
        if request.endpoint != "static" and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        response.headers["X-Request-Id"] = g.request_id
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
