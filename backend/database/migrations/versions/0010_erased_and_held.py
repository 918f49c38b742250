"""Erased doors by their pseudonym, and events that wait for a leader's word."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


_STATES = "'active', 'moved_away', 'vacant', 'merged'"


def upgrade() -> None:
    _states(f"{_STATES}, 'withdrawn'")
    op.create_table(
        "erasure",
        sa.Column("pseudonym", sa.LargeBinary(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_erasure_ward_id")),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_erasure")),
    )
    op.create_index(op.f("ix_erasure_ward_id"), "erasure", ["ward_id"])
    op.create_table(
        "held_event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("author", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=False),
        sa.Column("household_id", sa.UUID()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("core_enc", sa.LargeBinary()),
        sa.Column("trace", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.UUID()),
        sa.Column("decision", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("decided_by", sa.UUID()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("source IN ('revoked', 'rescue')", name=op.f("ck_held_event_source")),
        sa.CheckConstraint("decision IN ('accepted', 'rejected')", name=op.f("ck_held_event_decision")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_held_event_sha256")),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_held_event_ward_id")),
        sa.ForeignKeyConstraint(
            ["ward_id", "author"],
            ["account.ward_id", "account.id"],
            name=op.f("fk_held_event_ward_id_author"),
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_held_event_device_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["account.id"], name=op.f("fk_held_event_uploaded_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_held_event_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_event")),
    )
    op.create_index(op.f("ix_held_event_ward_id"), "held_event", ["ward_id"])
    op.create_index(op.f("ix_held_event_household_id"), "held_event", ["household_id"])
    op.create_index(
        "ix_held_event_open",
        "held_event",
        ["ward_id", "author"],
        postgresql_where=sa.text("decision IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("held_event")
    op.drop_table("erasure")
    op.execute("UPDATE household SET state = 'vacant' WHERE state = 'withdrawn'")
    _states(_STATES)


def _states(listed: str) -> None:
    op.drop_constraint(op.f("ck_household_state"), "household", type_="check")
    op.create_check_constraint(op.f("ck_household_state"), "household", f"state IN ({listed})")
