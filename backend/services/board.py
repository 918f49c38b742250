"""The board: how the work stands, read from sums that are kept with every change (services/tally.py).

A measure is a numerator and an eligible denominator (domain/indicators.md, section 1); what is not known is None and
never 0. A fixed number of statements, whatever the size of the ward; `recount` counts the same from raw events.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound
from backend.models import AdoptionState, AreaUnit, Campaign, Outcome, Service
from backend.services import board_people, board_sql
from backend.services.actor import Actor, neighbourhood_for, neighbourhood_ids
from backend.services.board_counts import (
    WARD_HAND,
    Board,
    DayCount,
    NeighbourhoodCount,
    ReasonCount,
    ServiceCount,
    Steps,
    Tonight,
    steps_of,
)
from backend.services.sql import run

DAYS = 14  # of the trend
FEW_PLACES = 4  # above this many neighbourhoods people are not listed one by one


def board(
    session: Session,
    actor: Actor,
    neighbourhood_id: UUID | None,
    campaign_id: UUID | None,
    service: str = "",
) -> Board:
    """The board of one neighbourhood, or of all that `actor` may see (eleven statements at most).

    A campaign narrows the services to its own; doors and visits are counted whatever drive they came from.
    `service`: the one whose people are counted place by place and volunteer by volunteer (else the first).
    Raises NotFound for a neighbourhood or campaign outside the actor's scope.
    """
    moment = now()
    places = _places(session, actor, neighbourhood_id)
    services = _services(session, actor, campaign_id)
    codes = [one.code for one in services]
    one = service if service in codes else next(iter(codes), "")
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {
        "ward": actor.ward_id,
        "places": list(places),
        "services": codes,
        "one": one,
        "ward_hand": list(WARD_HAND),
        "day": str(moment.date()),
        "since": str(moment.date() - timedelta(days=DAYS - 1)),
        "moment": moment,
        "midnight": midnight,
        "tomorrow": midnight + timedelta(days=1),
    }
    doors = run(session, board_sql.DOORS, **values)
    steps = run(session, board_sql.STEPS, **values)
    days = run(session, board_sql.DAYS, **values)
    teams = run(session, board_sql.TEAMS, **values)
    people = board_people.read(session, values, one_by_one=len(places) <= FEW_PLACES)
    residents = sum(row.people for row in doors)
    counted = _service_counts(services, steps, residents)
    return Board(
        at=moment,
        residents=residents,
        tonight=_tonight(days, str(moment.date()), sum(row.appointments for row in doors)),
        trend=_trend(days, moment.date()),
        services=counted,
        looked_at=next((each for each in counted if each.code == one), None),
        reasons=_reasons(session, services, steps),
        neighbourhoods=_neighbourhoods(places, doors, days, steps, teams, people),
        phones=people.phones,
        volunteers=people.volunteers,
    )


def steps_by_place(
    session: Session, actor: Actor, neighbourhood_id: UUID | None, campaign_id: UUID | None
) -> tuple[Board, dict[tuple[UUID, str], Steps]]:
    """The board, and the steps of each of its services (by code) in each of its neighbourhoods, where anybody has any."""
    shown = board(session, actor, neighbourhood_id, campaign_id)
    places = [one.id for one in shown.neighbourhoods]
    services = [one.code for one in shown.services]
    counts: dict[tuple[UUID, str], Counter[str]] = defaultdict(Counter)
    for row in run(session, board_sql.BY_PLACE, places=places, services=services):
        counts[row.place, row.service][row.state] += row.n
    people = {one.id: one.people for one in shown.neighbourhoods}
    return shown, {key: Steps(**steps_of(by_state, people[key[0]])) for key, by_state in counts.items()}


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


def _services(session: Session, actor: Actor, campaign_id: UUID | None) -> list[Any]:
    columns = (Service.code, Service.name_vi, Service.name_en)
    services = session.execute(select(*columns).order_by(Service.position, Service.code)).all()
    if campaign_id is None:
        return list(services)
    codes = session.scalars(
        select(Campaign.service_codes).where(Campaign.id == campaign_id, Campaign.ward_id == actor.ward_id)
    ).one_or_none()
    if codes is None:
        raise NotFound
    by_code = {service.code: service for service in services}
    return [by_code[code] for code in codes if code in by_code]


def _service_counts(services: list[Any], steps: list[Any], residents: int) -> tuple[ServiceCount, ...]:
    by_service: dict[str, Counter[str]] = defaultdict(Counter)
    for row in steps:
        if row.service is not None:
            by_service[row.service][row.state] += row.n
    return tuple(
        ServiceCount(
            **steps_of(by_service[one.code], residents),
            code=one.code,
            name_vi=one.name_vi,
            name_en=one.name_en,
        )
        for one in services
    )


def _reasons(session: Session, services: list[Any], steps: list[Any]) -> tuple[ReasonCount, ...]:
    """What people are stuck at, the most frequent first."""
    stuck = [row for row in steps if row.state == AdoptionState.BLOCKED]
    by_code = {service.code: service for service in services}
    words = {(row.service_code, row.code): row for row in run(session, board_sql.REASONS)}
    found = []
    for row in sorted(stuck, key=lambda row: (-row.n, row.service, row.reason)):
        service, reason = by_code[row.service], words.get((row.service, row.reason))
        found.append(
            ReasonCount(
                service_code=row.service,
                service_vi=service.name_vi,
                service_en=service.name_en,
                code=row.reason or None,
                name_vi=reason.name_vi if reason else "",
                name_en=reason.name_en if reason else "",
                advice_vi=reason.advice_vi if reason else "",
                people=row.n,
                ward=row.reason in WARD_HAND,
                places=row.places,
            )
        )
    return tuple(found)


def _tonight(days: list[Any], today: str, appointments: int) -> Tonight:
    by_state: Counter[str] = Counter()
    for row in days:
        if row.day == today:
            by_state[row.state] += row.n
    outcomes = {str(outcome): by_state[outcome] for outcome in Outcome if by_state[outcome]}
    return Tonight(
        visits=sum(outcomes.values()),
        doors=by_state["door"],
        outcomes=outcomes,
        appointments=appointments,
        flagged=by_state["flagged"],
    )


def _trend(days: list[Any], today: date) -> tuple[DayCount, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in days:
        if row.day is not None:
            counts[row.day][row.state] += row.n
    found = []
    for back in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        of = counts[str(day)]
        visits = sum(of[outcome] for outcome in Outcome)
        found.append(DayCount(day=day, visits=visits, doors=of["door"], helped=of[Outcome.HELPED]))
    return tuple(found)


def _neighbourhoods(
    places: dict[UUID, str],
    doors: list[Any],
    days: list[Any],
    steps: list[Any],
    teams: list[Any],
    people: board_people.People,
) -> tuple[NeighbourhoodCount, ...]:
    by_place = {row.place: row for row in doors}
    by_day = {row.place: row for row in days if row.day is None}
    names, ids = _teams(teams)
    by_step = {row.place: row for row in steps if row.service is None}
    found = []
    for place, name in places.items():
        row, day, step = by_place.get(place), by_day.get(place), by_step.get(place)
        looked_at = Counter({str(state): getattr(step, state) for state in AdoptionState} if step else {})
        count, done, untouched = (row.doors, row.done, row.untouched) if row else (0, 0, 0)
        found.append(
            NeighbourhoodCount(
                id=place,
                name=name,
                teams=tuple(names[place]),
                people=row.people if row else 0,
                doors=count,
                done=done,
                begun=count - done - untouched,
                untouched=untouched,
                on_no_walk=row.on_no_walk if row else 0,
                waiting_stubs=row.stubs if row else 0,
                visits=day.visits if day else 0,
                flagged=day.flagged if day else 0,
                stuck=step.stuck if step else 0,
                ward_stuck=step.ward_stuck if step else 0,
                steps=Steps(**steps_of(looked_at, row.people if row else 0)),
                last_visit=date.fromisoformat(day.last_day) if day and day.last_day else None,
                quiet=sum(people.quiet[team] for team in ids[place]),
                dead=sum(people.dead[team] for team in ids[place]),
            )
        )
    return tuple(found)


def _teams(rows: Iterable[Any]) -> tuple[dict[UUID, list[str]], dict[UUID, list[UUID]]]:
    """Of each place the names and the ids of the teams that serve it."""
    names: dict[UUID, list[str]] = defaultdict(list)
    ids: dict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        names[row.place].append(row.name)
        ids[row.place].append(row.team)
    return names, ids
