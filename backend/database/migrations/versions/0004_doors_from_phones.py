"""Find the doors that a phone added without reading all doors: every pull asks for them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_household_stub", "household", ["added_by"], postgresql_where=sa.text("stub"))


def downgrade() -> None:
    op.drop_index("ix_household_stub", table_name="household")
