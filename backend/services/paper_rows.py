"""Who lives behind the doors of a day sheet and what is still to be done there: numbers and birth years, no names."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.models import (
    OPEN,
    Adoption,
    AreaUnit,
    FailureReason,
    Household,
    HouseholdView,
    Resident,
    ResidentState,
    Service,
)
from backend.services.walk_doors import array_of
from backend.text.addresses import parse


@dataclass(frozen=True)
class PaperPerson:
    """One resident as a sheet names them; `services`: codes of what is open, in the services' order."""

    id: UUID
    ordinal: int
    birth_year: int | None
    services: tuple[str, ...]


@dataclass(frozen=True)
class PaperDoor:
    """One door of a sheet; `place`: its number there, from 1. `not_home`: visits without anybody at home, in a row."""

    place: int
    id: UUID
    house: str
    alley: str
    people: tuple[PaperPerson, ...]
    last_outcome: str | None


def paper_doors(
    session: Session, household_ids: Sequence[UUID], services: Sequence[str] | None
) -> list[PaperDoor]:
    """These doors in their order, with the people and what of `services` (None: all) is open; two statements."""
    rows = {
        row.id: row
        for row in session.execute(
            select(Household.id, Household.address, Household.code, AreaUnit.name, HouseholdView.last_outcome)
            .outerjoin(AreaUnit, AreaUnit.id == Household.alley_id)
            .outerjoin(HouseholdView, HouseholdView.household_id == Household.id)
            .where(Household.id == func.any(array_of(household_ids)))
        )
    }
    people = _people(session, household_ids, services)
    found = []
    for place, id_ in enumerate(household_ids, start=1):
        row = rows.get(id_)
        if row is None:  # taken out of the ward since: the sheet keeps its numbers
            found.append(PaperDoor(place, id_, "", "", (), None))
            continue
        house = parse(row.address).house or row.address or row.code
        found.append(PaperDoor(place, id_, house, row.name or "", tuple(people[id_]), row.last_outcome))
    return found


def service_names(session: Session) -> dict[str, str]:
    """The short name of every service, in their order."""
    rows = session.execute(select(Service.code, Service.short_vi).order_by(Service.position, Service.code))
    return {row.code: row.short_vi for row in rows}


def reasons(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Why each service may be stuck: (code, Vietnamese name) in the order by whose number people write them."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in session.scalars(select(FailureReason).order_by(FailureReason.position, FailureReason.code)):
        found[row.service_code].append((row.code, row.name_vi))
    return found


def _people(
    session: Session, household_ids: Sequence[UUID], services: Sequence[str] | None
) -> dict[UUID, list[PaperPerson]]:
    wanted = [Adoption.state.in_(OPEN)]
    if services is not None:
        wanted.append(Adoption.service_code.in_(services))
    rows = session.execute(
        select(
            Resident.household_id,
            Resident.id,
            Resident.ordinal,
            Resident.birth_year,
            func.array_agg(Adoption.service_code).filter(Adoption.service_code.is_not(None)).label("open"),
        )
        .outerjoin(Adoption, (Adoption.resident_id == Resident.id) & wanted[0] & (wanted[-1]))
        .where(
            Resident.household_id == func.any(array_of(household_ids)),
            Resident.state == ResidentState.ACTIVE,
        )
        .group_by(Resident.id)
        .order_by(Resident.household_id, Resident.ordinal)
    )
    order = list(service_names(session))
    people: dict[UUID, list[PaperPerson]] = defaultdict(list)
    for row in rows:
        codes = tuple(sorted(row.open or (), key=order.index))
        people[row.household_id].append(PaperPerson(row.id, row.ordinal, row.birth_year, codes))
    return people
