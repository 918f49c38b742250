"""Count everything derived once more from the raw events, say what differs, and repair it (sync.md, I2 and I12)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, delete, select, text, update
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.database import work
from backend.models import (
    Adoption,
    Assignment,
    Consent,
    Household,
    HouseholdView,
    ServerMeta,
    Visit,
    VisitEvent,
    WalkMember,
)
from backend.services import event_store, feed, recount_tally, tally_sums
from backend.services.actor import Actor, neighbourhood_for
from backend.services.board_counts import Board
from backend.services.derive import RULES
from backend.services.replay import Told, tell

BATCH = 500  # doors told at once: some 3,000 visits of a busy ward
AT_ONCE = 100  # doors written in one transaction: whoever pushes a visit to one of them waits for moments
FIRST = UUID(int=0)  # before every id
_LOCK = 0x2ECC
_OPEN = ("not_started", "shown", "blocked")
_DONE = ("done_with_help", "does_alone")


@dataclass(frozen=True)
class Difference:
    """One place where what is stored or shown is not what the raw events tell. Ids and counts only."""

    what: str
    where: str
    stored: object
    told: object

    def __str__(self) -> str:
        return f"{self.what} {self.where}: {self.stored} stored, {self.told} told by the events"


def differences(
    session: Session, actor: Actor, shown: Board | None = None, neighbourhood_id: UUID | None = None
) -> list[Difference]:
    """Where the tables of the actor's ward (or one neighbourhood of it) differ from the raw events.

    `shown`: a board of that neighbourhood, compared figure by figure as well.
    Raises NotFound for a neighbourhood outside the actor's scope.
    """
    only: list[UUID] | None = None
    if neighbourhood_id is not None:
        unit = neighbourhood_for(session, actor, neighbourhood_id)
        only = list(session.scalars(select(Household.id).where(Household.neighbourhood_id == unit.id)))
    told = tell(session, actor.ward_id, only)
    found = [*_doors(session, actor.ward_id, told), *_sums(session, actor.ward_id)]
    if shown is not None:
        found += _board(session, told, shown)
    return found


def in_ward(session: Session, ward_id: UUID) -> list[Difference]:
    """Where the tables of a whole ward differ from its raw events."""
    found: list[Difference] = []
    for ids in _batches(session, ward_id):
        found += _doors(session, ward_id, tell(session, ward_id, ids))
    return found + list(_sums(session, ward_id))


def check(engine: Engine) -> Iterator[Difference]:
    """The same for every ward, a batch of doors at a time, so that a large ward needs no more memory than a small one.

    Each batch is read at one moment of its own: whoever pushes meanwhile makes no difference.
    """
    reading = engine.execution_options(isolation_level="REPEATABLE READ")
    for ward_id in _wards(engine):
        after: UUID | None = FIRST
        while after is not None:
            with Session(reading) as session:
                ids = _next(session, ward_id, after)
                found = list(_doors(session, ward_id, tell(session, ward_id, ids)))
            yield from found
            after = ids[-1] if ids else None
        with Session(reading) as session:
            found = list(_sums(session, ward_id))
        yield from found


def repair(session: Session, ward_id: UUID) -> int:
    """Write anew what is derived of every door of a ward that differs, and the sums; returns how many doors."""
    mended = sum(_repair(session, ward_id, ids) for ids in _batches(session, ward_id))
    tally_sums.mend(session, ward_id)
    return mended


def mend(engine: Engine) -> int:
    """The same for every ward, each batch in a transaction of its own: a ward at work is held up for moments only."""
    mended, rules = 0, _rules()
    for ward_id in _wards(engine):
        after: UUID | None = FIRST
        while after is not None:
            with work.unit_of_work(engine) as session:
                ids = _next(session, ward_id, after, AT_ONCE)
                mended += _repair(session, ward_id, ids)
            after = ids[-1] if ids else None
        with work.unit_of_work(engine) as session:
            tally_sums.mend(session, ward_id)
    with work.unit_of_work(engine) as session:
        session.execute(update(ServerMeta).values(derived_by=rules))
    return mended


def catch_up(engine: Engine) -> int | None:
    """`mend`, where doors were last counted by other rules or in another year; None when there is nothing to do.

    After an upgrade and in January nobody has to think of it. One process at a time; what is cut off begins again.
    """
    with Session(engine) as session:
        if session.scalar(select(ServerMeta.derived_by)) == _rules():
            return None
    with engine.connect() as guard:
        mine = guard.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK})
        guard.commit()
        if not mine:
            return None
        try:
            return mend(engine)
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            guard.commit()


def _rules() -> int:
    """The rules of derive.py in this year, by which people come of age."""
    return RULES * 10_000 + today().year


def _wards(engine: Engine) -> list[UUID]:
    with Session(engine) as session:
        return list(session.scalars(select(Household.ward_id).distinct()))


def _batches(session: Session, ward_id: UUID) -> Iterator[list[UUID]]:
    after = FIRST
    while ids := _next(session, ward_id, after):
        yield ids
        after = ids[-1]


def _next(session: Session, ward_id: UUID, after: UUID, most: int | None = None) -> list[UUID]:
    following = select(Household.id).where(Household.ward_id == ward_id, Household.id > after)
    return list(session.scalars(following.order_by(Household.id).limit(most or BATCH)))


def _repair(session: Session, ward_id: UUID, ids: list[UUID]) -> int:
    """The doors of `ids` that differ, written anew; told once more when they are ours, as visits arrive meanwhile."""
    wrong = _differing(session, ward_id, tell(session, ward_id, ids))
    if not wrong:
        return 0
    held = select(Household.id).where(Household.id.in_(wrong)).order_by(Household.id)
    told = tell(session, ward_id, session.scalars(held.with_for_update(key_share=True)).all())
    if not (wrong := _differing(session, ward_id, told)):
        return 0
    for household_id in sorted(wrong):
        _write_visits(session, ward_id, household_id, told[household_id])
    session.execute(delete(Adoption).where(Adoption.household_id.in_(wrong)))
    session.execute(update(HouseholdView).where(HouseholdView.household_id.in_(wrong)).values(basis=None))
    feed.touch_households(session, wrong)
    return len(wrong)


def _differing(session: Session, ward_id: UUID, told: dict[UUID, Told]) -> set[UUID]:
    return {UUID(each.where.partition(" ")[0]) for each in _doors(session, ward_id, told)}


def _doors(session: Session, ward_id: UUID, told: dict[UUID, Told]) -> Iterator[Difference]:
    """Where the rows of these doors differ from what was told of them."""
    if not told:
        return
    states = {row.id: row.state for row in _rows(session, Household, Household.id, told)}
    visits: dict[UUID, dict[Any, Any]] = defaultdict(dict)
    for row in _rows(session, Visit, Visit.household_id, told):
        visits[row.household_id][row.event_id] = (
            row.author,
            row.outcome,
            row.est_time,
            row.results,
            row.appointment_at,
            row.effective,
        )
    steps: dict[UUID, dict[Any, Any]] = defaultdict(dict)
    for row in _rows(session, Adoption, Adoption.household_id, told):
        steps[row.household_id][row.resident_id, row.service_code] = (
            row.state,
            row.reason,
            row.changed_at,
            row.event_id,
        )
    consents: dict[UUID, dict[Any, Any]] = defaultdict(dict)
    for row in _rows(session, Consent, Consent.household_id, told):
        consents[row.household_id][row.event_id, row.purpose] = row.given
    views = {row.household_id: row for row in _rows(session, HouseholdView, HouseholdView.household_id, told)}
    stubs, walked = recount_tally.leaders_words(session, told)
    for id_, door in told.items():
        if states[id_] != door.state:
            yield Difference("household.state", str(id_), states[id_], door.state)
        raw = {
            event: (v.author, v.outcome, v.est_time, v.results, v.appointment_at, v.counts)
            for event, v in door.visits.items()
        }
        yield from _compare("visit", id_, visits[id_], raw)
        yield from _compare("adoption", id_, steps[id_], door.steps)
        yield from _compare(
            "consent",
            id_,
            consents[id_],
            {(event, purpose): given for event, purpose, given in door.consents},
        )
        yield from _compare("household_view", id_, _view(views.get(id_)), _told_view(door))
        words = recount_tally.words(door, stub=id_ in stubs, on_walk=id_ in walked)
        yield from _compare("tally", id_, recount_tally.stored(views.get(id_)), words)


def _sums(session: Session, ward_id: UUID) -> Iterator[Difference]:
    for row in tally_sums.drift(session, ward_id):
        where = f"{row.neighbourhood_id} {row.kind} {row.what} {row.state} {row.detail}".rstrip()
        yield Difference("sum", where, row.stored, row.said)


def _rows(session: Session, model: Any, door: Any, of: Collection[UUID]) -> Iterable[Any]:
    return session.execute(select(model.__table__).where(door.in_(of)))


def _compare(what: str, id_: UUID, stored: dict[Any, Any], told: dict[Any, Any]) -> Iterator[Difference]:
    for key in sorted(stored.keys() | told.keys(), key=str):
        if stored.get(key) != told.get(key):
            yield Difference(what, f"{id_} {key}", stored.get(key, "nothing"), told.get(key, "nothing"))


def _view(row: Any) -> dict[str, Any]:
    if row is None:
        return {}
    names = (
        "neighbourhood_id",
        "open_count",
        "done_count",
        "blocked_count",
        "visit_count",
        "last_outcome",
        "last_visit_at",
    )
    return {name: getattr(row, name) for name in names}


def _told_view(door: Told) -> dict[str, Any]:
    states = Counter(step[0] for step in door.steps.values())
    last = door.counted[-1][1] if door.counted else None
    return {
        "neighbourhood_id": door.neighbourhood_id,
        "open_count": sum(states[state] for state in _OPEN),
        "done_count": sum(states[state] for state in _DONE),
        "blocked_count": states["blocked"],
        "visit_count": len(door.counted),
        "last_outcome": last.outcome if last else None,
        "last_visit_at": last.est_time if last else None,
    }


def _board(session: Session, told: dict[UUID, Told], shown: Board) -> Iterator[Difference]:
    """The board's figures against the same counted from the replay."""
    codes = {service.code for service in shown.services}
    doors = {id_: door for id_, door in told.items() if door.state == "active"}
    states = Counter((key[1], step[0]) for door in told.values() for key, step in door.steps.items())
    reasons = Counter(
        (key[1], step[1])
        for door in told.values()
        for key, step in door.steps.items()
        if step[0] == "blocked" and key[1] in codes
    )
    residents = sum(door.residents for door in doors.values())
    yield from _figures("board", {"residents": (shown.residents, residents)})
    for service in shown.services:
        of = {state: states[service.code, state] for state in (*_OPEN, *_DONE, "keeps_old_way", "unknown")}
        eligible = sum(of.values()) - of["unknown"]
        yield from _figures(
            f"board {service.code}",
            {
                "eligible": (service.eligible, eligible),
                "done": (service.done, of["done_with_help"] + of["does_alone"]),
                "keeps": (service.keeps, of["keeps_old_way"]),
                "shown": (service.shown, of["shown"]),
                "not_started": (service.not_started, of["not_started"]),
                "stuck": (service.stuck, of["blocked"]),
                "unknown": (service.unknown, of["unknown"]),
                "not_eligible": (service.not_eligible, residents - eligible - of["unknown"]),
            },
        )
    on_board = Counter({(each.service_code, each.code): each.people for each in shown.reasons})
    for key in on_board.keys() | reasons.keys():
        yield from _figures(f"board reason {key}", {"people": (on_board[key], reasons[key])})
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    tonight = [
        (id_, visit) for id_, door in told.items() for _, visit in door.counted if visit.est_time >= midnight
    ]
    yield from _figures(
        "board tonight",
        {
            "visits": (shown.tonight.visits, len(tonight)),
            "doors": (shown.tonight.doors, len({id_ for id_, _ in tonight})),
            "outcomes": (shown.tonight.outcomes, dict(Counter(visit.outcome for _, visit in tonight))),
        },
    )
    for place in shown.neighbourhoods:
        inside = {id_: door for id_, door in doors.items() if door.neighbourhood_id == place.id}
        untouched = sum(not door.counted for door in inside.values())
        done = sum(_finished(door, codes) for door in inside.values())
        yield from _figures(
            f"board {place.id}",
            {
                "doors": (place.doors, len(inside)),
                "done": (place.done, done),
                "untouched": (place.untouched, untouched),
                "begun": (place.begun, len(inside) - done - untouched),
            },
        )
    yield from _volunteers(session, doors, tonight, codes, shown)


