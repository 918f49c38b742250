"""Sums for the board: what each door adds stands beside it, triggers keep the sums per neighbourhood."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# By how much the sums change: doors that say the same before and after cancel out before any word is looked at.
_CHANGES = """
    INSERT INTO tally_change (ward_id, neighbourhood_id, kind, what, state, detail, n)
    SELECT ward_id, neighbourhood_id, split_part(word, ' ', 1), split_part(word, ' ', 2), split_part(word, ' ', 3),
           split_part(word, ' ', 4), sum(doors)
    FROM (SELECT ward_id, neighbourhood_id, tally, sum(n) AS doors FROM ({rows}) each
          WHERE neighbourhood_id IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(n) <> 0) alike
    CROSS JOIN LATERAL unnest(string_to_array(tally, ',')) AS word
    GROUP BY ward_id, neighbourhood_id, word HAVING sum(doors) <> 0;
"""
_NEW = "SELECT ward_id, neighbourhood_id, tally, 1 AS n FROM new_doors"
_OLD = "SELECT ward_id, neighbourhood_id, tally, -1 AS n FROM old_doors"
_FUNCTION = f"""
CREATE FUNCTION tally_doors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN {_CHANGES.format(rows=_NEW)}
  ELSIF TG_OP = 'DELETE' THEN {_CHANGES.format(rows=_OLD)}
  ELSE {_CHANGES.format(rows=f"{_NEW} UNION ALL {_OLD}")}
  END IF;
  RETURN NULL;
END $$
"""
_TABLES = {
    "insert": "NEW TABLE AS new_doors",
    "delete": "OLD TABLE AS old_doors",
    "update": "NEW TABLE AS new_doors OLD TABLE AS old_doors",
}
# What the application says of a door (services/tally.py), once in SQL for the doors that are there already.
_FILL = """
    WITH steps AS (
      SELECT household_id,
             string_agg('step ' || service_code || ' ' || state || COALESCE(' ' || reason, ''), ',') AS words,
             string_agg(DISTINCT service_code COLLATE "C", '+' ORDER BY service_code COLLATE "C")
               FILTER (WHERE state IN ('not_started', 'shown', 'blocked')) AS open
      FROM adoption GROUP BY 1
    ), people AS (
      SELECT household_id, string_agg('person', ',') AS words FROM resident
      WHERE state IN ('active', 'away_for_work') AND same_as_id IS NULL GROUP BY 1
    ), counted AS (
      SELECT household_id, outcome, flags, (est_time AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day,
             (appointment_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS meet
      FROM visit WHERE effective
    ), visits AS (
      SELECT household_id, string_agg(word, ',') AS words FROM (
        SELECT household_id, 'day ' || day || ' ' || outcome AS word FROM counted
        UNION ALL SELECT household_id, 'day ' || day || ' flagged' FROM counted
          WHERE cardinality(array_remove(flags, 'foreign_correction')) > 0
        UNION ALL SELECT DISTINCT household_id, 'day ' || day || ' door' FROM counted
        UNION ALL SELECT DISTINCT household_id, 'meet ' || meet FROM counted WHERE meet IS NOT NULL
      ) each GROUP BY 1
    )
    UPDATE household_view v SET neighbourhood_id = h.neighbourhood_id, tally = concat_ws(',',
      CASE WHEN h.state = 'active' THEN concat_ws(',', people.words, steps.words,
        CASE WHEN v.visit_count = 0 THEN 'door untouched'
             WHEN v.last_outcome IN ('refused', 'no_need') THEN 'door closed'
             ELSE rtrim('door visited ' || COALESCE(steps.open, '')) END,
        CASE WHEN h.stub THEN 'stub' END,
        CASE WHEN NOT EXISTS (SELECT FROM assignment a WHERE a.household_id = h.id AND a.started_at IS NOT NULL
                              AND a.ended_at IS NULL) THEN 'loose' END) END,
      visits.words)
    FROM household h LEFT JOIN steps ON steps.household_id = h.id LEFT JOIN people ON people.household_id = h.id
    LEFT JOIN visits ON visits.household_id = h.id
    WHERE h.id = v.household_id
"""


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("neighbourhood_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood_id", "kind", "what", "state", "detail", name=op.f("pk_tally")),
    )
    op.create_index(op.f("ix_tally_ward_id"), "tally", ["ward_id"])
    op.create_table(
        "tally_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ward_id", sa.UUID(), nullable=False),
        sa.Column("neighbourhood_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally_change")),
    )
    op.create_index("ix_tally_change_neighbourhood", "tally_change", ["neighbourhood_id", "id"])
    op.add_column("household_view", sa.Column("neighbourhood_id", sa.UUID(), nullable=True))
    op.add_column("household_view", sa.Column("tally", sa.Text(), nullable=False, server_default=""))
    op.alter_column("household_view", "tally", server_default=None)
    op.execute(_FUNCTION)
    for what, tables in _TABLES.items():
        op.execute(
            f"CREATE TRIGGER tally_{what} AFTER {what} ON household_view REFERENCING {tables} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tally_doors()"
        )
    op.execute(_FILL)


def downgrade() -> None:
    for what in _TABLES:
        op.execute(f"DROP TRIGGER tally_{what} ON household_view")
    op.execute("DROP FUNCTION tally_doors()")
    op.drop_column("household_view", "tally")
    op.drop_column("household_view", "neighbourhood_id")
    op.drop_table("tally_change")
    op.drop_table("tally")
