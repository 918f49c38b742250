"""What residents report with one tap, and the ward's officers going through it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backend.core.clock import now
from backend.core.refusal import NotFound
from backend.models import Account, AreaUnit, ReportAbout, ReportReason, ReportState, ScamReport, Team
from backend.services import audit
from backend.services.actor import Actor

MOST_ROWS = 200
# What a resident may choose; "did not happen" comes from the page of a visit.
REASONS = (ReportReason.OTHER_PERSON, ReportReason.SECRET, ReportReason.MONEY, ReportReason.OTHER)


@dataclass(frozen=True)
class ReportRow:
    """A report as the officers' list shows it; `person`: whose badge it was, None for a forged or unknown one."""

    id: UUID
    about: str
    reason: str
    verdict: str
    person: str | None
    account_id: UUID | None
    state: str
    at: datetime
    handled_by: str | None


def report(
    session: Session,
    ward_id: UUID,
    about: ReportAbout,
    reason: ReportReason,
    *,
    verdict: str = "",
    account_id: UUID | None = None,
    visit_event_id: UUID | None = None,
) -> ScamReport:
    """Store one report for the officers of a ward. Nobody is signed in here, and nothing says who told it."""
    row = ScamReport(
        ward_id=ward_id,
        about=about,
        reason=reason,
        verdict=verdict,
        account_id=account_id,
        visit_event_id=visit_event_id,
    )
    session.add(row)
    session.flush()
    return row


def wards_served(session: Session) -> list[tuple[UUID, str]]:
    """The wards with a team here, by name: where a report without a known ward may go."""
    rows = session.execute(
        select(AreaUnit.id, AreaUnit.name)
        .where(AreaUnit.id.in_(select(Team.ward_id)))
        .order_by(AreaUnit.sort_key)
    )
    return [(row.id, row.name) for row in rows]


def reports(session: Session, actor: Actor) -> list[ReportRow]:
    """The ward's reports: what is new first, then the newest; at most `MOST_ROWS`. The reading is audited."""
    whose, by = aliased(Account), aliased(Account)
    found = session.execute(
        select(
            ScamReport.id,
            ScamReport.about,
            ScamReport.reason,
            ScamReport.verdict,
            whose.full_name.label("person"),
            ScamReport.account_id,
            ScamReport.state,
            ScamReport.created_at.label("at"),
            by.full_name.label("handled_by"),
        )
        .outerjoin(whose, whose.id == ScamReport.account_id)
        .outerjoin(by, by.id == ScamReport.handled_by)
        .where(ScamReport.ward_id == actor.ward_id)
        .order_by(ScamReport.state != ReportState.NEW, ScamReport.created_at.desc())
        .limit(MOST_ROWS)
    ).all()
    audit.record(session, actor, "scam_report.list", object_kind="scam_report", count=len(found))
    return [ReportRow(**row._mapping) for row in found]


def how_many_new(session: Session, actor: Actor) -> int:
    """Reports that no officer has looked at yet."""
    return (
        session.scalar(
            select(func.count()).where(
                ScamReport.ward_id == actor.ward_id, ScamReport.state == ReportState.NEW
            )
        )
        or 0
    )


def handle(session: Session, actor: Actor, report_id: UUID, state: ReportState) -> ScamReport:
    """Mark a report as seen or closed. Raises NotFound for another ward's."""
    row = session.scalars(
        select(ScamReport)
        .where(ScamReport.id == report_id, ScamReport.ward_id == actor.ward_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound
    if row.state != state:
        row.state, row.handled_by, row.handled_at = state, actor.account_id, now()
        audit.record(
            session, actor, "scam_report.handle", object_kind="scam_report", object_id=row.id, state=state
        )
        session.flush()
    return row
