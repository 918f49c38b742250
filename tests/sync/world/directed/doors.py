"""Doors that were added twice, and doors that another ward knows."""

from tests.sync.world.directed.telling import everybody, of, sound, story
from tests.sync.world.world import World


@story("D23 duplicate households")
def duplicates(world: World) -> None:
    everybody(world)
    ids = [str(world["minh"].profile.new_id()) for _ in range(2)]
    for name, id_ in zip(("minh", "mai"), ids, strict=True):
        world.save(name, id_, {"address": "Số 70 ngõ 34"}, "household_add")
        world.log(name, id_, "no_need")
        world.sync(name)
    world.leader.merge(ids[1], ids[0])
    late = world.log("mai", ids[1], "refused")
    world.sync("mai")
    assert str(of(world, late.sha256).household_link) == ids[0]
    sound(world)


@story("D33 another ward's door is an unknown door")
def oracle(world: World) -> None:
    everybody(world)
    theirs = world.log("minh", world.ground.far)
    nobodys = world.log("minh", str(world["minh"].profile.new_id()))
    push = world["minh"].profile.next_push()
    assert push is not None
    reply = world.post(world["minh"], "push", push.body())
    codes = {result["id"]: (result["code"], result.get("v")) for result in reply.read()["results"]}
    assert codes[theirs.id] == codes[nobodys.id], "I5: an answer tells a known door from an unknown one"
    world["minh"].profile.take_push(push, reply)
    assert str(of(world, theirs.sha256).ward_id) == str(world.ground.ward)
    assert world.ground.far not in {str(of(world, theirs.sha256).household_link)}
    sound(world)
