"""Days worked (ngày công), counted from the visits on the server: an evening counts once, whatever its number of doors.

A correction counts for the evening of the visit it corrects; a visit that was taken back counts for none.
"""

import io
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.core.clock import VIETNAM, today
from backend.core.refusal import Refusal
from backend.models import Account, AreaUnit, Campaign, Membership, Team
from backend.services import audit
from backend.services.actor import Actor
from backend.services.importing.refused import neutral
from backend.services.phone_scope import ALIVE
from backend.services.sql import run
from backend.text.vietnamese import sort_key

KEPT_DAYS = 31  # how far back a phone shows its owner's evenings
_YEARS = range(2020, 2100)

# From each visit that counts back to the one that was first written down: its evening is the one that was worked.
_EVENINGS = """
    WITH RECURSIVE story AS (
        SELECT v.event_id AS top, v.author, v.household_id, e.corrects, e.est_time
        FROM visit v JOIN visit_event e ON e.id = v.event_id
        WHERE v.ward_id = %(ward)s AND v.effective AND v.est_time >= %(since)s AND v.author = ANY(%(authors)s)
        UNION ALL
        SELECT s.top, s.author, s.household_id, e.corrects, e.est_time
        FROM story s JOIN visit_event e ON e.id = s.corrects AND e.author = s.author
    ), first AS (
        SELECT author, household_id, min(est_time) AS at FROM story GROUP BY top, author, household_id
    )
    SELECT author, (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, count(DISTINCT household_id) AS doors,
           array_agg(DISTINCT household_id) AS households
    FROM first WHERE at >= %(since)s AND at < %(until)s GROUP BY 1, 2 ORDER BY 1, 2
"""
_GIVEN = f"""
    SELECT DISTINCT a.household_id AS id FROM walk_member m
    JOIN assignment a ON a.walk_id = m.walk_id AND a.started_at IS NOT NULL AND a.ended_at IS NULL
    JOIN household h ON h.id = a.household_id
    WHERE m.account_id = %(user)s AND m.ward_id = %(ward)s AND m.ended_at IS NULL AND {ALIVE}
"""  # noqa: S608  # constants only


@dataclass(frozen=True)
class Worked:
    """One person's month: `days` maps each evening to the number of doors; `doors`: different ones in the month."""

    account_id: UUID
    name: str
    teams: tuple[str, ...]
    days: dict[date, int]
    doors: int


@dataclass(frozen=True)
class Month:
    """A calendar month with the people of the actor's teams, in the order of their given names."""

    first: date
    last: date
    people: tuple[Worked, ...]

    @property
    def total(self) -> int:
        """Days worked by all of them together."""
        return sum(len(person.days) for person in self.people)


def parse_month(text: str) -> date:
    """The first day of "2026-11" or "11/2026"; of this month for "". Raises Refusal bad_month."""
    if not text.strip():
        return today().replace(day=1)
    for form in ("%Y-%m", "%m/%Y"):
        try:
            found = datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  # a month has no zone
        except ValueError:
            continue
        if found.year in _YEARS:
            return found
    raise Refusal("bad_month")


def month(session: Session, actor: Actor, first: date) -> Month:
    """The days worked in the month that begins at `first`: of all the ward, or of the teams that the actor leads."""
    after = (first + timedelta(days=32)).replace(day=1)
    people = _people(session, actor, first, after)
    evenings = _evenings(session, actor, list(people), first, after)
    rows = [
        Worked(
            account_id=account_id,
            name=name,
            teams=teams,
            days={row.day: row.doors for row in evenings.get(account_id, ())},
            doors=len({door for row in evenings.get(account_id, ()) for door in row.households}),
        )
        for account_id, (name, teams) in people.items()
    ]
    audit.record(
        session, actor, "attendance.read", object_kind="attendance", count=len(rows), month=f"{first:%Y-%m}"
    )
    return Month(first, after - timedelta(days=1), tuple(sorted(rows, key=lambda row: sort_key(row.name))))


def month_file(session: Session, actor: Actor, first: date) -> bytes:
    """The month as a sheet (.xlsx) for the ward's accounts: a cross for each evening. The export is audited."""
    found = month(session, actor, first)
    ward = session.get_one(AreaUnit, actor.ward_id).name
    audit.record(
        session,
        actor,
        "attendance.export",
        object_kind="attendance",
        count=len(found.people),
        month=f"{first:%Y-%m}",
    )
    return _file(found, ward)


