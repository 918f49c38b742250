"""Issue, revoke, replace, resolve and print codes. What a code means stands here, never in the symbol.

One live code per target and placement: issuing twice gives the same code, so that a reprinted sheet stays valid.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.ids import uuid7
from backend.core.refusal import NotFound
from backend.models import Account, CodeKind, Household, HouseholdState, Membership, QrCode, ScanCount, Spot
from backend.services import audit
from backend.services.actor import Actor, household_scope, neighbourhood_for, neighbourhood_ids
from backend.services.guides import guide as find_guide
from backend.text.vietnamese import name_key
from qr.codes import urls
from qr.codes.tokens import new_token
from qr.codes.urls import BADGE, GUIDE, HOUSEHOLD, code_url

LETTERS = {
    CodeKind.GUIDE: GUIDE,
    CodeKind.HOUSEHOLD: HOUSEHOLD,
    CodeKind.BADGE: BADGE,
    CodeKind.NEIGHBOURHOOD: urls.NEIGHBOURHOOD,
    CodeKind.SUPPORT_POINT: urls.SUPPORT_POINT,
    CodeKind.WIFI: urls.WIFI,
    CodeKind.PLACE: urls.PLACE,
    CodeKind.STALL: urls.STALL,
    CodeKind.SURVEY: urls.SURVEY,
}


@dataclass(frozen=True)
class Scanned:
    """What a token opens; `revoked` ones are answered kindly, not with their content."""

    kind: CodeKind
    token: str
    ward_id: UUID
    guide: str | None
    household_id: UUID | None
    account_id: UUID | None
    revoked: bool
    area_unit_id: UUID | None = None
    spot_id: UUID | None = None


def url_of(code: QrCode, base_url: str) -> str:
    """The address inside the symbol of `code`."""
    return code_url(base_url, LETTERS[CodeKind(code.kind)], code.token)


def code_for_guide(
    session: Session, actor: Actor, slug: str, *, label: str = "", placement: str = ""
) -> QrCode:
    """The ward's live code of a guide at one placement. Raises NotFound for an unknown guide."""
    if find_guide(slug) is None:
        raise NotFound
    row = {"kind": CodeKind.GUIDE, "guide": slug, "label": label, "placement": placement}
    return _issue(session, actor, [row], (QrCode.guide == slug) & (QrCode.placement == placement))[0]


def codes_for_guides(
    session: Session, actor: Actor, slugs: Sequence[str], *, placement: str = ""
) -> list[QrCode]:
    """The ward's live codes of these guides at one placement, in their order; missing ones made in one statement."""
    rows = [{"kind": CodeKind.GUIDE, "guide": slug, "placement": placement} for slug in slugs]
    wanted = QrCode.guide.in_(slugs) & (QrCode.kind == CodeKind.GUIDE) & (QrCode.placement == placement)
    taken = select(QrCode.guide).where(QrCode.ward_id == actor.ward_id, QrCode.revoked_at.is_(None), wanted)
    have = set(session.scalars(taken))
    missing = [row for row in rows if row["guide"] not in have]
    issued = {code.guide: code for code in _issue(session, actor, missing, wanted)}
    return [issued[slug] for slug in slugs]


def code_for_neighbourhood(
    session: Session, actor: Actor, neighbourhood_id: UUID, *, placement: str = ""
) -> QrCode:
    """The live code of a neighbourhood's page at one placement. Raises NotFound outside the scope."""
    place = neighbourhood_for(session, actor, neighbourhood_id)
    row = {"kind": CodeKind.NEIGHBOURHOOD, "area_unit_id": place.id, "placement": placement}
    return _issue(session, actor, [row], (QrCode.area_unit_id == place.id) & (QrCode.placement == placement))[
        0
    ]


def code_for_spot(session: Session, actor: Actor, spot: Spot) -> QrCode:
    """The live code of a spot that the caller found in the actor's scope."""
    row = {"kind": CodeKind(spot.kind), "spot_id": spot.id}
    return _issue(session, actor, [row], QrCode.spot_id == spot.id)[0]


def live_code_of_spot(session: Session, spot: Spot) -> QrCode | None:
    """The code in force of a spot; None after it was closed."""
    return session.scalars(
        select(QrCode).where(QrCode.spot_id == spot.id, QrCode.revoked_at.is_(None))
    ).one_or_none()


