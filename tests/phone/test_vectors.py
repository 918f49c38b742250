"""The server's side of the shared vectors: what the phone seals is what the server reads."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from marshmallow import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.services import event_core
from backend.services.event_payload import BadEvent
from backend.services.offers import offered
from mobile_api.schemas import PushOut
from qr.codes import live

FOLDER = Path(__file__).parent.parent / "vectors" / "sync"
VECTORS: dict[str, Any] = json.loads((FOLDER / "phone.json").read_text())
BADGES: list[dict[str, Any]] = json.loads((FOLDER / "badge.json").read_text())["codes"]
EVENT = UUID("0199d0a0-0000-7000-8000-0000000000e9")
_DIGEST = """
    SELECT encode(sha256(convert_to(COALESCE(string_agg(kind || chr(9) || id || chr(9) || v || chr(10), ''
      ORDER BY kind, id), ''), 'UTF8')), 'hex')
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS one(kind text, id uuid, v int)
"""


@pytest.mark.parametrize("case", VECTORS["cores"], ids=lambda case: case["name"])
def test_the_server_reads_what_the_phone_seals(case: dict[str, Any], session: Session) -> None:
    core = event_core.read(event_core.Item(EVENT, case["sha256"], case["text"]), offered(session).catalogue)
    assert core.digest.hex() == case["sha256"]
    assert core.text == case["text"]
    assert dict(core.payload) == case["fact"]["payload"]
    assert core.device_time.timestamp() * 1000 == case["moment"]["now"]
    assert (core.mono_ms, core.offset_ms) == (case["moment"]["mono_ms"], case["moment"]["offset_ms"])


@pytest.mark.parametrize("case", VECTORS["cores"], ids=lambda case: case["name"])
def test_one_changed_letter_is_noticed(case: dict[str, Any], session: Session) -> None:
    changed = case["text"].replace("0199d0a0", "0199d0a1", 1)
    with pytest.raises(BadEvent, match="bad_hash"):
        event_core.read(event_core.Item(EVENT, case["sha256"], changed), offered(session).catalogue)


@pytest.mark.parametrize("case", VECTORS["digests"], ids=lambda case: case["name"])
def test_the_database_makes_the_same_digest(case: dict[str, Any], session: Session) -> None:
    made = session.execute(text(_DIGEST), {"rows": json.dumps(case["rows"])}).scalar_one()
    assert made == case["sha256"]
    lines = sorted((row["kind"], row["id"], row["v"]) for row in case["rows"])
    joined = "".join(f"{kind}\t{id_}\t{version}\n" for kind, id_, version in lines)
    assert hashlib.sha256(joined.encode()).hexdigest() == case["sha256"]


@pytest.mark.parametrize(
    "case", [one for one in VECTORS["push_replies"] if one["reply"]], ids=lambda c: c["name"]
)
def test_replies_that_count_are_what_the_server_documents(case: dict[str, Any]) -> None:
    assert PushOut().validate(case["body"]) == {}


def test_the_documents_codes_are_all_in_the_vectors() -> None:
    known = {one["result"]["code"] for one in VECTORS["results"]}
    with pytest.raises(ValidationError):
        PushOut().load({"results": [{"id": str(EVENT), "code": "no such code"}]})
    field: Any = PushOut().fields["results"]
    documented = set(field.inner.schema.fields["code"].validators[0].choices)
    assert documented <= known


@pytest.mark.parametrize("code", BADGES, ids=lambda code: str(code["seconds"]))
def test_rotating_badge_codes(code: dict[str, Any]) -> None:
    secret = base64.urlsafe_b64decode(code["secret"] + "=")
    assert live.step_at(code["seconds"]) == code["step"]
    assert live.live_token(code["handle"], secret, code["step"]) == code["token"]
    read = live.read_live(code["token"])
    assert read.handle == code["handle"]
    assert live.step_of(read.clock, code["seconds"] + 3600) == code["step"]
