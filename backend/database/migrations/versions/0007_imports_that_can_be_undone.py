"""An import keeps for a week what it needs to be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BEFORE = "'ready', 'running', 'done', 'failed', 'dropped'"


def upgrade() -> None:
    op.add_column("import_batch", sa.Column("undo_enc", sa.LargeBinary(), nullable=True))
    op.add_column("import_batch", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("import_batch", sa.Column("undone_by", sa.UUID(), nullable=True))
    op.create_foreign_key("fk_import_batch_undone_by", "import_batch", "account", ["undone_by"], ["id"])
    _states(f"{_BEFORE}, 'undone'")


def downgrade() -> None:
    op.execute("UPDATE import_batch SET state = 'dropped' WHERE state = 'undone'")
    _states(_BEFORE)
    op.drop_constraint("fk_import_batch_undone_by", "import_batch", type_="foreignkey")
    for column in ("undone_by", "undone_at", "undo_enc"):
        op.drop_column("import_batch", column)


def _states(listed: str) -> None:
    op.drop_constraint(op.f("ck_import_batch_state"), "import_batch", type_="check")
    op.create_check_constraint(op.f("ck_import_batch_state"), "import_batch", f"state IN ({listed})")
