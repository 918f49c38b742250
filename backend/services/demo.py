"""A demo ward at work: clearly marked, made up, the same for the same seed (ids and days apart).

Everything happens in the caller's one transaction: it is there whole or not at all. A second demo takes another
free ward.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from secrets import token_bytes
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.refusal import Refusal
from backend.models import (
    OPEN,
    Account,
    Adoption,
    AdoptionState,
    AreaUnit,
    Assignment,
    Campaign,
    Device,
    EventKind,
    FailureReason,
    Outcome,
    QrCode,
    Resident,
    Role,
    Target,
    Walk,
    WalkMember,
)
from backend.services import (
    codes,
    demo_people,
    demo_visits,
    demo_ward,
    event_core,
    events,
    feed,
    guides,
    walks,
    walks_live,
)
from backend.services.actor import Actor, load_actor
from backend.services.demo_ward import MARK, Login
from backend.services.event_core import Item
from backend.services.walk_doors import Choice

SERVICES = ("eid_level_2", "ehealth_book", "welfare_account", "cashless", "merchant_qr")
EVENINGS = 10
_SMALL = 60
_OLD = 60
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """`households` in the main neighbourhood (two more have 60 each), `volunteers` in its team."""

    households: int = 1300
    volunteers: int = 12
    seed: int = 1


@dataclass(frozen=True)
class Demo:
    """What was made. `volunteers`: account id and name; `guide_codes`: tokens."""

    ward_id: UUID
    ward: str
    neighbourhood: str
    campaign: str
    leader: Login
    officer: Login
    volunteers: tuple[tuple[UUID, str], ...]
    visits: int


def make(session: Session, size: Size, say: Progress = lambda _line: None) -> Demo:
    """Make a demo ward: places, people, doors, walks handed out, and half of the doors visited in ten evenings.

    `say` is told what is being done. Raises Refusal("demo_size") for sizes that make no sense.
    """
    if not 1 <= size.volunteers <= 200 or not size.volunteers <= size.households <= 100_000:
        raise Refusal("demo_size")
    random = Random(size.seed)  # noqa: S311  # a repeatable ward, no secret
    ward = demo_ward.free_ward(session)
    say(f"Dựng phường mẫu ở {ward.name}: {size.households} hộ, {size.volunteers} tình nguyện viên …")
    main, *small = [demo_ward.neighbourhood(session, ward, number) for number in (7, 8, 9)]
    names = demo_people.names(random, size.volunteers + 3)
    officer = demo_ward.account(session, ward.id, names.pop(), Role.WARD_OFFICER)
    team, other = demo_ward.team(session, [main]), demo_ward.team(session, small)
    leader = demo_ward.account(session, ward.id, names.pop(), Role.TEAM_LEADER, team)
    demo_ward.account(session, ward.id, names.pop(), Role.TEAM_LEADER, other)
    people = [demo_ward.account(session, ward.id, name, Role.MEMBER, team) for name in names]
    demo_ward.households(session, random, main, size.households, first=True)
    for area in small:
        demo_ward.households(session, random, area, _SMALL, first=False)
    feed.flush_touches(session)  # who is eligible for what is derived here; the walks are cut by it
    say("Chia tuyến và giao cho tình nguyện viên …")
    campaign = _campaign(session, main, size.households)
    lead = _acting(session, leader.id)
    plan = walks.draft(
        session,
        lead,
        Choice(main.id, campaign.id),
        [[person.id] for person in people],
        until=campaign.ends_on,
    )
    walks_live.publish(session, lead, plan)
    feed.flush_touches(session)
    first = _first_evening()
    demo_ward.backdate(session, ward.id, first)
    say(f"Đi {EVENINGS} buổi tối …")
    # The last of several has not been heard of for some evenings: something for the leader to see.
    quiet = people[-1] if len(people) > 3 else None
    visits = sum(
        _walk(session, random, person, first, EVENINGS - 3 if person is quiet else EVENINGS)
        for person in people
    )
    return Demo(
        ward_id=ward.id,
        ward=ward.name,
        neighbourhood=main.code,
        campaign=campaign.name,
        leader=demo_ward.give_login(session, leader, "totruong.mau"),
        officer=demo_ward.give_login(session, officer, "canbo.mau"),
        volunteers=tuple((person.id, person.full_name) for person in people),
        visits=visits,
    )


def guide_codes(session: Session, leader_id: UUID) -> list[QrCode]:
    """The ward's codes of all guides (the same ones at every call)."""
    actor = _acting(session, leader_id)
    return [codes.code_for_guide(session, actor, guide.slug) for guide in guides.guides()]


