"""One's own password, and the browsers in which one is signed in."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import token_hash
from backend.core.refusal import Refusal
from backend.models import Account, LoginSession
from backend.services import audit, sessions
from backend.services.actor import Actor

MIN_LENGTH = 10
_MAX_LENGTH = 200
# Read aloud and typed once: no letters or digits that look alike.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class OpenSession:
    """One browser that is signed in; `here`: the one that asks."""

    since: datetime
    last_seen: datetime
    here: bool


def one_time_password() -> str:
    """A password for a first sign-in: 12 readable characters in groups of four (59 random bits)."""
    letters = [secrets.choice(_READABLE) for _ in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def check(login: str, password: str) -> None:
    """Refuse a password that is too short, too long or the login itself (NIST SP 800-63B: no other rules)."""
    if len(password) < MIN_LENGTH:
        raise Refusal("bad_form", fields={"new": "password_short"})
    if len(password) > _MAX_LENGTH:
        raise Refusal("bad_form", fields={"new": "too_long"})
    if login and password.strip().casefold() == login.casefold():
        raise Refusal("bad_form", fields={"new": "password_is_login"})


def change(session: Session, actor: Actor, current: str, new: str, again: str, *, keep: str) -> None:
    """Set a new password; every session but the one of token `keep` ends.

    Raises Refusal("bad_form") with the field that is not right.
    """
    account = session.get_one(Account, actor.account_id)
    if not sessions.is_password(account, current):
        raise Refusal("bad_form", fields={"current": "password_not_current"})
    check(account.login or "", new)
    if new != again:
        raise Refusal("bad_form", fields={"again": "password_differs"})
    if account.password_once and sessions.is_password(account, new):
        raise Refusal("bad_form", fields={"new": "password_same"})
    account.password_hash, account.password_once = sessions.hash_password(new), False
    session.execute(
        update(LoginSession)
        .where(
            LoginSession.account_id == account.id,
            LoginSession.revoked_at.is_(None),
            LoginSession.token_hash != token_hash(keep),
        )
        .values(revoked_at=now())
    )
    audit.record(session, actor, "password.change", object_kind="account", object_id=account.id)
    session.flush()


def open_sessions(session: Session, actor: Actor, token: str) -> list[OpenSession]:
    """The browsers in which the actor is signed in, newest first; `token` marks the present one."""
    moment = now()
    rows = session.scalars(
        select(LoginSession)
        .where(
            LoginSession.account_id == actor.account_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > moment,
            LoginSession.last_seen_at > moment - timedelta(hours=sessions.IDLE_HOURS),
        )
        .order_by(LoginSession.last_seen_at.desc())
        .limit(20)
    )
    here = token_hash(token)
    return [OpenSession(row.created_at, row.last_seen_at, bytes(row.token_hash) == here) for row in rows]
