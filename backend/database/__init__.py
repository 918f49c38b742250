"""The one PostgreSQL: engine, the embedded server, migrations, units of work."""
