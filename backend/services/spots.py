"""Places with codes: support points, wifi, relics, stalls, surveys; who is on duty there, and who walked in.

Everything of a spot is public: it is what its page says. Numbers of walk-ins never enter a measure (decision 0095).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.ids import uuid7
from backend.core.refusal import NotFound, Refusal
from backend.models import (
    Account,
    AnswerCount,
    AreaUnit,
    QrCode,
    Spot,
    SpotDuty,
    SpotKind,
    WalkIn,
)
from backend.services import audit, codes
from backend.services.actor import Actor, neighbourhood_for, neighbourhood_ids
from backend.services.offers import offered
from backend.services.walk_rights import may_lead
from backend.text.idnumbers import screen
from backend.text.vietnamese import nfc

EQUIPMENT = ("computer", "printer", "scanner", "screen", "wifi", "phone")
MOST_ANSWERS = 5
MOST_PEOPLE = 500


@dataclass(frozen=True)
class SpotIn:
    """What the form of a spot says. `hours`: weekday (0 is Monday) to from and to."""

    kind: SpotKind
    name: str
    address: str = ""
    about: str = ""
    hours: Mapping[int, tuple[time, time]] = field(default_factory=dict)
    equipment: Sequence[str] = ()
    ssid: str = ""
    wifi_password: str = ""
    question: str = ""
    answers: Sequence[str] = ()


def list_spots(
    session: Session, actor: Actor, *, neighbourhood_id: UUID | None = None
) -> list[tuple[Spot, str, str]]:
    """The spots of the actor's neighbourhoods with the names of these and the tokens of their live codes."""
    where = [Spot.ward_id == actor.ward_id, Spot.neighbourhood_id.in_(neighbourhood_ids(actor))]
    if neighbourhood_id is not None:
        where.append(Spot.neighbourhood_id == neighbourhood_id)
    rows = session.execute(
        select(Spot, AreaUnit.name, func.max(QrCode.token))
        .join(AreaUnit, AreaUnit.id == Spot.neighbourhood_id)
        .outerjoin(QrCode, (QrCode.spot_id == Spot.id) & QrCode.revoked_at.is_(None))
        .where(*where)
        .group_by(Spot.id, AreaUnit.id)
        .order_by(Spot.closed_at.is_not(None), Spot.kind, Spot.name)
        .limit(300)
    )
    return [(row[0], row[1], row[2] or "") for row in rows]


def spot_for(session: Session, actor: Actor, spot_id: UUID) -> Spot:
    """One spot of the actor's neighbourhoods. Raises NotFound."""
    found = session.scalars(
        select(Spot).where(
            Spot.id == spot_id,
            Spot.ward_id == actor.ward_id,
            Spot.neighbourhood_id.in_(neighbourhood_ids(actor)),
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def add(session: Session, actor: Actor, neighbourhood_id: UUID, told: SpotIn) -> tuple[Spot, QrCode]:
    """A new spot with its code. Raises NotFound outside the scope, bad_form with the fields that are not right."""
    may_lead(actor)
    area = neighbourhood_for(session, actor, neighbourhood_id)
    spot = Spot(ward_id=actor.ward_id, neighbourhood_id=area.id)
    _write(spot, told)
    session.add(spot)
    session.flush()
    audit.record(session, actor, "spot.add", object_kind="spot", object_id=spot.id, kind=spot.kind)
    return spot, codes.code_for_spot(session, actor, spot)


def edit(session: Session, actor: Actor, spot_id: UUID, told: SpotIn) -> Spot:
    """Put a spot right; its code stays."""
    may_lead(actor)
    spot = spot_for(session, actor, spot_id)
    _write(spot, told)
    audit.record(session, actor, "spot.edit", object_kind="spot", object_id=spot.id)
    session.flush()
    return spot


def close(session: Session, actor: Actor, spot_id: UUID) -> Spot:
    """Close a spot and revoke its code: whoever scans it reads that it is over."""
    may_lead(actor)
    spot = spot_for(session, actor, spot_id)
    if spot.closed_at is None:
        spot.closed_at = now()
        for code in session.scalars(
            select(QrCode).where(QrCode.spot_id == spot.id, QrCode.revoked_at.is_(None))
        ):
            codes.revoke(session, actor, code.id)
        audit.record(session, actor, "spot.close", object_kind="spot", object_id=spot.id)
        session.flush()
    return spot


def put_on_duty(
    session: Session, actor: Actor, spot_id: UUID, account_id: UUID, day: date, starts: time, ends: time
) -> None:
    """Name somebody of the actor's people for a day at a support point; twice is once."""
    may_lead(actor)
    spot = spot_for(session, actor, spot_id)
    if account_id not in set(session.scalars(codes.led_accounts(actor))):
        raise NotFound
    if ends <= starts:
        raise Refusal("bad_form", fields={"den": "spot_hours"})
    if day < today():
        raise Refusal("bad_form", fields={"ngay": "help_past"})
    row = {"account_id": account_id, "day": day, "starts": starts, "ends": ends}
    session.execute(
        insert(SpotDuty)
        .values(id=uuid7(), ward_id=spot.ward_id, spot_id=spot.id, **row)
        .on_conflict_do_nothing()
    )
    audit.record(session, actor, "spot.duty", object_kind="spot", object_id=spot.id)


def duties(session: Session, spot_id: UUID) -> list[tuple[SpotDuty, str]]:
    """Who is on duty from today on, with their names."""
    rows = session.execute(
        select(SpotDuty, Account.full_name)
        .join(Account, Account.id == SpotDuty.account_id)
        .where(SpotDuty.spot_id == spot_id, SpotDuty.day >= today())
        .order_by(SpotDuty.day, SpotDuty.starts)
        .limit(60)
    )
    return [(row[0], row[1]) for row in rows]


def duty_today(session: Session, spot_id: UUID) -> tuple[time, time] | None:
    """From when to when somebody is at a support point today; nobody's name."""
    rows = session.execute(
        select(SpotDuty.starts, SpotDuty.ends).where(SpotDuty.spot_id == spot_id, SpotDuty.day == today())
    ).all()
    return (min(row.starts for row in rows), max(row.ends for row in rows)) if rows else None


def count_walk_ins(
    session: Session, actor: Actor, spot_id: UUID, day: date, people: Mapping[str, int]
) -> None:
    """Set how many people were helped on a day, per service; 0 takes a number back. Setting twice is not adding."""
    may_lead(actor)
    spot = spot_for(session, actor, spot_id)
    if not today() - timedelta(days=31) <= day <= today():
        raise Refusal("bad_form", fields={"ngay": "spot_day"})
    known = {offer.code for offer in offered(session).offers}
    if not set(people) <= known or any(not 0 <= n <= MOST_PEOPLE for n in people.values()):
        raise Refusal("bad_form", fields={"so": "bad_count"})
    rows = [
        {"spot_id": spot.id, "day": day, "service_code": code, "ward_id": spot.ward_id, "n": n}
        for code, n in people.items()
    ]
    if rows:
        statement = insert(WalkIn)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["spot_id", "day", "service_code"], set_={"n": statement.excluded.n}
            ),
            rows,
        )
    audit.record(
        session, actor, "spot.walk_ins", object_kind="spot", object_id=spot.id, count=sum(people.values())
    )


