"""Walks on paper: a day sheet per walk. Printing is an export of addresses and birth years, and is audited as one."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.refusal import NotFound, Refusal
from backend.models import Account, Campaign, Outcome, PaperSheet, Team, Walk, WalkState
from backend.services import audit
from backend.services.actor import Actor
from backend.services.paper_rows import PaperDoor, paper_doors, service_names
from backend.services.walk_doors import doors_of_walks
from backend.services.walk_rights import may_lead, walk_scope
from backend.services.walk_rows import members
from qr.codes import PAPER, DaySheet, SheetDoor, SheetPerson, code_url, new_token

MOST_SHEETS = 60


def day_sheets(
    session: Session,
    actor: Actor,
    walk_ids: Sequence[UUID],
    day: date,
    base_url: str,
    *,
    only_open: bool = True,
) -> list[DaySheet]:
    """A sheet for each published walk, kept so that it can be typed in later; the same print gives the same sheet.

    `only_open`: leave out doors where nothing is left to do. Refuses `walk_state` (not in force),
    `walk_without_people`, `no_doors`. Raises NotFound.
    """
    may_lead(actor)
    walks = _walks(session, actor, walk_ids)
    doors = doors_of_walks(session, walks)
    names = service_names(session)
    made = []
    for walk in walks:
        held = [door.id for door in doors[walk.id] if door.load or not only_open]
        if not held:
            continue
        sheet = _sheet(session, actor, walk, day, held)
        services = session.scalar(select(Campaign.service_codes).where(Campaign.id == walk.campaign_id))
        made.append(_drawn(session, walk, sheet, paper_doors(session, held, services), names, base_url))
    if not made:
        raise Refusal("no_doors")
    audit.record(
        session,
        actor,
        "paper.export",
        object_kind="walk",
        object_id=walks[0].id if len(walks) == 1 else None,
        count=sum(sheet.doors for sheet in made),
        sheets=len(made),
    )
    return made


def walks_in_force(session: Session, actor: Actor, neighbourhood_id: UUID | None = None) -> list[UUID]:
    """The published walks in the actor's scope, in the order in which they were made."""
    where = [walk_scope(actor), Walk.state == WalkState.PUBLISHED]
    if neighbourhood_id is not None:
        where.append(Walk.neighbourhood_id == neighbourhood_id)
    return list(session.scalars(select(Walk.id).where(*where).order_by(Walk.created_at, Walk.id)))


def _walks(session: Session, actor: Actor, walk_ids: Sequence[UUID]) -> list[Walk]:
    """The walks, locked: two prints at once make one sheet."""
    found = session.scalars(
        select(Walk).where(Walk.id.in_(walk_ids), walk_scope(actor)).order_by(Walk.id).with_for_update()
    ).all()
    if not found or len(found) != len(set(walk_ids)):
        raise NotFound
    if len(found) > MOST_SHEETS:
        raise Refusal("paper_many", limit=MOST_SHEETS)
    if any(walk.state != WalkState.PUBLISHED for walk in found):
        raise Refusal("walk_state", status=409)
    place = {walk_id: number for number, walk_id in enumerate(walk_ids)}
    return sorted(found, key=lambda walk: place[walk.id])


def _sheet(session: Session, actor: Actor, walk: Walk, day: date, doors: list[UUID]) -> PaperSheet:
    same = session.scalars(
        select(PaperSheet)
        .where(PaperSheet.walk_id == walk.id, PaperSheet.day == day, PaperSheet.doors == doors)
        .limit(1)
    ).one_or_none()
    if same is not None:
        return same
    crew = members(session, [walk.id])
    if not crew:
        raise Refusal("walk_without_people", status=409, walk=walk.name)
    sheet = PaperSheet(
        ward_id=walk.ward_id,
        walk_id=walk.id,
        account_id=crew[0],
        day=day,
        token=new_token(),
        doors=doors,
        printed_by=actor.account_id,
    )
    session.add(sheet)
    session.flush()
    return sheet


def _drawn(
    session: Session,
    walk: Walk,
    sheet: PaperSheet,
    doors: Sequence[PaperDoor],
    names: dict[str, str],
    base_url: str,
) -> DaySheet:
    crew = session.scalars(
        select(Account).where(Account.id.in_([sheet.account_id, *members(session, [walk.id])]))
    ).all()
    crew = sorted(crew, key=lambda person: person.id != sheet.account_id)
    alleys = tuple(
        (alley, tuple(_drawn_door(door, names) for door in run))
        for alley, run in groupby(doors, key=lambda door: door.alley)
    )
    return DaySheet(
        walk=walk.name,
        team=session.get_one(Team, walk.team_id).name,
        who=" + ".join(person.full_name for person in crew),
        day=f"{sheet.day:%d/%m/%Y}",
        url=code_url(base_url, PAPER, sheet.token),
        token=sheet.token,
        alleys=alleys,
    )


_SAID = {Outcome.NOT_HOME: "lần trước vắng", Outcome.RESCHEDULED: "có hẹn lại"}


def _drawn_door(door: PaperDoor, names: dict[str, str]) -> SheetDoor:
    return SheetDoor(
        place=door.place,
        house=door.house,
        said=_SAID.get(Outcome(door.last_outcome), "") if door.last_outcome else "",
        people=tuple(
            SheetPerson(
                f"{person.ordinal}. ({person.birth_year})" if person.birth_year else f"{person.ordinal}.",
                tuple(names[code] for code in person.services),
            )
            for person in door.people
            if person.services
        ),
    )
