"""The document of the phones' API, generated from the code; `mobile_api/openapi.json` is its snapshot."""

import json

from flask import Flask, Response, current_app

from backend.edge.access import PUBLIC, Door
from mobile_api.door import PREFIX, json_text

door = Door("openapi", __name__)


def openapi_document(app: Flask) -> str:
    """The OpenAPI document of `app` as text, keys in a fixed order, ended by a line feed."""
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    return json.dumps(api.spec.to_dict(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


@door.page(f"{PREFIX}/openapi.json", who=PUBLIC)
def document() -> Response:
    """What phones speak, for client generators and fuzzers."""
    return json_text(openapi_document(current_app))
