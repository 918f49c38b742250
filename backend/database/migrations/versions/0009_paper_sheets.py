"""Walks on paper, and visits that come from them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_sheet",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("walk_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("doors", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("printed_by", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["printed_by"], ["account.id"], name=op.f("fk_paper_sheet_printed_by")),
        sa.ForeignKeyConstraint(
            ["ward_id", "account_id"],
            ["account.ward_id", "account.id"],
            name=op.f("fk_paper_sheet_ward_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["ward_id", "walk_id"], ["walk.ward_id", "walk.id"], name=op.f("fk_paper_sheet_ward_id_walk_id")
        ),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_paper_sheet_ward_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_sheet")),
        sa.UniqueConstraint("token", name=op.f("uq_paper_sheet_token")),
        sa.UniqueConstraint("ward_id", "id", name=op.f("uq_paper_sheet_ward_id_id")),
    )
    op.create_index(op.f("ix_paper_sheet_walk_id"), "paper_sheet", ["walk_id"])
    op.create_index(op.f("ix_paper_sheet_ward_id"), "paper_sheet", ["ward_id"])
    op.alter_column("visit_event", "device_id", nullable=True)
    op.add_column("visit_event", sa.Column("paper_sheet_id", sa.UUID()))
    op.add_column("visit_event", sa.Column("entered_by", sa.UUID()))
    op.create_foreign_key(op.f("fk_visit_event_entered_by"), "visit_event", "account", ["entered_by"], ["id"])
    op.create_foreign_key(
        op.f("fk_visit_event_ward_id_paper_sheet_id"),
        "visit_event",
        "paper_sheet",
        ["ward_id", "paper_sheet_id"],
        ["ward_id", "id"],
    )
    op.create_check_constraint(
        op.f("ck_visit_event_source"),
        "visit_event",
        "num_nonnulls(device_id, paper_sheet_id) = 1 AND num_nonnulls(paper_sheet_id, entered_by) <> 1",
    )
    op.create_index(
        "ix_visit_event_paper",
        "visit_event",
        ["paper_sheet_id"],
        postgresql_where=sa.text("paper_sheet_id IS NOT NULL"),
    )


def downgrade() -> None:
    # Visits from paper have no phone: without these columns they could not be kept, so a way back removes them.
    op.execute("DELETE FROM consent WHERE event_id IN (SELECT id FROM visit_event WHERE device_id IS NULL)")
    op.execute("DELETE FROM visit WHERE event_id IN (SELECT id FROM visit_event WHERE device_id IS NULL)")
    op.execute("DELETE FROM visit_event WHERE device_id IS NULL")
    op.drop_column("visit_event", "entered_by")
    op.drop_column("visit_event", "paper_sheet_id")
    op.alter_column("visit_event", "device_id", nullable=False)
    op.drop_table("paper_sheet")
