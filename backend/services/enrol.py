"""Letting a phone in: a one-time invitation shown as a QR, a device token for the phone that used it.

No password: the leader shows the code to the volunteer's own camera. It works once and for minutes, and remembers
which phone used it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import token_hash
from backend.core.refusal import NotFound, Refusal
from backend.models import Account, Device, Enrolment, Membership, PushTarget, Team
from backend.services import audit
from backend.services.actor import WARD_ROLES, Actor
from backend.text.vietnamese import nfc

MINUTES = 30
TOKEN_LENGTH = 26  # Crockford characters: 130 random bits, a credential
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = str.maketrans("OIL", "011", "- ")  # what people misread, and what they put between


@dataclass(frozen=True)
class Invitation:
    """Whom a code invites, for the page that greets. `team` is None for somebody without a team."""

    first_name: str
    team: str | None
    expires_at: datetime


def invite(session: Session, actor: Actor, account_id: UUID, *, minutes: int = MINUTES) -> str:
    """A new invitation for one account of the actor's people; earlier unused ones end. Returns its token.

    Raises NotFound for an account that the actor does not lead.
    """
    account = _led_account(session, actor, account_id)
    moment = now()
    session.execute(
        update(Enrolment)
        .where(
            Enrolment.account_id == account.id, Enrolment.used_at.is_(None), Enrolment.revoked_at.is_(None)
        )
        .values(revoked_at=moment)
    )
    token = "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_LENGTH))
    session.add(
        Enrolment(
            ward_id=account.ward_id,
            account_id=account.id,
            token_hash=token_hash(token),
            created_by=actor.account_id,
            expires_at=moment + timedelta(minutes=minutes),
        )
    )
    audit.record(session, actor, "device.invite", object_kind="account", object_id=account.id)
    session.flush()
    return token


def ends_at(session: Session, token: str) -> datetime:
    """When an open invitation ends. Raises the same refusals as `enrol`."""
    return _open_invitation(session, token).expires_at


def look(session: Session, token: str) -> Invitation:
    """Whom an invitation is for, without using it. Raises the same refusals as `enrol`."""
    found = _open_invitation(session, token)
    account = session.get_one(Account, found.account_id)
    team = session.scalars(
        select(Team.name)
        .join(Membership, Membership.team_id == Team.id)
        .where(Membership.account_id == account.id, Membership.valid_to.is_(None))
        .order_by(Membership.valid_from)
        .limit(1)
    ).first()
    return Invitation(account.full_name.split()[-1], team, found.expires_at)


def enrol(session: Session, token: str, label: str) -> tuple[Device, str]:
    """Use an invitation: a device of the invited account, and the token for its cookie (stored only hashed).

    Raises Refusal enrol_unknown (404), enrol_used, enrol_expired or enrol_revoked (410).
    """
    found = _open_invitation(session, token, lock=True)
    secret = secrets.token_urlsafe(32)
    device = Device(
        ward_id=found.ward_id,
        account_id=found.account_id,
        token_hash=token_hash(secret),
        label=nfc(label)[:60],
        last_seen_at=now(),
    )
    session.add(device)
    session.flush()
    found.used_at, found.device_id = now(), device.id
    session.flush()
    return device, secret


def revoke_device(session: Session, actor: Actor, device_id: UUID) -> None:
    """Shut a phone out at once; what it has not sent yet is kept on it for the upload to come."""
    device = session.get(Device, device_id)
    if device is None or device.ward_id != actor.ward_id:
        raise NotFound
    _led_account(session, actor, device.account_id)
    if device.revoked_at is None:
        device.revoked_at = now()
        audit.record(session, actor, "device.revoke", object_kind="device", object_id=device.id)
    session.flush()


def sign_out(session: Session, actor: Actor) -> None:
    """The phone itself ends its pairing: it has nothing left to send and has wiped its store."""
    device = session.get_one(Device, actor.device_id)
    device.revoked_at = device.wiped_at = now()
    for target in session.scalars(select(PushTarget).where(PushTarget.device_id == device.id)):
        session.delete(target)
    audit.record(session, actor, "device.sign_out", object_kind="device", object_id=device.id)
    session.flush()


def _open_invitation(session: Session, token: str, *, lock: bool = False) -> Enrolment:
    spelled = token.strip().upper().translate(_READ)
    query = select(Enrolment).where(Enrolment.token_hash == token_hash(spelled))
    found = session.scalars(
        query.with_for_update().execution_options(populate_existing=True) if lock else query
    ).one_or_none()
    if found is None:
        raise Refusal("enrol_unknown", status=404)
    account = session.get_one(Account, found.account_id)
    refused = (
        (found.used_at, "enrol_used"),
        (found.revoked_at or account.disabled_at, "enrol_revoked"),
        (found.expires_at <= now(), "enrol_expired"),
    )
    for is_so, code in refused:
        if is_so:
            raise Refusal(code, status=410)
    return found


def _led_account(session: Session, actor: Actor, account_id: UUID) -> Account:
    account = session.get(Account, account_id)
    if account is None or account.ward_id != actor.ward_id or account.disabled_at is not None:
        raise NotFound
    if actor.roles & WARD_ROLES:
        return account
    shared = session.scalars(
        select(Membership.id)
        .where(
            Membership.account_id == account_id,
            Membership.team_id.in_(actor.leads),
            Membership.valid_to.is_(None),
        )
        .limit(1)
    ).first()
    if shared is None:
        raise NotFound
    return account
