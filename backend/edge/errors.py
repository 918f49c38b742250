"""Every error in one shape: {code, message, fields?, request_id} for machines, one calm page for people."""

import logging
from typing import Any

from flask import Flask, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.edge.words import locale

_log = logging.getLogger("gocua.error")
_BY_STATUS = {
    400: "bad_request",
    401: "sign_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "too_many",
}


def error_body(code: str, *, fields: dict[str, str] | None = None, **values: object) -> dict[str, Any]:
    """The wire shape of an error, its sentence in the language of the request."""
    values.setdefault("request_id", g.get("request_id", ""))
    body: dict[str, Any] = {
        "code": code,
        "message": sentence(code, locale(), **values),
        "request_id": g.get("request_id", ""),
    }
    if fields:
        body["fields"] = {name: sentence(field_code, locale()) for name, field_code in fields.items()}
    return body


def answer(
    code: str, status: int, *, fields: dict[str, str] | None = None, **values: object
) -> ResponseReturnValue:
    """An error response in the form that the asker reads."""
    body = error_body(code, fields=fields, **values)
    if request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json":
        return body, status
    return render_template("edge/error.html", error=body, status=status), status


def register(app: Flask) -> None:
    """Attach the handlers; no exception text ever reaches a client."""

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> ResponseReturnValue:
        response = current_app.make_response(
            answer(error.code, error.status, fields=error.fields, **error.values)
        )
        if error.status == 429 and isinstance(minutes := error.values.get("minutes"), int):
            response.headers["Retry-After"] = str(minutes * 60)
        return response

    @app.errorhandler(CSRFError)
    def stale(_error: CSRFError) -> ResponseReturnValue:
        return answer("stale_form", 400)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        limit = current_app.config["MAX_CONTENT_LENGTH"] // 1024 // 1024
        response = current_app.make_response(
            answer(
                _BY_STATUS.get(status, "bad_request" if status < 500 else "unexpected"),
                status,
                limit=limit,
                minutes=15,
            )
        )
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def busy(_error: Exception) -> ResponseReturnValue:
        """The database did not answer in time, or is being started again: whoever asks may ask again soon."""
        _log.exception("busy", extra={"fields": {"id": g.get("request_id", "")}})
        response = current_app.make_response(answer("busy", 503))
        response.headers["Retry-After"] = "5"
        return response

    if not app.testing:  # in tests a bug shall surface as itself

        @app.errorhandler(Exception)
        def unexpected(_error: Exception) -> ResponseReturnValue:
            _log.exception("unexpected", extra={"fields": {"id": g.get("request_id", "")}})
            return answer("unexpected", 500)
