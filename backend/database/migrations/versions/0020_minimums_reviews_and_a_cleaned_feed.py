"""When a feed row last changed, what phones speak, which rules wrote the derived rows, what a leader looks at and settles."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows that are there count as changed today: they are cleaned away later than need be, never too early.
    when = sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    op.add_column("change_feed", when)
    op.add_column("device", sa.Column("app_schema", sa.SmallInteger(), nullable=True))
    for name, kind, start in (
        ("remind_pull_schema", sa.SmallInteger(), "1"),
        ("derived_by", sa.Integer(), "0"),
    ):
        op.add_column("server_meta", sa.Column(name, kind, server_default=start, nullable=False))
        op.alter_column("server_meta", name, server_default=None)
    op.add_column("household", sa.Column("other_phone", sa.LargeBinary(), nullable=True))
    op.create_table(
        "visit_review",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("reviewed_by", sa.UUID(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["visit_event.id"], name=op.f("fk_visit_review_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["reviewed_by"], ["account.id"], name=op.f("fk_visit_review_reviewed_by")),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_visit_review_ward_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_visit_review")),
    )
    op.create_index(op.f("ix_visit_review_ward_id"), "visit_review", ["ward_id"])


def downgrade() -> None:
    op.drop_table("visit_review")
    op.drop_column("household", "other_phone")
    op.drop_column("server_meta", "derived_by")
    op.drop_column("server_meta", "remind_pull_schema")
    op.drop_column("device", "app_schema")
    op.drop_column("change_feed", "changed_at")
