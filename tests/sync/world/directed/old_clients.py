"""An app that is older than what the server wants pulled."""

from sqlalchemy import text

from tests.sync.world.directed.telling import everybody, sound, story
from tests.sync.world.world import World


@story("D24 old client")
def old_client(world: World) -> None:
    everybody(world)
    world.ground.connection.execute(text("UPDATE server_meta SET min_pull_schema = 2"))
    world.log("minh", world.doors[0])
    assert world.push("minh") == "taken"
    profile = world["minh"].profile
    before = set(profile.doors)
    assert world.pull("minh", profile.named()[0]) == "upgrade"
    assert profile.doors == before
    world.ground.connection.execute(text("UPDATE server_meta SET min_pull_schema = 1"))
    sound(world)
