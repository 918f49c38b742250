"""Soát mã: volunteers look at the codes on their rounds; what is missing, covered or not ours is an incident.

Of a stall the look is at the owner's own receiving code, which this system neither makes nor holds.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import AreaUnit, CheckState, CodeCheck, CodeKind, QrCode, Spot, TeamArea
from backend.services import audit
from backend.services.actor import Actor, neighbourhood_ids
from backend.services.codes import code_scope
from backend.services.guides import guide
from backend.services.walk_rights import may_lead
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc
from qr.codes.tokens import NotAToken, normalise

MOST_ROWS = 300
PLACE_LIMIT = 120
# What hangs where everybody passes; plates are at private doors, badges are carried.
PLACED = (
    CodeKind.GUIDE,
    CodeKind.NEIGHBOURHOOD,
    CodeKind.SUPPORT_POINT,
    CodeKind.WIFI,
    CodeKind.PLACE,
    CodeKind.STALL,
    CodeKind.SURVEY,
)


@dataclass(frozen=True)
class Placed:
    """A code on the round: what it is, where it hangs, when it was last seen and how."""

    id: UUID
    kind: CodeKind
    token: str
    target: str
    placement: str
    state: str
    seen_at: datetime | None


@dataclass(frozen=True)
class Incident:
    """Something that a leader must look at."""

    id: UUID
    state: str
    target: str
    place: str
    at: datetime
    handled_at: datetime | None


def on_round(session: Session, actor: Actor) -> list[Placed]:
    """The live codes that hang in the neighbourhoods of the actor's teams, the longest unseen first."""
    return _placed(session, _round_scope(actor))


def as_id(text: str) -> UUID:
    """The id of a code from a form. Raises NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def all_placed(session: Session, actor: Actor) -> list[Placed]:
    """The live placed codes that a leader manages, the longest unseen first."""
    return _placed(session, code_scope(actor))


def check(session: Session, actor: Actor, code_id: UUID, state: CheckState) -> CodeCheck:
    """Write down how a code of the round was found. Raises NotFound for any other code."""
    if state is CheckState.UNLISTED:
        raise Refusal("bad_form", fields={"state": "bad_value"})
    code = session.scalars(
        select(QrCode).where(QrCode.id == code_id, _round_scope(actor), QrCode.revoked_at.is_(None))
    ).one_or_none()
    if code is None:
        raise NotFound
    return _store(session, actor, state, code=code, place=code.placement)


def check_typed(session: Session, actor: Actor, typed: str, place: str) -> CodeCheck:
    """A code was found and typed: one of the round is intact, any other one (or none of ours) is an incident."""
    place = nfc(place)
    if not place:
        raise Refusal("bad_form", fields={"place": "needed"})
    if len(place) > PLACE_LIMIT:
        raise Refusal("bad_form", fields={"place": "too_long"})
    if screen(place)[1]:
        raise Refusal("bad_form", fields={"place": "no_id_numbers"})
    code = None
    try:
        token = normalise(typed)
        code = session.scalars(
            select(QrCode).where(QrCode.token == token, _round_scope(actor), QrCode.revoked_at.is_(None))
        ).one_or_none()
    except NotAToken:
        pass
    state = CheckState.INTACT if code is not None else CheckState.UNLISTED
    return _store(session, actor, state, code=code, place=place)


def incidents(session: Session, actor: Actor) -> list[Incident]:
    """What was found missing, covered or foreign in the actor's neighbourhoods: open ones first, then the newest."""
    rows = session.execute(
        select(CodeCheck, QrCode.guide, Spot.name.label("spot"), AreaUnit.name.label("area"))
        .outerjoin(QrCode, QrCode.id == CodeCheck.qr_code_id)
        .outerjoin(Spot, Spot.id == QrCode.spot_id)
        .outerjoin(AreaUnit, AreaUnit.id == func.coalesce(QrCode.area_unit_id, CodeCheck.neighbourhood_id))
        .where(_incident_scope(actor), CodeCheck.state != CheckState.INTACT)
        .order_by(CodeCheck.handled_at.is_not(None), CodeCheck.created_at.desc())
        .limit(MOST_ROWS)
    ).all()
    return [
        Incident(
            row.CodeCheck.id,
            row.CodeCheck.state,
            _name(row.guide, row.spot, row.area),
            row.CodeCheck.place,
            row.CodeCheck.created_at,
            row.CodeCheck.handled_at,
        )
        for row in rows
    ]


