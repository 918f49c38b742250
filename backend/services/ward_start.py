"""How a real ward begins: its first officer, made at the server's keyboard; everything else happens at the desk."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound, Refusal
from backend.models import Account, AreaUnit, AuditEntry, Level, Membership, Role
from backend.services import feed, passwords, people, sessions
from backend.services.people import FirstPassword
from backend.text.vietnamese import nfc


def open_ward(session: Session, ward_code: str, officer_name: str, login: str = "") -> FirstPassword:
    """A ward officer with a first password for the ward of `ward_code` (five digits, QĐ 19/2025/QĐ-TTg).

    Repeating it for the same ward adds another officer. Raises NotFound for an unknown code, Refusal("bad_form")
    for a name or login that cannot be used.
    """
    ward = session.scalars(
        select(AreaUnit).where(
            AreaUnit.level == Level.WARD, AreaUnit.code == ward_code, AreaUnit.valid_to.is_(None)
        )
    ).one_or_none()
    if ward is None:
        raise NotFound("no_such_ward")
    name = nfc(officer_name)
    if not name:
        raise Refusal("bad_form", fields={"name": "needed"})
    spelled = people.free_login(session, login or people.suggested_login(session, name))
    password = passwords.one_time_password()
    account = Account(
        ward_id=ward.id,
        full_name=name,
        login=spelled,
        password_hash=sessions.hash_password(password),
        password_once=True,
    )
    session.add(account)
    session.flush()
    session.add(Membership(ward_id=ward.id, account_id=account.id, role=Role.WARD_OFFICER))
    feed.open_stream(session, feed.user_stream(account.id), ward.id)
    # Nobody is signed in yet: the audit names the keyboard of the server, not a person.
    session.add(AuditEntry(ward_id=ward.id, action="ward.open", object_kind="account", object_id=account.id))
    session.flush()
    return FirstPassword(account.id, spelled, password)
