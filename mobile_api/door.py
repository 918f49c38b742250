"""A small typed façade around flask-smorest's Blueprint: an endpoint states its policy where it registers.

`@door.post("/sync/push", who=VOLUNTEERS, takes=PushIn, gives=PushOut)`: the view gets the checked body as its first
argument; guard() is the outermost layer, so that nothing is read or answered before the policy was asked.
"""

import gzip
import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_smorest import Api, Blueprint
from marshmallow import Schema, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from backend.core.refusal import Refusal
from backend.edge.access import CLIENT_HEADER, DEVICE_COOKIE, Credential, Policy, guard
from backend.edge.db import session
from backend.services.sql import begin_reading, end_reading
from mobile_api.schemas import ErrorOut

View = TypeVar("View", bound=Callable[..., Any])

PREFIX = "/api/v1"
BODY_LIMIT = 256 * 1024
# Below this a compressed body saves nothing. Small bodies take the best level, which saves a fortieth of them; of large
# ones it would cost more time than it saves bytes.
_WORTH_COMPRESSING, _SMALL, _BEST, _LEVEL = 1024, 16 * 1024, 9, 6
_FIELD_CODES = {"Missing data for required field.": "needed", "Unknown field.": "unknown_field"}


class PhoneApi(Api):  # type: ignore[misc]  # flask-smorest is untyped
    """flask-smorest's document without its error handlers: ours answer, in our one shape."""

    ERROR_SCHEMA = ErrorOut

    def _register_error_handlers(self) -> None:
        """Nothing: backend.edge.errors has registered them for the whole application."""


class ApiDoor:
    """One part of the phones' API, a tag in its document."""

    def __init__(self, name: str, import_name: str, description: str) -> None:
        self.blueprint = Blueprint(name, import_name, url_prefix=PREFIX, description=description)
        self.blueprint.before_request(_limit_body)
        self.blueprint.after_request(_compress)

    def get(self, rule: str, **options: Any) -> Callable[[View], View]:
        """A view for GET."""
        return self._endpoint(rule, "GET", **options)

    def post(self, rule: str, **options: Any) -> Callable[[View], View]:
        """A view for POST."""
        return self._endpoint(rule, "POST", **options)

    def delete(self, rule: str, **options: Any) -> Callable[[View], View]:
        """A view for DELETE."""
        return self._endpoint(rule, "DELETE", **options)

    def _endpoint(
        self,
        rule: str,
        method: str,
        *,
        who: Policy,
        takes: type[Schema] | None = None,
        gives: type[Schema] | None = None,
        status: int = 200,
        refuses: tuple[int, ...] = (),
        at_one_moment: bool = False,
    ) -> Callable[[View], View]:
        """Register a view. `refuses`: the statuses of errors it may answer, for the document.

        `at_one_moment`: the whole request, authentication included, reads one snapshot and writes nothing.
        """
        device = who.credential in (Credential.DEVICE, Credential.LEFT_DEVICE)
        codes = sorted({*refuses, *((400, 401, 403) if device else ()), *((400, 413) if takes else ())})

        def register(view: View) -> View:
            # flask-smorest wraps a view once per decorator and copies on each call: it documents, _plain runs.
            documented: Any = view
            for code in codes:
                documented = self.blueprint.alt_response(
                    code, schema=ErrorOut, description=HTTPStatus(code).phrase
                )(documented)
            documented = self.blueprint.response(status, gives)(documented)
            if takes is not None:
                documented = self.blueprint.arguments(takes)(documented)
            schemes: dict[str, list[str]] = (
                {"device": []} if method == "GET" else {"device": [], "client": []}
            )
            documented = self.blueprint.doc(security=[schemes] if device else [])(documented)
            plain: Any = _plain(view, takes() if takes else None, gives() if gives else None, status)
            plain._apidoc = documented._apidoc
            guarded = guard(plain, who)
            if at_one_moment:
                guarded = _at_one_moment(guarded)
            self.blueprint.route(rule, methods=[method])(guarded)
            return cast(View, guarded)

        return register


def json_text(text: str, status: int = 200) -> Response:
    """A response from JSON that is already written."""
    return Response(text, status, mimetype="application/json")


def make_api(app: Flask) -> PhoneApi:
    """The API's document: OpenAPI 3.0.3, since that is what client generators read best."""
    api = PhoneApi(
        app,
        spec_kwargs={
            "title": "Gõ Cửa: the phones' API",
            "version": "1",
            "openapi_version": "3.0.3",
            "info": {
                "description": "What a volunteer's phone speaks. Facts go up as events, state comes down in rows."
            },
        },
    )
    schemes = api.spec.components
    schemes.security_scheme("device", {"type": "apiKey", "in": "cookie", "name": DEVICE_COOKIE})
    schemes.security_scheme("client", {"type": "apiKey", "in": "header", "name": CLIENT_HEADER})
    return api


def _plain(view: View, takes: Schema | None, gives: Schema | None, status: int) -> View:
    """The view between its schemas: the checked body in, a response out (one the view made itself goes as it is)."""

    @wraps(view)
    def plain(**values: Any) -> ResponseReturnValue:
        found = view(**values) if takes is None else view(_body(takes), **values)
        if isinstance(found, BaseResponse):
            return found
        return json_text(json.dumps(gives.dump(found) if gives else found, ensure_ascii=False), status)

    return cast(View, plain)


def _body(schema: Schema) -> dict[str, Any]:
    """The JSON body as `schema` reads it. Raises Refusal bad_request: 400 for what is no JSON, 422 with fields."""
    body = request.get_json() if request.is_json else None
    try:
        checked: dict[str, Any] = schema.load(body if body is not None else {})
    except ValidationError as error:
        raise Refusal("bad_request", status=422, fields=dict(_flat(_messages(error)))) from None
    except (OverflowError, RecursionError):
        raise Refusal("bad_request", status=422) from None
    return checked


def _messages(error: ValidationError) -> dict[Any, Any]:
    return error.messages if isinstance(error.messages, dict) else {}


def _at_one_moment(view: View) -> View:
    @wraps(view)
    def reading(*args: Any, **values: Any) -> ResponseReturnValue:
        try:
            begin_reading(session())
            return cast(ResponseReturnValue, view(*args, **values))
        finally:
            end_reading(session())

    return cast(View, reading)


def _limit_body() -> None:
    request.max_content_length = BODY_LIMIT


def _compress(response: Response) -> Response:
    response.headers.add("Vary", "Accept-Encoding")
    body = None if response.direct_passthrough else response.get_data()
    if body and len(body) > _WORTH_COMPRESSING and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(body, _BEST if len(body) < _SMALL else _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _flat(messages: dict[Any, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, what in messages.items():
        path = f"{prefix}{str(name)[:40]}"
        if isinstance(what, dict):
            found += _flat(what, f"{path}.")
        else:
            first = what[0] if isinstance(what, list) and what else ""
            found.append((path, _FIELD_CODES.get(str(first), "bad_value")))
    return found[:50]
