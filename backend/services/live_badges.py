"""The rotating badge: a secret for each phone, and what a scanned code of it proves.

A code is good for a minute. The phone makes it by the server's clock (it measures the difference at each contact), so
that a phone whose clock is wrong by minutes or days needs no wider window here (decision 0073).
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.models import BadgeKey
from backend.services import audit
from backend.services.actor import Actor
from backend.services.sql import run
from qr.codes.live import EARLY_S, LIFE_S, SECRET_BYTES, STEP_S, LiveCode, proof_of, read_live, step_of
from qr.codes.tokens import NotAToken, new_token

_CONTEXT = "badge.secret"
_KEYS = """
    SELECT k.handle, k.secret_enc, k.ward_id, d.account_id,
           k.revoked_at IS NOT NULL OR d.revoked_at IS NOT NULL OR a.disabled_at IS NOT NULL AS over
    FROM badge_key k JOIN device d ON d.id = k.device_id AND d.ward_id = k.ward_id
    JOIN account a ON a.id = d.account_id AND a.ward_id = k.ward_id
    WHERE k.handle = ANY(%(handles)s)
"""


class Verdict(StrEnum):
    """What a scanned code is."""

    FRESH = "fresh"
    OLD = "old"  # genuine, but more than a minute ago: photographed, or a page opened again
    EARLY = "early"  # genuine, of a time to come: the phone's clock was moved since it last met the server
    OVER = "over"  # genuine, of a phone or a person that may no more
    FORGED = "forged"


@dataclass(frozen=True)
class Proof:
    """`account_id` and `ward_id`: whose phone made the code; None for a forged one."""

    verdict: Verdict
    account_id: UUID | None = None
    ward_id: UUID | None = None


_FORGED = Proof(Verdict.FORGED)


def new_key(session: Session, actor: Actor) -> tuple[str, bytes]:
    """A handle and a secret for the actor's phone, told once; codes of its earlier key are refused from now on."""
    moment = now()
    session.execute(
        update(BadgeKey)
        .where(BadgeKey.device_id == actor.device_id, BadgeKey.revoked_at.is_(None))
        .values(revoked_at=moment)
    )
    handle, secret = new_token(), secrets.token_bytes(SECRET_BYTES)
    session.add(
        BadgeKey(
            ward_id=actor.ward_id,
            device_id=actor.device_id,
            handle=handle,
            secret_enc=keyring().seal(secret, _CONTEXT),
        )
    )
    audit.record(session, actor, "badge.key", object_kind="device", object_id=actor.device_id)
    session.flush()
    return handle, secret


def live_handle(session: Session, actor: Actor) -> str | None:
    """The key that the server holds for the actor's phone: a phone with another one (a restored server) asks anew."""
    return session.scalar(
        select(BadgeKey.handle).where(
            BadgeKey.device_id == actor.device_id,
            BadgeKey.ward_id == actor.ward_id,
            BadgeKey.revoked_at.is_(None),
        )
    )


def verify(session: Session, token: str, *, at: datetime | None = None) -> Proof:
    """What one scanned code proves, in one statement."""
    return verify_all(session, [token], at=at)[0]


def verify_all(session: Session, tokens: Sequence[str], *, at: datetime | None = None) -> list[Proof]:
    """What each of these codes proves; one statement for all of them."""
    seconds = (at or now()).timestamp()
    codes = [_read(token) for token in tokens]
    handles = list({code.handle for code in codes if code})
    keys = {row.handle: row for row in run(session, _KEYS, handles=handles)} if handles else {}
    opened = {handle: keyring().open(bytes(row.secret_enc), _CONTEXT) for handle, row in keys.items()}
    return [
        _judge(code, opened[code.handle], keys[code.handle], seconds)
        if code and code.handle in keys
        else _FORGED
        for code in codes
    ]


def _judge(code: LiveCode, secret: bytes, key: object, seconds: float) -> Proof:
    step = step_of(code.clock, seconds)
    # The proof first: who cannot make it learns nothing of the key, not even that it exists.
    if not hmac.compare_digest(proof_of(secret, step), code.proof):
        return _FORGED
    account_id, ward_id = key.account_id, key.ward_id  # type: ignore[attr-defined]
    if key.over:  # type: ignore[attr-defined]
        return Proof(Verdict.OVER, account_id, ward_id)
    age = seconds - step * STEP_S
    verdict = Verdict.OLD if age >= LIFE_S else Verdict.EARLY if age < -EARLY_S else Verdict.FRESH
    return Proof(verdict, account_id, ward_id)


def _read(token: str) -> LiveCode | None:
    try:
        return read_live(token)
    except NotAToken:
        return None
