"""Who is logged in: a shared phone, logging out, a phone that was shut out."""

from sqlalchemy import text

from backend.services import held
from tests.sync.world.directed.telling import everybody, of, sound, story
from tests.sync.world.world import World


@story("D17 shared phone")
def shared(world: World) -> None:
    everybody(world)
    logged = [world.log("mai", world.doors[4]), world.log("mai", world.doors[5])]
    world.log("nam", world.doors[6])
    world.sync("nam")
    assert not any(of(world, event.sha256) for event in logged), "I7: sent in another's session"
    world.sync("mai")
    assert {str(of(world, event.sha256).author) for event in logged} == {str(world.ground.mai)}
    sound(world)


@story("D18 log-out with waiting items")
def log_out(world: World) -> None:
    everybody(world)
    for n in range(3):
        world.log("minh", world.doors[n])
    world["minh"].profile.log_out()
    assert len(world["minh"].profile.outbox) == 3, "I11: logging out made the outbox smaller"
    sound(world)


@story("D20 revoked")
def revoked(world: World) -> None:
    everybody(world)
    profile = world["minh"].profile
    logged = [world.log("minh", world.doors[n]) for n in range(4)]
    world.leader.revoke(profile.device)
    assert world.push("minh") == "revoked"
    assert not profile.doors  # wiped at contact
    assert len(profile.outbox) == 4
    _days_since(world, "minh", 13)
    assert world.quarantine("minh") == "taken"
    assert profile.wipe()
    with world.ground.acting() as session:
        assert held.accept(session, world.ground.lead(session), world.ground.minh, "revoked") == 4
    assert {str(of(world, event.sha256).author) for event in logged} == {str(world.ground.minh)}
    again = world.log("minh", world.doors[0])
    _days_since(world, "minh", 15)
    assert world.quarantine("minh") == "left_too_long"
    assert again.id in profile.outbox  # the rescue file is still possible
    world.ledger.pop(again.sha256)
    sound(world)


def _days_since(world: World, name: str, days: int) -> None:
    statement = text("UPDATE device SET revoked_at = now() - make_interval(days => :d) WHERE id = :id")
    world.ground.connection.execute(statement, {"d": days, "id": world[name].profile.device})
