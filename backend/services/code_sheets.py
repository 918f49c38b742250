"""Labels and posters for print, made in the walking order of the doors; each print is audited as an export."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.i18n import LOCALES, translate
from backend.core.messages import N_
from backend.core.refusal import NotFound
from backend.models import (
    Account,
    AreaUnit,
    CodeKind,
    Household,
    HouseholdState,
    Level,
    Membership,
    QrCode,
    ScanCount,
    Spot,
    Team,
)
from backend.services import audit, codes
from backend.services.actor import Actor, household_scope, neighbourhood_for
from backend.services.contacts import contact_for
from backend.services.guide_rules import plain
from backend.services.guide_texts import guide_for, guides_for
from backend.services.guides import guide
from backend.services.walk_doors import array_of
from backend.text.vietnamese import name_key
from qr.codes import Card, CardWords, Label, LabelKind, Poster

# What a poster says under its title.
_POSTER_TEXT = "Quét mã để xem từng bước, chữ to, không phải cài gì. Ông/bà tự bấm trên máy của mình."

# The words of a take-home card.
_CARD = {
    "kind": N_("HƯỚNG DẪN MANG VỀ"),
    "facts": N_("{n} bước, khoảng {m} phút."),
    "needs": N_("Cần có"),
    "scan": N_("Quét mã để xem hình từng bước, hoặc gõ mã này:"),
    "trust": N_("Chỉ tin trang"),
    "call": N_("Gọi {ward}: {phone}"),
    "never": N_("Không ai được hỏi mã OTP, mật khẩu, thu tiền hay giữ điện thoại của ông/bà."),
    "emergency": N_("Công an khi khẩn cấp: 113."),
    "checked": N_("Kiểm tra ngày {day}, dùng đến {until}. Màn hình khác thì dừng lại và gọi."),
}


@dataclass(frozen=True)
class CodeRow:
    """A code in the list. `target`: what it is for, in words; `scans`: since it was made, and of the last 7 days."""

    id: UUID
    kind: CodeKind
    token: str
    target: str
    placement: str
    revoked: bool
    scans: int
    scans_week: int


def household_labels(
    session: Session, actor: Actor, neighbourhood_id: UUID, base_url: str, *, alley_id: UUID | None = None
) -> list[Label]:
    """A label for each door of a neighbourhood (or of one alley of it), in walking order. Raises NotFound."""
    place = neighbourhood_for(session, actor, neighbourhood_id)
    doors = session.execute(
        select(Household.id, Household.code, Household.address, Household.neighbourhood_id)
        .where(
            household_scope(actor),
            Household.neighbourhood_id == place.id,
            Household.state.in_((HouseholdState.ACTIVE, HouseholdState.VACANT)),
            *([Household.alley_id == alley_id] if alley_id else []),
        )
        .order_by(Household.walk_key, Household.code)
    ).all()
    _audit(session, actor, CodeKind.HOUSEHOLD, len(doors), place.id)
    return _door_labels(session, actor, doors, {place.id: place.name}, base_url)


def chosen_labels(
    session: Session, actor: Actor, household_ids: Sequence[UUID], base_url: str
) -> list[Label]:
    """A label for each of these doors where somebody can live, in walking order; others of them get none."""
    doors = session.execute(
        select(Household.id, Household.code, Household.address, Household.neighbourhood_id)
        .where(
            household_scope(actor),
            Household.id == func.any(array_of(household_ids)),
            Household.state.in_((HouseholdState.ACTIVE, HouseholdState.VACANT)),
        )
        .order_by(Household.neighbourhood_id, Household.walk_key, Household.code)
    ).all()
    names = dict(
        session.execute(
            select(AreaUnit.id, AreaUnit.name).where(
                AreaUnit.id.in_({door.neighbourhood_id for door in doors})
            )
        ).all()
    )
    _audit(session, actor, CodeKind.HOUSEHOLD, len(doors), None)
    return _door_labels(session, actor, doors, names, base_url)


def _door_labels(
    session: Session, actor: Actor, doors: Sequence[Any], names: dict[UUID, str], base_url: str
) -> list[Label]:
    made = codes.codes_for_households(session, actor, [door.id for door in doors])
    by_household = {code.household_id: code for code in made}
    return [
        _label(
            by_household[door.id],
            base_url,
            door.address or door.code,
            f"{door.code} · {names.get(door.neighbourhood_id, '')}",
        )
        for door in doors
    ]


def badge_people(session: Session, actor: Actor) -> list[tuple[UUID, str]]:
    """Whom the actor can print a badge for, by name."""
    rows = session.execute(
        select(Account.id, Account.full_name).where(Account.id.in_(codes.led_accounts(actor)))
    )
    return sorted(((row.id, row.full_name) for row in rows), key=lambda one: name_key(one[1]))


def badge_labels(
    session: Session,
    actor: Actor,
    base_url: str,
    *,
    team_id: UUID | None = None,
    account_ids: Sequence[UUID] = (),
) -> list[Label]:
    """A badge for each person whom the actor leads (or for these of them), in the order of names."""
    people = session.execute(
        select(Account.id, Account.full_name, func.min(Team.name).label("team"))
        .join(Membership, Membership.account_id == Account.id)
        .join(Team, Team.id == Membership.team_id)
        .where(
            Account.id.in_(codes.led_accounts(actor)),
            *([Membership.team_id == team_id] if team_id else []),
            *([Account.id.in_(account_ids)] if account_ids else []),
        )
        .group_by(Account.id)
    ).all()
    made = codes.codes_for_accounts(session, actor, [person.id for person in people])
    by_account = {code.account_id: code for code in made}
    _audit(session, actor, CodeKind.BADGE, len(people), team_id)
    return [
        _label(by_account[person.id], base_url, person.full_name, person.team)
        for person in sorted(people, key=lambda person: name_key(person.full_name))
    ]


def guide_labels(
    session: Session,
    actor: Actor,
    base_url: str,
    *,
    placement: str = "",
    copies: int = 1,
    slugs: Sequence[str] = (),
) -> list[Label]:
    """`copies` labels of each guide that is still valid (or of these of them), for one placement."""
    shown = [
        found
        for found in guides_for(session, actor.ward_id, "vi")
        if not found.withdrawn() and (not slugs or found.slug in slugs)
    ]
    _audit(session, actor, CodeKind.GUIDE, len(shown) * copies, None)
    made = codes.codes_for_guides(session, actor, [found.slug for found in shown], placement=placement)
    return [
        _label(code, base_url, found.title, placement)
        for found, code in zip(shown, made, strict=True)
        for _ in range(copies)
    ]


def guide_poster(session: Session, actor: Actor, slug: str, base_url: str, *, placement: str = "") -> Poster:
    """A poster of one guide with the ward's number. Raises NotFound for an unknown or withdrawn guide."""
    found = guide_for(session, actor.ward_id, slug, "vi")
    if found is None or found.withdrawn():
        raise NotFound
    code = codes.code_for_guide(session, actor, slug, placement=placement)
    contact = contact_for(session, ward_id=actor.ward_id)
    _audit(session, actor, CodeKind.GUIDE, 1, None)
    return Poster(
        LabelKind.GUIDE,
        codes.url_of(code, base_url),
        code.token,
        found.title,
        _POSTER_TEXT,
        f"Gọi {contact.ward}: {contact.phone}" if contact.phone else "",
    )


