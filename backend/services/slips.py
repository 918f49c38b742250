"""The slip of a visit: a code that opens what was done, by whom (given name, team), what is next; nothing of who lives there.

The code is the beginning of the visit's own hash, which the phone knows before anybody else: no signal and no table is
needed to hand it out (decision 0094). A slip speaks twice at most: one answer to one question, one report to the ward.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.crypto import keyring
from backend.core.refusal import Refusal
from backend.models import FeedbackCount, SlipUsed
from backend.services.actor import Actor, neighbourhood_ids
from backend.services.help_answer import Done, given_name, work_of
from backend.services.sql import run
from qr.codes.tokens import ALPHABET, LENGTH, token_from

ANSWERS = 3  # good, so-so, not good
# Fewer answers than this of a neighbourhood and month are hidden.
SMALL = 5
_PREFIX = 6  # bytes: 48 of the 50 bits of a code, by which the index finds the visit
# The visit whose slip was handed out, and the one that counts in its place when its author corrected it.
_SLIP = """
    SELECT e.id, e.ward_id, e.payload_sha256, e.redacted_at, n.name AS neighbourhood, h.neighbourhood_id,
           a.full_name AS author, v.outcome, v.results, v.est_time, v.appointment_at, t.name AS team
    FROM visit_event e
    LEFT JOIN household h ON h.id = e.household_link
    LEFT JOIN area_unit n ON n.id = h.neighbourhood_id
    JOIN account a ON a.id = e.author
    LEFT JOIN LATERAL (
      WITH RECURSIVE chain(id) AS (
        SELECT e.id UNION SELECT c.id FROM visit_event c JOIN chain ON c.corrects = chain.id WHERE c.author = e.author)
      SELECT v.outcome, v.results, v.est_time, v.appointment_at FROM visit v JOIN chain ON chain.id = v.event_id
      WHERE v.effective LIMIT 1
    ) v ON true
    LEFT JOIN LATERAL (
      SELECT t.name FROM membership m JOIN team t ON t.id = m.team_id
      WHERE m.account_id = e.author ORDER BY m.valid_to IS NULL DESC, m.valid_from LIMIT 1
    ) t ON true
    WHERE substr(e.payload_sha256, 1, 6) = %(prefix)s AND e.kind IN ('visit', 'correction')
"""


@dataclass(frozen=True)
class Slip:
    """A visit as its slip tells it. `taken_back`: its author withdrew it, or the household was erased."""

    event_id: UUID
    ward_id: UUID
    neighbourhood_id: UUID | None
    neighbourhood: str
    by: str
    team: str
    outcome: str
    at: datetime | None
    appointment_at: datetime | None
    work: Done
    taken_back: bool
    answered: bool
    reported: bool


def slip_code(sha256: bytes) -> str:
    """The code of a visit's slip: the first 50 bits of the hash of its core (the phone makes the same)."""
    return token_from(sha256)


def open_slip(session: Session, code: str) -> Slip | None:
    """What a slip's code tells; None while the phone has not sent the visit, or for a code that nobody made."""
    session.flush()
    rows = [
        row
        for row in run(session, _SLIP, prefix=_prefix(code))
        if slip_code(bytes(row.payload_sha256)) == code
    ]
    if len(rows) != 1:
        return None
    row = rows[0]
    used = set(session.scalars(select(SlipUsed.what).where(SlipUsed.slip == _key(code))))
    return _slip(row, used)


def give_feedback(session: Session, code: str, answer: int) -> None:
    """Count one answer for the visit's neighbourhood; a slip answers once. Raises Refusal bad_form, slip_used."""
    slip = open_slip(session, code)
    if slip is None or slip.taken_back or slip.neighbourhood_id is None or not 0 <= answer < ANSWERS:
        raise Refusal("bad_form", fields={"dap": "help_choose"})
    use(session, slip, code, "feedback")
    statement = insert(FeedbackCount).values(
        neighbourhood_id=slip.neighbourhood_id,
        month=today().replace(day=1),
        answer=answer,
        ward_id=slip.ward_id,
        n=1,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["neighbourhood_id", "month", "answer"], set_={"n": FeedbackCount.n + 1}
        )
    )


def use(session: Session, slip: Slip, code: str, what: str) -> None:
    """Mark that a slip has spoken. Raises Refusal slip_used (409) the second time."""
    made = session.scalar(
        insert(SlipUsed)
        .values(slip=_key(code), what=what, ward_id=slip.ward_id)
        .on_conflict_do_nothing()
        .returning(SlipUsed.what)
    )
    if made is None:
        raise Refusal("slip_used", status=409)


def feedback_of(session: Session, actor: Actor) -> dict[UUID, tuple[int, int, int] | None]:
    """Answers (good, so-so, not good) per neighbourhood of the actor; None where there are too few to be shown."""
    rows = session.execute(
        select(FeedbackCount.neighbourhood_id, FeedbackCount.answer, func.sum(FeedbackCount.n))
        .where(
            FeedbackCount.ward_id == actor.ward_id,
            FeedbackCount.neighbourhood_id.in_(neighbourhood_ids(actor)),
        )
        .group_by(FeedbackCount.neighbourhood_id, FeedbackCount.answer)
    )
    counted: dict[UUID, list[int]] = {}
    for area, answer, n in rows:
        counted.setdefault(area, [0] * ANSWERS)[answer] = int(n)
    return {area: (n[0], n[1], n[2]) if sum(n) >= SMALL else None for area, n in counted.items()}


def _slip(row: Any, used: set[str]) -> Slip:
    return Slip(
        event_id=row.id,
        ward_id=row.ward_id,
        neighbourhood_id=row.neighbourhood_id,
        neighbourhood=row.neighbourhood or "",
        by=given_name(row.author),
        team=row.team or "",
        outcome=row.outcome or "",
        at=row.est_time,
        appointment_at=row.appointment_at,
        work=work_of(row.results or ()),
        taken_back=row.outcome is None or row.redacted_at is not None,
        answered="feedback" in used,
        reported="report" in used,
    )


def _prefix(code: str) -> bytes:
    bits = 0
    for char in code:
        bits = bits << 5 | ALPHABET.index(char)
    return (bits >> 5 * LENGTH - 8 * _PREFIX).to_bytes(_PREFIX, "big")


def _key(code: str) -> bytes:
    return keyring().blind(code, "slip")
