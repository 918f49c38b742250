"""One evening: phones walk, tap, push over a bad line; the leader moves doors meanwhile; then the books are checked."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Account, AreaUnit, Assignment, Membership, Walk, WalkState
from backend.services import board, recount, walks_live
from backend.services.actor import Actor, load_actor
from backend.services.walk_doors import live
from tests.evening import checks
from tests.evening.checks import Books
from tests.evening.ground import Ground
from tests.evening.phone import Phone
from tests.evening.proxy import BadLine

_ROUNDS = 20
_HAND_OVERS = 12


@dataclass
class Evening:
    """What came of it."""

    phones: int
    households: int
    books: Books
    acknowledged: int
    waiting: int
    dead: list[tuple[str, str]]
    duplicates: int
    lost_replies: int
    out_of_scope: int
    handed_over: int
    faults: Counter[str]
    differing_phones: list[str]
    differences: list[str]
    server_errors: list[str]
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def judge(self) -> list[str]:
        """What is wrong; nothing when all is well."""
        found = []
        if not self.books.balanced:
            found.append("the books do not balance")
        if self.waiting or self.acknowledged != self.books.tapped:
            found.append("not every event was acknowledged")
        for name in ("dead", "differing_phones", "differences", "server_errors"):
            if getattr(self, name):
                found.append(f"{name}: {getattr(self, name)[:5]}")
        if not self.faults or not self.duplicates:
            found.append("the line was too good to prove anything")
        return found


def play(ground: Ground, seed: int) -> Evening:
    """Play it to the end and check the books."""
    began = time.monotonic()
    with BadLine(ground.port, seed) as line:
        phones = [
            Phone(person["enrol_url"], server=ground.port, line=line.port, seed=seed * 1000 + number)
            for number, person in enumerate(ground.demo["volunteers"])
        ]
        over = threading.Event()
        with ThreadPoolExecutor(len(phones) + 1) as pool:
            leading = pool.submit(_lead, ground, over, phones, seed)
            walks = [pool.submit(_walk, phone) for phone in phones]
            try:
                for walk in walks:
                    walk.result()
            finally:
                over.set()
            moved = leading.result()
            line.healthy = True
            list(pool.map(_come_home, phones))
        faults = line.faults
    return Evening(
        phones=len(phones),
        households=len({door for phone in phones for door in phone.visited}),
        books=checks.books(ground.engine, phones),
        acknowledged=sum(len(phone.profile.retained) for phone in phones),
        waiting=sum(len(phone.profile.outbox) for phone in phones),
        dead=[(id_, reason) for phone in phones for id_, (_, reason) in phone.profile.dead.items()],
        duplicates=sum(phone.codes["duplicate"] for phone in phones),
        lost_replies=sum(phone.unanswered for phone in phones),
        out_of_scope=sum(
            kept.code == "accepted_out_of_scope"
            for phone in phones
            for kept in phone.profile.retained.values()
        ),
        handed_over=moved,
        faults=faults,
        differing_phones=checks.differing_phones(phones),
        differences=_recount(ground),
        server_errors=list(checks.server_errors(ground.log)) if ground.log else [],
        seconds=time.monotonic() - began,
    )


def _walk(phone: Phone) -> None:
    """Until there is nothing left to do and nothing left to send."""
    phone.pull()
    while phone.to_do() or phone.profile.outbox or not phone.profile.streams:
        for door in phone.to_do()[: phone.random.randint(2, 7)]:
            phone.visit(door)
        # An alley without signal: what was tapped waits, and the leader may move the door meanwhile.
        if phone.random.random() < 0.5 or not phone.to_do():
            phone.push()
        if phone.random.random() < 0.25:
            phone.pull()
        if not phone.to_do() and not phone.profile.outbox:
            phone.pull()


def _come_home(phone: Phone) -> None:
    """After the faults: sync rounds, and a last look once everybody is quiet."""
    for _ in range(_ROUNDS):
        phone.pull()
        for door in phone.to_do():
            phone.visit(door)
        if not phone.profile.outbox:
            break
        phone.push()
    phone.pull()


def _lead(ground: Ground, over: threading.Event, phones: Sequence[Phone], seed: int) -> int:
    """Move a few doors from walk to walk while they are being walked; returns how many moved."""
    source = random.Random(seed)
    moved = 0
    for turn in range(1, _HAND_OVERS + 1):
        while not over.wait(0.05):
            if sum(len(phone.tapped) for phone in phones) >= turn * ground.households // (_HAND_OVERS + 1):
                break
        with work.unit_of_work(ground.engine) as session:
            moved += _hand_over(session, leader(session, ground), source)
    return moved


def _hand_over(session: Session, lead: Actor, source: random.Random) -> int:
    walks = session.scalars(
        select(Walk.id)
        .where(Walk.team_id.in_(lead.leads), Walk.state == WalkState.PUBLISHED)
        .order_by(Walk.name, Walk.id)
    ).all()
    if len(walks) < 2:
        return 0
    giving, taking = source.sample(walks, 2)
    doors: list[UUID] = list(
        session.scalars(
            select(Assignment.household_id)
            .where(Assignment.walk_id == giving, live())
            .order_by(Assignment.position)
        )
    )
    chosen = source.sample(doors, min(len(doors), source.randint(2, 6)))
    return walks_live.hand_over(session, lead, giving, taking, chosen)


def volunteers(session: Session, lead: Actor) -> Sequence[Account]:
    """The people of the team that `lead` leads."""
    return session.scalars(
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.team_id.in_(lead.leads))
    ).all()


def leader(session: Session, ground: Ground) -> Actor:
    """The leader of the demo ward."""
    account = session.scalars(select(Account.id).where(Account.login == ground.demo["leader"]["login"])).one()
    actor = load_actor(session, account)
    assert actor is not None
    return actor


def _recount(ground: Ground) -> list[str]:
    """Where the tables, or the board made from them, say something else than the raw events."""
    with Session(ground.engine) as session:
        lead = leader(session, ground)
        area = session.scalars(select(AreaUnit).where(AreaUnit.code == ground.demo["neighbourhood"])).one()
        shown = board.board(session, lead, area.id, None)
        return [str(line) for line in recount.differences(session, lead, shown, area.id)]
