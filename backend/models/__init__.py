"""The nouns, one to a file. Import this package to have every table known to the metadata."""

from backend.models.account import Account, LoginSession, Membership, Role
from backend.models.area_unit import AreaUnit, AreaUnitChange, AreaUnitName, ChangeKind, Level
from backend.models.audit_entry import AuditEntry
from backend.models.badge_key import BadgeKey
from backend.models.base import Base
from backend.models.bulk_act import BulkAct, BulkKind
from backend.models.campaign import Campaign, Target
from backend.models.device import Device, Enrolment, PushKind, PushTarget
from backend.models.erasure import Erasure, HeldEvent, HeldSource
from backend.models.feed import ChangeFeed, ServerMeta, StreamAccess, StreamHead
from backend.models.feedback import FeedbackCount, SlipUsed
from backend.models.guide_text import GuideReport, GuideText
from backend.models.help_request import HelpClosed, HelpDoor, HelpRequest, HelpWhen
from backend.models.household import (
    Household,
    HouseholdAlias,
    HouseholdDistinct,
    HouseholdKind,
    HouseholdMove,
    HouseholdState,
    Mark,
    Resident,
    ResidentState,
)
from backend.models.import_batch import ImportBatch, ImportState
from backend.models.paper_sheet import PaperSheet
from backend.models.qr_code import CodeKind, QrCode, ScanCount
from backend.models.rate_limit import RateLimit
from backend.models.referral import Referral, ReferralPlace, ReferralState
from backend.models.scam_report import ReportAbout, ReportReason, ReportState, ScamReport
from backend.models.service import CLOSED, DONE, OPEN, Adoption, AdoptionState, FailureReason, Service
from backend.models.spot import AnswerCount, CheckState, CodeCheck, Spot, SpotDuty, SpotKind, WalkIn
from backend.models.tally import Tally, TallyChange
from backend.models.team import Team, TeamArea
from backend.models.visit_code import VisitCode
from backend.models.visit_event import (
    ANSWERING,
    Consent,
    EventKind,
    HouseholdView,
    Outcome,
    Visit,
    VisitEvent,
    VisitReview,
)
from backend.models.walk import Assignment, Walk, WalkMember, WalkState

__all__ = [
    "ANSWERING",
    "CLOSED",
    "DONE",
    "OPEN",
    "Account",
    "Adoption",
    "AdoptionState",
    "AnswerCount",
    "AreaUnit",
    "AreaUnitChange",
    "AreaUnitName",
    "Assignment",
    "AuditEntry",
    "BadgeKey",
    "Base",
    "BulkAct",
    "BulkKind",
    "Campaign",
    "ChangeFeed",
    "ChangeKind",
    "CheckState",
    "CodeCheck",
    "CodeKind",
    "Consent",
    "Device",
    "Enrolment",
    "Erasure",
    "EventKind",
    "FailureReason",
    "FeedbackCount",
    "GuideReport",
    "GuideText",
    "HeldEvent",
    "HeldSource",
    "HelpClosed",
    "HelpDoor",
    "HelpRequest",
    "HelpWhen",
    "Household",
    "HouseholdAlias",
    "HouseholdDistinct",
    "HouseholdKind",
    "HouseholdMove",
    "HouseholdState",
    "HouseholdView",
    "ImportBatch",
    "ImportState",
    "Level",
    "LoginSession",
    "Mark",
    "Membership",
    "Outcome",
    "PaperSheet",
    "PushKind",
    "PushTarget",
    "QrCode",
    "RateLimit",
    "Referral",
    "ReferralPlace",
    "ReferralState",
    "ReportAbout",
    "ReportReason",
    "ReportState",
    "Resident",
    "ResidentState",
    "Role",
    "ScamReport",
    "ScanCount",
    "ServerMeta",
    "Service",
    "SlipUsed",
    "Spot",
    "SpotDuty",
    "SpotKind",
    "StreamAccess",
    "StreamHead",
    "Tally",
    "TallyChange",
    "Target",
    "Team",
    "TeamArea",
    "Visit",
    "VisitCode",
    "VisitEvent",
    "VisitReview",
    "Walk",
    "WalkIn",
    "WalkMember",
    "WalkState",
]
