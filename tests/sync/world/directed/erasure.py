"""A household that takes its consent back: no words are left anywhere, and the credit stays."""

from typing import Any

from tests.sync.world.directed.telling import everybody, of, sound, story
from tests.sync.world.world import World


@story("D21 consent")
def consent(world: World) -> None:
    everybody(world)
    door = world.doors[0]
    sent = world.log("minh", door)
    world.sync("minh")
    world.server.backup()
    waiting = world.log("minh", door)
    world.leader.erase(door)
    world.sync("minh")
    _nothing_left(world, sent, waiting)
    world.server.restore()
    world.sync("minh")
    _nothing_left(world, sent, waiting)
    sound(world)


def _nothing_left(world: World, *events: Any) -> None:
    for event in events:
        row_ = of(world, event.sha256)
        assert row_ is not None, "I1: the volunteer's credit is gone"
        assert (row_.core_enc, str(row_.author)) == (None, str(world.ground.minh)), (
            "I6: words are left on the server"
        )
        kept = world["minh"].profile.retained.get(event.id)
        assert kept is not None
        assert kept.event.core is None, "I6: words are left on the phone"