def mine(session: Session, actor: Actor) -> dict[str, Any]:
    """What a phone shows its owner: evenings of the last 31 days; doors of the running campaign, done of all."""
    until = today() + timedelta(days=1)
    evenings = _evenings(session, actor, [actor.account_id], until - timedelta(days=KEPT_DAYS), until)
    return {
        "days": [row.day.isoformat() for row in evenings.get(actor.account_id, ())],
        "campaign": _campaign(session, actor, until),
    }


def _campaign(session: Session, actor: Actor, until: date) -> dict[str, Any] | None:
    day = today()
    running = session.scalars(
        select(Campaign)
        .where(Campaign.ward_id == actor.ward_id, Campaign.starts_on <= day, Campaign.ends_on >= day)
        .order_by(Campaign.starts_on.desc(), Campaign.id)
        .limit(1)
    ).first()
    if running is None:
        return None
    evenings = _evenings(session, actor, [actor.account_id], running.starts_on, until)
    knocked = {door for row in evenings.get(actor.account_id, ()) for door in row.households}
    given = {row.id for row in run(session, _GIVEN, user=actor.account_id, ward=actor.ward_id)}
    return {
        "name": running.name,
        "done": len(knocked),
        "total": len(knocked | given),
        "days": len(evenings.get(actor.account_id, ())),
    }


def _evenings(
    session: Session, actor: Actor, authors: list[UUID], first: date, after: date
) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in run(
        session,
        _EVENINGS,
        ward=actor.ward_id,
        authors=authors,
        since=datetime.combine(first, time(), tzinfo=VIETNAM),
        until=datetime.combine(after, time(), tzinfo=VIETNAM),
    ):
        found.setdefault(row.author, []).append(row)
    return found


def _people(
    session: Session, actor: Actor, first: date, after: date
) -> dict[UUID, tuple[str, tuple[str, ...]]]:
    """Who belonged to a team of the actor's in that time, with the names of those teams."""
    begin, end = (datetime.combine(day, time(), tzinfo=VIETNAM) for day in (first, after))
    query = (
        select(Account.id, Account.full_name, Team.name)
        .join(Membership, Membership.account_id == Account.id)
        .join(Team, Team.id == Membership.team_id)
        .where(
            Account.ward_id == actor.ward_id,
            Membership.valid_from < end,
            or_(Membership.valid_to.is_(None), Membership.valid_to > begin),
        )
        .order_by(Account.id, Team.name)
    )
    if not actor.ward_wide:
        query = query.where(Membership.team_id.in_(actor.leads))
    found: dict[UUID, tuple[str, tuple[str, ...]]] = {}
    for account_id, name, team in session.execute(query):
        known = found.get(account_id, (name, ()))[1]
        found[account_id] = (name, known if team in known else (*known, team))
    return found


def _file(found: Month, ward: str) -> bytes:
    days = [found.first + timedelta(days=each) for each in range((found.last - found.first).days + 1)]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(f"Tháng {found.first:%m-%Y}")
    sheet.freeze_panes = "D4"
    for column, width in enumerate((6, 28, 30, *(4 for _ in days), 11, 11), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    title = f"BẢNG CHẤM CÔNG THÁNG {found.first:%m/%Y}"
    sheet.append([_cell(sheet, neutral(f"{title} · {ward}"), bold=True)])
    sheet.append([_cell(sheet, f"Một buổi có ghi lần thăm tính một công. Lập ngày {today():%d/%m/%Y}.")])
    heads = ["STT", "Họ và tên", "Tổ", *(str(day.day) for day in days), "Ngày công", "Số hộ"]
    sheet.append([_cell(sheet, head, bold=True) for head in heads])
    for number, person in enumerate(found.people, start=1):
        texts = [neutral(person.name), neutral(", ".join(person.teams))]
        marks = ["x" if day in person.days else "" for day in days]
        cells = [_cell(sheet, text) for text in (*texts, *marks)]
        sheet.append([number, *cells, len(person.days), person.doors])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, text: str, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(vertical="top")
    return cell
