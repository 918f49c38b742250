"""The world of one history: a ward with two teams, phones, a line with faults, and the server's own code behind it.

Everything happens on one connection in a transaction that is undone at the end, so a backup is a savepoint and a
restore goes back to it. What a phone does goes through the HTTP interface; what a leader does, through the services.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from backend.database import work
from backend.edge import access
from backend.models import Account, Assignment, Household, Role, Walk, WalkMember
from backend.services import enrol, erasure, feed, merging, people, walks_live
from backend.services.actor import Actor, load_actor
from backend.services.walk_doors import live
from tests import factories as make
from tests.people import make_people
from tests.sync.kit import HEADERS
from tests.sync.world.phone import Answer, Event, Profile, Pull, Push

_PORTAL = Answer(200, "text/html", b"<h1>Wifi mien phi</h1>")
_LOG = """
    CREATE TABLE feed_log (audience text, seq bigint);
    CREATE FUNCTION log_feed() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO feed_log VALUES (NEW.audience, NEW.seq); RETURN NEW; END';
    CREATE TRIGGER log_feed AFTER INSERT OR UPDATE ON change_feed FOR EACH ROW EXECUTE FUNCTION log_feed()
"""


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Seat:
    """One profile on a phone, and its way to the server."""

    name: str
    profile: Profile
    client: FlaskClient

    @property
    def account(self) -> UUID:
        """Who is logged in there."""
        return UUID(self.profile.account)


@dataclass(frozen=True)
class Late:
    """Something still on its way: a push that the phone gave up on, or a reply."""

    seat: Seat
    request: Push | Pull
    reply: Answer | None


@dataclass
class Saved:
    """A line of the ledger of truth: this event was called saved.

    `by`: who was logged in. `bad`: it can never succeed. `held`: it waits for a leader's word.
    """

    event: Event
    seat: Seat
    by: str
    bad: bool = False
    held: bool = False


@dataclass
class World:
    """`ledger`: by hash, every event a volunteer was told is saved. `wrong`: what was found broken on the way."""

    app: Flask
    connection: Connection
    dice: random.Random
    phone: type[Profile] = Profile
    page: int = 2
    seats: dict[str, Seat] = field(default_factory=dict)
    ledger: dict[str, Saved] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)
    erased: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    skew: timedelta = timedelta()
    backed_up: bool = False
    shut_out: set[str] = field(default_factory=set)

    # --- the beginning ---

    def __post_init__(self) -> None:
        for statement in _LOG.split(";\n")[:1]:
            self.connection.execute(text(statement))
        self.connection.execute(text(_LOG.partition(";\n")[2]))
        with self.acting() as session:
            people_ = make_people(session)
            self.ward, self.neighbourhood = people_.ward.id, people_.neighbourhood.id
            self.lan, self.minh, self.officer = people_.lan.id, people_.minh.id, people_.officer.id
            self.team = people_.team.id
            second = make.create_team(session, people_.neighbourhood, "Tổ CNSCĐ 2")
            self.second = second.id
            mai = make.create_account(session, self.ward, "Vũ Thị Mai", team=people_.team)
            nam = make.create_account(session, self.ward, "Đỗ Văn Nam", team=second)
            make.create_account(session, self.ward, "Bùi Thị Thu", role=Role.TEAM_LEADER, team=second)
            doors = [
                make.create_household(session, people_.neighbourhood, address=f"Số {2 * n} ngõ 34", people=1)
                for n in range(1, 9)
            ]
            far = make.create_household(session, people_.other_neighbourhood, address="Số 1", people=1)
            walks = [
                make.create_walk(session, people_.team, [people_.minh], doors[:4]),
                make.create_walk(session, people_.team, [mai], doors[4:6]),
                make.create_walk(session, second, [nam], doors[6:]),
                make.create_walk(session, people_.other_team, [people_.hoa], [far]),
            ]
            self.mai, self.nam, self.hoa = mai.id, nam.id, people_.hoa.id
            self.doors = [str(door.id) for door in doors]
            self.far = str(far.id)
            self.walks = [walk.id for walk in walks]
            self.walk_of = {self.minh: self.walks[0], self.mai: self.walks[1], self.nam: self.walks[2]}
            pairs = [
                ("minh", people_.minh),
                ("minh2", people_.minh),
                ("mai", mai),
                ("nam", nam),
                ("lan", people_.lan),
                ("hoa", people_.hoa),
            ]
            devices = [(name, account, *make.create_device(session, account)) for name, account in pairs]
        for name, account, device, token in devices:
            self._seat(name, account, str(device.id), token)
        # Mai and Nam share a phone: one of them is logged in.
        self.active = "mai"

    def _seat(self, name: str, account: Account, device: str, token: str) -> None:
        client = self.app.test_client()
        client.set_cookie("gocua_device", token)
        epoch = client.get("/api/v1/me").json["epoch"]
        dice = random.Random(self.dice.random())
        profile = self.phone(
            str(account.id), device, epoch, dice, page=self.page, clock=lambda: make.now() + self.skew
        )
        self.seats[name] = Seat(name, profile, client)

    def __getitem__(self, name: str) -> Seat:
        return self.seats[name]

    @contextmanager
    def acting(self) -> Iterator[Session]:
        """A session of the server's side, with one commit at its end."""
        with Session(
            self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
            work.commit(session)

    def lead(self, session: Session, account: UUID | None = None) -> Actor:
        """The actor of Lan, or of another account."""
        actor = load_actor(session, account or self.lan)
        assert actor is not None
        return actor

    # --- what people do ---

    def log(self, seat: str, door: str, outcome: str = "not_home", **more: Any) -> Event:
        """A visit that the volunteer is told is saved; its note is a canary."""
        payload = more.pop("payload", None) or {"outcome": outcome, "note": f"canary-{len(self.ledger)}"}
        return self.save(seat, door, payload, "visit", **more)

    def save(
        self, seat: str, door: str, payload: dict[str, Any], kind: str, *, bad: bool = False, **more: Any
    ) -> Event:
        """Any event, written down in the ledger."""
        event = self[seat].profile.log(door, payload, kind, **more)
        self.ledger[event.sha256] = Saved(event, self[seat], str(self[seat].account), bad)
        return event

    def give(self, door: str, walk: UUID) -> None:
        """The leader moves a door to another walk, also to another team's; nothing when it is there already."""
        with self.acting() as session:
            now_at = session.scalars(
                select(Assignment).where(Assignment.household_id == UUID(door), live())
            ).one_or_none()
            target = session.get_one(Walk, walk)
            if now_at is None or now_at.walk_id == walk:
                return
            if now_at.team_id == target.team_id and target.state == "published":
                lead = self.lead(session, self.officer)
                walks_live.hand_over(session, lead, now_at.walk_id, walk, [UUID(door)])
                return
            now_at.ended_at = make.now()
            session.flush()
            again = session.scalars(
                select(Assignment).where(Assignment.walk_id == walk, Assignment.household_id == UUID(door))
            ).one_or_none()
            if again is None:
                session.add(
                    Assignment(
                        ward_id=self.ward,
                        walk_id=walk,
                        team_id=target.team_id,
                        household_id=UUID(door),
                        position=90,
                        started_at=make.now(),
                    )
                )
            else:
                again.started_at, again.ended_at = make.now(), None
            feed.touch_households(session, [UUID(door)])

    def edit(self, door: str) -> None:
        """The leader writes something at a door."""
        with self.acting() as session:
            household = session.get_one(Household, UUID(door))
            household.address = f"Số {self.dice.randint(1, 999)}"
            feed.touch_households(session, [household.id])

    def role(self, account: UUID, role: Role) -> None:
        """Another role in the same team: the generation of the rights grows."""
        with self.acting() as session:
            people.set_role(session, self.lead(session, self.officer), account, self.team, role)

    def end_walk(self, account: UUID, *, quietly: bool = False) -> None:
        """A person stops at their walk; `quietly`: by date, with no write that touches."""
        with self.acting() as session:
            member = session.scalars(
                select(WalkMember).where(WalkMember.account_id == account, WalkMember.ended_at.is_(None))
            ).one_or_none()
            if member is not None:
                member.ended_at = make.now()
                if not quietly:
                    self._touch_walk(session, member.walk_id)

    def erase(self, door: str) -> None:
        """A household takes its consent back."""
        with self.acting() as session:
            erasure.erase(session, self.lead(session), UUID(door))
        self.erased |= {door, *self._merged_into(door)}

    def _merged_into(self, door: str) -> set[str]:
        rows = self.connection.execute(text(_ALIASES), {"id": door})
        return {row.old for row in rows}

    def merge(self, old: str, new: str) -> None:
        """The leader makes one door of two."""
        with self.acting() as session:
            merging.merge_households(session, self.lead(session), UUID(old), UUID(new))

    def revoke(self, name: str) -> None:
        """The leader shuts a phone out."""
        with self.acting() as session:
            enrol.revoke_device(session, self.lead(session, self.officer), UUID(self[name].profile.device))
        self.shut_out.add(name)

    def begin_walk(self, account: UUID) -> None:
        """And is on it again."""
        with self.acting() as session:
            walk = self.walk_of[account]
            open_ = select(WalkMember.id).where(
                WalkMember.account_id == account, WalkMember.walk_id == walk, WalkMember.ended_at.is_(None)
            )
            if session.scalars(open_).first() is None:
                session.add(WalkMember(ward_id=self.ward, walk_id=walk, account_id=account))
                self._touch_walk(session, walk)

    def _touch_walk(self, session: Session, walk: UUID) -> None:
        doors = session.scalars(
            select(Assignment.household_id).where(Assignment.walk_id == walk, live())
        ).all()
        feed.touch_households(session, doors)

    # --- what happens to the server ---

    def backup(self) -> None:
        """A backup is taken."""
        self.connection.execute(text("SAVEPOINT world_backup"))
        self.backed_up = True

    def restore(self, *, quietly: bool = False) -> None:
        """The server is lost and the backup put back; `quietly`: nobody rotates the epoch (a disk image)."""
        self.connection.execute(text("ROLLBACK TO SAVEPOINT world_backup"))
        if not quietly:
            self.rotate()

    def rotate(self) -> None:
        """What the operator's command does after a restore: the ledger of erasures first, then a new epoch."""
        with self.acting() as session:
            erasure.replay(session)
        with self.acting() as session:
            feed.rotate_epoch(session)

    @property
    def epoch(self) -> str:
        """The epoch of the server now."""
        return str(self.connection.execute(text("SELECT epoch FROM server_meta")).scalar_one())

    def clean_feed(self) -> None:
        """The feed forgets what nobody can see any more; horizons rise."""
        gone = """
            WITH gone AS (
              DELETE FROM change_feed f WHERE f.kind = 'household' AND NOT EXISTS (
                SELECT FROM assignment a WHERE a.household_id = f.entity_id AND 'team:' || a.team_id = f.audience
                  AND a.started_at IS NOT NULL AND a.ended_at IS NULL)
                AND NOT EXISTS (SELECT FROM household h WHERE h.id = f.entity_id AND h.stub)
              RETURNING audience, seq)
            UPDATE stream_head h SET horizon = GREATEST(h.horizon, g.seq)
            FROM (SELECT audience, max(seq) AS seq FROM gone GROUP BY audience) g WHERE g.audience = h.audience
        """
        self.connection.execute(text(gone))

    # --- the line ---

    def post(self, seat: Seat, path: str, body: dict[str, Any]) -> Answer:
        """One request, answered."""
        reply = seat.client.post(f"/api/v1/sync/{path}", json=body, headers=HEADERS)
        return Answer(reply.status_code, reply.content_type, reply.data)

    def push(self, name: str, fault: str = "fine", limit: int = 50) -> str:
        """One push over the line; the faults are those of `FAULTS`."""
        seat = self[name]
        push = seat.profile.next_push(limit)
        if push is None:
            return "nothing"
        reply = self._carry(seat, push, "push", fault)
        if reply is not None and fault == "late reply":
            self.late.append(Late(seat, push, reply))
            reply = None
        told = seat.profile.take_push(push, reply)
        if told == "revoked":
            seat.profile.shut_out()
        if told == "taken":
            self._no_good_one_waits(seat, push, reply)
        return told

    def quarantine(self, name: str) -> str:
        """A phone that was shut out hands over what it has."""
        seat = self[name]
        push = seat.profile.next_push()
        if push is None:
            return "nothing"
        return seat.profile.take_push(push, self.post(seat, "quarantine", push.body()))

    def pull(self, name: str, stream: str, fault: str = "fine") -> str:
        """One page over the line."""
        seat = self[name]
        pull = seat.profile.next_pull(stream)
        reply = self._carry(seat, pull, "pull", fault)
        if reply is not None and fault == "late reply":
            self.late.append(Late(seat, pull, reply))
            reply = None
        return seat.profile.take_pull(pull, reply)

    def _carry(self, seat: Seat, request: Push | Pull, path: str, fault: str) -> Answer | None:
        if fault == "request lost":
            return None
        if fault == "portal":
            return _PORTAL
        if fault == "late request":
            self.late.append(Late(seat, request, None))
            return None
        if fault == "crash":
            with self.crashing():
                return self._send(seat, request, path)
        reply = self._send(seat, request, path)
        if fault == "reply lost":
            return None
        if fault == "twice":
            reply = self._send(seat, request, path)
        if fault == "cut" and reply is not None:
            return Answer(reply.status, reply.kind, reply.body[: self.dice.randrange(len(reply.body))])
        return reply

    def _send(self, seat: Seat, request: Push | Pull, path: str) -> Answer | None:
        try:
            reply = self.post(seat, path, request.body())
        except Crash:
            return None
        if isinstance(request, Pull):
            self._only_visible(seat, reply)
            self._nothing_passed(seat, request, reply)
        return reply

    @contextmanager
    def crashing(self) -> Iterator[None]:
        """Within: the server dies right before COMMIT."""

        def die(_session: Session) -> None:
            raise Crash

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(access.work, "commit", die)
            yield

    def deliver(self, at: int = 0) -> None:
        """One delayed message arrives: a push at the server, or a reply at a phone that has long given up."""
        late = self.late.pop(at)
        if late.reply is None:
            self._send(late.seat, late.request, "push" if isinstance(late.request, Push) else "pull")
        elif isinstance(late.request, Push):
            late.seat.profile.take_push(late.request, late.reply)
        else:
            late.seat.profile.take_pull(late.request, late.reply)

    # --- cycles ---

    def sync(self, name: str) -> None:
        """The cycle of section 19: push, pull, once more when the history turned out to be another."""
        profile = self[name].profile
        for _ in range(3):
            epoch = profile.epoch
            self.push_all(name)
            self.pull_all(name)
            if profile.epoch == epoch and not profile.outbox:
                break
        profile.purge()

    def push_all(self, name: str) -> None:
        """Push until nothing is left or a push changes nothing."""
        for _ in range(20):
            before = list(self[name].profile.outbox)
            if self.push(name) != "taken" or list(self[name].profile.outbox) == before:
                return

    def pull_all(self, name: str) -> None:
        """The own stream, then every stream it names, each to its end."""
        profile = self[name].profile
        self._pull_stream(name, profile.own_stream)
        for stream in profile.named():
            self._pull_stream(name, stream)
        profile.forget_streams()

    def _pull_stream(self, name: str, stream: str) -> None:
        for _ in range(200):
            if self.pull(name, stream) != "more":
                return
        self.wrong.append(f"I4: {name} never comes to the end of {stream.partition(':')[0]}")

    def heal(self, rounds: int = 3) -> None:
        """The faults are over: what is late arrives or is dropped, then some rounds for everybody."""
        while self.late:
            self.deliver(self.dice.randrange(len(self.late)))
        for _ in range(rounds):
            for name in self.seats:
                self.sync(name)
        for name in self.seats:
            self.pull_all(name)

    # --- what is judged at once ---

    def _only_visible(self, seat: Seat, reply: Answer) -> None:
        page = reply.read()
        if reply.status != 200 or page is None:
            return
        allowed = self.rights(seat.account)
        for row in page["rows"]:
            if row["kind"] == "household" and not row.get("deleted") and row["id"] not in allowed:
                self.wrong.append(f"I5: {seat.name} was told of a door that is not theirs")

    def _nothing_passed(self, seat: Seat, pull: Pull, reply: Answer) -> None:
        page = reply.read()
        if reply.status != 200 or page is None:
            return
        span = {"a": pull.stream, "from": 0 if page["reset"] else pull.cursor, "to": page["next_cursor"]}
        due = self.connection.execute(text(_SPAN), span).scalars()
        told = {row["id"] for row in page["rows"]}
        if (set(due) & self.rights(seat.account)) - told:
            self.wrong.append(f"I8: a cursor of {seat.name} passed a row that was not returned")

    def _no_good_one_waits(self, seat: Seat, push: Push, reply: Answer | None) -> None:
        body = reply.read() if reply is not None else None
        if body is None or {item.id for item in push.items} != {one["id"] for one in body["results"]}:
            self.wrong.append(f"I1: {seat.name} took for an answer what is none")
            return
        told = {result["id"]: result["code"] for result in body["results"]}
        for item in push.items:
            if not self.ledger[item.sha256].bad and told[item.id] in ("invalid", "retry_later"):
                self.wrong.append(f"I9: a good item of {seat.name} was answered {told[item.id]}")

    def rights(self, account: UUID) -> set[str]:
        """The doors that an account may see now, asked of the tables by another way than the product's."""
        rows = self.connection.execute(text(_RIGHTS), {"a": account}).all()
        return {row.door for row in rows}


_RIGHTS = """
    WITH mine AS (
      SELECT team_id, role FROM membership
      WHERE account_id = :a AND team_id IS NOT NULL AND valid_from <= clock_timestamp()
        AND (valid_to IS NULL OR valid_to > clock_timestamp()))
    SELECT h.id::text AS door FROM household h
    WHERE h.withdrawn_at IS NULL AND h.state <> 'merged' AND (
      EXISTS (SELECT FROM assignment s JOIN mine USING (team_id)
              WHERE s.household_id = h.id AND s.started_at IS NOT NULL AND s.ended_at IS NULL
                AND (mine.role IN ('team_leader', 'deputy_leader') OR EXISTS (
                  SELECT FROM walk_member m WHERE m.walk_id = s.walk_id AND m.account_id = :a AND m.ended_at IS NULL)))
      OR (h.stub AND h.added_by = :a AND EXISTS (SELECT FROM mine) AND NOT EXISTS (
              SELECT FROM assignment s
              WHERE s.household_id = h.id AND s.started_at IS NOT NULL AND s.ended_at IS NULL)))
"""
_ALIASES = """
    WITH RECURSIVE way(old) AS (
      SELECT old_id FROM household_alias WHERE new_id = :id
      UNION SELECT a.old_id FROM household_alias a JOIN way ON a.new_id = way.old)
    SELECT old::text FROM way
"""
_SPAN = """
    SELECT entity_id::text FROM change_feed WHERE audience = :a AND seq > :from AND seq <= :to AND kind = 'household'
"""
FAULTS = (
    "fine",
    "fine",
    "fine",
    "request lost",
    "reply lost",
    "twice",
    "late request",
    "late reply",
    "cut",
    "portal",
    "crash",
)
