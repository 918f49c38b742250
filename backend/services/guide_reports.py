"""“This step looks otherwise on my phone”: counted per guide, step and day, shown to the ward; nothing about who said it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.ids import uuid7
from backend.models import GuideReport
from backend.services.actor import Actor
from backend.services.guides import Guide

# How far back the desk looks.
WINDOW_DAYS = 30
# More of one step on one day says nothing new; whoever repeats a button cannot make a number grow beyond it.
MOST_A_DAY = 50


@dataclass(frozen=True)
class Reported:
    """What residents said about one step of one guide in the last days. `version`: of the text they saw."""

    slug: str
    lang: str
    version: int
    step: int
    n: int


def report(session: Session, ward_id: UUID | None, guide: Guide, step: int) -> None:
    """Count one report of a step of `guide`; a step that it does not have is counted as the nearest one."""
    row = {
        "id": uuid7(),
        "ward_id": ward_id,
        "slug": guide.slug,
        "lang": guide.lang,
        "version": guide.version,
        "step": min(max(step, 1), len(guide.steps)),
        "day": today(),
        "n": 1,
    }
    counted = insert(GuideReport).values(row)
    session.execute(
        counted.on_conflict_do_update(
            index_elements=["ward_id", "slug", "lang", "version", "step", "day"],
            set_={"n": func.least(GuideReport.n + 1, MOST_A_DAY)},
        )
    )


def reports(session: Session, actor: Actor) -> list[Reported]:
    """What was said in the last days on the ward's pages, and on pages read without any ward; one statement."""
    since = today() - timedelta(days=WINDOW_DAYS - 1)
    total = func.sum(GuideReport.n)
    rows = session.execute(
        select(GuideReport.slug, GuideReport.lang, GuideReport.version, GuideReport.step, total.label("n"))
        .where(
            or_(GuideReport.ward_id == actor.ward_id, GuideReport.ward_id.is_(None)), GuideReport.day >= since
        )
        .group_by(GuideReport.slug, GuideReport.lang, GuideReport.version, GuideReport.step)
        .order_by(total.desc(), GuideReport.slug, GuideReport.step)
    )
    return [Reported(row.slug, row.lang, row.version, row.step, int(row.n)) for row in rows]