def guide_card(session: Session, actor: Actor, slug: str, lang: str, base_url: str) -> Card:
    """The take-home card of one guide in `lang` (Vietnamese where the printed letters lack it), as the ward has it.

    Raises NotFound for an unknown or withdrawn guide.
    """
    found = guide_for(session, actor.ward_id, slug, lang if lang in LOCALES else "vi")
    if found is None or found.withdrawn():
        raise NotFound
    code = codes.code_for_guide(session, actor, slug)
    contact = contact_for(session, ward_id=actor.ward_id)
    _audit(session, actor, CodeKind.GUIDE, 1, None)

    def say(text: str, **values: object) -> str:
        return translate(text, found.lang).format(**values)

    return Card(
        url=codes.url_of(code, base_url),
        token=code.token,
        title=found.title,
        facts=f"{say(_CARD['facts'], n=len(found.steps), m=found.minutes)} {found.fee} {found.summary}",
        taps=found.taps,
        needs=found.needs,
        steps=tuple((step.title, plain(step)) for step in found.steps),
        checked=say(
            _CARD["checked"], day=f"{found.checked_on:%d/%m/%Y}", until=f"{found.review_by:%d/%m/%Y}"
        ),
        contact=say(_CARD["call"], ward=contact.ward, phone=contact.phone) if contact.phone else contact.ward,
        words=CardWords(
            kind=say(_CARD["kind"]),
            needs=say(_CARD["needs"]),
            scan=say(_CARD["scan"]),
            trust=say(_CARD["trust"]),
            never=(say(_CARD["never"]), say(_CARD["emergency"])),
        ),
    )


def label_of(session: Session, actor: Actor, code_id: UUID, base_url: str) -> Label:
    """The label of one code, to print it again. Raises NotFound."""
    row = _rows(session, actor, QrCode.id == code_id, limit=1)
    if not row or row[0].revoked:
        raise NotFound
    code = codes.code_in_scope(session, actor, code_id)
    _audit(session, actor, CodeKind(code.kind), 1, code.id)
    return _label(code, base_url, row[0].target, code.placement)


