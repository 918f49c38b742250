"""The board: how the work stands, counted from the rows that every event rewrites (household_view, adoption, visit).

A measure is a numerator and an eligible denominator (domain/indicators.md, section 1); what is not known is None and
never 0. A fixed number of statements, whatever the size of the ward; `recount` counts the same from raw events.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound
from backend.models import (
    DONE,
    Account,
    AdoptionState,
    AreaUnit,
    Campaign,
    FailureReason,
    Membership,
    Outcome,
    Service,
    TeamArea,
)
from backend.services import board_sql
from backend.services.actor import Actor, neighbourhood_for, neighbourhood_ids
from backend.services.board_counts import (
    Board,
    NeighbourhoodCount,
    ReasonCount,
    ServiceCount,
    Tonight,
    VolunteerCount,
)
from backend.text.vietnamese import name_key

QUIET_AFTER = timedelta(days=2)  # a phone in use that has not been heard of for so long "has gone quiet"


def board(session: Session, actor: Actor, neighbourhood_id: UUID | None, campaign_id: UUID | None) -> Board:
    """The board of one neighbourhood, or of all that `actor` may see.

    A campaign narrows the services to its own; doors and visits are counted whatever drive they came from.
    Raises NotFound for a neighbourhood or campaign outside the actor's scope.
    """
    moment = now()
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    places = _places(session, actor, neighbourhood_id)
    services = _services(session, actor, campaign_id)
    values: dict[str, Any] = {
        "ward": actor.ward_id,
        "places": list(places),
        "services": [service.code for service in services],
        "since": midnight,
        "until": midnight + timedelta(days=1),
    }

    def rows(statement: TextClause) -> list[Any]:
        return list(session.execute(statement, values).all())

    steps, visits, doors = rows(board_sql.ADOPTION), rows(board_sql.VISITS), rows(board_sql.DOORS)
    residents = int(session.execute(board_sql.RESIDENTS, values).scalar_one())
    return Board(
        at=moment,
        residents=residents,
        tonight=_tonight(visits, int(session.execute(board_sql.APPOINTMENTS, values).scalar_one())),
        services=tuple(_service(service, steps, residents) for service in services),
        reasons=_reasons(session, services, steps),
        neighbourhoods=_neighbourhoods(places, doors, visits, steps),
        volunteers=_volunteers(
            _members(session, list(places)),
            rows(board_sql.VOLUNTEERS),
            visits,
            rows(board_sql.PHONES),
            moment,
        ),
    )


def _places(session: Session, actor: Actor, neighbourhood_id: UUID | None) -> dict[UUID, str]:
    if neighbourhood_id is not None:
        unit = neighbourhood_for(session, actor, neighbourhood_id)
        return {unit.id: unit.name}
    units = session.execute(
        select(AreaUnit.id, AreaUnit.name)
        .where(AreaUnit.id.in_(neighbourhood_ids(actor)))
        .order_by(AreaUnit.sort_key, AreaUnit.code)
    )
    return {row.id: row.name for row in units}


def _services(session: Session, actor: Actor, campaign_id: UUID | None) -> list[Service]:
    services = list(session.scalars(select(Service).order_by(Service.position, Service.code)))
    if campaign_id is None:
        return services
    codes = session.scalars(
        select(Campaign.service_codes).where(Campaign.id == campaign_id, Campaign.ward_id == actor.ward_id)
    ).one_or_none()
    if codes is None:
        raise NotFound
    by_code = {service.code: service for service in services}
    return [by_code[code] for code in codes if code in by_code]


def _service(service: Service, steps: list[Any], residents: int) -> ServiceCount:
    by_state: Counter[str] = Counter()
    for row in steps:
        if row.service == service.code:
            by_state[row.state] += row.n
    unknown = by_state[AdoptionState.UNKNOWN]
    return ServiceCount(
        code=service.code,
        name_vi=service.name_vi,
        name_en=service.name_en,
        eligible=by_state.total() - unknown,
        done=sum(by_state[state] for state in DONE),
        keeps=by_state[AdoptionState.KEEPS_OLD_WAY],
        shown=by_state[AdoptionState.SHOWN],
        not_started=by_state[AdoptionState.NOT_STARTED],
        stuck=by_state[AdoptionState.BLOCKED],
        unknown=unknown,
        not_eligible=residents - by_state.total(),
    )


def _reasons(session: Session, services: list[Service], steps: list[Any]) -> tuple[ReasonCount, ...]:
    """What people are stuck at, the most frequent first."""
    people: Counter[tuple[str, str | None]] = Counter()
    for row in steps:
        if row.state == AdoptionState.BLOCKED:
            people[row.service, row.reason] += row.n
    by_code = {service.code: service for service in services}
    words = {
        (reason.service_code, reason.code): reason for reason in session.scalars(select(FailureReason)).all()
    }
    found = []
    for (service_code, code), n in sorted(people.items(), key=lambda item: (-item[1], item[0][0])):
        service, reason = by_code[service_code], words.get((service_code, code or ""))
        found.append(
            ReasonCount(
                service_code=service_code,
                service_vi=service.name_vi,
                service_en=service.name_en,
                code=code,
                name_vi=reason.name_vi if reason else "",
                name_en=reason.name_en if reason else "",
                advice_vi=reason.advice_vi if reason else "",
                people=n,
            )
        )
    return tuple(found)


def _tonight(visits: list[Any], appointments: int) -> Tonight:
    outcomes: Counter[str] = Counter()
    doors: set[UUID] = set()
    for row in visits:
        outcomes[row.outcome] += row.n
        doors.update(row.doors)
    return Tonight(
        visits=outcomes.total(),
        doors=len(doors),
        outcomes={outcome: outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
        appointments=appointments,
        flagged=sum(row.flagged for row in visits),
    )


def _neighbourhoods(
    places: dict[UUID, str], doors: list[Any], visits: list[Any], steps: list[Any]
) -> tuple[NeighbourhoodCount, ...]:
    by_place = {row.place: row for row in doors}
    knocks: Counter[UUID] = Counter()
    for row in visits:
        knocks[row.place] += row.n
    stuck: Counter[UUID] = Counter()
    for row in steps:
        if row.state == AdoptionState.BLOCKED:
            stuck[row.place] += row.n
    found = []
    for place, name in places.items():
        row = by_place.get(place)
        count, done, untouched = (row.doors, row.done, row.untouched) if row else (0, 0, 0)
        found.append(
            NeighbourhoodCount(
                id=place,
                name=name,
                doors=count,
                done=done,
                begun=count - done - untouched,
                untouched=untouched,
                on_no_walk=row.on_no_walk if row else 0,
                waiting_stubs=row.stubs if row else 0,
                visits=knocks[place],
                stuck=stuck[place],
            )
        )
    return tuple(found)


def _members(session: Session, places: list[UUID]) -> list[Any]:
    """Account id and name of everybody who belongs to a team of these neighbourhoods now."""
    moment = now()
    return list(
        session.execute(
            select(Account.id, Account.full_name)
            .where(
                Account.disabled_at.is_(None),
                Account.id.in_(
                    select(Membership.account_id)
                    .join(TeamArea, TeamArea.team_id == Membership.team_id)
                    .where(
                        TeamArea.area_unit_id.in_(places),
                        TeamArea.valid_to.is_(None),
                        Membership.valid_from <= moment,
                        (Membership.valid_to.is_(None)) | (Membership.valid_to > moment),
                    )
                ),
            )
            .order_by(Account.id)
        )
    )


def _volunteers(
    members: list[Any], doors: list[Any], visits: list[Any], phones: list[Any], moment: datetime
) -> tuple[VolunteerCount, ...]:
    """By the last word of the name: no ranking of people."""
    by_doors = {row.account: row for row in doors}
    by_phone = {row.account: row for row in phones}
    knocks: Counter[UUID] = Counter()
    for row in visits:
        knocks[row.author] += row.n
    found = []
    for member in sorted(members, key=lambda row: name_key(row.full_name)):
        work, phone = by_doors.get(member.id), by_phone.get(member.id)
        if work is None and phone is None and not knocks[member.id]:
            continue  # a leader at the desk
        seen = phone.seen if phone else None
        found.append(
            VolunteerCount(
                account_id=member.id,
                name=member.full_name,
                doors=work.doors if work else 0,
                done=work.done if work else 0,
                begun=work.doors - work.done - work.untouched if work else 0,
                visits=knocks[member.id],
                phones=phone.phones if phone else 0,
                last_contact=seen,
                waiting=int(phone.waiting) if phone else 0,
                dead=int(phone.dead) if phone else 0,
                quiet=bool(work and (seen is None or moment - seen > QUIET_AFTER)),
            )
        )
    return tuple(found)