def open_incidents(session: Session, actor: Actor) -> int:
    """How many incidents wait for a leader."""
    waiting = select(func.count()).where(
        _incident_scope(actor), CodeCheck.state != CheckState.INTACT, CodeCheck.handled_at.is_(None)
    )
    return session.scalar(waiting) or 0


def handle(session: Session, actor: Actor, check_id: UUID) -> None:
    """A leader has looked at an incident. Twice changes nothing. Raises NotFound."""
    may_lead(actor)
    found = session.scalars(
        select(CodeCheck).where(CodeCheck.id == check_id, _incident_scope(actor)).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    if found.handled_at is None:
        found.handled_at, found.handled_by = now(), actor.account_id
        audit.record(session, actor, "code.incident", object_kind="code_check", object_id=found.id)
        session.flush()


def last_intact(session: Session, code_token: str) -> datetime | None:
    """When a code (of a stall: the owner's code) was last found intact; None when something is wrong since."""
    row = session.execute(
        select(CodeCheck.state, CodeCheck.created_at)
        .join(QrCode, QrCode.id == CodeCheck.qr_code_id)
        .where(QrCode.token == code_token)
        .order_by(CodeCheck.created_at.desc())
        .limit(1)
    ).one_or_none()
    return row.created_at if row is not None and row.state == CheckState.INTACT else None


def _store(
    session: Session, actor: Actor, state: CheckState, *, code: QrCode | None, place: str
) -> CodeCheck:
    home = None
    if code is None:
        home = session.scalar(
            select(TeamArea.area_unit_id)
            .where(TeamArea.team_id.in_(actor.teams), TeamArea.valid_to.is_(None))
            .order_by(TeamArea.valid_from, TeamArea.area_unit_id)
            .limit(1)
        )
    made = CodeCheck(
        ward_id=actor.ward_id,
        neighbourhood_id=home,
        qr_code_id=code.id if code else None,
        account_id=actor.account_id,
        state=state,
        place=place,
    )
    session.add(made)
    session.flush()
    return made


def _placed(session: Session, scope: ColumnElement[bool]) -> list[Placed]:
    last = (
        select(CodeCheck.state, CodeCheck.created_at)
        .where(CodeCheck.qr_code_id == QrCode.id)
        .order_by(CodeCheck.created_at.desc())
        .limit(1)
        .correlate(QrCode)
        .lateral()
    )
    area = aliased(AreaUnit)
    rows = session.execute(
        select(
            QrCode,
            Spot.name.label("spot"),
            area.name.label("area"),
            last.c.state,
            last.c.created_at.label("seen_at"),
        )
        .outerjoin(Spot, Spot.id == QrCode.spot_id)
        .outerjoin(area, area.id == QrCode.area_unit_id)
        .outerjoin(last, true())
        .where(scope, QrCode.revoked_at.is_(None), QrCode.kind.in_(PLACED))
        .order_by(last.c.created_at.asc().nulls_first(), QrCode.created_at)
        .limit(MOST_ROWS)
    ).all()
    return [
        Placed(
            row.QrCode.id,
            CodeKind(row.QrCode.kind),
            row.QrCode.token,
            _name(row.QrCode.guide, row.spot, row.area),
            row.QrCode.placement,
            row.state or "",
            row.seen_at,
        )
        for row in rows
    ]


def _name(slug: str | None, spot: str | None, area: str | None) -> str:
    found = guide(slug) if slug else None
    return (found.title if found else slug) or spot or area or ""


def _round_scope(actor: Actor) -> ColumnElement[bool]:
    """The codes that a volunteer passes: of the neighbourhoods of the own teams, and the ward's guides."""
    areas = select(TeamArea.area_unit_id).where(
        TeamArea.team_id.in_(actor.teams), TeamArea.valid_to.is_(None)
    )
    return (
        (QrCode.ward_id == actor.ward_id)
        & QrCode.kind.in_(PLACED)
        & or_(
            QrCode.kind == CodeKind.GUIDE,
            QrCode.area_unit_id.in_(areas),
            QrCode.spot_id.in_(select(Spot.id).where(Spot.neighbourhood_id.in_(areas))),
        )
    )


def _incident_scope(actor: Actor) -> ColumnElement[bool]:
    mine = CodeCheck.ward_id == actor.ward_id
    if actor.ward_wide:
        return mine
    return mine & or_(
        CodeCheck.neighbourhood_id.in_(neighbourhood_ids(actor)),
        CodeCheck.qr_code_id.in_(select(QrCode.id).where(code_scope(actor))),
    )
