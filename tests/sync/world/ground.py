"""The ground of a history: a ward with two teams, their doors and walks, and six paired phones on the real server."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import Role
from backend.services import feed
from backend.services.actor import Actor, load_actor
from tests import factories as make
from tests.people import make_people

_LOG = (
    "CREATE TABLE feed_log (audience text, seq bigint)",
    """
    CREATE FUNCTION log_feed() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO feed_log VALUES (NEW.audience, NEW.seq); RETURN NEW; END'
    """,
    "CREATE TRIGGER log_feed AFTER INSERT OR UPDATE ON change_feed FOR EACH ROW EXECUTE FUNCTION log_feed()",
)


class Paired(NamedTuple):
    """A profile on a phone, by the name it has in the stories."""

    name: str
    account: str
    device: str
    token: str


@dataclass(frozen=True)
class Ground:
    """Minh and Mai walk in Lan's team, Nam in another one, Hoa in another ward; `far` is a door there.

    `walks`: Minh's, Mai's, Nam's, Hoa's.
    """

    app: Flask
    connection: Connection
    epoch: str
    ward: UUID
    neighbourhood: UUID
    team: UUID
    lan: UUID
    minh: UUID
    mai: UUID
    nam: UUID
    officer: UUID
    doors: list[str]
    far: str
    walks: list[UUID]
    paired: list[Paired]

    @property
    def walk_of(self) -> dict[UUID, UUID]:
        """Who walks where."""
        return dict(zip((self.minh, self.mai, self.nam), self.walks, strict=False))

    def acting(self) -> AbstractContextManager[Session]:
        """A session of the server's side, with one commit at its end."""
        return _session(self.connection)

    def lead(self, session: Session, account: UUID | None = None) -> Actor:
        """The actor of Lan, or of another account."""
        actor = load_actor(session, account or self.lan)
        assert actor is not None
        return actor

    def rights(self, account: UUID) -> set[str]:
        """The doors that an account may see now, asked of the tables by another way than the product's."""
        rows = self.connection.execute(text(_RIGHTS), {"a": account}).all()
        return {row.door for row in rows}


def lay(app: Flask, connection: Connection) -> Ground:
    """Build it. Every number that a stream gives out is noted in `feed_log`, so that a hole shows (I10)."""
    for statement in _LOG:
        connection.execute(text(statement))
    with _session(connection) as session:
        people = make_people(session)
        second = make.create_team(session, people.neighbourhood, "Tổ CNSCĐ 2")
        mai = make.create_account(session, people.ward.id, "Vũ Thị Mai", team=people.team)
        nam = make.create_account(session, people.ward.id, "Đỗ Văn Nam", team=second)
        make.create_account(session, people.ward.id, "Bùi Thị Thu", role=Role.TEAM_LEADER, team=second)
        doors = [
            make.create_household(session, people.neighbourhood, address=f"Số {2 * n} ngõ 34", people=1)
            for n in range(1, 9)
        ]
        far = make.create_household(session, people.other_neighbourhood, address="Số 1", people=1)
        walks = [
            make.create_walk(session, people.team, [people.minh], doors[:4]),
            make.create_walk(session, people.team, [mai], doors[4:6]),
            make.create_walk(session, second, [nam], doors[6:]),
            make.create_walk(session, people.other_team, [people.hoa], [far]),
        ]
        owners = {
            "minh": people.minh,
            "minh2": people.minh,
            "mai": mai,
            "nam": nam,
            "lan": people.lan,
            "hoa": people.hoa,
        }
        paired = []
        for name, account in owners.items():
            device, token = make.create_device(session, account)
            paired.append(Paired(name, str(account.id), str(device.id), token))
        return Ground(
            app=app,
            connection=connection,
            epoch=str(feed.ensure_epoch(session).epoch),
            ward=people.ward.id,
            neighbourhood=people.neighbourhood.id,
            team=people.team.id,
            lan=people.lan.id,
            minh=people.minh.id,
            mai=mai.id,
            nam=nam.id,
            officer=people.officer.id,
            doors=[str(door.id) for door in doors],
            far=str(far.id),
            walks=[walk.id for walk in walks],
            paired=paired,
        )


@contextmanager
def _session(connection: Connection) -> Iterator[Session]:
    with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session
        work.commit(session)


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