def _campaign(session: Session, area: AreaUnit, households: int) -> Campaign:
    assert area.ward_id is not None  # noqa: S101
    campaign = Campaign(
        ward_id=area.ward_id,
        name=f"45 ngày đêm {MARK}",
        starts_on=_first_evening().date(),
        ends_on=_first_evening().date() + timedelta(days=44),
        service_codes=list(SERVICES),
    )
    session.add(campaign)
    session.flush()
    session.add_all(
        Target(
            campaign_id=campaign.id,
            area_unit_id=area.id,
            service_code=service,
            ward_id=area.ward_id,
            goal=households,
            source=f"Kế hoạch {MARK}",
        )
        for service in SERVICES[:2]
    )
    session.flush()
    return campaign


def _acting(session: Session, account_id: UUID) -> Actor:
    actor = load_actor(session, account_id)
    if actor is None:
        raise Refusal("not_allowed", status=403)
    return actor


def _first_evening() -> datetime:
    """The first of the evenings (any hour of that day), so that the last one is the latest that is over."""
    last = now() if now().hour >= 21 else now() - timedelta(days=1)
    return last - timedelta(days=EVENINGS - 1)


def _walk(session: Session, random: Random, person: Account, first: datetime, evenings: int) -> int:
    """What one volunteer did on the first half of the walk; returns the number of events."""
    device = Device(
        ward_id=person.ward_id,
        account_id=person.id,
        token_hash=token_bytes(32),  # nobody has this phone
        label=f"Điện thoại {MARK}",
        created_at=first,
        last_seen_at=(first + timedelta(days=evenings - 1)).replace(hour=20, minute=55),
    )
    session.add(device)
    session.flush()
    doors = session.scalars(
        select(Assignment.household_id)
        .join(Walk, Walk.id == Assignment.walk_id)
        .join(WalkMember, WalkMember.walk_id == Walk.id)
        .where(WalkMember.account_id == person.id, Assignment.ended_at.is_(None))
        .order_by(Assignment.position)
    ).all()
    doors = doors[: round(len(doors) * random.uniform(0.4, 0.6) * evenings / EVENINGS)]
    items = _visits(session, random, person.id, doors, first, evenings)
    actor = replace(_acting(session, person.id), device_id=device.id)
    results = events.store(session, actor, items)
    if any(result.code != "accepted" for result in results):
        raise RuntimeError("a demo visit was not accepted")
    return len(items)


def _visits(
    session: Session, random: Random, author: UUID, doors: Sequence[UUID], first: datetime, evenings: int
) -> list[Item]:
    """One knock at each door, a second one where nobody was home on an earlier evening; in order of time."""
    clients, reasons = _clients(session, doors), _reasons(session)
    end = first + timedelta(days=evenings - 1, hours=1)
    told: list[tuple[datetime, UUID, Outcome]] = []
    for place, door in enumerate(doors):
        at = demo_visits.evening(random, first, place, len(doors), evenings)
        result = demo_visits.outcome(random)
        told.append((at, door, result))
        later = at + timedelta(days=random.randint(1, 4), minutes=random.randint(-20, 20))
        if result == Outcome.NOT_HOME and random.random() < 0.8 and later.date() <= end.date():
            told.append((later, door, demo_visits.outcome(random, again=True)))
    return [
        event_core.compose(
            author,
            door,
            EventKind.VISIT,
            demo_visits.payload(random, result, clients[door], reasons, at),
            device_time=at,
        )
        for at, door, result in sorted(told, key=lambda visit: visit[0])
    ]


def _clients(session: Session, doors: Sequence[UUID]) -> dict[UUID, list[demo_visits.Client]]:
    """Per door the people with something of the campaign still open."""
    rows = session.execute(
        select(Adoption.household_id, Adoption.resident_id, Adoption.service_code, Resident.birth_year)
        .join(Resident, Resident.id == Adoption.resident_id)
        .where(
            Adoption.household_id.in_(doors),
            Adoption.service_code.in_(SERVICES),
            Adoption.state.in_((*OPEN, AdoptionState.UNKNOWN)),
        )
        .order_by(Adoption.household_id, Resident.ordinal)
    )
    services: dict[tuple[UUID, UUID, bool], list[str]] = defaultdict(list)
    for row in rows:
        old = today().year - (row.birth_year or 1980) >= _OLD
        services[row.household_id, row.resident_id, old].append(row.service_code)
    found: dict[UUID, list[demo_visits.Client]] = defaultdict(list)
    for (door, resident, old), codes_ in services.items():
        found[door].append(demo_visits.Client(resident, old, tuple(sorted(codes_, key=SERVICES.index))))
    return found


def _reasons(session: Session) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for reason in session.scalars(select(FailureReason).order_by(FailureReason.position)):
        found[reason.service_code].append(reason.code)
    return found
