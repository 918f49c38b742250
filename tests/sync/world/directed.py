"""The directed histories of the specification (section 23), by their names; each is a short story with an ending.

Those that mean something only in a real browser are in tests/phone: D18 and D19 (locked, a forgotten PIN) in
test_rights.py, D25 (upgrades with a full outbox) in test_updates.py, D26 (storage faults) in test_faults.py and the
units of storage/, D31 with real tabs in test_faults.py. D22 in all 120 orders is in tests/sync/test_derive.py.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.core.clock import today
from backend.models import Role
from backend.services import held, place_changes
from tests.sync.world import invariants
from tests.sync.world.phone import Answer
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
    return world.connection.execute(statement, {"sha": sha256}).one_or_none()


@story("D1 stale reply")
def stale_reply(world: World) -> None:
    everybody(world)
    stream = world["minh"].profile.named()[0]
    world.edit(world.doors[0])
    world.pull("minh", stream, "late reply")
    world.edit(world.doors[0])
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


@story("D3 reassign offline")
def reassign_offline(world: World) -> None:
    everybody(world)
    door = world.doors[0]
    world.give(door, world.walk_of[world.mai])
    hers = world.log("minh", door)
    world.sync("mai")
    other = world.log("mai", door, "refused")
    world.sync("mai")
    world.sync("minh")
    assert door not in world["minh"].profile.doors, "I4: the old phone keeps the door"
    assert "out_of_scope" in of(world, hers.sha256).flags
    assert str(of(world, hers.sha256).author) == str(world.minh)
    world.sync("mai")
    assert len(row(world, "mai", door)["visits"]) == 2
    assert of(world, other.sha256) is not None
    no_snapshot_forced(world)
    sound(world)


@story("D4 reassign there and back")
def there_and_back(world: World) -> None:
    everybody(world)
    world.give(world.doors[0], world.walk_of[world.mai])
    world.give(world.doors[0], world.walk_of[world.minh])
    sound(world)
    assert world.doors[0] in world["minh"].profile.doors


@story("D5 cross-team move")
def cross_team(world: World) -> None:
    everybody(world)
    world.give(world.doors[0], world.walk_of[world.nam])
    for name in ("minh", "lan", "nam"):
        world.sync(name)
    assert world.doors[0] not in world["minh"].profile.doors | world["lan"].profile.doors
    assert world["nam"].profile.doors == {world.doors[0], *world.doors[6:]}
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


@story("D11 restore")
def restore(world: World) -> None:
    everybody(world)
    world.backup()
    for name in ("minh", "mai"):
        for n in range(5):
            world.log(name, sorted(world[name].profile.doors)[n % 2])
        world.sync(name)
    world.restore()
    assert not invariants.stored(world)
    sound(world)
    assert len(invariants.stored(world)) == 10


@story("D12 late ack across epochs")
def late_ack(world: World) -> None:
    everybody(world)
    world.backup()
    event = world.log("minh", world.doors[0])
    world.push("minh", "late reply")
    world.restore()
    world.pull_all("minh")  # another tab meets the new epoch
    world.deliver()
    assert event.id in world["minh"].profile.outbox, "I3: the old server's word was taken for the new one's"
    sound(world)


@story("D13 two profiles, one restore")
def two_profiles(world: World) -> None:
    everybody(world)
    world.backup()
    for name, door in (("mai", world.doors[4]), ("nam", world.doors[6])):
        world.log(name, door)
        world.sync(name)
    world.restore()
    world.sync("mai")
    world.sync("nam")
    assert len(invariants.stored(world)) == 2, "I3: the second profile did not offer its events again"
    sound(world)


@story("D14 failover")
def failover(world: World) -> None:
    everybody(world)
    world.backup()
    for n in range(3):
        world.log("minh", world.doors[n])
    world.sync("minh")
    world.restore(quietly=True)
    # The promoted standby has another timeline; nobody types anything.
    world.connection.execute(text("UPDATE server_meta SET timeline = timeline - 1"))
    before = world.epoch
    world.sync("minh")
    assert world.epoch != before, "I3: the epoch was not rotated"
    assert len(invariants.stored(world)) == 3
    sound(world)


@story("D14b the new history looks like the old one")
def twin_history(world: World) -> None:
    everybody(world)
    world.backup()
    event = world.log("minh", world.doors[0])
    world.sync("minh")
    world.restore()
    world.edit(world.doors[0])  # the same version, the same number as the visit had
    world.sync("minh")
    assert of(world, event.sha256) is not None, "I3: cursor and digest fit, and the visit is gone"
    sound(world)


@story("D15 silent rollback")
def silent(world: World) -> None:
    everybody(world)
    world.backup()
    event = world.log("minh", world.doors[0])
    world.sync("minh")
    world.restore(quietly=True)
    world.sync("minh")
    assert of(world, event.sha256) is not None
    world.heal()
    assert not invariants.at_the_end(world)


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
    assert profile.doors == world.rights(world.lan), "I4: the first sync left something out"
    sound(world)


@story("D17 shared phone")
def shared(world: World) -> None:
    everybody(world)
    logged = [world.log("mai", world.doors[4]), world.log("mai", world.doors[5])]
    world.log("nam", world.doors[6])
    world.sync("nam")
    assert not any(of(world, event.sha256) for event in logged), "I7: sent in another's session"
    world.sync("mai")
    assert {str(of(world, event.sha256).author) for event in logged} == {str(world.mai)}
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
    world.revoke("minh")
    assert world.push("minh") == "revoked"
    assert not profile.doors  # wiped at contact
    assert len(profile.outbox) == 4
    _days_since(world, "minh", 13)
    assert world.quarantine("minh") == "taken"
    assert profile.wipe()
    with world.acting() as session:
        assert held.accept(session, world.lead(session), world.minh, "revoked") == 4
    assert {str(of(world, event.sha256).author) for event in logged} == {str(world.minh)}
    again = world.log("minh", world.doors[0])
    _days_since(world, "minh", 15)
    assert world.quarantine("minh") == "left_too_long"
    assert again.id in profile.outbox  # the rescue file is still possible
    world.ledger.pop(again.sha256)
    sound(world)


def _days_since(world: World, name: str, days: int) -> None:
    statement = text("UPDATE device SET revoked_at = now() - make_interval(days => :d) WHERE id = :id")
    world.connection.execute(statement, {"d": days, "id": world[name].profile.device})


@story("D21 consent")
def consent(world: World) -> None:
    everybody(world)
    door = world.doors[0]
    sent = world.log("minh", door)
    world.sync("minh")
    world.backup()
    waiting = world.log("minh", door)
    world.erase(door)
    world.sync("minh")
    _nothing_left(world, sent, waiting)
    world.restore()
    world.sync("minh")
    _nothing_left(world, sent, waiting)
    sound(world)


def _nothing_left(world: World, *events: Any) -> None:
    for event in events:
        row_ = of(world, event.sha256)
        assert row_ is not None, "I1: the volunteer's credit is gone"
        assert (row_.core_enc, str(row_.author)) == (None, str(world.minh)), (
            "I6: words are left on the server"
        )
        kept = world["minh"].profile.retained.get(event.id)
        assert kept is not None
        assert kept.event.core is None, "I6: words are left on the phone"


@story("D22 the later word wins, whichever came first")
def later_word(world: World) -> None:
    everybody(world)
    moment = world["minh"].profile.clock()
    world.log("mai", world.doors[4], "moved_away", at=moment - timedelta(minutes=10))
    world.sync("mai")
    world.log("minh", world.doors[4], "no_need", at=moment - timedelta(minutes=50))
    world.sync("minh")
    state = world.connection.execute(
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
    assert world.connection.execute(text(count), {"id": world.doors[0]}).scalar_one() == 0
    sound(world)


@story("D23 duplicate households")
def duplicates(world: World) -> None:
    everybody(world)
    ids = [str(world["minh"].profile.new_id()) for _ in range(2)]
    for name, id_ in zip(("minh", "mai"), ids, strict=True):
        world.save(name, id_, {"address": "Số 70 ngõ 34"}, "household_add")
        world.log(name, id_, "no_need")
        world.sync(name)
    world.merge(ids[1], ids[0])
    late = world.log("mai", ids[1], "refused")
    world.sync("mai")
    assert str(of(world, late.sha256).household_link) == ids[0]
    sound(world)


@story("D24 old client")
def old_client(world: World) -> None:
    everybody(world)
    world.connection.execute(text("UPDATE server_meta SET min_pull_schema = 2"))
    world.log("minh", world.doors[0])
    assert world.push("minh") == "taken"
    profile = world["minh"].profile
    before = set(profile.doors)
    assert world.pull("minh", profile.named()[0]) == "upgrade"
    assert profile.doors == before
    world.connection.execute(text("UPDATE server_meta SET min_pull_schema = 1"))
    sound(world)


@story("D27 clocks")
def clocks(world: World) -> None:
    everybody(world)
    world.backup()
    logged = []
    for days in (-3650, 0, 3650):
        world.skew = timedelta(days=days)
        logged.append(world.log("minh", world.doors[0]))
        world.sync("minh")
    assert all(of(world, event.sha256) for event in logged)
    assert len(world["minh"].profile.retained) == 3, "I3: a clock let go of what may be needed again"
    world.restore()
    world.skew = timedelta()
    sound(world)
    assert len(invariants.stored(world)) == 3


@story("D28 role change")
def role_change(world: World) -> None:
    everybody(world)
    world.role(world.minh, Role.DEPUTY_LEADER)
    world.sync("minh")
    assert world["minh"].profile.doors == set(world.doors[:6])
    no_snapshot_forced(world)
    world.role(world.minh, Role.MEMBER)
    world.role(world.minh, Role.DEPUTY_LEADER)
    world.role(world.minh, Role.MEMBER)
    world.sync("minh")
    assert world["minh"].profile.doors == set(world.doors[:4])
    sound(world)


@story("D29 expired right")
def expired(world: World) -> None:
    everybody(world)
    world.end_walk(world.minh, quietly=True)
    profile = world["minh"].profile
    pull = profile.next_pull(profile.named()[0])
    page = world.post(world["minh"], "pull", pull.body()).read()
    assert (page["rows"], page["scope_count"]) == ([], 0)
    world.sync("minh")
    assert not profile.doors
    world.begin_walk(world.minh)
    world.heal()
    assert not invariants.at_the_end(world)


@story("D30 cleaned feed")
def cleaned(world: World) -> None:
    everybody(world)
    world.give(world.doors[0], world.walk_of[world.nam])
    world.sync("mai")
    world.clean_feed()  # minh has been away for 61 days
    world.sync("minh")
    assert world.doors[0] not in world["minh"].profile.doors
    no_snapshot_forced(world)
    profile = world["minh"].profile
    page = world.post(world["minh"], "pull", profile.next_pull(profile.named()[0]).body()).read()
    assert not page["reset"]  # the newest rows were cleaned: no snapshot for ever
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


@story("D32 a ward splits a neighbourhood meanwhile")
def split(world: World) -> None:
    everybody(world)
    logged = [world.log("minh", door) for door in world.doors[:3]]
    with world.acting() as session:
        half = frozenset(UUID(door) for door in world.doors[:4])
        parts = (
            place_changes.Part("tdp", "Tổ dân phố 7A", household_ids=half),
            place_changes.Part("tdp", "Tổ dân phố 7B", rest=True),
        )
        lead = world.lead(session, world.officer)
        place_changes.split_neighbourhood(session, lead, world.neighbourhood, parts, effective_on=today())
    world.sync("minh")
    assert all("out_of_scope" not in of(world, event.sha256).flags for event in logged)
    sound(world)


@story("D33 another ward's door is an unknown door")
def oracle(world: World) -> None:
    everybody(world)
    theirs = world.log("minh", world.far)
    nobodys = world.log("minh", str(world["minh"].profile.new_id()))
    push = world["minh"].profile.next_push()
    assert push is not None
    reply = world.post(world["minh"], "push", push.body())
    codes = {result["id"]: (result["code"], result.get("v")) for result in reply.read()["results"]}
    assert codes[theirs.id] == codes[nobodys.id], "I5: an answer tells a known door from an unknown one"
    world["minh"].profile.take_push(push, reply)
    assert str(of(world, theirs.sha256).ward_id) == str(world.ward)
    assert world.far not in {str(of(world, theirs.sha256).household_link)}
    sound(world)


@story("D34 two volunteers at one door")
def two_at_one_door(world: World) -> None:
    everybody(world)
    with world.acting() as session:
        world.role(world.mai, Role.DEPUTY_LEADER)
        assert world.lead(session, world.mai).leads
    world.sync("mai")
    payload = {"outcome": "refused"}
    at = world["minh"].profile.clock()
    for name in ("minh", "mai", "minh2"):
        world.log(name, world.doors[0], payload=dict(payload), at=at)
    world.give(world.doors[0], world.walk_of[world.mai])  # and the leader reassigns meanwhile
    for name in ("minh", "mai", "minh2", "mai"):
        world.sync(name)
    assert len(invariants.stored(world)) == 3, "I2: two people's visits are two facts"
    assert len(row(world, "mai", world.doors[0])["visits"]) == 3
    sound(world)


@story("D35 known for ever")
def known_for_ever(world: World) -> None:
    everybody(world)
    world.log("minh", world.doors[0])
    world.push("minh", "late request")
    world.sync("minh")
    old = text("UPDATE visit_event SET received_at = received_at - interval '8 days'")
    world.connection.execute(old)
    world.deliver()  # the request that was thought lost, eight days later
    assert len(invariants.stored(world)) == 1, "I2: the id was forgotten"
    sound(world)
