"""Rotating badges, announced visit codes, and what residents report."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "badge_key",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("secret_enc", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("revoked_at", _WHEN, nullable=True),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_badge_key_ward_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_badge_key_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badge_key")),
        sa.UniqueConstraint("handle", name=op.f("uq_badge_key_handle")),
    )
    op.create_index(op.f("ix_badge_key_ward_id"), "badge_key", ["ward_id"])
    op.create_index(
        "uq_badge_key_live",
        "badge_key",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "visit_code",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("revoked_at", _WHEN, nullable=True),
        sa.CheckConstraint("code ~ '^[0-9]{6}$'", name=op.f("ck_visit_code_code")),
        sa.CheckConstraint("starts_on <= ends_on AND opens < closes", name=op.f("ck_visit_code_window")),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_visit_code_ward_id")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_visit_code_created_by")),
        sa.ForeignKeyConstraint(
            ["ward_id", "team_id"], ["team.ward_id", "team.id"], name=op.f("fk_visit_code_ward_id_team_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_code")),
        sa.UniqueConstraint("code", name=op.f("uq_visit_code_code")),
    )
    op.create_index(op.f("ix_visit_code_ward_id"), "visit_code", ["ward_id"])
    op.create_index("ix_visit_code_team", "visit_code", ["team_id", "ends_on"])
    op.create_table(
        "scam_report",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("visit_event_id", sa.UUID(), nullable=True),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("handled_by", sa.UUID(), nullable=True),
        sa.Column("handled_at", _WHEN, nullable=True),
        sa.CheckConstraint(
            "about IN ('live_badge', 'paper_badge', 'visit_code', 'visit')", name=op.f("ck_scam_report_about")
        ),
        sa.CheckConstraint(
            "reason IN ('other_person', 'secret', 'money', 'code_refused', 'did_not_happen', 'other')",
            name=op.f("ck_scam_report_reason"),
        ),
        sa.CheckConstraint("state IN ('new', 'seen', 'closed')", name=op.f("ck_scam_report_state")),
        sa.ForeignKeyConstraint(["ward_id"], ["area_unit.id"], name=op.f("fk_scam_report_ward_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_scam_report_account_id")),
        sa.ForeignKeyConstraint(
            ["visit_event_id"], ["visit_event.id"], name=op.f("fk_scam_report_visit_event_id")
        ),
        sa.ForeignKeyConstraint(["handled_by"], ["account.id"], name=op.f("fk_scam_report_handled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scam_report")),
    )
    op.create_index(op.f("ix_scam_report_ward_id"), "scam_report", ["ward_id"])
    op.create_index("ix_scam_report_state", "scam_report", ["ward_id", "state", "created_at"])


def downgrade() -> None:
    for table in ("scam_report", "visit_code", "badge_key"):
        op.drop_table(table)
