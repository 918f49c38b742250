"""The shapes on the wire: what comes in (`…In`, every field explicit, others refused) and what goes out (`…Out`).

No database here. Pull and push replies are written as text by the services; their `…Out` describe them, and tests
hold the two together.
"""

from typing import Any
from uuid import UUID

from marshmallow import RAISE, Schema, fields, validate

from backend.models import PushKind
from backend.services.pull import DEFAULT_LIMIT, MAX_LIMIT

_CODES = (
    "accepted",
    "duplicate",
    "accepted_out_of_scope",
    "accepted_redacted",
    "id_conflict",
    "quarantined",
    "wrong_author",
    "invalid",
    "retry_later",
)
_END = r"(?![\s\S])"  # the very end, in Python as in the dialect of OpenAPI ($ lets a line feed pass)
_COUNT = validate.Range(min=0, max=2**31 - 1)
_CURSOR = validate.Range(min=0, max=2**53)


class _In(Schema):
    class Meta:
        unknown = RAISE


class ErrorOut(Schema):
    """Every error: a stable code, a sentence in the language of the request, the fields that are wrong."""

    code = fields.Str(required=True)
    message = fields.Str(required=True)
    request_id = fields.Str(required=True)
    fields_ = fields.Dict(keys=fields.Str(), values=fields.Str(), data_key="fields")


class EpochOut(ErrorOut):
    """The server tells another history: pull first, which heals, then push."""

    epoch = fields.UUID(required=True)


class EnrolIn(_In):
    token = fields.Str(
        required=True,
        validate=validate.Length(min=1, max=64),
        metadata={"description": "From the QR of the leader; works once and for minutes."},
    )
    label = fields.Str(load_default="", validate=validate.Length(max=60))


class TeamOut(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)
    title = fields.Str(required=True)
    contact_phone = fields.Str(required=True)


class WalkOut(Schema):
    id = fields.UUID(required=True)
    name = fields.Str(required=True)
    doors = fields.Int(required=True)
    until = fields.Date(required=True, allow_none=True)
    with_ = fields.List(fields.Str(), required=True, data_key="with")


class MeOut(Schema):
    """Who is paired here, with what rights, and the streams to pull (the own `user:` stream first)."""

    account_id = fields.UUID(required=True)
    device_id = fields.UUID(required=True)
    full_name = fields.Str(required=True)
    first_name = fields.Str(required=True)
    teams = fields.List(fields.Nested(TeamOut), required=True)
    walks = fields.List(fields.Nested(WalkOut), required=True)
    streams = fields.List(fields.Str(), required=True)
    lease_days = fields.Int(required=True)
    epoch = fields.UUID(required=True)
    server_time = fields.Str(required=True)


class PushTargetIn(_In):
    kind = fields.Str(required=True, validate=validate.OneOf([kind.value for kind in PushKind]))
    value = fields.Str(required=True, validate=validate.Regexp(rf"^[!-~]{{8,4096}}{_END}"))


class ReasonOut(Schema):
    code = fields.Str(required=True)
    name = fields.Str(required=True)
    advice = fields.Str(required=True)


class ServiceOut(Schema):
    code = fields.Str(required=True)
    name = fields.Str(required=True)
    short = fields.Str(required=True)
    prerequisite = fields.Str(required=True, allow_none=True)
    guide = fields.Str(required=True, allow_none=True)
    min_age = fields.Int(required=True, allow_none=True)
    max_age = fields.Int(required=True, allow_none=True)
    household_kind = fields.Str(required=True, allow_none=True)
    head_only = fields.Bool(required=True)
    reasons = fields.List(fields.Nested(ReasonOut), required=True)


class ReferenceOut(Schema):
    services = fields.List(fields.Nested(ServiceOut), required=True)


class ItemIn(_In):
    """One event: the core is the exact text that was sealed on the phone; its hash is over its UTF-8 bytes."""

    id = fields.UUID(required=True)
    sha256 = fields.Str(required=True, metadata={"description": "lower-case hex"})
    core = fields.Str(metadata={"description": "either this or `redacted`; an item with neither is invalid"})
    redacted = fields.Nested(lambda: TraceIn())


class TraceIn(_In):
    """What is left of an event whose household took its consent back; it keeps the volunteer's credit."""

    author = fields.Str(required=True)
    kind = fields.Str(required=True)
    device_time = fields.Str(required=True)
    tz = fields.Str(required=True)
    offset_ms = fields.Int(required=True, allow_none=True, strict=True)


