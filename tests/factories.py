"""Plain makers of rows for tests: each fills in what the test does not care about and flushes."""

from datetime import date
from itertools import count
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.crypto import token_hash
from backend.core.ids import beside
from backend.models import (
    Account,
    AreaUnit,
    Assignment,
    Campaign,
    Device,
    HelpDoor,
    HelpRequest,
    HelpWhen,
    Household,
    Level,
    Membership,
    Resident,
    Role,
    Spot,
    SpotKind,
    Team,
    TeamArea,
    Walk,
    WalkMember,
    WalkState,
)
from backend.services import feed
from backend.services.help_asking import follow_key
from backend.text.vietnamese import place_key, search_key, sort_key

_number = count(1)


def find_ward(session: Session, code: str = "00004") -> AreaUnit:
    """A real ward by its code (Phường Ba Đình)."""
    return session.scalars(select(AreaUnit).where(AreaUnit.level == Level.WARD, AreaUnit.code == code)).one()


def create_neighbourhood(session: Session, ward: AreaUnit, name: str = "Tổ dân phố 7") -> AreaUnit:
    number = next(_number)
    unit = AreaUnit(
        ward_id=ward.id,
        parent_id=ward.id,
        level=Level.NEIGHBOURHOOD,
        kind="tdp",
        code=f"{ward.code}-T{number:04d}",
        name=name,
        search_key=search_key(name),
        sort_key=place_key(name),
        valid_from=date(2025, 7, 1),
    )
    session.add(unit)
    session.flush()
    return unit


def create_alley(session: Session, neighbourhood: AreaUnit, name: str = "Ngõ 34") -> AreaUnit:
    unit = AreaUnit(
        ward_id=neighbourhood.ward_id,
        parent_id=neighbourhood.id,
        level=Level.ALLEY,
        kind="ngo",
        code=f"{neighbourhood.code}-{next(_number):04d}",
        name=name,
        search_key=search_key(name),
        sort_key=place_key(name),
        valid_from=date(2025, 7, 1),
    )
    session.add(unit)
    session.flush()
    return unit


def create_team(session: Session, neighbourhood: AreaUnit, name: str = "Tổ CNSCĐ tổ dân phố 7") -> Team:
    assert neighbourhood.ward_id
    team = Team(ward_id=neighbourhood.ward_id, name=name, contact_phone="024 3825 0000")
    session.add(team)
    session.flush()
    session.add(TeamArea(ward_id=team.ward_id, team_id=team.id, area_unit_id=neighbourhood.id))
    feed.open_stream(session, feed.team_stream(team.id), team.ward_id)
    session.flush()
    return team


def create_account(
    session: Session,
    ward_id: UUID,
    full_name: str = "Nguyễn Văn Minh",
    *,
    role: Role = Role.MEMBER,
    team: Team | None = None,
    login: str | None = None,
    password_hash: str | None = None,
) -> Account:
    account = Account(ward_id=ward_id, full_name=full_name, login=login, password_hash=password_hash)
    session.add(account)
    session.flush()
    feed.open_stream(session, feed.user_stream(account.id), ward_id)
    session.add(
        Membership(ward_id=ward_id, account_id=account.id, role=role, team_id=team.id if team else None)
    )
    if team is not None:
        feed.grant_stream(session, account.id, feed.team_stream(team.id), role, ward_id)
    session.flush()
    return account


def create_device(session: Session, account: Account, token: str | None = None) -> tuple[Device, str]:
    """A phone of `account`, and its token in clear (put it into the cookie `gocua_device`)."""
    token = token or f"device-token-{next(_number)}"
    device = Device(
        ward_id=account.ward_id, account_id=account.id, token_hash=token_hash(token), label="Máy thử"
    )
    session.add(device)
    session.flush()
    return device, token


def create_household(
    session: Session,
    neighbourhood: AreaUnit,
    *,
    address: str = "Số 12 ngõ 34",
    alley: AreaUnit | None = None,
    people: int = 2,
    birth_year: int | None = 1958,
    code: str | None = None,
) -> Household:
    """A door with `people` residents; touched, so that a commit numbers it."""
    assert neighbourhood.ward_id
    household = Household(
        ward_id=neighbourhood.ward_id,
        neighbourhood_id=neighbourhood.id,
        alley_id=alley.id if alley else None,
        code=code or f"H{next(_number):05d}",
        address=address,
        search_key=search_key(address),
        walk_key=sort_key(address),
    )
    session.add(household)
    session.flush()
    for ordinal in range(1, people + 1):
        session.add(
            Resident(
                id=beside(household.id, ordinal),  # as an import makes them
                ward_id=household.ward_id,
                household_id=household.id,
                ordinal=ordinal,
                birth_year=birth_year,
                is_head=ordinal == 1,
            )
        )
    session.flush()
    feed.touch_households(session, [household.id])
    return household


def create_campaign(
    session: Session, ward_id: UUID, services: tuple[str, ...] = ("eid_level_2", "ehealth_book")
) -> Campaign:
    campaign = Campaign(
        ward_id=ward_id,
        name="45 ngày đêm",
        starts_on=today(),
        ends_on=date(2027, 12, 31),
        service_codes=list(services),
    )
    session.add(campaign)
    session.flush()
    return campaign


def create_walk(
    session: Session,
    team: Team,
    members: list[Account],
    households: list[Household],
    *,
    published: bool = True,
) -> Walk:
    """A walk with its doors in the given order, live at once unless `published` is false."""
    walk = Walk(
        ward_id=team.ward_id,
        team_id=team.id,
        name="Tuyến 1",
        state=WalkState.PUBLISHED if published else WalkState.DRAFT,
        published_at=now() if published else None,
    )
    session.add(walk)
    session.flush()
    for account in members:
        session.add(WalkMember(ward_id=team.ward_id, walk_id=walk.id, account_id=account.id))
    for position, household in enumerate(households):
        session.add(
            Assignment(
                ward_id=team.ward_id,
                walk_id=walk.id,
                team_id=team.id,
                household_id=household.id,
                position=position,
                started_at=now() if published else None,
            )
        )
    session.flush()
    feed.touch_households(session, [household.id for household in households])
    return walk


def create_help_request(
    session: Session,
    neighbourhood: AreaUnit,
    *,
    household: Household | None = None,
    place: str | None = "Số 12 ngõ 34, nhà có giàn hoa",
    phone: str | None = "+84912000333",
    services: tuple[str, ...] = ("eid_level_2",),
) -> HelpRequest:
    """A request of a resident; without a household the leader must find the door."""
    assert neighbourhood.ward_id
    asked = HelpRequest(
        ward_id=neighbourhood.ward_id,
        neighbourhood_id=neighbourhood.id,
        household_id=household.id if household else None,
        follow=follow_key(f"TEST{next(_number):06d}"),
        door=HelpDoor.PLATE if household else HelpDoor.HOME,
        services=list(services),
        suits=HelpWhen.EVENINGS,
        place=place,
        phone=phone,
        consent_version="help-1",
    )
    session.add(asked)
    session.flush()
    if household is not None:
        feed.touch_households(session, [household.id])
    return asked


def create_spot(
    session: Session,
    neighbourhood: AreaUnit,
    kind: SpotKind = SpotKind.SUPPORT_POINT,
    name: str = "Nhà văn hoá",
) -> Spot:
    """A place without a code."""
    assert neighbourhood.ward_id
    spot = Spot(ward_id=neighbourhood.ward_id, neighbourhood_id=neighbourhood.id, kind=kind, name=name)
    session.add(spot)
    session.flush()
    return spot
