"""A resident asks for help."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "help_request",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("neighbourhood_id", sa.UUID(), nullable=False),
        sa.Column("household_id", sa.UUID()),
        sa.Column("follow", sa.LargeBinary(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("services", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("suits", sa.Text(), nullable=False),
        sa.Column("place", sa.LargeBinary()),
        sa.Column("phone", sa.LargeBinary()),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_on", sa.Date()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.UUID()),
        sa.Column("closed_reason", sa.Text()),
        sa.CheckConstraint(
            "door IN ('plate', 'neighbourhood', 'poster', 'home')", name=op.f("ck_help_request_door")
        ),
        sa.CheckConstraint(
            "suits IN ('tonight', 'evenings', 'weekend', 'daytime')", name=op.f("ck_help_request_suits")
        ),
        sa.CheckConstraint(
            "closed_reason IN ('done', 'counter', 'elsewhere', 'not_found', 'twice', 'visited')",
            name=op.f("ck_help_request_closed_reason"),
        ),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_help_request_ward_id")),
        sa.ForeignKeyConstraint(
            ["neighbourhood_id"], ["area_unit.id"], name=op.f("fk_help_request_neighbourhood_id")
        ),
        sa.ForeignKeyConstraint(
            ["ward_id", "household_id"],
            ["household.ward_id", "household.id"],
            name=op.f("fk_help_request_ward_id_household_id"),
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_help_request_closed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_request")),
        sa.UniqueConstraint("follow", name=op.f("uq_help_request_follow")),
    )
    op.create_index(op.f("ix_help_request_ward_id"), "help_request", ["ward_id"])
    op.create_index("ix_help_request_area", "help_request", ["neighbourhood_id", "created_at"])
    op.create_index(
        "ix_help_request_open",
        "help_request",
        ["household_id"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("help_request")
