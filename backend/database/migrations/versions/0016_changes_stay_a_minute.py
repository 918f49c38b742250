"""Changes of the sums know when they came: folded a minute later, an open board has seen each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    when = sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    op.add_column("tally_change", when)


def downgrade() -> None:
    op.drop_column("tally_change", "at")
