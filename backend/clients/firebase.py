"""Nudges through Firebase Cloud Messaging (formats.md, section 10): data only, no personal data, worker only.

firebase-admin would retry by itself and obey a Retry-After of minutes in a held thread (measured there). Here each
message is tried once, within an own time-out; what may be tried again is the queue's business, which survives a
restart. firebase-admin costs 0.4 s and 30 MB, so it is imported when the first nudge goes out.
"""

import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 10
DEADLINE_SECONDS = 45
_LIFE = timedelta(hours=12)  # an older nudge to go out tonight is of no use
_LONGEST_WAIT = timedelta(hours=1)
_FCM = "https://fcm.googleapis.com"
_log = logging.getLogger("gocua.firebase")


class Verdict(StrEnum):
    """What became of one message."""

    SENT = "sent"
    GONE = "gone"  # the address is dead: remove it
    LATER = "later"  # not now: try again after `wait`
    REFUSED = "refused"  # our mistake (message or configuration): trying again would not help


@dataclass(frozen=True)
class Address:
    """A Firebase Installation ID ("fid") or an older registration token ("token")."""

    kind: str
    value: str


@dataclass(frozen=True)
class Answer:
    """`code`: the class of the error, for the record; `wait`: how long Google asks us to keep quiet."""

    verdict: Verdict
    code: str = ""
    wait: timedelta = timedelta(0)


class Firebase:
    """One project at Firebase. `transport`: a requests adapter in place of the network, for tests."""

    def __init__(self, credential: Any, *, project_id: str | None = None, transport: Any = None) -> None:
        import firebase_admin
        from firebase_admin import messaging
        from requests.adapters import HTTPAdapter

        options: dict[str, Any] = {"httpTimeout": TIMEOUT_SECONDS}
        if project_id:
            options["projectId"] = project_id
        name = f"gocua-{id(self)}"
        self._app = firebase_admin.initialize_app(credential, options, name=name)
        # The one way to switch off the SDK's own retries; tests/firebase holds it.
        session = messaging._get_messaging_service(self._app)._client.session
        session.mount(_FCM, transport or HTTPAdapter(max_retries=0))

    def close(self) -> None:
        """Forget the project and its credentials."""
        import firebase_admin

        firebase_admin.delete_app(self._app)

    def send(
        self, addresses: Sequence[Address], data: Mapping[str, str], *, collapse: str = ""
    ) -> list[Answer]:
        """Send `data` to each address, one attempt each; an answer per address, in order.

        `collapse`: a later message with the same key replaces one still waiting (32 characters at most).
        Addresses not reached before the deadline are answered LATER, untried.
        """
        end = time.monotonic() + DEADLINE_SECONDS
        answers = []
        for address in addresses:
            if time.monotonic() > end:
                answers.append(Answer(Verdict.LATER, "deadline"))
            else:
                answers.append(self._send_one(address, data, collapse))
        return answers

    def _send_one(self, address: Address, data: Mapping[str, str], collapse: str) -> Answer:
        from firebase_admin import messaging
        from firebase_admin.exceptions import FirebaseError
        from google.auth.exceptions import GoogleAuthError

        headers = {"TTL": str(int(_LIFE.total_seconds())), "Urgency": "high"}
        if collapse:
            headers["Topic"] = collapse
        try:
            message = messaging.Message(
                data=dict(data),
                webpush=messaging.WebpushConfig(headers=headers),
                **{address.kind: address.value},
            )
            messaging.send(message, app=self._app)
        except FirebaseError as error:
            return _judge(error)
        except GoogleAuthError:
            return Answer(Verdict.LATER, "auth")  # Google's token service is away, or the clock is off
        except ValueError as error:
            _log.error("message refused by the SDK", exc_info=error)
            return Answer(Verdict.REFUSED, "ValueError")
        return Answer(Verdict.SENT)


@cache
def from_file(path: Path) -> Firebase:
    """The project of a service-account file; one per process."""
    from firebase_admin import credentials

    return Firebase(credentials.Certificate(str(path)))


def _judge(error: Any) -> Answer:
    """The policy of formats.md 10.2."""
    from firebase_admin import exceptions, messaging

    code = type(error).__name__
    if isinstance(error, messaging.UnregisteredError | messaging.SenderIdMismatchError):
        return Answer(Verdict.GONE, code)
    if isinstance(error, exceptions.InvalidArgumentError) and _names_the_target(error):
        return Answer(Verdict.GONE, code)
    if isinstance(error, exceptions.ResourceExhaustedError):
        return Answer(Verdict.LATER, code, max(_asked_wait(error), timedelta(seconds=60)) + _jitter(30))
    if isinstance(
        error,
        exceptions.UnavailableError
        | exceptions.InternalError
        | exceptions.DeadlineExceededError
        | exceptions.UnknownError,
    ):
        return Answer(Verdict.LATER, code, _asked_wait(error))
    # Wrong message, wrong key, wrong project: the same again would fail again.
    _log.error("message refused by Firebase", extra={"fields": {"code": code}})
    return Answer(Verdict.REFUSED, code)


def _names_the_target(error: Any) -> bool:
    """An INVALID_ARGUMENT with an FcmError in its details is about the address; without one it is our mistake."""
    try:
        details = error.http_response.json()["error"]["details"]
    except (AttributeError, ValueError, KeyError, TypeError):
        return False
    return any(str(item.get("@type", "")).endswith("FcmError") for item in details)


def _asked_wait(error: Any) -> timedelta:
    """Google's Retry-After in seconds, within reason."""
    raw = error.http_response.headers.get("Retry-After", "") if error.http_response is not None else ""
    return min(timedelta(seconds=int(raw)), _LONGEST_WAIT) if raw.isdigit() else timedelta(0)


def _jitter(seconds: int) -> timedelta:
    return timedelta(seconds=random.uniform(0, seconds))  # noqa: S311  # spreads load, keeps no secret
