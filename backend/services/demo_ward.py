"""The places, people and doors of the demo ward: everything in it is named "mẫu" (sample) and made up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.crypto import keyring
from backend.core.ids import beside, uuid7
from backend.core.refusal import Refusal
from backend.models import (
    Account,
    AreaUnit,
    Assignment,
    Household,
    Level,
    Membership,
    Resident,
    Role,
    Team,
    TeamArea,
    Walk,
    WalkMember,
)
from backend.services import demo_people, demo_places, feed, passwords, places, sessions
from backend.text.addresses import parse
from backend.text.vietnamese import search_key

MARK = "(mẫu)"
_LOCK = 0x60C0D  # any number that only the making of a demo takes


@dataclass(frozen=True)
class Login:
    """How somebody of the demo signs in; the password is random and stands nowhere else in clear."""

    account_id: UUID
    name: str
    login: str
    password: str


def free_ward(session: Session) -> AreaUnit:
    """The first ward of the country in which nobody works yet; a ward in use is never touched."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    neighbourhood = AreaUnit.__table__.alias()
    ward = session.scalars(
        select(AreaUnit)
        .where(
            AreaUnit.level == Level.WARD,
            ~exists().where(Account.ward_id == AreaUnit.id),
            ~exists().where(
                neighbourhood.c.ward_id == AreaUnit.id, neighbourhood.c.level == Level.NEIGHBOURHOOD
            ),
        )
        .order_by(AreaUnit.code)
        .limit(1)
    ).one_or_none()
    if ward is None:
        raise Refusal("no_free_ward", status=409)
    return ward


def neighbourhood(session: Session, ward: AreaUnit, number: int) -> AreaUnit:
    """Tổ dân phố `number` of the demo."""
    return places.new_neighbourhood(
        session, ward, kind="tdp", name=f"Tổ dân phố {number} {MARK}", since=date(2025, 7, 1)
    )


def team(session: Session, areas: Sequence[AreaUnit]) -> Team:
    """The team of some neighbourhoods; its phone number is nobody's."""
    ward_id = areas[0].ward_id
    assert ward_id is not None  # noqa: S101  # neighbourhoods always have one
    names = " và ".join(area.name.removesuffix(f" {MARK}").removeprefix("Tổ dân phố ") for area in areas)
    made = Team(ward_id=ward_id, name=f"Tổ CNSCĐ TDP {names} {MARK}", contact_phone="010 000 0000")
    session.add(made)
    session.flush()
    session.add_all(TeamArea(ward_id=ward_id, team_id=made.id, area_unit_id=area.id) for area in areas)
    feed.open_stream(session, feed.team_stream(made.id), ward_id)
    return made


def account(
    session: Session, ward_id: UUID, full_name: str, role: Role, member_of: Team | None = None
) -> Account:
    """A person of the demo, without a way to sign in."""
    made = Account(ward_id=ward_id, full_name=full_name)
    session.add(made)
    session.flush()
    team_id = member_of.id if member_of else None
    session.add(Membership(ward_id=ward_id, account_id=made.id, role=role, team_id=team_id))
    feed.open_stream(session, feed.user_stream(made.id), ward_id)
    if team_id is not None:
        feed.grant_stream(session, made.id, feed.team_stream(team_id), role, ward_id)
    session.flush()
    return made


def give_login(session: Session, person: Account, wish: str) -> Login:
    """A login (`wish`, or the next free one like it) with a random password."""
    taken = set(session.scalars(select(Account.login).where(Account.login.startswith(wish, autoescape=True))))
    login = next(name for name in (wish, *(f"{wish}{n}" for n in range(2, 10_000))) if name not in taken)
    password = passwords.one_time_password()
    person.login, person.password_hash = login, sessions.hash_password(password)
    session.flush()
    return Login(person.id, person.full_name, login, password)


def households(session: Session, random: Random, area: AreaUnit, count: int, *, first: bool) -> list[UUID]:
    """`count` doors with their people; codes follow the walking order. `first`: with a block of flats."""
    street = demo_places.STREET if first else f"phố Cúc Mẫu {area.code[-2:]}"
    doors = [
        (parse(door.address), door) for door in demo_places.doors(random, count, flats=first, street=street)
    ]
    doors.sort(key=lambda pair: pair[0].walk_key)
    alleys = places.ensure_alleys(session, area, {address.alley for address, _ in doors if address.alley})
    rows: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for number, (address, door) in enumerate(doors, start=1):
        family = demo_people.family(random, number, door.kind, today().year)
        row = _household(area, f"H{number:04d}", address.raw, family)
        row |= {"parts": address.parts, "walk_key": address.walk_key, "kind": door.kind}
        row["alley_id"] = alleys[address.alley] if address.alley else None
        rows.append(row)
        people += _residents(row, family)
    session.execute(insert(Household), rows)
    session.execute(insert(Resident), people)
    ids = [row["id"] for row in rows]
    feed.touch_households(session, ids)
    return ids


def backdate(session: Session, ward_id: UUID, since: datetime) -> None:
    """Let everything have been handed out on the day of `since`, and everybody have been there before."""
    handed_out, before = since.replace(hour=9, minute=0), since - timedelta(days=20)
    for table, values in (
        (Account, {"created_at": before}),
        (Membership, {"valid_from": before}),
        (TeamArea, {"valid_from": before}),
        (Team, {"created_at": before}),
        (Household, {"created_at": before}),
        (Resident, {"created_at": before}),
        (Walk, {"created_at": handed_out, "published_at": handed_out}),
        (WalkMember, {"started_at": handed_out}),
        (Assignment, {"started_at": handed_out}),
    ):
        session.execute(
            update(table)
            .where(table.ward_id == ward_id)
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _household(area: AreaUnit, code: str, address: str, family: demo_people.Family) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "ward_id": area.ward_id,
        "neighbourhood_id": area.id,
        "code": code,
        "address": address,
        "search_key": search_key(f"{address} {code}"),
        "head_name": family.people[0].name,
        "phone": family.phone,
        "phone_index": keyring().blind(family.phone, "phone") if family.phone else None,
    }


def _residents(household: dict[str, Any], family: demo_people.Family) -> list[dict[str, Any]]:
    return [
        {
            "id": beside(household["id"], ordinal),
            "ward_id": household["ward_id"],
            "household_id": household["id"],
            "ordinal": ordinal,
            "full_name": person.name,
            "birth_year": person.birth_year,
            "sex": person.sex,
            "relation": person.relation,
            "is_head": ordinal == 1,
        }
        for ordinal, person in enumerate(family.people, start=1)
    ]
