"""A ward's own versions of the guides, and how often a step was said to look otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guide_text",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("restored", sa.Integer(), nullable=True),
        sa.Column("author", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author"], ["account.id"], name="fk_guide_text_author"),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name="fk_guide_text_ward_id"),
        sa.PrimaryKeyConstraint("id", name="pk_guide_text"),
        sa.UniqueConstraint(
            "ward_id", "slug", "lang", "number", name="uq_guide_text_ward_id_slug_lang_number"
        ),
    )
    op.create_index("ix_guide_text_ward_id", "guide_text", ["ward_id"])
    op.create_table(
        "guide_report",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name="fk_guide_report_ward_id"),
        sa.PrimaryKeyConstraint("id", name="pk_guide_report"),
    )
    op.create_index(
        "uq_guide_report",
        "guide_report",
        ["ward_id", "slug", "lang", "version", "step", "day"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    op.drop_table("guide_report")
    op.drop_table("guide_text")
