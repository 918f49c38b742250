"""Which version of the rows phones must read: who speaks what, and the two minimums (sync.md, section 15).

A pull below the first minimum is refused ("upgrade"; pushing goes on), below the second the phone only shows a banner.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.models import Account, AuditEntry, Device, ServerMeta

# What the app of this very version reads (SCHEMA in the phone's protocol/pull.ts; a test holds the two together).
SPOKEN = 1


class NotAMinimum(Exception):
    """Below the minimum in force, or (`high`) above what this server's own app speaks; `bound` is what it may be."""

    def __init__(self, bound: int, *, high: bool) -> None:
        super().__init__(bound)
        self.bound, self.high = bound, high


@dataclass(frozen=True)
class Minimums:
    """`refuse`: older apps cannot pull; `remind`: older ones are asked to update."""

    refuse: int
    remind: int


@dataclass(frozen=True)
class Build:
    """Phones in use with one build of the app. `schema` None: not heard of since this is asked."""

    name: str | None
    schema: int | None
    phones: int
    last_seen: datetime | None

    def below(self, minimum: int) -> bool:
        """Whether such a minimum stops (or reminds) these phones; who told nothing may be old."""
        return minimum > 1 and (self.schema or 0) < minimum


def minimums(session: Session) -> Minimums:
    """The two minimums in force."""
    meta = session.get_one(ServerMeta, True)
    return Minimums(meta.min_pull_schema, meta.remind_pull_schema)


def builds(session: Session) -> list[Build]:
    """The builds on phones that are let in, the oldest rows first."""
    rows = session.execute(
        select(Device.app_build, Device.app_schema, func.count(), func.max(Device.last_seen_at))
        .join(Account, Account.id == Device.account_id)
        .where(Device.revoked_at.is_(None), Account.disabled_at.is_(None))
        .group_by(Device.app_build, Device.app_schema)
        .order_by(Device.app_schema.nulls_first(), func.max(Device.last_seen_at).desc().nulls_last())
    )
    return [Build(*row) for row in rows]


def raise_minimums(session: Session, *, refuse: int | None = None, remind: int | None = None) -> Minimums:
    """Raise one minimum or both, each ward's audit told; who refuses also reminds. Raises NotAMinimum."""
    meta = session.get_one(ServerMeta, True, with_for_update=True, populate_existing=True)
    before = Minimums(meta.min_pull_schema, meta.remind_pull_schema)
    for wanted, present in ((refuse, before.refuse), (remind, before.remind)):
        if wanted is not None and wanted < present:
            raise NotAMinimum(present, high=False)
        if wanted is not None and wanted > SPOKEN:
            raise NotAMinimum(SPOKEN, high=True)
    meta.min_pull_schema = refuse or before.refuse
    meta.remind_pull_schema = max(remind or before.remind, meta.min_pull_schema)
    after = Minimums(meta.min_pull_schema, meta.remind_pull_schema)
    if after != before:
        told = {"refuse": after.refuse, "remind": after.remind}
        for ward_id in session.scalars(select(Account.ward_id).distinct()):
            session.add(AuditEntry(ward_id=ward_id, action="phones.minimum", at=now(), detail=told))
    session.flush()
    return after
