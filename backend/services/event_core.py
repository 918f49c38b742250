"""The core of an event: the exact text that a phone sealed, read strictly (sync.md, section 3).

Pure: bytes in, a checked `Core` or a refusal code out. The text itself is never re-serialised.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.core.clock import now
from backend.core.ids import uuid7
from backend.models import EventKind
from backend.services import event_payload
from backend.services.event_payload import BadEvent, Catalogue

SCHEMA = 1
MAX_PAYLOAD = 8 * 1024
MAX_CORE = 12 * 1024

_FIELDS = frozenset(
    (
        "schema",
        "author",
        "household",
        "kind",
        "device_time",
        "tz",
        "mono_ms",
        "offset_ms",
        "offset_age_s",
        "base_v",
        "salt",
        "payload",
    )
)
_OPTIONAL = frozenset(("corrects",))
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}\Z", re.ASCII)
_SALT = re.compile(r"[A-Za-z0-9_-]{22}\Z", re.ASCII)
_SHA = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_KINDS = frozenset(kind.value for kind in EventKind)
_SAFE_INTEGER = 2**53  # what JavaScript can count


class NewerSchema(Exception):
    """A core of a schema that this server does not know yet: not wrong, only too early."""


@dataclass(frozen=True)
class Item:
    """One event as it came: its id, the hash the phone made (lower-case hex) and the core's exact text.

    `trace` instead of the core: what a phone still holds of an event that was erased (author, kind, device_time, tz,
    offset_ms).
    """

    id: UUID
    sha256: str
    core: str
    trace: Mapping[str, Any] | None = None
    kept: bool = False


@dataclass(frozen=True)
class Core:
    """A core that was read and found right. `payload` has the shape of its kind; `digest` is the raw SHA-256."""

    id: UUID
    digest: bytes
    text: str
    author: UUID
    household: UUID
    kind: str
    device_time: datetime
    tz: str
    mono_ms: int
    offset_ms: int | None
    base_v: int | None
    corrects: UUID | None
    payload: Mapping[str, Any]
    flags: tuple[str, ...] = ()
    # Nothing is left of it but author, kind and times: an erased event that a phone offers again.
    erased: bool = False


NOWHERE = UUID(int=0)  # the household of an event of which the household is no longer known


def read(item: Item, catalogue: Catalogue) -> Core:
    """The core of `item`, checked against its hash and its schema.

    Raises BadEvent with the code of what can never succeed (bad_hash, bad_json, bad_schema, too_large,
    unknown_service, …) and NewerSchema for a core of a later version of the app.
    """
    return _whole(item, catalogue) if item.trace is None else _traced(item, item.trace)


def _whole(item: Item, catalogue: Catalogue) -> Core:
    try:
        raw = item.core.encode()
    except UnicodeEncodeError:
        raise BadEvent("bad_json") from None
    if len(raw) > MAX_CORE:
        raise BadEvent("too_large")
    if not _SHA.match(item.sha256) or not (item.kept or hashlib.sha256(raw).hexdigest() == item.sha256):
        raise BadEvent("bad_hash")
    fields = _object(item.core)
    schema = fields.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise NewerSchema
    given = fields.keys()
    if schema != SCHEMA or type(schema) is not int or not given >= _FIELDS or given - _FIELDS - _OPTIONAL:
        raise BadEvent("bad_schema")
    kind = fields["kind"]
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BadEvent("unknown_kind")
    if not isinstance(fields["salt"], str) or not _SALT.match(fields["salt"]):
        raise BadEvent("bad_schema")
    _integer(fields["offset_age_s"], 0, nullable=True)
    payload = fields["payload"]
    if not isinstance(payload, dict):
        raise BadEvent("bad_schema")
    corrects = event_payload.uuid(fields["corrects"]) if "corrects" in fields else None
    if (kind == EventKind.CORRECTION) != (corrects is not None):
        raise BadEvent("bad_schema")
    if len(raw) > MAX_PAYLOAD and len(json.dumps(payload, ensure_ascii=False).encode()) > MAX_PAYLOAD:
        raise BadEvent("too_large")
    text = item.core
    flags: tuple[str, ...] = ()
    checked = event_payload.check(kind, payload, catalogue)
    if checked is not payload:
        # The note held what may be an ID number: the visit stays, the digits are never stored.
        text = json.dumps({**fields, "payload": checked}, ensure_ascii=False)
        flags = ("note_cut",)
    return Core(
        id=item.id,
        digest=bytes.fromhex(item.sha256),
        text=text,
        author=event_payload.uuid(fields["author"]),
        household=event_payload.uuid(fields["household"]),
        kind=kind,
        device_time=_moment(fields["device_time"]),
        tz=_zone(fields["tz"]),
        mono_ms=_integer(fields["mono_ms"], 0) or 0,
        offset_ms=_integer(fields["offset_ms"], -_SAFE_INTEGER, nullable=True),
        base_v=_integer(fields["base_v"], 0, nullable=True),
        corrects=corrects,
        payload=checked,
        flags=flags,
    )


def trace_of(core: Core) -> dict[str, Any]:
    """What may stay of an event whose household took its consent back."""
    return {
        "author": str(core.author),
        "kind": core.kind,
        "device_time": core.device_time.isoformat(),
        "tz": core.tz,
        "offset_ms": core.offset_ms,
    }


def _traced(item: Item, trace: Mapping[str, Any]) -> Core:
    if not _SHA.match(item.sha256):
        raise BadEvent("bad_hash")
    if trace["kind"] not in _KINDS:
        raise BadEvent("unknown_kind")
    return Core(
        id=item.id,
        digest=bytes.fromhex(item.sha256),
        text="",
        author=event_payload.uuid(trace["author"]),
        household=NOWHERE,
        kind=trace["kind"],
        device_time=_moment(trace["device_time"]),
        tz=_zone(trace["tz"]),
        mono_ms=0,
        offset_ms=_integer(trace["offset_ms"], -_SAFE_INTEGER, nullable=True),
        base_v=None,
        corrects=None,
        payload={},
        flags=("offered_redacted",),
        erased=True,
    )


def reread(id_: UUID, digest: bytes, text: str, catalogue: Catalogue) -> Core:
    """A stored core again; its hash was checked when it came (a cut note no longer fits it)."""
    return read(Item(id_, digest.hex(), text, kept=True), catalogue)


def compose(
    author: UUID,
    household: UUID,
    kind: str,
    payload: Mapping[str, Any],
    *,
    device_time: datetime | None = None,
    corrects: UUID | None = None,
    base_v: int | None = None,
    offset_ms: int | None = 0,
    id_: UUID | None = None,
) -> Item:
    """An event as a phone makes it: for the demo ward, the benchmarks and the tests."""
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "author": str(author),
        "household": str(household),
        "kind": kind,
        "device_time": (device_time or now()).isoformat(timespec="milliseconds"),
        "tz": "Asia/Ho_Chi_Minh",
        "mono_ms": 42_000,
        "offset_ms": offset_ms,
        "offset_age_s": None if offset_ms is None else 60,
        "base_v": base_v,
        "salt": base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="),
        "payload": payload,
    }
    if corrects is not None:
        fields["corrects"] = str(corrects)
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return Item(id_ or uuid7(), hashlib.sha256(text.encode()).hexdigest(), text)


def _object(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_constants)
    except (ValueError, RecursionError):
        raise BadEvent("bad_json") from None
    if not isinstance(fields, dict):
        raise BadEvent("bad_json")
    return fields


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constants(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _integer(value: Any, low: int, *, nullable: bool = False) -> int | None:
    if value is None and nullable:
        return None
    if type(value) is not int or not low <= value < _SAFE_INTEGER:
        raise BadEvent("bad_schema")
    return value


def _moment(value: Any) -> datetime:
    if not isinstance(value, str) or not _TIME.match(value):
        raise BadEvent("bad_schema")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise BadEvent("bad_schema") from None


def _zone(value: Any) -> str:
    if not isinstance(value, str) or not _ZONE.match(value):
        raise BadEvent("bad_schema")
    return value
