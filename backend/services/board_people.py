"""The people of the board: each volunteer's doors, and phones that need somebody."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.crypto import keyring
from backend.services import board_sql
from backend.services.board_counts import PhoneCount, Steps, VolunteerCount, steps_of
from backend.services.sql import run
from backend.text.vietnamese import name_key

QUIET_AFTER = timedelta(days=2)  # a phone in use that has not been heard of for so long "has gone quiet"


class People(NamedTuple):
    """`volunteers` None: not read one by one. `quiet`, `dead`: people with such phones, by team."""

    phones: tuple[PhoneCount, ...]
    volunteers: tuple[VolunteerCount, ...] | None
    quiet: Counter[UUID]
    dead: Counter[UUID]


def read(session: Session, values: Mapping[str, Any], *, one_by_one: bool) -> People:
    """The people of the teams of `values["places"]`, by the last word of the name: no ranking of people."""
    silent = values["moment"] - QUIET_AFTER
    rows = run(session, board_sql.MEMBERS, trouble=not one_by_one, silent=silent, **values)
    members = sorted(((_name(row), row) for row in rows), key=lambda pair: name_key(pair[0]))
    phones = tuple(
        _phone(name, row, values["moment"]) for name, row in members if row.quiet or row.dead or row.waiting
    )
    quiet, dead = Counter[UUID](), Counter[UUID]()
    for row in rows:
        for team in row.teams:
            quiet[team] += bool(row.quiet)
            dead[team] += bool(row.dead)
    if not one_by_one:
        return People(phones, None, quiet, dead)
    return People(phones, _volunteers(session, members, values), quiet, dead)


def _name(row: Any) -> str:
    return keyring().open(row.name, "account.full_name").decode()


def _phone(name: str, row: Any, moment: datetime) -> PhoneCount:
    return PhoneCount(
        account_id=row.account,
        name=name,
        phones=row.phones,
        last_contact=row.seen,
        waiting=row.waiting,
        dead=row.dead,
        oldest=timedelta(seconds=row.oldest) + (moment - row.seen) if row.oldest else None,
        quiet=row.quiet,
    )


def _volunteers(
    session: Session, members: list[tuple[str, Any]], values: Mapping[str, Any]
) -> tuple[VolunteerCount, ...]:
    values = {**values, "people": [row.account for _, row in members]}
    doors = {row.account: row for row in run(session, board_sql.VOLUNTEERS, **values)}
    knocks = {row.account: row.n for row in run(session, board_sql.KNOCKS, **values)}
    steps: dict[UUID, Counter[str]] = defaultdict(Counter)
    for row in run(session, board_sql.VOLUNTEER_STEPS, **values):
        steps[row.account][row.state] += row.n
    found = []
    for name, row in members:
        work = doors.get(row.account)
        if work is None and not row.phones and row.account not in knocks:
            continue  # a leader at the desk
        found.append(
            VolunteerCount(
                account_id=row.account,
                name=name,
                doors=work.doors if work else 0,
                done=work.done if work else 0,
                begun=work.doors - work.done - work.untouched if work else 0,
                visits=knocks.get(row.account, 0),
                steps=Steps(**steps_of(steps[row.account], steps[row.account].total())),
                phones=row.phones,
                last_contact=row.seen,
                waiting=row.waiting,
                dead=row.dead,
                quiet=row.quiet,
            )
        )
    return tuple(found)