def list_codes(
    session: Session, actor: Actor, kind: CodeKind, *, neighbourhood_id: UUID | None = None, limit: int = 200
) -> list[CodeRow]:
    """The codes of one kind in scope, the busiest first (one statement)."""
    condition = QrCode.kind == kind
    if neighbourhood_id and kind is CodeKind.HOUSEHOLD:
        condition = condition & (Household.neighbourhood_id == neighbourhood_id)
    rows = _rows(session, actor, condition, limit=limit)
    if rows and kind is not CodeKind.GUIDE:  # addresses and names were shown
        audit.record(session, actor, "code.read", object_kind="qr_code", count=len(rows), kind=kind)
    return rows


def scans_by_day(session: Session, actor: Actor, code_id: UUID, days: int = 14) -> list[tuple[date, int]]:
    """How often a code was opened on each of the last days, the newest first. Raises NotFound."""
    code = codes.code_in_scope(session, actor, code_id)
    first = today() - timedelta(days=days - 1)
    rows = session.execute(
        select(ScanCount.day, ScanCount.n).where(ScanCount.qr_code_id == code.id, ScanCount.day >= first)
    )
    counted = {row.day: row.n for row in rows}
    found = [today() - timedelta(days=back) for back in range(days)]
    return [(day, counted.get(day, 0)) for day in found]


def alleys(session: Session, actor: Actor, neighbourhood_id: UUID) -> list[tuple[UUID, str]]:
    """The alleys of a neighbourhood in scope, id and name in dictionary order. Raises NotFound."""
    place = neighbourhood_for(session, actor, neighbourhood_id)
    rows = session.execute(
        select(AreaUnit.id, AreaUnit.name)
        .where(AreaUnit.parent_id == place.id, AreaUnit.level == Level.ALLEY, AreaUnit.valid_to.is_(None))
        .order_by(AreaUnit.sort_key)
    )
    return [(row.id, row.name) for row in rows]


def code_row(session: Session, actor: Actor, code_id: UUID) -> CodeRow:
    """One code of the list. Raises NotFound."""
    found = _rows(session, actor, QrCode.id == code_id, limit=1)
    if not found:
        raise NotFound
    return found[0]


def _rows(session: Session, actor: Actor, condition: ColumnElement[bool], *, limit: int) -> list[CodeRow]:
    since = today() - timedelta(days=6)
    all_scans = func.coalesce(func.sum(ScanCount.n), 0)
    week_scans = func.coalesce(func.sum(ScanCount.n).filter(ScanCount.day >= since), 0)
    rows = session.execute(
        select(
            QrCode,
            Household.address,
            Household.code,
            Account.full_name,
            AreaUnit.name.label("area"),
            Spot.name.label("spot"),
            all_scans.label("scans"),
            week_scans.label("scans_week"),
        )
        .join(Household, Household.id == QrCode.household_id, isouter=True)
        .join(Account, Account.id == QrCode.account_id, isouter=True)
        .join(AreaUnit, AreaUnit.id == QrCode.area_unit_id, isouter=True)
        .join(Spot, Spot.id == QrCode.spot_id, isouter=True)
        .join(ScanCount, ScanCount.qr_code_id == QrCode.id, isouter=True)
        .where(codes.code_scope(actor), condition)
        .group_by(QrCode.id, Household.id, Account.id, AreaUnit.id, Spot.id)
        .order_by(QrCode.revoked_at.is_not(None), all_scans.desc(), Household.walk_key, QrCode.created_at)
        .limit(limit)
    ).all()
    return [
        CodeRow(
            id=row.QrCode.id,
            kind=CodeKind(row.QrCode.kind),
            token=row.QrCode.token,
            target=_target(row.QrCode.guide, row.address or row.code, row.full_name or row.area or row.spot),
            placement=row.QrCode.placement,
            revoked=row.QrCode.revoked_at is not None,
            scans=int(row.scans),
            scans_week=int(row.scans_week),
        )
        for row in rows
    ]


def _target(slug: str | None, door: str | None, name: str | None) -> str:
    found = guide(slug) if slug else None
    return (found.title if found else slug) or door or name or ""


def _label(code: QrCode, base_url: str, title: str, note: str) -> Label:
    return Label(LabelKind(code.kind), codes.url_of(code, base_url), code.token, title, note)


def _audit(session: Session, actor: Actor, kind: CodeKind, count: int, place: UUID | None) -> None:
    audit.record(
        session, actor, "code.export", object_kind="code_sheet", object_id=place, count=count, kind=kind
    )
