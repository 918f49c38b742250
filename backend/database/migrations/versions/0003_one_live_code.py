"""One live code per target and placement, so that issuing twice gives the same code."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_qr_code_live",
        "qr_code",
        ["ward_id", "kind", "guide", "household_id", "account_id", "placement"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    op.drop_index("uq_qr_code_live", table_name="qr_code")
