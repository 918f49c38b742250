"""The document of what phones speak: generated from the code, held to its snapshot."""

import json
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from backend.core.settings import PROJECT
from backend.edge.access import Credential
from mobile_api.openapi import openapi_document

SNAPSHOT: Path = PROJECT / "mobile_api" / "openapi.json"


def test_the_snapshot_is_what_the_code_says(app: Flask) -> None:
    assert SNAPSHOT.read_text() == openapi_document(app), "run `make openapi` and look at the difference"


def test_it_is_served(app: Flask, client: FlaskClient) -> None:
    reply = client.get("/api/v1/openapi.json")
    assert reply.status_code == 200
    assert reply.json == json.loads(openapi_document(app))


def test_every_endpoint_of_the_api_is_in_it(app: Flask) -> None:
    paths = json.loads(openapi_document(app))["paths"]
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("openapi.json"):
            assert rule.rule in paths, rule


def test_policies_and_errors_are_documented(app: Flask) -> None:
    document = json.loads(openapi_document(app))
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"GET", "POST", "DELETE"}:
            operation = document["paths"].get(rule.rule, {}).get(method.lower())
            if operation is None:
                continue
            policy = app.view_functions[rule.endpoint].gocua_policy  # type: ignore[attr-defined]
            schemes = {"device": []} if method == "GET" else {"device": [], "client": []}
            wanted = [schemes] if policy.credential in (Credential.DEVICE, Credential.LEFT_DEVICE) else []
            assert operation["security"] == wanted, rule
            assert operation["summary"], rule
            if wanted:
                assert {"401", "403"} <= set(operation["responses"])
            if "requestBody" in operation:
                assert {"413", "422"} <= set(operation["responses"])


def test_what_comes_in_names_every_field(app: Flask) -> None:
    for name, schema in json.loads(openapi_document(app))["components"]["schemas"].items():
        if name.endswith("In"):
            assert schema["additionalProperties"] is False, name
