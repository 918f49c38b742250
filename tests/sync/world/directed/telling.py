"""How a story is told: written into the list, begun with a first sync, ended with every invariant."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from tests.sync.world import invariants
from tests.sync.world.world import World

Story = Callable[[World], None]
DIRECTED: dict[str, Story] = {}


def story(name: str) -> Callable[[Story], Story]:
    """Write a story into the list."""

    def note(tell: Story) -> Story:
        DIRECTED[name] = tell
        return tell

    return note


def everybody(world: World) -> None:
    """All phones have had their first sync."""
    for name in world.seats:
        world.sync(name)


def sound(world: World) -> None:
    """Everybody comes home; every invariant holds, and no phone had to take a snapshot because a digest differed."""
    world.heal()
    found = invariants.at_the_end(world)
    assert not found, found
    no_snapshot_forced(world)


def no_snapshot_forced(world: World) -> None:
    """The net below the protocol was not needed."""
    for seat in world.seats.values():
        forced = [stream.forced for stream in seat.profile.streams.values()]
        assert not any(forced), f"I4: {seat.name} had to start over because its digest differed"


def row(world: World, name: str, door: str) -> dict[str, Any]:
    """A door in a phone's cache."""
    streams = world[name].profile.streams.values()
    return next(s.rows["household", door]["data"] for s in streams if ("household", door) in s.rows)


def of(world: World, sha256: str) -> Any:
    """A stored event with its flags; None when the server does not have it."""
    statement = text("SELECT * FROM visit_event WHERE encode(payload_sha256, 'hex') = :sha")
    return world.ground.connection.execute(statement, {"sha": sha256}).one_or_none()
