"""Procrastinate's tables: jobs live in the same database, so that work and its side effect commit together."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # exec_driver_sql: the script holds % and : that are not parameters.
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        """
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN SELECT oid::regclass AS name FROM pg_class
                WHERE relname LIKE 'procrastinate%%' AND relkind = 'r' AND relnamespace = current_schema()::regnamespace
            LOOP EXECUTE format('DROP TABLE %%s CASCADE', item.name); END LOOP;
            FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE proname LIKE 'procrastinate%%' AND pronamespace = current_schema()::regnamespace
            LOOP EXECUTE format('DROP FUNCTION %%s CASCADE', item.name); END LOOP;
            FOR item IN SELECT oid::regtype AS name FROM pg_type
                WHERE typname LIKE 'procrastinate%%' AND typtype IN ('e', 'c') AND typnamespace = current_schema()::regnamespace
            LOOP EXECUTE format('DROP TYPE %%s CASCADE', item.name); END LOOP;
        END $$;
        """
    )
