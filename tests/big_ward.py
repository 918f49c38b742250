"""A whole ward, quickly: 110 teams, 60,000 households and 400,000 visits of made-up people.

What people wrote (places, teams, doors, residents, walks, sealed events) is copied straight into the tables; what is
derived from it is derived by the application itself, so that a recount finds no difference. The same for the same size,
but for the days, which count back from today, and the nonces of what is sealed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, now
from backend.core.crypto import keyring, token_hash
from backend.core.ids import beside, uuid7
from backend.database import work
from backend.models import Account, AreaUnit, Campaign, Role, Team
from backend.services import feed
from backend.services.event_core import compose
from backend.services.event_store import CORE_CONTEXT
from backend.text.vietnamese import place_key, search_key, sort_key
from tests import factories as make

_SERVICES = ("eid_level_2", "ehealth_book", "welfare_account", "cashless")
_REASONS = {
    "eid_level_2": (
        "not_approved_yet",
        "no_smartphone",
        "otp_not_received",
        "data_mismatch",
        "wants_more_time",
    ),
    "ehealth_book": ("prerequisite_missing", "data_mismatch", "app_too_old", "wants_more_time"),
    "welfare_account": ("no_bank_account", "account_not_own_name", "no_smartphone", "wants_more_time"),
}
_OUTCOMES = ("helped", "not_home", "no_need", "rescheduled", "refused", "no_access", "moved_away")
_WEIGHTS = (46, 28, 9, 8, 6, 2, 1)
_STATES = ("done_with_help", "does_alone", "shown", "blocked", "keeps_old_way")
_EVENTS = (
    "visit_event (id, ward_id, payload_sha256, author, device_id, household_id, household_link, kind, schema, "
    "core_enc, device_time, est_time, received_at, corrects, flags, result_json)"
)
_VISITS = "visit (event_id, ward_id, household_id, author, outcome, est_time, effective, results, appointment_at, flags)"
_AT_ONCE = 20_000
_LARGEST = 1300  # households of the first neighbourhood, as in the largest that are known


@dataclass(frozen=True)
class Size:
    """`volunteers`: per team, each with a phone. `days`: the visits lie on so many days, today the last."""

    teams: int = 110
    households: int = 60_000
    visits: int = 400_000
    volunteers: int = 10
    days: int = 45
    seed: int = 1


@dataclass(frozen=True)
class BigWard:
    """What was made. Of each team, in the order of `neighbourhoods`: its leader, its volunteers."""

    ward: AreaUnit
    campaign: Campaign
    officer: Account
    viewer: Account
    neighbourhoods: tuple[AreaUnit, ...]
    teams: tuple[Team, ...]
    leaders: tuple[Account, ...]


class _Volunteer(NamedTuple):
    account: UUID
    device: UUID


class _Door(NamedTuple):
    id: UUID
    people: list[UUID]
    volunteer: _Volunteer


def make_big_ward(engine: Engine, size: Size = Size(), *, code: str = "00004") -> BigWard:
    """Fill the ward `code` of a migrated database that has the reference data; commits.

    About 75 s of one core at full size, 25 s without visits.
    """
    with work.unit_of_work(engine) as session:
        made = fill_ward(session, size, code=code)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")  # as autovacuum would within minutes
    return made


def fill_ward(session: Session, size: Size, *, code: str = "00004") -> BigWard:
    """The same inside a transaction of the caller's, who commits."""
    random = Random(size.seed)
    made, crews = _people(session, size, code)
    doors: list[_Door] = []
    for place, crew in enumerate(crews):
        doors += _doors(
            session, random, made.neighbourhoods[place], made.teams[place], crew, _share(size, place)
        )
    _visits(session, random, made.ward.id, doors, size)
    session.execute(text("ANALYZE"))  # so that the millions that follow are planned by what is there
    feed.touch_households(session, [door.id for door in doors])
    feed.flush_touches(session)
    return made