def people_led(session: Session, actor: Actor) -> list[Account]:
    """The people whom the actor leads, by name."""
    found = session.scalars(select(Account).where(Account.id.in_(led_accounts(actor))))
    return sorted(found, key=lambda account: name_key(account.full_name))


def code_for_household(session: Session, actor: Actor, household_id: UUID) -> QrCode:
    """The live plate code of one household in the actor's scope. Raises NotFound."""
    found = codes_for_households(session, actor, [household_id])
    if not found:
        raise NotFound
    return found[0]


def codes_for_households(session: Session, actor: Actor, household_ids: Sequence[UUID]) -> list[QrCode]:
    """The live plate codes of those of the households that are in scope; missing ones are made in one statement."""
    scoped = select(Household.id).where(
        household_scope(actor),
        Household.id == _any_of(household_ids),
        Household.state.in_((HouseholdState.ACTIVE, HouseholdState.VACANT)),
    )
    return _issue_missing(session, actor, CodeKind.HOUSEHOLD, QrCode.household_id, scoped)


def code_for_account(session: Session, actor: Actor, account_id: UUID) -> QrCode:
    """The live badge code of a person whom the actor leads. Raises NotFound for anybody else."""
    found = codes_for_accounts(session, actor, [account_id])
    if not found:
        raise NotFound
    return found[0]


def code_for_self(session: Session, actor: Actor) -> QrCode:
    """The live badge code of the actor, for the phone that shows it; made where missing."""
    own = select(Account.id).where(Account.id == actor.account_id, Account.disabled_at.is_(None))
    return _issue_missing(session, actor, CodeKind.BADGE, QrCode.account_id, own)[0]


def codes_for_accounts(session: Session, actor: Actor, account_ids: Sequence[UUID]) -> list[QrCode]:
    """The live badge codes of those people whom the actor leads, made where missing."""
    scoped = select(Account.id).where(Account.id == _any_of(account_ids), Account.id.in_(led_accounts(actor)))
    return _issue_missing(session, actor, CodeKind.BADGE, QrCode.account_id, scoped)


def led_accounts(actor: Actor) -> Select[UUID]:
    """The people with a role today in a team the actor leads, or anywhere in the ward for its officers."""
    moment = now()
    valid = (
        select(Membership.account_id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.ward_id == actor.ward_id,
            Membership.valid_from <= moment,
            (Membership.valid_to.is_(None)) | (Membership.valid_to > moment),
            Account.disabled_at.is_(None),
        )
    )
    return valid if actor.ward_wide else valid.where(Membership.team_id.in_(actor.leads))


def code_scope(actor: Actor) -> ColumnElement[bool]:
    """The codes an actor may see: the ward's guides, plates in scope, badges of people led (also former ones)."""
    if actor.ward_wide:
        return QrCode.ward_id == actor.ward_id
    ever_led = select(Membership.account_id).where(Membership.team_id.in_(actor.leads))
    return (QrCode.ward_id == actor.ward_id) & (
        (QrCode.kind == CodeKind.GUIDE)
        | QrCode.household_id.in_(select(Household.id).where(household_scope(actor)))
        | QrCode.account_id.in_(ever_led)
        | QrCode.area_unit_id.in_(neighbourhood_ids(actor))
        | QrCode.spot_id.in_(select(Spot.id).where(Spot.neighbourhood_id.in_(neighbourhood_ids(actor))))
    )


def code_in_scope(session: Session, actor: Actor, code_id: UUID) -> QrCode:
    """One code the actor may manage, locked until the end of the transaction. Raises NotFound."""
    code = session.scalars(
        select(QrCode).where(QrCode.id == code_id, code_scope(actor)).with_for_update(of=QrCode)
    ).one_or_none()
    if code is None:
        raise NotFound
    return code


def revoke(session: Session, actor: Actor, code_id: UUID) -> QrCode:
    """End a code: whoever scans it reads that it is no longer valid. Revoking twice changes nothing."""
    code = code_in_scope(session, actor, code_id)
    if code.revoked_at is None:
        code.revoked_at = now()
        audit.record(session, actor, "code.revoke", object_kind="qr_code", object_id=code.id, kind=code.kind)
        session.flush()
    return code


