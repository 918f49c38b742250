"""What happens to the server: a backup is a savepoint, and a restore goes back to it."""

from sqlalchemy import text

from backend.services import erasure, feed
from tests.sync.world.ground import Ground


class Server:
    """`backed_up`: whether there is anything to go back to."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.backed_up = False

    def backup(self) -> None:
        """A backup is taken."""
        self.ground.connection.execute(text("SAVEPOINT world_backup"))
        self.backed_up = True

    def restore(self, *, quietly: bool = False) -> None:
        """The server is lost and the backup put back; `quietly`: nobody rotates the epoch (a disk image)."""
        self.ground.connection.execute(text("ROLLBACK TO SAVEPOINT world_backup"))
        if not quietly:
            self.rotate()

    def rotate(self) -> None:
        """What the operator's command does after a restore: the ledger of erasures first, then a new epoch."""
        with self.ground.acting() as session:
            erasure.replay(session)
        with self.ground.acting() as session:
            feed.rotate_epoch(session)

    @property
    def epoch(self) -> str:
        """The epoch of the server now."""
        return str(self.ground.connection.execute(text("SELECT epoch FROM server_meta")).scalar_one())

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
        self.ground.connection.execute(text(gone))
