"""What an import leaves for its undo: which households it made, what stood in those it changed, and how it left them.

Rows are kept as PostgreSQL writes them, so that names and phones stay encrypted as they were.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.crypto import keyring
from backend.models import AreaUnit, Level
from backend.services.sql import run

_CONTEXT = "import.undo"
# Everything of a household and its people but the version, which phones need to grow.
_MARKS = """
    SELECT h.id::text, md5((to_jsonb(h) - 'v')::text || COALESCE(
      (SELECT string_agg(to_jsonb(r)::text, '' ORDER BY r.id) FROM resident r WHERE r.household_id = h.id), '')) AS mark
    FROM household h WHERE h.id = ANY(%(ids)s::uuid[])
"""
_HOUSEHOLDS = "SELECT h.id::text, to_jsonb(h)::text AS row FROM household h WHERE h.id = ANY(%(ids)s::uuid[])"
_RESIDENTS = (
    "SELECT r.id::text, to_jsonb(r)::text AS row FROM resident r WHERE r.household_id = ANY(%(ids)s::uuid[])"
)


@dataclass
class Trace:
    """`created`, `updated`: household to the mark of its state as the import left it; ids as text.

    `households`, `residents`: the rows that were changed, as JSON text, by id; `added`: people added to known
    households; `alleys`: alleys that the import made; `since`: when it began.
    """

    since: str = ""
    created: dict[str, str] = field(default_factory=dict)
    updated: dict[str, str] = field(default_factory=dict)
    households: dict[str, str] = field(default_factory=dict)
    residents: dict[str, str] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    alleys: list[str] = field(default_factory=list)

    @classmethod
    def begun(cls, sealed: bytes | None) -> "Trace":
        """A new trace, or the one of an import that stopped half-way and is run again."""
        return open_trace(sealed) if sealed else cls(since=now().isoformat())

    def before(self, session: Session, household_ids: Sequence[UUID]) -> None:
        """Remember households that are about to change; of two steps the first knows how it was."""
        for kept, statement in ((self.households, _HOUSEHOLDS), (self.residents, _RESIDENTS)):
            for row in run(session, statement, ids=list(household_ids)) if household_ids else ():
                kept.setdefault(row.id, row.row)

    def after(self, session: Session, created: Sequence[UUID], updated: Sequence[UUID]) -> None:
        """Remember how households look now."""
        for kept, ids in ((self.created, created), (self.updated, updated)):
            kept.update(marks(session, [str(id_) for id_ in ids]))

    def sealed(self) -> bytes:
        """The trace as it is stored."""
        packed = zlib.compress(json.dumps(self.__dict__, separators=(",", ":")).encode(), 1)
        return keyring().seal(packed, _CONTEXT)

    @property
    def moment(self) -> datetime:
        """When the import began."""
        return datetime.fromisoformat(self.since)


def open_trace(sealed: bytes) -> Trace:
    """What `Trace.sealed` stored."""
    found: dict[str, Any] = json.loads(zlib.decompress(keyring().open(sealed, _CONTEXT)))
    return Trace(**found)


def marks(session: Session, household_ids: Sequence[str]) -> dict[str, str]:
    """Household to the mark of its state now; one that is gone has none."""
    if not household_ids:
        return {}
    return {row.id: row.mark for row in run(session, _MARKS, ids=list(household_ids))}


def alley_ids(session: Session, neighbourhood: AreaUnit) -> set[str]:
    """The alleys that a neighbourhood has."""
    here = select(AreaUnit.id).where(AreaUnit.parent_id == neighbourhood.id, AreaUnit.level == Level.ALLEY)
    return {str(id_) for id_ in session.scalars(here)}