_ITEM = {"id", "sha256", "core"}


class _Items(fields.List[Any]):
    """A list of ItemIn. What is right is read in one go; anything else goes through marshmallow for its messages."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            return super()._deserialize(value, attr, data, **kwargs)
        found = []
        for item in value:
            if not isinstance(item, dict) or item.keys() != _ITEM or {*map(type, item.values())} != {str}:
                return super()._deserialize(value, attr, data, **kwargs)
            try:
                found.append({**item, "id": UUID(item["id"])})
            except ValueError:
                return super()._deserialize(value, attr, data, **kwargs)
        return found


class PushIn(_In):
    proto = fields.Int(required=True, strict=True, validate=validate.OneOf([1]))
    epoch = fields.UUID(required=True)
    device = fields.UUID(required=True)
    device_now = fields.AwareDateTime(required=True, format="iso")
    schema = fields.Int(required=True, strict=True, validate=_COUNT)
    n = fields.Int(required=True, strict=True, validate=_COUNT)
    items = _Items(fields.Nested(ItemIn), required=True)


class ResultOut(Schema):
    id = fields.UUID(required=True)
    code = fields.Str(required=True, validate=validate.OneOf(_CODES))
    v = fields.Int(metadata={"description": "version of the household after this push"})
    was = fields.Str(metadata={"description": "of a duplicate: the first answer"})
    reason = fields.Str(metadata={"description": "of an invalid item: why it can never succeed"})
    after_s = fields.Int(metadata={"description": "of retry_later: seconds to wait"})


class PushOut(Schema):
    proto = fields.Int(required=True)
    epoch = fields.UUID(required=True)
    server_time = fields.Str(required=True)
    n = fields.Int(required=True)
    results = fields.List(fields.Nested(ResultOut), required=True)


class TelemetryIn(_In):
    """What the phone says of itself; nothing personal."""

    build = fields.Str(allow_none=True, validate=validate.Regexp(rf"^[A-Za-z0-9._+-]{{1,40}}{_END}"))
    persisted = fields.Bool(allow_none=True)
    installed = fields.Bool(allow_none=True)
    waiting = fields.Int(allow_none=True, strict=True, validate=_COUNT)
    dead = fields.Int(allow_none=True, strict=True, validate=_COUNT)
    oldest_waiting_s = fields.Int(allow_none=True, strict=True, validate=_COUNT)
    device_now = fields.AwareDateTime(allow_none=True, format="iso")


class PullIn(_In):
    proto = fields.Int(required=True, strict=True, validate=validate.OneOf([1]))
    schema = fields.Int(required=True, strict=True, validate=validate.Range(min=1, max=30000))
    stream = fields.Str(required=True, validate=validate.Length(min=1, max=60))
    gen = fields.Int(load_default=None, allow_none=True, strict=True, validate=_COUNT)
    epoch = fields.UUID(load_default=None, allow_none=True)
    cursor = fields.Int(load_default=None, allow_none=True, strict=True, validate=_CURSOR)
    snapshot_head = fields.Int(load_default=None, allow_none=True, strict=True, validate=_CURSOR)
    limit = fields.Int(load_default=DEFAULT_LIMIT, strict=True, validate=validate.Range(min=1, max=MAX_LIMIT))
    device = fields.Nested(TelemetryIn, load_default=dict)


class RowOut(Schema):
    """A row of a stream: `data` by its kind, or a tombstone (`deleted`) that says nothing more than the id."""

    kind = fields.Str(required=True, validate=validate.OneOf(["household", "stream", "event"]))
    id = fields.UUID(required=True)
    v = fields.Int()
    data = fields.Dict()
    deleted = fields.Bool()


class PullOut(Schema):
    proto = fields.Int(required=True)
    epoch = fields.UUID(required=True)
    server_time = fields.Str(required=True)
    stream = fields.Str(required=True)
    gen = fields.Int(required=True)
    reset = fields.Bool(required=True)
    reset_reason = fields.Str(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["first", "epoch", "gen", "ahead", "horizon"]),
    )
    next_cursor = fields.Int(required=True)
    snapshot_head = fields.Int(required=True, allow_none=True)
    more = fields.Bool(required=True)
    scope_count = fields.Int(required=True, allow_none=True)
    scope_digest = fields.Str(required=True, allow_none=True)
    outdated = fields.Bool(metadata={"description": "true: this app is about to be too old to pull"})
    rows = fields.List(fields.Nested(RowOut), required=True)
