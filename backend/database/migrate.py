"""Migrations: applied under an advisory lock, so that two starting processes do not race."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x60C0A  # any number that only migrations take


def configuration(engine: Engine | None = None) -> Config:
    """Alembic's configuration, with no ini file to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    if engine is not None:
        config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`; waits for another process that is doing the same."""
    with engine.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        guard.commit()
        try:
            command.upgrade(configuration(engine), revision)
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            guard.commit()


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take the schema back to `revision`."""
    command.downgrade(configuration(engine), revision)


def heads() -> tuple[str, ...]:
    """The newest revisions; more than one is a mistake that a test refuses."""
    return tuple(ScriptDirectory.from_config(configuration()).get_heads())


def known() -> frozenset[str]:
    """Every revision that this version can bring up to date."""
    return frozenset(
        script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()
    )


def is_current(connection: Connection) -> bool:
    """True when the database stands at the newest revision."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return tuple(found) == heads()
