"""Marks on doors, doors that look alike and are two, and acts upon many doors that can be taken back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("household", sa.Column("mark", sa.Text()))
    op.create_check_constraint(
        op.f("ck_household_mark"), "household", "mark IN ('first', 'asked_home', 'call_first')"
    )
    op.create_index(
        "ix_household_mark", "household", ["neighbourhood_id"], postgresql_where=sa.text("mark IS NOT NULL")
    )
    op.create_table(
        "household_distinct",
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("low_id", sa.UUID(), nullable=False),
        sa.Column("high_id", sa.UUID(), nullable=False),
        sa.Column("said_by", sa.UUID()),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_household_distinct")),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_household_distinct_ward_id")),
        sa.ForeignKeyConstraint(["said_by"], ["account.id"], name=op.f("fk_household_distinct_said_by")),
        *(
            sa.ForeignKeyConstraint(
                ["ward_id", column],
                ["household.ward_id", "household.id"],
                name=op.f(f"fk_household_distinct_ward_id_{column}"),
            )
            for column in ("low_id", "high_id")
        ),
    )
    op.create_index("ix_household_distinct_ward_id", "household_distinct", ["ward_id"])
    op.create_table(
        "bulk_act",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text()),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("done_by", sa.UUID(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_act")),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_bulk_act_ward_id")),
        sa.ForeignKeyConstraint(["done_by"], ["account.id"], name=op.f("fk_bulk_act_done_by")),
        sa.CheckConstraint("kind IN ('walk', 'alley', 'mark')", name=op.f("ck_bulk_act_kind")),
    )
    op.create_index("ix_bulk_act_ward_id", "bulk_act", ["ward_id"])
    op.create_index("ix_bulk_act_done_by", "bulk_act", ["done_by", "done_at"])


def downgrade() -> None:
    op.drop_table("bulk_act")
    op.drop_table("household_distinct")
    op.drop_column("household", "mark")