def replace(session: Session, actor: Actor, code_id: UUID) -> QrCode:
    """Revoke a code and issue its successor for the same target (lost, damaged or pasted over)."""
    old = revoke(session, actor, code_id)
    row = {
        "kind": old.kind,
        "guide": old.guide,
        "household_id": old.household_id,
        "account_id": old.account_id,
        "area_unit_id": old.area_unit_id,
        "spot_id": old.spot_id,
        "label": old.label,
        "placement": old.placement,
    }
    new = _issue(session, actor, [row], _same_target(old))[0]
    if old.replaced_by is None:
        old.replaced_by = new.id
        session.flush()
    return new


def revoke_of_account(session: Session, actor: Actor, account_id: UUID) -> int:
    """End every badge code of a person who leaves; returns how many there were."""
    ended = session.scalars(
        update(QrCode)
        .where(QrCode.ward_id == actor.ward_id, QrCode.account_id == account_id, QrCode.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(QrCode.id)
    ).all()
    if ended:
        audit.record(
            session, actor, "code.revoke", object_kind="account", object_id=account_id, count=len(ended)
        )
    return len(ended)


def resolve(session: Session, token: str, *, count: bool = True) -> Scanned | None:
    """What `token` (already normalised) opens, counted for today in the same statement; None if never issued."""
    found = select(QrCode).where(QrCode.token == token).cte("found")
    if count:
        counted = insert(ScanCount).from_select(
            ["qr_code_id", "day", "ward_id", "n"],
            select(found.c.id, literal(today()), found.c.ward_id, literal(1)),
        )
        upsert = counted.on_conflict_do_update(
            index_elements=[ScanCount.qr_code_id, ScanCount.day], set_={"n": ScanCount.n + 1}
        )
        statement = select(found).add_cte(upsert.returning(ScanCount.n).cte("counted"))
    else:
        statement = select(found)
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    return Scanned(
        kind=CodeKind(row.kind),
        token=row.token,
        ward_id=row.ward_id,
        guide=row.guide,
        household_id=row.household_id,
        account_id=row.account_id,
        revoked=row.revoked_at is not None,
        area_unit_id=row.area_unit_id,
        spot_id=row.spot_id,
    )


def _issue(
    session: Session, actor: Actor, rows: Iterable[dict[str, Any]], target: ColumnElement[bool]
) -> list[QrCode]:
    _insert(session, actor, rows)
    live = select(QrCode).where(QrCode.ward_id == actor.ward_id, QrCode.revoked_at.is_(None), target)
    return list(session.scalars(live))


def _issue_missing(
    session: Session, actor: Actor, kind: CodeKind, column: Any, scoped: Select[UUID]
) -> list[QrCode]:
    live = (QrCode.ward_id == actor.ward_id) & QrCode.revoked_at.is_(None) & (QrCode.placement == "")
    taken = select(column).where(live, column.is_not(None))
    missing = session.scalars(scoped.where(~scoped.selected_columns[0].in_(taken))).all()
    _insert(session, actor, [{"kind": kind, column.key: target} for target in missing])
    return list(session.scalars(select(QrCode).where(live, QrCode.kind == kind, column.in_(scoped))))


def _insert(session: Session, actor: Actor, rows: Iterable[dict[str, Any]]) -> None:
    """One statement for all rows; a target that has a live code (made meanwhile) keeps it."""
    columns = ("kind", "guide", "household_id", "account_id", "area_unit_id", "spot_id", "label", "placement")
    defaults = {"label": "", "placement": ""}
    moment = now()
    values = [
        {name: row.get(name, defaults.get(name)) for name in columns}
        | {
            "id": uuid7(),
            "ward_id": actor.ward_id,
            "token": new_token(),
            "created_by": actor.account_id,
            "created_at": moment,
        }
        for row in rows
    ]
    if values:
        session.execute(insert(QrCode).on_conflict_do_nothing(), values)


def _any_of(ids: Sequence[UUID]) -> Any:
    """One array parameter, whatever the number of ids."""
    return any_(literal(list(ids), ARRAY(PgUUID(as_uuid=True))))


def _same_target(code: QrCode) -> ColumnElement[bool]:
    same = (QrCode.kind == code.kind) & (QrCode.placement == code.placement)
    for column, value in (
        (QrCode.guide, code.guide),
        (QrCode.household_id, code.household_id),
        (QrCode.account_id, code.account_id),
        (QrCode.area_unit_id, code.area_unit_id),
        (QrCode.spot_id, code.spot_id),
    ):
        if value is not None:
            same = same & (column == value)
    return same
