"""Forms of the desk: read through a schema, answered with a sentence under each field that is not right."""

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Any, cast

from flask import request
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from backend.core.i18n import sentence
from backend.core.refusal import Refusal
from backend.edge.words import locale

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_WRITTEN = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{4})|([0-9]{2})([0-9]{2})([0-9]{4})")
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2})|h)?|([0-9]{2})([0-9]{2})")
_COUNT = re.compile(r"[0-9]{1,9}|[0-9]{1,3}([., ][0-9]{3}){1,2}")
# What `problems` gives where there is none.
NO_PROBLEM: dict[str, Any] = {"problem": "", "errors": {}}


def present(value: str) -> None:
    """A marshmallow validator: something other than spaces."""
    if not value.strip():
        raise ValidationError("needed")


def up_to(length: int) -> validate.Length:
    """A marshmallow validator: at most `length` characters."""
    return validate.Length(max=length, error="too_long")


class OptionalYear(fields.Field[int | None]):
    """Four digits, or an empty field for none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        text = str(value).strip()
        if not text:
            return None
        if len(text) != 4 or not text.isascii() or not text.isdigit():
            raise ValidationError("bad_year")
        return int(text)


class Choice(fields.Field[str | None]):
    """One of some words, or an empty field for the field's `load_default`."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self.words = frozenset(words)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if not value:
            return cast(str | None, self.load_default)
        if value not in self.words:
            raise ValidationError("bad_value")
        return str(value)


class Day(fields.Field[date | None]):
    """A day as people write it (21/11/2026), or ISO; an empty field for the field's `load_default` unless required."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date | None:
        if not str(value).strip():
            if self.required:
                raise ValidationError("needed")
            return cast(date | None, self.load_default)
        if (found := parse_day(str(value))) is None:
            raise ValidationError("bad_date")
        return found


class Clock(fields.Field[time | None]):
    """A time of day as people write it (19:30, 19h30, 7h); an empty field as in Day."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> time | None:
        if not str(value).strip():
            if self.required:
                raise ValidationError("needed")
            return cast(time | None, self.load_default)
        if (found := parse_clock(str(value))) is None:
            raise ValidationError("bad_clock")
        return found


class OptionalCount(fields.Field[int | None]):
    """A whole number with or without marks between the thousands ("1.234", "1,234"), or an empty field for none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | None:
        text = str(value).strip()
        if not text:
            return None
        if not _COUNT.fullmatch(text):
            raise ValidationError("bad_count")
        return int(re.sub(r"[^0-9]", "", text))


def parse_day(text: str) -> date | None:
    """2026-11-21 or 21/11/2026 (also 1.9.2026, 1-9-2026, 21112026); None for anything else."""
    if found := _ISO.fullmatch(text.strip()):
        year, month, of_month = found.groups()
    elif found := _WRITTEN.fullmatch(text.strip()):
        of_month, month, year = filter(None, found.groups())
    else:
        return None
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        return None


def parse_clock(text: str) -> time | None:
    """19:30, 19h30, 19.30, 1930, 19h, 19 giờ 30; None for anything else."""
    found = _CLOCK.fullmatch("".join(text.lower().split()).replace("giờ", "h"))
    if found is None:
        return None
    hour, minute = found[1] or found[3], found[2] or found[4] or "0"
    return time(int(hour), int(minute)) if int(hour) < 24 and int(minute) < 60 else None


def read(schema: Schema, *, many: Iterable[str] = ()) -> dict[str, Any]:
    """The posted form through `schema`; `many`: fields that may be given several times.

    Raises Refusal("bad_form") whose fields carry refusal codes: a validator's message when it is a code of ours
    ("needed", "too_long" …), else "bad_value".
    """
    return load(schema, request.form, many)


def load(schema: Schema, given: MultiDict[str, str], many: Iterable[str] = ()) -> dict[str, Any]:
    """`given` through `schema`, as `read` does with the posted form."""
    values: dict[str, Any] = {name: given[name] for name in given}
    values |= {name: [value for value in given.getlist(name) if value] for name in many}
    try:
        return cast(dict[str, Any], schema.load(values))
    except ValidationError as error:
        said = cast(dict[str, Any], error.messages)
        raise Refusal("bad_form", fields={name: _code(word) for name, word in said.items()}) from None


def problems(refusal: Refusal, renamed: dict[str, str] | None = None) -> dict[str, Any]:
    """What a template needs to show a refusal: `problem` (one sentence) and `errors` (sentence per field).

    `renamed`: the service's name of a field to the form's, where they differ.
    """
    names = renamed or {}
    return {
        "problem": sentence(refusal.code, locale(), **refusal.values),
        "errors": {
            names.get(name, name): sentence(code, locale(), **refusal.values)
            for name, code in refusal.fields.items()
        },
    }


_CODES = {"needed", "too_long", "too_short", "bad_year", "bad_phone", "bad_date", "bad_clock", "bad_count"}


def _code(said: Any) -> str:
    first = said[0] if isinstance(said, list) and said else said
    if first == "Missing data for required field.":
        return "needed"
    return first if isinstance(first, str) and first in _CODES else "bad_value"


def lenient(schema: Schema, args: MultiDict[str, str]) -> dict[str, Any]:
    """The fields of an address; a value that is not right counts as none, as links grow old."""
    try:
        return load(schema, args)
    except Refusal as refusal:
        kept = args.copy()
        for name in refusal.fields:
            kept.pop(name)
        return load(schema, kept)