def _share(size: Size, place: int) -> int:
    """How many households the neighbourhood at `place` has."""
    first = min(_LARGEST, size.households // 2) if size.teams > 1 else size.households
    if place == 0:
        return first
    each, over = divmod(size.households - first, size.teams - 1)
    return each + (place <= over)


def _people(session: Session, size: Size, code: str) -> tuple[BigWard, list[list[_Volunteer]]]:
    ward = make.find_ward(session, code)
    campaign = make.create_campaign(session, ward.id, _SERVICES[:3])
    officer = make.create_account(session, ward.id, "Phạm Quốc Việt", role=Role.WARD_OFFICER)
    viewer = make.create_account(session, ward.id, "Cao Thị Xem", role=Role.WARD_VIEWER)
    places, teams, leaders, crews = [], [], [], []
    for number in range(1, size.teams + 1):
        place = make.create_neighbourhood(session, ward, f"Tổ dân phố {number}")
        team = make.create_team(session, place, f"Tổ CNSCĐ tổ dân phố {number}")
        name = f"Trần Thị Lan {number}"
        leaders.append(make.create_account(session, ward.id, name, role=Role.TEAM_LEADER, team=team))
        crews.append(_crew(session, team, number, size.volunteers))
        places.append(place)
        teams.append(team)
    made = BigWard(ward, campaign, officer, viewer, tuple(places), tuple(teams), tuple(leaders))
    return made, crews


def _crew(session: Session, team: Team, number: int, count: int) -> list[_Volunteer]:
    """The volunteers of team `number` with their phones: one in twenty quiet, one in thirty with something waiting."""
    crew = [_Volunteer(uuid7(), uuid7()) for _ in range(count)]
    ward, moment = team.ward_id, now()
    accounts, memberships, devices, heads, streams = [], [], [], [], []
    for person, (account, device) in enumerate(crew, start=1):
        name = keyring().seal(f"Nguyễn Văn Minh {number}.{person}".encode(), "account.full_name")
        seen = moment - (timedelta(days=3) if (number + person) % 20 == 0 else timedelta(hours=1))
        waiting, dead = 4 * ((number * 10 + person) % 30 == 0), int((number * 10 + person) % 211 == 0)
        accounts.append((account, ward, name, "vi", moment))
        memberships.append((uuid7(), ward, account, team.id, Role.MEMBER, moment))
        token = token_hash(f"big-ward-{number}-{person}")
        devices.append((device, ward, account, token, "Máy thử", 7, moment, seen, waiting, dead))
        heads.append((feed.user_stream(account), ward, 0, 0))
        streams.append((account, feed.team_stream(team.id), ward, Role.MEMBER, 1))
    _copy(session, "account (id, ward_id, full_name, locale, created_at)", accounts)
    _copy(session, "membership (id, ward_id, account_id, team_id, role, valid_from)", memberships)
    _copy(
        session,
        "device (id, ward_id, account_id, token_hash, label, lease_days, created_at, last_seen_at, waiting, dead)",
        devices,
    )
    _copy(session, "stream_head (audience, ward_id, n, horizon)", heads)
    _copy(session, "stream_access (user_id, audience, ward_id, role, gen)", streams)
    return crew


def _doors(
    session: Session, random: Random, area: AreaUnit, team: Team, crew: Sequence[_Volunteer], count: int
) -> list[_Door]:
    """The doors of one neighbourhood: 30 to an alley, cut into one walk for each volunteer, every 25th on none."""
    ward_id = team.ward_id
    alleys = _alleys(session, area, count // 30 + 1)
    walks = _walks(session, team, crew)
    doors, houses, people, assignments = [], [], [], []
    since, this_year = now() - timedelta(days=60), now().year
    for number in range(count):
        id_ = _uuid(random, since)
        alley = alleys[number // 30]
        address = f"Số {number % 30 + 1} {alley[1].lower()}"
        whose = number * len(crew) // count
        houses.append(
            (
                *(id_, ward_id, area.id, alley[0], f"H{number + 1:04d}"),
                *(
                    "business_household" if number % 25 == 7 else "household",
                    "active",
                    address,
                    "",
                    Jsonb({}),
                ),
                *(search_key(f"{address} h{number + 1:04d}"), sort_key(address)),
                keyring().seal(f"Đỗ Thị {number + 1}".encode(), "household.head_name"),
                *(number % 400 == 399, 1, since),
            )
        )
        ids = [beside(id_, ordinal) for ordinal in range(1, random.choice((1, 2, 2, 3, 4)) + 1)]
        for ordinal, person in enumerate(ids, start=1):
            born = None if random.random() < 0.01 else this_year - random.randint(1, 90)
            people.append((person, ward_id, id_, ordinal, born, ordinal == 1, "active", since))
        if number % 25 != 24:
            assignments.append((_uuid(random, since), ward_id, walks[whose], team.id, id_, number, since))
        doors.append(_Door(id_, ids, crew[whose]))
    _copy(
        session,
        "household (id, ward_id, neighbourhood_id, alley_id, code, kind, state, address, old_address, parts, "
        "search_key, walk_key, head_name, stub, v, created_at)",
        houses,
    )
    _copy(
        session,
        "resident (id, ward_id, household_id, ordinal, birth_year, is_head, state, created_at)",
        people,
    )
    _copy(
        session,
        "assignment (id, ward_id, walk_id, team_id, household_id, position, started_at)",
        assignments,
    )
    return doors


def _alleys(session: Session, area: AreaUnit, count: int) -> list[tuple[UUID, str]]:
    found = [(uuid7(), f"Ngõ {10 + 2 * number}") for number in range(count)]
    rows = [
        (
            *(id_, area.ward_id, area.id, "alley", "ngo", f"{area.code}-{number}", name),
            *(search_key(name), place_key(name), area.valid_from),
        )
        for number, (id_, name) in enumerate(found)
    ]
    columns = "id, ward_id, parent_id, level, kind, code, name, search_key, sort_key, valid_from"
    _copy(session, f"area_unit ({columns})", rows)
    return found


def _walks(session: Session, team: Team, crew: Sequence[_Volunteer]) -> list[UUID]:
    """A published walk for each volunteer."""
    found, moment = [uuid7() for _ in crew], now()
    rows = [
        (id_, team.ward_id, team.id, f"Tuyến {number}", "published", moment, moment)
        for number, id_ in enumerate(found, start=1)
    ]
    _copy(session, "walk (id, ward_id, team_id, name, state, created_at, published_at)", rows)
    members = [
        (uuid7(), team.ward_id, id_, one.account, moment) for id_, one in zip(found, crew, strict=True)
    ]
    _copy(session, "walk_member (id, ward_id, walk_id, account_id, started_at)", members)
    return found


def _visits(session: Session, random: Random, ward_id: UUID, doors: Sequence[_Door], size: Size) -> None:
    """Events and visits: seven doors of ten are visited, all as often; each hundredth visit is corrected by its author."""
    visited = [door for number, door in enumerate(doors) if number % 10 < 7]
    random.shuffle(visited)
    rows: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
    before: tuple[_Door, UUID, datetime] | None = None
    for number in range(size.visits):
        if before is not None and number % 100 == 99:
            door, corrects, earlier = before
            at = min(earlier + timedelta(minutes=5), now())
        else:
            door, corrects, at = visited[number % len(visited)], None, _moment(random, size.days)
        event, visit = _event(random, ward_id, door, corrects, at)
        rows.append((event, visit))
        before = (door, event[0], at) if corrects is None else None
        if len(rows) == _AT_ONCE or number + 1 == size.visits:
            _copy(session, _EVENTS, (event for event, _ in rows))
            _copy(session, _VISITS, (visit for _, visit in rows))
            rows.clear()


def _event(
    random: Random, ward_id: UUID, door: _Door, corrects: UUID | None, at: datetime
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    outcome = random.choices(_OUTCOMES, _WEIGHTS)[0]
    payload: dict[str, Any] = {"outcome": outcome}
    appointment = None
    if outcome == "helped":
        person, service = random.choice(door.people), random.choice(_SERVICES[:3])
        state = random.choice(_STATES)
        result = {"resident": str(person), "service": service, "state": state}
        if state == "blocked" and random.random() < 0.9:
            result["reason"] = random.choice(_REASONS[service])
        payload["results"] = [result]
    elif outcome == "rescheduled":
        day = at.date() + timedelta(days=random.randint(0, 9))
        payload["appointment"] = {"on": day.isoformat()}
        appointment = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
    kind = "correction" if corrects else "visit"
    author = door.volunteer.account
    item = compose(author, door.id, kind, payload, device_time=at, corrects=corrects, id_=_uuid(random, at))
    event = (
        *(item.id, ward_id, bytes.fromhex(item.sha256), author, door.volunteer.device, door.id, door.id),
        *(kind, 1, keyring().seal(item.core.encode(), CORE_CONTEXT), at, at, at, corrects, [], Jsonb({})),
    )
    visit = (
        *(item.id, ward_id, door.id, author, outcome, at, corrects is None),
        *(Jsonb(payload.get("results", [])), appointment, []),
    )
    return event, visit


def _moment(random: Random, days: int) -> datetime:
    """An evening of the last `days` days; of today only what is already past."""
    day = (now() - timedelta(days=random.randrange(days))).date()
    evening = datetime(day.year, day.month, day.day, 19, tzinfo=VIETNAM) + timedelta(
        seconds=random.randrange(7200)
    )
    return min(evening, now() - timedelta(minutes=10)).replace(microsecond=random.randrange(1_000_000))


def _uuid(random: Random, at: datetime) -> UUID:
    """A UUIDv7 of that moment whose random part comes from `random`; its last byte stays free for `beside`."""
    value = int(at.timestamp() * 1000) << 80 | random.getrandbits(72) << 8
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def _copy(session: Session, target: str, rows: Iterable[tuple[Any, ...]]) -> None:
    raw: Any = session.connection().connection.dbapi_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
