"""Clocks that are wrong, and events that arrive in another order than they happened."""

from datetime import timedelta

from sqlalchemy import text

from tests.sync.world import invariants
from tests.sync.world.directed.telling import everybody, of, sound, story
from tests.sync.world.world import World


@story("D22 the later word wins, whichever came first")
def later_word(world: World) -> None:
    everybody(world)
    moment = world["minh"].profile.clock()
    world.log("mai", world.doors[4], "moved_away", at=moment - timedelta(minutes=10))
    world.sync("mai")
    world.log("minh", world.doors[4], "no_need", at=moment - timedelta(minutes=50))
    world.sync("minh")
    state = world.ground.connection.execute(
        text("SELECT state FROM household WHERE id = :id"), {"id": world.doors[4]}
    ).scalar_one()
    assert state == "moved_away", "I12: the order of arrival decided"
    sound(world)


@story("D22b a correction before its visit")
def early_correction(world: World) -> None:
    everybody(world)
    visit = world.log("minh", world.doors[0], "refused")
    world.save("minh", world.doors[0], {"void": True}, "correction", corrects=visit.id)
    outbox = world["minh"].profile.outbox
    outbox[visit.id] = outbox.pop(visit.id)  # the correction goes first
    world.push("minh", limit=1)
    world.push("minh", limit=1)
    count = "SELECT visit_count FROM household_view WHERE household_id = :id"
    assert world.ground.connection.execute(text(count), {"id": world.doors[0]}).scalar_one() == 0
    sound(world)


@story("D27 clocks")
def clocks(world: World) -> None:
    everybody(world)
    world.server.backup()
    logged = []
    for days in (-3650, 0, 3650):
        world.skew = timedelta(days=days)
        logged.append(world.log("minh", world.doors[0]))
        world.sync("minh")
    assert all(of(world, event.sha256) for event in logged)
    assert len(world["minh"].profile.retained) == 3, "I3: a clock let go of what may be needed again"
    world.server.restore()
    world.skew = timedelta()
    sound(world)
    assert len(invariants.stored(world)) == 3
