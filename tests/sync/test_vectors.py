"""The fixtures that the server and the phone's own code share (tests/vectors/sync): one corpus, two languages."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from backend.core.settings import PROJECT
from backend.services import event_core
from backend.services.event_core import Item
from backend.services.event_payload import BadEvent
from backend.services.offers import offered
from tests.phone_model.stream import scope_digest

FOLDER = PROJECT / "tests" / "vectors" / "sync"
CORES: list[dict[str, Any]] = json.loads((FOLDER / "cores.json").read_text())["cores"]
DIGESTS: list[dict[str, Any]] = json.loads((FOLDER / "digests.json").read_text())["digests"]
EVENT = UUID("0199d0a0-0000-7000-8000-0000000000e2")


@pytest.mark.parametrize("vector", CORES, ids=[each["name"] for each in CORES])
def test_cores(session: Session, vector: dict[str, Any]) -> None:
    item = Item(EVENT, vector["sha256"], vector["core"])
    catalogue = offered(session).catalogue
    if vector["invalid"] is None:
        core = event_core.read(item, catalogue)
        assert core.digest.hex() == vector["sha256"]
        assert core.text == vector["core"]
    else:
        with pytest.raises(BadEvent) as refused:
            event_core.read(item, catalogue)
        assert refused.value.code == vector["invalid"]


@pytest.mark.parametrize("vector", DIGESTS)
def test_digests(vector: dict[str, Any]) -> None:
    assert scope_digest((kind, id_, v) for kind, id_, v in vector["rows"]) == vector["digest"]


def test_the_digests_of_the_specification_are_among_them() -> None:
    found = {each["digest"] for each in DIGESTS}
    assert "3f9ad1974531b67e91f41a12cfffaf32d9e11f97f64d4f451091aa671dcaaa79" in found
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" in found
