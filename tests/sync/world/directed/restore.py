"""A server that came back from a backup, failed over, or rolled back without a word; phones that heal it."""

from sqlalchemy import text

from tests.sync.world import invariants
from tests.sync.world.directed.telling import everybody, of, sound, story
from tests.sync.world.world import World


@story("D11 restore")
def restore(world: World) -> None:
    everybody(world)
    world.server.backup()
    for name in ("minh", "mai"):
        for n in range(5):
            world.log(name, sorted(world[name].profile.doors)[n % 2])
        world.sync(name)
    world.server.restore()
    assert not invariants.stored(world)
    sound(world)
    assert len(invariants.stored(world)) == 10


@story("D12 late ack across epochs")
def late_ack(world: World) -> None:
    everybody(world)
    world.server.backup()
    event = world.log("minh", world.doors[0])
    world.push("minh", "late reply")
    world.server.restore()
    world.pull_all("minh")  # another tab meets the new epoch
    world.deliver()
    assert event.id in world["minh"].profile.outbox, "I3: the old server's word was taken for the new one's"
    sound(world)


@story("D13 two profiles, one restore")
def two_profiles(world: World) -> None:
    everybody(world)
    world.server.backup()
    for name, door in (("mai", world.doors[4]), ("nam", world.doors[6])):
        world.log(name, door)
        world.sync(name)
    world.server.restore()
    world.sync("mai")
    world.sync("nam")
    assert len(invariants.stored(world)) == 2, "I3: the second profile did not offer its events again"
    sound(world)


@story("D14 failover")
def failover(world: World) -> None:
    everybody(world)
    world.server.backup()
    for n in range(3):
        world.log("minh", world.doors[n])
    world.sync("minh")
    world.server.restore(quietly=True)
    # The promoted standby has another timeline; nobody types anything.
    world.ground.connection.execute(text("UPDATE server_meta SET timeline = timeline - 1"))
    before = world.server.epoch
    world.sync("minh")
    assert world.server.epoch != before, "I3: the epoch was not rotated"
    assert len(invariants.stored(world)) == 3
    sound(world)


@story("D14b the new history looks like the old one")
def twin_history(world: World) -> None:
    everybody(world)
    world.server.backup()
    event = world.log("minh", world.doors[0])
    world.sync("minh")
    world.server.restore()
    world.leader.edit(world.doors[0])  # the same version, the same number as the visit had
    world.sync("minh")
    assert of(world, event.sha256) is not None, "I3: cursor and digest fit, and the visit is gone"
    sound(world)


@story("D15 silent rollback")
def silent(world: World) -> None:
    everybody(world)
    world.server.backup()
    event = world.log("minh", world.doors[0])
    world.sync("minh")
    world.server.restore(quietly=True)
    world.sync("minh")
    assert of(world, event.sha256) is not None
    world.heal()
    assert not invariants.at_the_end(world)
