"""Breaking one rule of the real server code, for one test."""

from types import SimpleNamespace
from typing import Any

import pytest

from backend.services import (
    feed,
)

Patch = pytest.MonkeyPatch


def change_sql(patch: Patch, room: Any, name: str, old: str, new: str) -> None:
    """Change one statement of the product; the old words must be there."""
    statement = getattr(room, name)
    assert old in statement, f"{room.__name__}.{name} no longer says {old!r}"
    patch.setattr(room, name, statement.replace(old, new))


def deaf(patch: Patch, room: Any, **instead: Any) -> None:
    """`room` calls the feed as before, but for what stands here instead."""
    names = {name: getattr(feed, name) for name in dir(feed) if not name.startswith("__")}
    patch.setattr(room, "feed", SimpleNamespace(**(names | instead)))
