"""The visit code of a team's evenings: announced beforehand, said at the door, checked by phone or on any device.

The code is no secret once it is announced; what it proves is that the visit was. A stranger who guesses needs a code of
this very evening: five teams make five in a million (decision 0074).
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import local, now, today
from backend.core.ids import uuid7
from backend.core.refusal import NotFound, Refusal
from backend.models import AreaUnit, Team, TeamArea, VisitCode
from backend.services import audit
from backend.services.actor import Actor

MOST_DAYS = 31  # an announcement that is older than a month is forgotten
KEPT_DAYS = 30  # how long the list shows what is over
AHEAD_DAYS = 14  # how far ahead a phone holds its teams' codes
_TRIES = 50
# What people try first.
_PLAIN = frozenset({*(str(digit) * 6 for digit in range(10)), "123456", "654321", "012345", "543210"})


@dataclass(frozen=True)
class Announced:
    """One visit code with what an announcement says; `live`: not taken back and not over."""

    id: UUID
    code: str
    team: str
    areas: tuple[str, ...]
    ward: str
    phone: str
    starts_on: date
    ends_on: date
    opens: time
    closes: time
    revoked: bool

    @property
    def live(self) -> bool:
        return not self.revoked and self.ends_on >= today()

    @property
    def spoken(self) -> str:
        """482903 as 482 903."""
        return f"{self.code[:3]} {self.code[3:]}"


def teams(session: Session, actor: Actor) -> list[tuple[UUID, str]]:
    """The teams for which the actor may announce."""
    rows = session.execute(select(Team.id, Team.name).where(_team_scope(actor)).order_by(Team.name, Team.id))
    return [(row.id, row.name) for row in rows]


def announce(
    session: Session,
    actor: Actor,
    team_id: UUID,
    *,
    starts_on: date,
    ends_on: date,
    opens: time,
    closes: time,
) -> UUID:
    """A new code for a team's evenings. Raises NotFound for a foreign team; refuses visit_code_days, visit_code_hours."""
    if session.scalar(select(Team.id).where(Team.id == team_id, _team_scope(actor))) is None:
        raise NotFound
    if not today() <= starts_on <= ends_on < starts_on + timedelta(days=MOST_DAYS):
        raise Refusal("visit_code_days", fields={"ends_on": "visit_code_days"}, days=MOST_DAYS)
    if opens >= closes:
        raise Refusal("visit_code_hours", fields={"closes": "visit_code_hours"})
    for _attempt in range(_TRIES):
        made: UUID | None = session.scalar(
            insert(VisitCode)
            .values(
                id=uuid7(),
                ward_id=actor.ward_id,
                team_id=team_id,
                code=_new_code(),
                starts_on=starts_on,
                ends_on=ends_on,
                opens=opens,
                closes=closes,
                created_by=actor.account_id,
                created_at=now(),
            )
            .on_conflict_do_nothing(index_elements=[VisitCode.code])
            .returning(VisitCode.id)
        )
        if made is not None:
            audit.record(session, actor, "visit_code.announce", object_kind="visit_code", object_id=made)
            return made
    raise Refusal("unexpected", status=503)


def announced(session: Session, actor: Actor) -> list[Announced]:
    """The codes of the actor's teams that are to come, in force, or over for less than a month; newest first."""
    query = _query().where(_scope(actor), VisitCode.ends_on >= today() - timedelta(days=KEPT_DAYS))
    return _read(session, query.order_by(VisitCode.starts_on.desc(), VisitCode.created_at.desc()))


def one(session: Session, actor: Actor, visit_code_id: UUID) -> Announced:
    """One of the actor's teams' codes. Raises NotFound."""
    found = _read(session, _query().where(_scope(actor), VisitCode.id == visit_code_id))
    if not found:
        raise NotFound
    return found[0]


def take_back(session: Session, actor: Actor, visit_code_id: UUID) -> None:
    """End a code at once, for an evening that is called off or a code in wrong hands. Twice changes nothing."""
    row = session.scalars(
        select(VisitCode).where(VisitCode.id == visit_code_id, _scope(actor)).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound
    if row.revoked_at is None:
        row.revoked_at = now()
        audit.record(session, actor, "visit_code.take_back", object_kind="visit_code", object_id=row.id)
        session.flush()


def check(session: Session, typed: str, *, at: datetime | None = None) -> Announced | None:
    """What a resident learns of a code: its team and hours when it is one of today, else nothing.

    Raises Refusal visit_code_shape for what is no code of six digits.
    """
    digits = "".join(char for char in typed if char not in " .-\u00a0")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        raise Refusal("visit_code_shape")
    day = local(at or now()).date()
    found = _read(
        session,
        _query().where(
            VisitCode.code == digits,
            VisitCode.revoked_at.is_(None),
            VisitCode.starts_on <= day,
            VisitCode.ends_on >= day,
        ),
    )
    return found[0] if found else None


def for_phone(session: Session, actor: Actor) -> list[dict[str, str]]:
    """The codes that the actor's teams have announced from today on, for the badge screen without a network."""
    day = today()
    query = _query().where(
        VisitCode.ward_id == actor.ward_id,
        VisitCode.team_id.in_(actor.teams),
        VisitCode.revoked_at.is_(None),
        VisitCode.ends_on >= day,
        VisitCode.starts_on <= day + timedelta(days=AHEAD_DAYS),
    )
    return [
        {
            "code": found.code,
            "team": found.team,
            "starts_on": found.starts_on.isoformat(),
            "ends_on": found.ends_on.isoformat(),
            "opens": f"{found.opens:%H:%M}",
            "closes": f"{found.closes:%H:%M}",
        }
        for found in _read(session, query.order_by(VisitCode.starts_on, VisitCode.code))
    ]


def _new_code() -> str:
    while (code := f"{secrets.randbelow(1_000_000):06d}") in _PLAIN:
        pass
    return code


def _team_scope(actor: Actor) -> ColumnElement[bool]:
    own = Team.ward_id == actor.ward_id
    return own if actor.ward_wide else own & Team.id.in_(actor.leads)


def _scope(actor: Actor) -> ColumnElement[bool]:
    own = VisitCode.ward_id == actor.ward_id
    return own if actor.ward_wide else own & VisitCode.team_id.in_(actor.leads)


def _query() -> Select[VisitCode, str, str, str, list[str] | None]:
    areas = (
        select(func.array_agg(AreaUnit.name))
        .join(TeamArea, TeamArea.area_unit_id == AreaUnit.id)
        .where(TeamArea.team_id == VisitCode.team_id, TeamArea.valid_to.is_(None))
        .correlate(VisitCode)
        .scalar_subquery()
    )
    ward = (
        select(AreaUnit.name).where(AreaUnit.id == VisitCode.ward_id).correlate(VisitCode).scalar_subquery()
    )
    return select(
        VisitCode, Team.name.label("team"), Team.contact_phone, ward.label("ward"), areas.label("areas")
    ).join(Team, Team.id == VisitCode.team_id)


def _read(session: Session, query: Select[VisitCode, str, str, str, list[str] | None]) -> list[Announced]:
    return [
        Announced(
            id=row.VisitCode.id,
            code=row.VisitCode.code,
            team=row.team,
            areas=tuple(sorted(row.areas or ())),
            ward=row.ward,
            phone=row.contact_phone,
            starts_on=row.VisitCode.starts_on,
            ends_on=row.VisitCode.ends_on,
            opens=row.VisitCode.opens,
            closes=row.VisitCode.closes,
            revoked=row.VisitCode.revoked_at is not None,
        )
        for row in session.execute(query)
    ]
