"""What every installation has before anybody works with it."""

from sqlalchemy import Engine

from backend.database import migrate, work
from backend.services import feed, reference


def lay_ground(engine: Engine) -> None:
    """Bring the tables up to date and load the units, the services and an epoch."""
    migrate.upgrade(engine)
    with work.unit_of_work(engine) as session:
        reference.load_units(session)
        reference.load_services(session)
        feed.ensure_epoch(session)
