"""The forms that real campaigns took (domain/team.md, section 9), to begin a new one from.

Their names are data and not words of ours: they go into the campaign as they are, in any language of the page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class CampaignForm:
    """`first`: the day it would begin, seen from a day; `days`: how long it lasts, both ends counted."""

    slug: str
    name: str
    first: Callable[[date], date]
    days: int

    def dates(self, day: date) -> tuple[date, date]:
        """Its first and last day for somebody who plans on `day`."""
        first = self.first(day)
        return first, first + timedelta(days=self.days - 1)


def _at_once(day: date) -> date:
    return day


def _weekday(wanted: int) -> Callable[[date], date]:
    """The next such day of the week, `day` itself included (Monday is 0)."""
    return lambda day: day + timedelta(days=(wanted - day.weekday()) % 7)


def _yearly(month: int, of_month: int) -> Callable[[date], date]:
    """The next such day of the year, `day` itself included."""

    def first(day: date) -> date:
        this_year = date(day.year, month, of_month)
        return this_year if this_year >= day else date(day.year + 1, month, of_month)

    return first


FORMS = (
    CampaignForm("15-ngay-dem", "15 ngày đêm", _at_once, 15),
    CampaignForm("45-ngay-dem", "45 ngày đêm", _at_once, 45),
    CampaignForm("90-ngay-dem", "90 ngày đêm", _at_once, 90),
    CampaignForm("thang-cao-diem", "Tháng cao điểm", _at_once, 30),
    CampaignForm("ra-tung-nguoi", "Đến từng nhà, rà từng người", _at_once, 35),
    CampaignForm("thu-bay", "Ngày thứ Bảy tình nguyện", _weekday(5), 1),
    CampaignForm("chu-nhat", "Ngày Chủ nhật tình nguyện", _weekday(6), 1),
    CampaignForm("mua-he", "Chiến dịch hè thanh niên tình nguyện", _yearly(7, 7), 56),
    CampaignForm("mua-dong", "Thanh niên đồng hành cùng hành chính công", _yearly(12, 18), 60),
)


def campaign_form(slug: str) -> CampaignForm | None:
    """The form of that name, if there is one."""
    return next((form for form in FORMS if form.slug == slug), None)
