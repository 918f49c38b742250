"""Derived rows keep one reference each: what they repeat is proved by the row they come from, and by a recount."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Table, columns, referred table, referred columns.
_REFERENCES = (
    ("adoption", ("service_code",), "service", ("code",)),
    ("adoption", ("ward_id",), "area_unit", ("id",)),
    ("adoption", ("ward_id", "household_id"), "household", ("ward_id", "id")),
    ("consent", ("ward_id",), "area_unit", ("id",)),
    ("household_view", ("ward_id",), "area_unit", ("id",)),
    ("visit", ("author",), "account", ("id",)),
    ("visit", ("ward_id",), "area_unit", ("id",)),
)


def upgrade() -> None:
    for table, columns, _, _ in _REFERENCES:
        op.drop_constraint(f"fk_{table}_{'_'.join(columns)}", table, type_="foreignkey")
    op.drop_index("ix_visit_ward_id", table_name="visit")  # ix_visit_ward_time begins with it


def downgrade() -> None:
    op.create_index("ix_visit_ward_id", "visit", ["ward_id"])
    for table, columns, other, theirs in _REFERENCES:
        op.create_foreign_key(f"fk_{table}_{'_'.join(columns)}", table, other, list(columns), list(theirs))