def _volunteers(
    session: Session, doors: dict[UUID, Told], tonight: list[Any], codes: Collection[str], shown: Board
) -> Iterator[Difference]:
    knocks = Counter(visit.author for _, visit in tonight)
    rows = session.execute(
        select(WalkMember.account_id, Assignment.household_id)
        .join(Assignment, Assignment.walk_id == WalkMember.walk_id)
        .where(
            WalkMember.ended_at.is_(None), Assignment.started_at.is_not(None), Assignment.ended_at.is_(None)
        )
    )
    theirs: dict[UUID, list[Told]] = defaultdict(list)
    for account, household in rows:
        if household in doors:
            theirs[account].append(doors[household])
    for volunteer in shown.volunteers or ():
        mine = theirs[volunteer.account_id]
        yield from _figures(
            f"board {volunteer.account_id}",
            {
                "doors": (volunteer.doors, len(mine)),
                "done": (volunteer.done, sum(_finished(door, codes) for door in mine)),
                "visits": (volunteer.visits, knocks[volunteer.account_id]),
            },
        )


def _finished(door: Told, codes: Collection[str]) -> bool:
    """As the board calls a door finished: closed by its last visit, or visited with nothing left open."""
    if not door.counted:
        return False
    if door.counted[-1][1].outcome in ("refused", "no_need"):
        return True
    return not any(step[0] in _OPEN for key, step in door.steps.items() if key[1] in codes)


def _figures(where: str, figures: dict[str, tuple[Any, Any]]) -> Iterator[Difference]:
    for name, (stored, told) in figures.items():
        if stored != told:
            yield Difference(name, where, stored, told)


def _write_visits(session: Session, ward_id: UUID, household_id: UUID, door: Told) -> None:
    """The visits and consents of one door anew, from its cores."""
    session.execute(delete(Visit).where(Visit.household_id == household_id))
    session.execute(delete(Consent).where(Consent.household_id == household_id))
    events = session.scalars(
        select(VisitEvent).where(VisitEvent.household_link == household_id, VisitEvent.core_enc.is_not(None))
    )
    for event in events:
        if event.id in door.visits or any(event.id == each[0] for each in door.consents):
            event_store.write_again(session, ward_id, event)
