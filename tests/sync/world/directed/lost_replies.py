"""Replies that come late, twice, half or never; crashes; a first sync that is killed; several tabs at once."""

from sqlalchemy import text

from tests.phone_model.wire import Answer
from tests.sync.world import invariants
from tests.sync.world.directed.telling import everybody, of, row, sound, story
from tests.sync.world.world import World


@story("D1 stale reply")
def stale_reply(world: World) -> None:
    everybody(world)
    stream = world["minh"].profile.named()[0]
    world.leader.edit(world.doors[0])
    world.pull("minh", stream, "late reply")
    world.leader.edit(world.doors[0])
    while world.pull("minh", stream) == "more":
        pass
    newest = row(world, "minh", world.doors[0])["address"]
    world.deliver()
    assert row(world, "minh", world.doors[0])["address"] == newest, "I8: a late reply overwrote a newer row"
    sound(world)


@story("D2 reused id")
def reused_id(world: World) -> None:
    everybody(world)
    first = world.log("minh", world.doors[0])
    world.sync("minh")
    profile = world["minh"].profile
    profile.lose_everything()
    profile.new_id, kept = lambda: first.id, profile.new_id  # type: ignore[method-assign]
    second = world.log("minh", world.doors[1], "refused")
    profile.new_id = kept  # type: ignore[method-assign]
    assert world.push("minh") == "taken"
    world.sync("minh")
    assert of(world, first.sha256) is not None
    assert of(world, second.sha256) is not None, "I1: the second visit with the same id is nowhere"
    sound(world)


@story("D6 lost reply")
def lost_reply(world: World) -> None:
    everybody(world)
    event = world.log("minh", world.doors[0])
    assert world.push("minh", "reply lost") == "no reply"
    push = world["minh"].profile.next_push()
    assert push is not None, "I1: nothing waits, and nothing was acknowledged"
    reply = world.post(world["minh"], "push", push.body())
    [result] = reply.read()["results"]
    assert (result["code"], result["was"]) == ("duplicate", "accepted"), result
    world["minh"].profile.take_push(push, reply)
    assert event.id in world["minh"].profile.retained
    sound(world)


@story("D7 crash mid-batch")
def crash(world: World) -> None:
    everybody(world)
    logged = [world.log("minh", world.doors[n % 4]) for n in range(5)]
    world.push("minh", "crash")
    assert not any(of(world, event.sha256) for event in logged)
    assert len(world["minh"].profile.outbox) == 5, "I1: acknowledged, and never committed"
    assert world.push("minh") == "taken"
    assert all(of(world, event.sha256) for event in logged)
    sound(world)


@story("D8 poison")
def poison(world: World) -> None:
    everybody(world)
    good = [world.log("minh", world.doors[0])]
    bad = world.save("minh", world.doors[0], {"outcome": "dance"}, "visit", bad=True)
    good.append(world.log("minh", world.doors[1]))
    world.push("minh")
    assert all(of(world, event.sha256) for event in good), "I9: a good item waits for a bad one"
    assert world["minh"].profile.dead[bad.id][1] == "unknown_outcome"
    sound(world)


@story("D9 captive portal")
def portal(world: World) -> None:
    everybody(world)
    world.log("minh", world.doors[0])
    profile = world["minh"].profile
    assert world.push("minh", "portal") == "no reply", "I1: a portal's page was taken for an answer"
    push = profile.next_push()
    assert push is not None
    whole = world.post(world["minh"], "push", push.body())
    for at in range(len(whole.body)):
        told = profile.take_push(push, Answer(200, whole.kind, whole.body[:at]))
        assert (told, len(profile.outbox)) == ("no reply", 1), f"I1: cut at {at}, and taken for an answer"
    pull = profile.next_pull(profile.named()[0])
    page = world.post(world["minh"], "pull", pull.body())
    before = dict(profile.streams[pull.stream].rows)
    for at in range(0, len(page.body), 7):
        assert profile.take_pull(pull, Answer(200, page.kind, page.body[:at])) == "no reply"
    assert profile.take_pull(pull, Answer(200, "text/html", b"<h1>wifi</h1>")) == "no reply"
    assert profile.streams[pull.stream].rows == before
    sound(world)


@story("D9b an answer to something else")
def half_an_answer(world: World) -> None:
    everybody(world)
    for n in range(3):
        world.log("minh", world.doors[n])
    profile = world["minh"].profile
    push = profile.next_push(2)
    assert push is not None
    reply = world.post(world["minh"], "push", push.body())
    whole = profile.next_push(3)
    assert whole is not None
    told = profile.take_push(whole, reply)
    assert (told, len(profile.outbox)) == ("no reply", 3), "I1: an answer about two was taken for three"
    sound(world)


@story("D16 killed first sync")
def killed_first_sync(world: World) -> None:
    profile = world["lan"].profile
    while world.pull("lan", profile.own_stream) == "more":
        pass
    [name] = profile.named()
    for _ in range(50):
        told = world.pull("lan", name)
        if told != "more":
            break
        assert not profile.streams[name].done, "I4: half a list was called whole"
        assert not profile.doors, "I4: half a list is shown"
    assert profile.streams[name].done, "I4: the first sync never came to its end"
    assert profile.doors == world.ground.rights(world.ground.lan), "I4: the first sync left something out"
    sound(world)


@story("D31 two tabs and a worker")
def tabs(world: World) -> None:
    everybody(world)
    for n in range(4):
        world.log("minh", world.doors[n])
    profile = world["minh"].profile
    pushes = [profile.next_push() for _ in range(3)]
    replies = [world.post(world["minh"], "push", push.body()) for push in pushes if push]
    for push, reply in zip(pushes, replies, strict=True):
        assert push is not None
        profile.take_push(push, reply)
    assert len(invariants.stored(world)) == 4
    sound(world)


@story("D35 known for ever")
def known_for_ever(world: World) -> None:
    everybody(world)
    world.log("minh", world.doors[0])
    world.push("minh", "late request")
    world.sync("minh")
    old = text("UPDATE visit_event SET received_at = received_at - interval '8 days'")
    world.ground.connection.execute(old)
    world.deliver()  # the request that was thought lost, eight days later
    assert len(invariants.stored(world)) == 1, "I2: the id was forgotten"
    sound(world)
