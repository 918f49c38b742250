"""What may stand in an event, per kind: explicit fields, explicit values, nothing else (sync.md, section 3).

Pure tables and checks; the catalogue of services is the only thing that comes from outside.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from uuid import UUID

from backend.core.clock import today
from backend.models import EventKind, HouseholdKind, Outcome
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc

MAX_NOTE = 280
MAX_ADDRESS = 200
MAX_NAME = 80
MAX_RESULTS = 200
MAX_PEOPLE = 30
# What a visit can bring; "unknown" and "not_started" are where everybody begins.
RESULT_STATES = frozenset(("shown", "done_with_help", "does_alone", "blocked", "keeps_old_way"))

# Purposes and ways of a consent are words of the consent text's version, so only their form is fixed here.
_CODE = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_HOUSEHOLD_KINDS = frozenset(kind.value for kind in HouseholdKind)


class BadEvent(Exception):
    """An event that can never succeed; `code` is what the phone is told."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Catalogue:
    """The services that exist, each with its reasons for "not done"."""

    reasons: Mapping[str, frozenset[str]]


def check(kind: str, payload: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """`payload` itself when it is right; a changed copy when a note held an ID-like number, which is cut.

    Raises BadEvent.
    """
    return _CHECKS[kind](payload, catalogue)


def uuid(value: Any) -> UUID:
    """A UUID in its usual 36 characters. Raises BadEvent("bad_schema")."""
    if not isinstance(value, str) or len(value) != 36:
        raise BadEvent("bad_schema")
    try:
        return UUID(value)
    except ValueError:
        raise BadEvent("bad_schema") from None


def _visit(payload: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    _fields(payload, required=("outcome",), optional=("results", "appointment", "note", "consents"))
    if _text(payload["outcome"], 40) not in _OUTCOMES:
        raise BadEvent("unknown_outcome")
    seen = set()
    for result in _list(payload.get("results", []), MAX_RESULTS):
        _fields(result, required=("resident", "service", "state"), optional=("reason",))
        reasons = _known(catalogue.reasons, result["service"], "unknown_service")
        if not isinstance(result["state"], str) or result["state"] not in RESULT_STATES:
            raise BadEvent("unknown_state")
        reason = result.get("reason")
        if reason is not None and (not isinstance(reason, str) or reason not in reasons):
            raise BadEvent("unknown_reason")
        place = (uuid(result["resident"]), result["service"])
        if place in seen:
            raise BadEvent("bad_schema")
        seen.add(place)
    if "appointment" in payload:
        _appointment(payload["appointment"])
    purposes = set()
    for consent in _list(payload.get("consents", []), 10):
        _fields(consent, required=("purpose", "given", "text_version", "how"))
        if not _CODE.match(_text(consent["purpose"], 40)) or not _CODE.match(_text(consent["how"], 40)):
            raise BadEvent("bad_schema")
        if not isinstance(consent["given"], bool) or consent["purpose"] in purposes:
            raise BadEvent("bad_schema")
        _text(consent["text_version"], 20)
        purposes.add(consent["purpose"])
    return _screened(payload, "note", MAX_NOTE)


def _correction(payload: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    if "void" in payload:
        _fields(payload, required=("void",))
        if payload["void"] is not True:
            raise BadEvent("bad_schema")
        return payload
    return _visit(payload, catalogue)


def _household_add(payload: dict[str, Any], _catalogue: Catalogue) -> dict[str, Any]:
    _fields(payload, required=("address",), optional=("kind", "residents"))
    if not _text(payload["address"], MAX_ADDRESS).strip():
        raise BadEvent("bad_schema")
    if _text(payload.get("kind", HouseholdKind.HOUSEHOLD), 40) not in _HOUSEHOLD_KINDS:
        raise BadEvent("bad_schema")
    payload = _screened(payload, "address", MAX_ADDRESS)
    return _with_people(payload, payload.get("residents", []))


def _resident_add(payload: dict[str, Any], _catalogue: Catalogue) -> dict[str, Any]:
    _fields(payload, required=("residents",))
    if not payload["residents"]:
        raise BadEvent("bad_schema")
    return _with_people(payload, payload["residents"])


_CHECKS: dict[str, Callable[[dict[str, Any], Catalogue], dict[str, Any]]] = {
    EventKind.VISIT: _visit,
    EventKind.CORRECTION: _correction,
    EventKind.HOUSEHOLD_ADD: _household_add,
    EventKind.RESIDENT_ADD: _resident_add,
}


def _with_people(payload: dict[str, Any], people: Any) -> dict[str, Any]:
    checked, ids = [], set()
    for person in _list(people, MAX_PEOPLE):
        _fields(person, required=("id",), optional=("birth_year", "sex", "relation", "name"))
        ids.add(uuid(person["id"]))
        born = person.get("birth_year")
        if born is not None and (type(born) is not int or not 1900 <= born <= today().year + 1):
            raise BadEvent("bad_schema")
        if person.get("sex") not in (None, "male", "female"):
            raise BadEvent("bad_schema")
        for name in ("relation", "name"):
            if person.get(name) is not None:
                person = _screened(person, name, MAX_NAME)
        checked.append(person)
    if len(ids) != len(checked):
        raise BadEvent("bad_schema")
    if all(new is old for new, old in zip(checked, people, strict=True)):
        return payload
    return {**payload, "residents": checked}


def _appointment(value: Any) -> None:
    _fields(value, required=("on",), optional=("at",))
    on, at = _text(value["on"], 10), _text(value.get("at", "00:00"), 5)
    if len(on) != 10 or len(at) != 5:
        raise BadEvent("bad_schema")
    try:
        date.fromisoformat(on)
        time.fromisoformat(at)
    except ValueError:
        raise BadEvent("bad_schema") from None


def _fields(value: Any, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    if not isinstance(value, dict):
        raise BadEvent("bad_schema")
    for name in required:
        if name not in value:
            raise BadEvent("bad_schema")
    for name in value:
        if name not in required and name not in optional:
            raise BadEvent("bad_schema")


def _list(value: Any, longest: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > longest:
        raise BadEvent("bad_schema")
    return value


def _known(table: Mapping[str, frozenset[str]], key: Any, code: str) -> frozenset[str]:
    if not isinstance(key, str) or key not in table:
        raise BadEvent(code)
    return table[key]


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise BadEvent("bad_schema")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadEvent("bad_schema") from None
    return value


def _screened(value: dict[str, Any], name: str, longest: int) -> dict[str, Any]:
    """`value` itself, or a copy whose text `name` has lost what may be an ID number."""
    if name not in value:
        return value
    text, cut = screen(nfc(_text(value[name], longest)))
    return {**value, name: text} if cut else value
