"""Forms that anybody may send, without login, cookie, script or a foreign captcha.

A form carries a signed ticket: when it was made and a random number that is good for one entry. What looks like a
machine (too fast, a field filled that nobody sees, many from one address) is asked to add two small numbers; what a
person wrote stays in the fields. Addresses are only counted as keyed hashes (services/rate_limit.py).
"""

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from backend.core.messages import N_
from backend.core.refusal import Refusal
from backend.edge.db import db
from backend.edge.words import _
from backend.services import rate_limit

MIN_SECONDS, MAX_SECONDS = 4, 6 * 3600
# From one address an hour: from here on a question, from there on the telephone. Phones share addresses.
_ASK_FROM, _STOP_AT = 5, 60
_ALL_ASK_FROM = 300
_HOUR = timedelta(hours=1)
# Nobody sees this field; programs that fill in every field do.
TRAP = "trang_web"
_NUMBERS = (N_("một"), N_("hai"), N_("ba"), N_("bốn"), N_("năm"))


@dataclass(frozen=True)
class Ticket:
    """`nonce`: this form's random number; `a`, `b`: the numbers of its question; `asked`: it must be answered."""

    nonce: str
    at: int
    a: int
    b: int
    asked: bool = False

    @property
    def question(self) -> str:
        """ "Ba cộng hai bằng mấy?"."""
        a, b = _(_NUMBERS[self.a - 1]), _(_NUMBERS[self.b - 1])
        return _("{a} cộng {b} bằng mấy?", a=a.capitalize(), b=b)

    def sealed(self, purpose: str) -> str:
        """The ticket for a hidden field."""
        return _signer(purpose).dumps([self.nonce, self.at, self.a, self.b, int(self.asked)])


def new_ticket() -> Ticket:
    """A ticket for a form that is shown now."""
    return Ticket(
        secrets.token_urlsafe(16), int(time.time()), 1 + secrets.randbelow(5), 1 + secrets.randbelow(5)
    )


def ticket_of(purpose: str) -> Ticket | None:
    """The ticket of the posted form; None when it is not ours or too old."""
    try:
        nonce, at, a, b, asked = _signer(purpose).loads(request.form.get("ve", ""))
    except (BadSignature, ValueError, TypeError):
        return None
    return Ticket(nonce, at, a, b, bool(asked)) if time.time() - at <= MAX_SECONDS else None


def check(purpose: str, ticket: Ticket) -> None:
    """Let a person through. Raises Refusal `help_question` (ask, then try again) or `too_many` (429)."""
    address = request.remote_addr or ""
    rate_limit.hit(db.engine, f"{purpose}_stop", address, limit=_STOP_AT, window=_HOUR)
    busy = _over(purpose, address, _ASK_FROM) | _over(purpose, "*", _ALL_ASK_FROM)
    odd = busy or bool(request.form.get(TRAP)) or time.time() - ticket.at < MIN_SECONDS
    if (odd or ticket.asked) and request.form.get("tinh", "").strip() != str(ticket.a + ticket.b):
        raise Refusal("help_question", fields={"tinh": "help_question"})


def first_use(purpose: str, ticket: Ticket) -> bool:
    """True the first time that a form is sent in; forms that make their entry known by themselves need no asking."""
    try:
        rate_limit.hit(db.engine, f"{purpose}_once", ticket.nonce, limit=1, window=timedelta(days=1))
    except Refusal:
        return False
    return True


def slow_guessing(what: str) -> None:
    """Count a look at a page that a secret code opens, per address. Raises Refusal too_many (429)."""
    window = timedelta(minutes=15)
    rate_limit.hit(db.engine, what, request.remote_addr or "", limit=120, window=window)


def _over(purpose: str, who: str, limit: int) -> bool:
    try:
        rate_limit.hit(db.engine, f"{purpose}_ask", who, limit=limit, window=_HOUR)
    except Refusal:
        return True
    return False


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"resident-form-{purpose}")
