"""What a resident found suspicious, told to the ward with one tap: nothing typed, nothing personal."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Id, WardId, one_of


class ReportAbout(StrEnum):
    """From which page the report came."""

    LIVE_BADGE = "live_badge"  # the rotating code on a phone
    PAPER_BADGE = "paper_badge"
    VISIT_CODE = "visit_code"
    VISIT = "visit"  # "this did not happen": a visit that somebody wrote down


class ReportReason(StrEnum):
    """What was wrong, chosen from a list."""

    OTHER_PERSON = "other_person"  # not the one on the page
    SECRET = "secret"  # asked for an OTP, a password, a card  # noqa: S105
    MONEY = "money"
    CODE_REFUSED = "code_refused"  # the page itself said no
    DID_NOT_HAPPEN = "did_not_happen"
    OTHER = "other"


class ReportState(StrEnum):
    NEW = "new"
    SEEN = "seen"
    CLOSED = "closed"


class ScamReport(Base):
    """`verdict`: what the page had said; `account_id`: whose badge it was, None for a forged one.

    `visit_event_id`: of a visit that did not happen. No address, no name, no free text.
    """

    __tablename__ = "scam_report"

    id: Mapped[Id]
    ward_id: Mapped[WardId]
    about: Mapped[str]
    reason: Mapped[str]
    verdict: Mapped[str] = mapped_column(default="")
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    visit_event_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit_event.id"))
    created_at: Mapped[CreatedAt]
    state: Mapped[str] = mapped_column(default=ReportState.NEW)
    handled_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    handled_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("about", ReportAbout),
        one_of("reason", ReportReason),
        one_of("state", ReportState),
        Index("ix_scam_report_state", "ward_id", "state", "created_at"),
    )
