"""Places with codes of their own, rounds that check codes, slips and anonymous feedback."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OLD_KINDS = "kind IN ('guide', 'household', 'badge')"
_KINDS = "kind IN ('guide', 'household', 'badge', 'neighbourhood', 'support_point', 'wifi', 'place', 'stall', 'survey')"
_OLD_TARGET = ["ward_id", "kind", "guide", "household_id", "account_id", "placement"]
_TARGET = [
    "ward_id",
    "kind",
    "guide",
    "household_id",
    "account_id",
    "area_unit_id",
    "spot_id",
    "placement",
]


def upgrade() -> None:
    _spots()
    _counts()
    _checks()
    op.add_column("qr_code", sa.Column("area_unit_id", sa.UUID()))
    op.add_column("qr_code", sa.Column("spot_id", sa.UUID()))
    op.create_foreign_key(op.f("fk_qr_code_area_unit_id"), "qr_code", "area_unit", ["area_unit_id"], ["id"])
    op.create_foreign_key(op.f("fk_qr_code_spot_id"), "qr_code", "spot", ["spot_id"], ["id"])
    op.drop_constraint("ck_qr_code_kind", "qr_code")
    op.create_check_constraint(op.f("ck_qr_code_kind"), "qr_code", _KINDS)
    _one_live_code(_TARGET)
    op.create_index("ix_visit_event_slip", "visit_event", [sa.text("substr(payload_sha256, 1, 6)")])


def _one_live_code(target: list[str]) -> None:
    op.drop_index("uq_qr_code_live", table_name="qr_code")
    op.create_index(
        "uq_qr_code_live",
        "qr_code",
        target,
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


def _spots() -> None:
    op.create_table(
        "spot",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("neighbourhood_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=False),
        sa.Column("equipment", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ssid", sa.Text(), nullable=False),
        sa.Column("wifi_password", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "kind IN ('support_point', 'wifi', 'place', 'stall', 'survey')", name=op.f("ck_spot_kind")
        ),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_spot_ward_id")),
        sa.ForeignKeyConstraint(
            ["neighbourhood_id"], ["area_unit.id"], name=op.f("fk_spot_neighbourhood_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot")),
        sa.UniqueConstraint("ward_id", "id", name=op.f("uq_spot_ward_id_id")),
    )
    op.create_index(op.f("ix_spot_ward_id"), "spot", ["ward_id"])
    op.create_index(op.f("ix_spot_neighbourhood_id"), "spot", ["neighbourhood_id"])
    op.create_table(
        "spot_duty",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("spot_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_spot_duty_ward_id")),
        sa.ForeignKeyConstraint(
            ["ward_id", "spot_id"], ["spot.ward_id", "spot.id"], name=op.f("fk_spot_duty_ward_id_spot_id")
        ),
        sa.ForeignKeyConstraint(
            ["ward_id", "account_id"],
            ["account.ward_id", "account.id"],
            name=op.f("fk_spot_duty_ward_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_duty")),
        sa.UniqueConstraint(
            "spot_id", "account_id", "day", "starts", name=op.f("uq_spot_duty_spot_id_account_id_day_starts")
        ),
    )
    op.create_index(op.f("ix_spot_duty_ward_id"), "spot_duty", ["ward_id"])


def _counts() -> None:
    for name, key, type_ in (
        ("walk_in", "service_code", sa.Text()),
        ("answer_count", "answer", sa.SmallInteger()),
    ):
        op.create_table(
            name,
            sa.Column("spot_id", sa.UUID(), nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            sa.Column(key, type_, nullable=False, autoincrement=False),
            sa.Column("ward_id", sa.UUID(), nullable=False),
            sa.Column("n", sa.Integer(), nullable=False),
            sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f(f"fk_{name}_ward_id")),
            sa.ForeignKeyConstraint(
                ["ward_id", "spot_id"], ["spot.ward_id", "spot.id"], name=op.f(f"fk_{name}_ward_id_spot_id")
            ),
            sa.PrimaryKeyConstraint("spot_id", "day", key, name=op.f(f"pk_{name}")),
        )
        op.create_index(op.f(f"ix_{name}_ward_id"), name, ["ward_id"])
    op.create_table(
        "feedback_count",
        sa.Column("neighbourhood_id", sa.UUID(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("answer", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["neighbourhood_id"], ["area_unit.id"], name=op.f("fk_feedback_count_neighbourhood_id")
        ),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_feedback_count_ward_id")),
        sa.PrimaryKeyConstraint("neighbourhood_id", "month", "answer", name=op.f("pk_feedback_count")),
    )
    op.create_index(op.f("ix_feedback_count_ward_id"), "feedback_count", ["ward_id"])
    op.create_table(
        "slip_used",
        sa.Column("slip", sa.LargeBinary(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_slip_used_ward_id")),
        sa.PrimaryKeyConstraint("slip", "what", name=op.f("pk_slip_used")),
    )
    op.create_index(op.f("ix_slip_used_ward_id"), "slip_used", ["ward_id"])


def _checks() -> None:
    op.create_table(
        "code_check",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("neighbourhood_id", sa.UUID()),
        sa.Column("qr_code_id", sa.UUID()),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True)),
        sa.Column("handled_by", sa.UUID()),
        sa.CheckConstraint(
            "state IN ('intact', 'missing', 'covered', 'unlisted')", name=op.f("ck_code_check_state")
        ),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_code_check_ward_id")),
        sa.ForeignKeyConstraint(
            ["neighbourhood_id"], ["area_unit.id"], name=op.f("fk_code_check_neighbourhood_id")
        ),
        sa.ForeignKeyConstraint(["qr_code_id"], ["qr_code.id"], name=op.f("fk_code_check_qr_code_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_code_check_account_id")),
        sa.ForeignKeyConstraint(["handled_by"], ["account.id"], name=op.f("fk_code_check_handled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_check")),
    )
    op.create_index(op.f("ix_code_check_ward_id"), "code_check", ["ward_id"])
    op.create_index("ix_code_check_code", "code_check", ["qr_code_id", "created_at"])
    op.create_index("ix_code_check_ward_state", "code_check", ["ward_id", "state", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_visit_event_slip", table_name="visit_event")
    op.drop_table("code_check")
    op.execute(
        "DELETE FROM scan_count WHERE qr_code_id IN (SELECT id FROM qr_code WHERE kind NOT IN ('guide', 'household', 'badge'))"
    )
    op.execute("DELETE FROM qr_code WHERE kind NOT IN ('guide', 'household', 'badge')")
    _one_live_code(_OLD_TARGET)
    op.drop_constraint("ck_qr_code_kind", "qr_code")
    op.create_check_constraint(op.f("ck_qr_code_kind"), "qr_code", _OLD_KINDS)
    op.drop_column("qr_code", "spot_id")
    op.drop_column("qr_code", "area_unit_id")
    for name in ("slip_used", "feedback_count", "answer_count", "walk_in", "spot_duty", "spot"):
        op.drop_table(name)
