"""The only place that knows what "today" is: Asia/Ho_Chi_Minh."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """The present moment, aware, in Vietnam's zone (stored as UTC by the database)."""
    return datetime.now(VIETNAM)


def today() -> date:
    """The present day in Vietnam."""
    return now().date()


def local(moment: datetime) -> datetime:
    """The same moment on a clock in Vietnam."""
    return moment.astimezone(VIETNAM)