def walk_ins(session: Session, spot_id: UUID, *, days: int = 31) -> dict[str, int]:
    """People helped per service in the last days."""
    rows = session.execute(
        select(WalkIn.service_code, func.sum(WalkIn.n))
        .where(WalkIn.spot_id == spot_id, WalkIn.day > today() - timedelta(days=days))
        .group_by(WalkIn.service_code)
    )
    return {row[0]: int(row[1]) for row in rows}


def walk_ins_of(session: Session, spot_id: UUID, day: date) -> dict[str, int]:
    """What was set for one day."""
    rows = session.execute(
        select(WalkIn.service_code, WalkIn.n).where(WalkIn.spot_id == spot_id, WalkIn.day == day)
    )
    return {row[0]: row[1] for row in rows}


def answer_survey(session: Session, spot: Spot, answer: int) -> None:
    """Add one anonymous answer to a survey."""
    if not 0 <= answer < len(spot.answers):
        raise Refusal("bad_form", fields={"dap": "help_choose"})
    statement = insert(AnswerCount).values(
        spot_id=spot.id, day=today(), answer=answer, ward_id=spot.ward_id, n=1
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["spot_id", "day", "answer"], set_={"n": AnswerCount.n + 1}
        )
    )


def answers_of(session: Session, spot: Spot) -> list[tuple[str, int]]:
    """Each answer of a survey with how often it was given."""
    rows = session.execute(
        select(AnswerCount.answer, func.sum(AnswerCount.n))
        .where(AnswerCount.spot_id == spot.id)
        .group_by(AnswerCount.answer)
    )
    counted = {row[0]: int(row[1]) for row in rows}
    return [(words, counted.get(place, 0)) for place, words in enumerate(spot.answers)]


def _write(spot: Spot, told: SpotIn) -> None:
    wrong: dict[str, str] = {}
    if not nfc(told.name):
        wrong["ten"] = "needed"
    for name, text in (
        ("ten", told.name),
        ("dia_chi", told.address),
        ("gioi_thieu", told.about),
        ("hoi", told.question),
    ):
        if screen(text)[1]:
            wrong[name] = "no_id_numbers"
    if any(ends <= starts for starts, ends in told.hours.values()):
        wrong["gio"] = "spot_hours"
    if told.kind == SpotKind.WIFI and not told.ssid.strip():
        wrong["ssid"] = "needed"
    answers = [nfc(one) for one in told.answers if nfc(one)]
    if told.kind is SpotKind.SURVEY:
        if not nfc(told.question):
            wrong["hoi"] = "needed"
        if not 2 <= len(answers) <= MOST_ANSWERS:
            wrong["dap"] = "spot_answers"
        if spot.kind and list(spot.answers) != answers:
            wrong["dap"] = "spot_answers_fixed"
    if wrong:
        raise Refusal("bad_form", fields=wrong)
    spot.kind, spot.name, spot.address = told.kind, nfc(told.name), nfc(told.address)
    spot.about, spot.question, spot.answers = told.about.strip(), nfc(told.question), answers
    spot.hours = {
        str(day): [f"{starts:%H:%M}", f"{ends:%H:%M}"] for day, (starts, ends) in sorted(told.hours.items())
    }
    spot.equipment = [one for one in EQUIPMENT if one in told.equipment]
    spot.ssid, spot.wifi_password = told.ssid.strip(), told.wifi_password


def open_hours(spot: Spot) -> list[tuple[int, str, str]]:
    """(weekday, from, to) of each day on which a spot is open."""
    found: list[tuple[int, str, str]] = []
    hours: dict[str, Any] = spot.hours or {}
    for day in range(7):
        if str(day) in hours:
            starts, ends = hours[str(day)]
            found.append((day, starts, ends))
    return found
