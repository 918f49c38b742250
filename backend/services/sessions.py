"""Sign-in by password, sessions that can be revoked, and the phones' tokens."""

import secrets
from datetime import timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import token_hash
from backend.core.refusal import Refusal
from backend.models import Account, LoginSession, Role
from backend.services.actor import LEADING, Actor, load_actor
from backend.services.sql import run

SESSION_DAYS = 14
IDLE_HOURS = 12
LEFT_DAYS = 14  # how long a phone that was shut out may still upload what it holds
_IDLE = timedelta(hours=IDLE_HOURS)
_hasher = PasswordHasher()  # argon2id with the library's current defaults (RFC 9106, low memory)
_NOBODY = _hasher.hash(secrets.token_hex())  # an unknown login costs the same time as a wrong password

# A phone asks all evening: device, account and rights in one statement.
_DEVICE = """
    SELECT d.id, d.revoked_at, a.id AS account_id, a.ward_id, a.locale, m.role, m.team_id
    FROM device d JOIN account a ON a.id = d.account_id
    LEFT JOIN membership m ON m.account_id = a.id AND a.disabled_at IS NULL AND m.valid_from <= %(now)s
      AND (m.valid_to IS NULL OR m.valid_to > %(now)s)
    WHERE d.token_hash = %(token)s
"""

# When a phone lost its right: it was revoked, its owner's account was closed, or the last membership ended.
_LEFT_DEVICE = """
    SELECT d.id, a.id AS account_id, a.ward_id, a.locale, COALESCE(
      LEAST(d.revoked_at, a.disabled_at),
      CASE WHEN NOT EXISTS (SELECT FROM membership m WHERE m.account_id = a.id AND m.valid_from <= %(now)s
                            AND (m.valid_to IS NULL OR m.valid_to > %(now)s))
           THEN COALESCE((SELECT max(m.valid_to) FROM membership m WHERE m.account_id = a.id), a.created_at) END
    ) AS left_at
    FROM device d JOIN account a ON a.id = d.account_id WHERE d.token_hash = %(token)s
"""


def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    return _hasher.hash(password)


def sign_in(session: Session, login: str, password: str) -> str:
    """A new session's token for the right login and password. Raises Refusal("wrong_password")."""
    account = session.scalars(
        select(Account).where(Account.login == login.strip().casefold(), Account.disabled_at.is_(None))
    ).one_or_none()
    try:
        _hasher.verify(account.password_hash if account and account.password_hash else _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        raise Refusal("wrong_password", status=401) from None
    if account is None or account.password_hash is None:
        raise Refusal("wrong_password", status=401)
    if _hasher.check_needs_rehash(account.password_hash):
        account.password_hash = _hasher.hash(password)
    return open_session(session, account)


def is_password(account: Account, password: str) -> bool:
    """True when `password` is the account's."""
    try:
        _hasher.verify(account.password_hash or _NOBODY, password)
        return account.password_hash is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def open_session(session: Session, account: Account) -> str:
    """A session for `account`; returns the opaque token for its cookie, stored only as a hash."""
    token = secrets.token_urlsafe(32)
    moment = now()
    session.add(
        LoginSession(
            token_hash=token_hash(token),
            ward_id=account.ward_id,
            account_id=account.id,
            last_seen_at=moment,
            expires_at=moment + timedelta(days=SESSION_DAYS),
        )
    )
    session.flush()
    return token


def sign_out(session: Session, token: str) -> None:
    """End the session of `token`, if there is one."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.token_hash == token_hash(token), LoginSession.revoked_at.is_(None))
        .values(revoked_at=now())
    )


def revoke_sessions(session: Session, account_id: UUID) -> None:
    """End every session of an account at once."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=now())
    )


def actor_of_session(session: Session, token: str, *, request_id: str = "") -> Actor | None:
    """The actor behind a browser's token, or None when the session is over."""
    moment = now()
    found = session.execute(
        select(LoginSession.account_id, LoginSession.last_seen_at).where(
            LoginSession.token_hash == token_hash(token),
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > moment,
            LoginSession.last_seen_at > moment - _IDLE,
        )
    ).one_or_none()
    if found is None:
        return None
    if moment - found.last_seen_at > timedelta(minutes=5):
        session.execute(
            update(LoginSession)
            .where(LoginSession.token_hash == token_hash(token))
            .values(last_seen_at=moment)
        )
    return load_actor(session, found.account_id, request_id=request_id)


def actor_of_left_device(session: Session, token: str, *, request_id: str = "") -> Actor | None:
    """The owner of a phone that was shut out, for the upload of what it still holds; without any right.

    Raises Refusal still_paired (409) for a phone in good standing, left_too_long (410) after LEFT_DAYS.
    """
    row = run(session, _LEFT_DEVICE, token=token_hash(token), now=now()).one_or_none()
    if row is None:
        return None
    if row.left_at is None:
        raise Refusal("still_paired", status=409)
    if now() - row.left_at > timedelta(days=LEFT_DAYS):
        raise Refusal("left_too_long", status=410)
    return Actor(
        account_id=row.account_id,
        ward_id=row.ward_id,
        roles=frozenset(),
        device_id=row.id,
        locale=row.locale,
        request_id=request_id,
    )


def actor_of_device(session: Session, token: str, *, request_id: str = "") -> Actor | None:
    """The actor behind a phone's token. Raises Refusal("revoked", status 403) for a phone that was shut out."""
    rows = run(session, _DEVICE, token=token_hash(token), now=now()).all()
    if not rows:
        return None
    first = rows[0]
    if first.revoked_at is not None or first.role is None:
        raise Refusal("revoked", status=403)
    return Actor(
        account_id=first.account_id,
        ward_id=first.ward_id,
        roles=frozenset(Role(row.role) for row in rows),
        teams=frozenset(row.team_id for row in rows if row.team_id),
        leads=frozenset(row.team_id for row in rows if row.team_id and row.role in LEADING),
        device_id=first.id,
        locale=first.locale,
        request_id=request_id,
    )
