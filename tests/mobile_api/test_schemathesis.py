"""Schemathesis over the OpenAPI document, as an enrolled phone: no 5xx, no answer that the document does not describe."""

from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Device, RateLimit, ServerMeta
from tests import factories as make
from tests.people import People

EXAMPLES = 25


@pytest.fixture
def schema(app: Flask) -> Any:
    found = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    # The credential is handed over beside each case; what comes without one is the access walk's business.
    for path in found.raw_schema["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    return found


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_the_whole_document(
    schema: Any, mode: GenerationMode, session: Session, people: People, engine: Engine
) -> None:
    make.create_walk(
        session, people.team, [people.minh], [make.create_household(session, people.neighbourhood)]
    )
    work.commit(session)
    asked = {
        f"{operation.method.upper()} {operation.path}": _ask(operation, mode, session, people, engine)
        for operation in (found.ok() for found in schema.get_all_operations())
    }
    assert len(asked) >= 8
    assert asked["POST /api/v1/sync/push"] >= EXAMPLES
    assert asked["POST /api/v1/sync/pull"] >= EXAMPLES
    assert mode is GenerationMode.NEGATIVE or all(asked.values()), asked


def _ask(operation: Any, mode: GenerationMode, session: Session, people: People, engine: Engine) -> int:
    """Ask one operation with many bodies; returns how often."""
    count = 0
    epoch = str(session.get_one(ServerMeta, True).epoch)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        nonlocal count
        count += 1
        _paired(session, people, engine)
        if mode is GenerationMode.POSITIVE and operation.path.endswith("/sync/push"):
            # What no schema can say: the number of items, and the epoch of this server.
            case.body |= {"n": len(case.body["items"]), "epoch": epoch}
        response = case.call(
            headers={"X-Gocua-Client": "fuzz", "Accept-Encoding": "identity"},
            cookies={"gocua_device": people.minh_token},
        )
        assert response.status_code < 500, response.text
        case.validate_response(response)

    with suppress(Unsatisfiable):  # an operation that takes nothing has no bad body
        ask()
    return count


def _paired(session: Session, people: People, engine: Engine) -> None:
    """Signing out is one of the operations: let the phone in again, forget the attempts."""
    device = session.get_one(Device, people.minh_device.id, populate_existing=True)
    if device.revoked_at is not None:
        device.revoked_at = None
        session.commit()
    with engine.begin() as connection:
        connection.execute(delete(RateLimit))
