"""Flask-SQLAlchemy on our own typed base."""

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from backend.database.engine import ENGINE_OPTIONS
from backend.models import Base

db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    engine_options=ENGINE_OPTIONS,
    session_options={"expire_on_commit": False},
)


def session() -> Session:
    """The session of this request."""
    return db.session()
