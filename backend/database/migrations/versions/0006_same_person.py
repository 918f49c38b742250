"""Two entries of one person, found when two doors were merged."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("resident", sa.Column("same_as_id", sa.UUID()))
    op.create_foreign_key("fk_resident_same_as_id", "resident", "resident", ["same_as_id"], ["id"])


def downgrade() -> None:
    op.drop_column("resident", "same_as_id")
