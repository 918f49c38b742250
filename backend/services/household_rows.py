"""A household as phones see it: derived, encrypted, one row per door, rewritten whenever the door changes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session


def rewrite(session: Session, household_ids: Sequence[UUID]) -> None:
    """Write the view rows of these households anew (a fixed number of statements, whatever their number)."""
