"""A household sent on to where its matter can be settled."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referral",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("household_id", sa.UUID(), nullable=False),
        sa.Column("service_code", sa.Text()),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.UUID()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_referral_ward_id")),
        sa.ForeignKeyConstraint(["service_code"], ["service.code"], name=op.f("fk_referral_service_code")),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_referral_made_by")),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_referral_closed_by")),
        sa.ForeignKeyConstraint(
            ["ward_id", "household_id"],
            ["household.ward_id", "household.id"],
            name=op.f("fk_referral_ward_id_household_id"),
        ),
        sa.CheckConstraint(
            "place IN ('desk', 'police', 'bank', 'carrier', 'home')", name=op.f("ck_referral_place")
        ),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_referral_state")),
    )
    op.create_index("ix_referral_ward_id", "referral", ["ward_id"])
    op.create_index("ix_referral_household_id", "referral", ["household_id"])


def downgrade() -> None:
    op.drop_table("referral")
