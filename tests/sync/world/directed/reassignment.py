"""Doors and rights that change hands while a phone is away."""

from uuid import UUID

from backend.core.clock import today
from backend.models import Role
from backend.services import place_changes
from tests.sync.world import invariants
from tests.sync.world.directed.telling import everybody, no_snapshot_forced, of, row, sound, story
from tests.sync.world.world import World


@story("D3 reassign offline")
def reassign_offline(world: World) -> None:
    everybody(world)
    door = world.doors[0]
    world.leader.give(door, world.ground.walk_of[world.ground.mai])
    hers = world.log("minh", door)
    world.sync("mai")
    other = world.log("mai", door, "refused")
    world.sync("mai")
    world.sync("minh")
    assert door not in world["minh"].profile.doors, "I4: the old phone keeps the door"
    assert "out_of_scope" in of(world, hers.sha256).flags
    assert str(of(world, hers.sha256).author) == str(world.ground.minh)
    world.sync("mai")
    assert len(row(world, "mai", door)["visits"]) == 2
    assert of(world, other.sha256) is not None
    no_snapshot_forced(world)
    sound(world)


@story("D4 reassign there and back")
def there_and_back(world: World) -> None:
    everybody(world)
    world.leader.give(world.doors[0], world.ground.walk_of[world.ground.mai])
    world.leader.give(world.doors[0], world.ground.walk_of[world.ground.minh])
    sound(world)
    assert world.doors[0] in world["minh"].profile.doors


@story("D5 cross-team move")
def cross_team(world: World) -> None:
    everybody(world)
    world.leader.give(world.doors[0], world.ground.walk_of[world.ground.nam])
    for name in ("minh", "lan", "nam"):
        world.sync(name)
    assert world.doors[0] not in world["minh"].profile.doors | world["lan"].profile.doors
    assert world["nam"].profile.doors == {world.doors[0], *world.doors[6:]}
    sound(world)


@story("D28 role change")
def role_change(world: World) -> None:
    everybody(world)
    world.leader.role(world.ground.minh, Role.DEPUTY_LEADER)
    world.sync("minh")
    assert world["minh"].profile.doors == set(world.doors[:6])
    no_snapshot_forced(world)
    world.leader.role(world.ground.minh, Role.MEMBER)
    world.leader.role(world.ground.minh, Role.DEPUTY_LEADER)
    world.leader.role(world.ground.minh, Role.MEMBER)
    world.sync("minh")
    assert world["minh"].profile.doors == set(world.doors[:4])
    sound(world)


@story("D29 expired right")
def expired(world: World) -> None:
    everybody(world)
    world.leader.end_walk(world.ground.minh, quietly=True)
    profile = world["minh"].profile
    pull = profile.next_pull(profile.named()[0])
    page = world.post(world["minh"], "pull", pull.body()).read()
    assert (page["rows"], page["scope_count"]) == ([], 0)
    world.sync("minh")
    assert not profile.doors
    world.leader.begin_walk(world.ground.minh)
    world.heal()
    assert not invariants.at_the_end(world)


@story("D30 cleaned feed")
def cleaned(world: World) -> None:
    everybody(world)
    world.leader.give(world.doors[0], world.ground.walk_of[world.ground.nam])
    world.sync("mai")
    world.server.clean_feed()  # minh has been away for 61 days
    world.sync("minh")
    assert world.doors[0] not in world["minh"].profile.doors
    no_snapshot_forced(world)
    profile = world["minh"].profile
    page = world.post(world["minh"], "pull", profile.next_pull(profile.named()[0]).body()).read()
    assert not page["reset"]  # the newest rows were cleaned: no snapshot for ever
    sound(world)


@story("D32 a ward splits a neighbourhood meanwhile")
def split(world: World) -> None:
    everybody(world)
    logged = [world.log("minh", door) for door in world.doors[:3]]
    with world.ground.acting() as session:
        half = frozenset(UUID(door) for door in world.doors[:4])
        parts = (
            place_changes.Part("tdp", "Tổ dân phố 7A", household_ids=half),
            place_changes.Part("tdp", "Tổ dân phố 7B", rest=True),
        )
        lead = world.ground.lead(session, world.ground.officer)
        place_changes.split_neighbourhood(
            session, lead, world.ground.neighbourhood, parts, effective_on=today()
        )
    world.sync("minh")
    assert all("out_of_scope" not in of(world, event.sha256).flags for event in logged)
    sound(world)


@story("D34 two volunteers at one door")
def two_at_one_door(world: World) -> None:
    everybody(world)
    with world.ground.acting() as session:
        world.leader.role(world.ground.mai, Role.DEPUTY_LEADER)
        assert world.ground.lead(session, world.ground.mai).leads
    world.sync("mai")
    payload = {"outcome": "refused"}
    at = world["minh"].profile.clock()
    for name in ("minh", "mai", "minh2"):
        world.log(name, world.doors[0], payload=dict(payload), at=at)
    world.leader.give(
        world.doors[0], world.ground.walk_of[world.ground.mai]
    )  # and the leader reassigns meanwhile
    for name in ("minh", "mai", "minh2", "mai"):
        world.sync(name)
    assert len(invariants.stored(world)) == 3, "I2: two people's visits are two facts"
    assert len(row(world, "mai", world.doors[0])["visits"]) == 3
    sound(world)
