"""The twelve invariants of the protocol, each asked of phones, ledger and tables; a violation begins with its number."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from backend.services import recount
from tests.sync.world.world import World

_STORED = """
    SELECT e.id::text, encode(e.payload_sha256, 'hex') AS sha256, e.author::text, e.core_enc IS NULL AS empty,
           e.redacted_at IS NOT NULL AS redacted, count(v.event_id) AS visits
    FROM visit_event e LEFT JOIN visit v ON v.event_id = e.id
    WHERE e.device_id = ANY(CAST(:devices AS uuid[])) GROUP BY e.id
"""
_NUMBERS = """
    SELECT h.audience, h.n, GREATEST(h.horizon, COALESCE(f.top, 0)) AS top, COALESCE(l.n, 0) AS logged,
           COALESCE(l.different, 0) AS different, COALESCE(l.top, 0) AS log_top
    FROM stream_head h
    LEFT JOIN (SELECT audience, max(seq) AS top FROM change_feed GROUP BY audience) f USING (audience)
    LEFT JOIN (SELECT audience, count(*) AS n, count(DISTINCT seq) AS different, max(seq) AS top
               FROM feed_log GROUP BY audience) l USING (audience)
    WHERE h.audience IN (SELECT audience FROM feed_log)
"""


def stored(world: World) -> list[Any]:
    """Every event that the server holds of the world's phones."""
    devices = [seat.profile.device for seat in world.seats.values()]
    return list(world.ground.connection.execute(text(_STORED), {"devices": devices}))


def at_each_step(world: World) -> list[str]:
    """I1, I2, I3, I5, I7, I8, I9, I10, and I6 on the server."""
    events = stored(world)
    return [*world.wrong, *_kept(world, events), *_once(world, events), *_numbers(world), *_cursors(world)]


def at_the_end(world: World) -> list[str]:
    """After the faults and three rounds: all of them, with I4, I6 on phones, I11, I12 and the ledger of truth."""
    events = stored(world)
    found = [*at_each_step(world), *_truth(world, events), *_phones(world), *_erased(world)]
    with world.ground.acting() as session:
        found += [f"I12: {line}" for line in recount.in_ward(session, world.ground.ward)]
    return found


def _kept(world: World, events: list[Any]) -> Iterator[str]:
    known = {row.sha256 for row in events}
    epoch = world.server.epoch
    for sha256, saved in world.ledger.items():
        profile = saved.seat.profile
        held = any(one.sha256 == sha256 for one in profile.outbox.values())
        held = held or any(one.event.sha256 == sha256 for one in profile.retained.values())
        held = held or any(one.sha256 == sha256 for one, _ in profile.dead.values())
        if sha256 not in known and not held:
            yield f"I1: an event of {saved.seat.name} is nowhere"
    for seat in world.seats.values():
        if seat.profile.epoch == epoch:
            for kept in seat.profile.retained.values():
                if kept.event.sha256 not in known and kept.code != "quarantined":
                    yield f"I3: {seat.name} believes an event safe that the server does not hold"


def _once(world: World, events: list[Any]) -> Iterator[str]:
    for sha256, n in Counter(row.sha256 for row in events).items():
        if n > 1:
            yield f"I2: an event is stored {n} times"
        saved = world.ledger.get(sha256)
        if saved is None:
            yield "I2: an event is stored that nobody made"
    for row in events:
        saved = world.ledger.get(row.sha256)
        if saved and (row.author != saved.by or (row.empty and not row.redacted)):
            yield f"I7: an event of {saved.seat.name} is credited to another"
        if row.visits > 1:
            yield "I2: an event counts more than once"


def _numbers(world: World) -> Iterator[str]:
    for row in world.ground.connection.execute(text(_NUMBERS)):
        if not row.n == row.top == row.logged == row.different == row.log_top:
            yield f"I10: the numbers of {row.audience.partition(':')[0]} have a hole: {tuple(row)[1:]}"


def _cursors(world: World) -> Iterator[str]:
    for seat in world.seats.values():
        for stream in seat.profile.streams.values():
            for before, after in zip(stream.trail, stream.trail[1:], strict=False):
                if before[0] == after[0] and (after[1] or 0) < (before[1] or 0):
                    yield f"I8: a cursor of {seat.name} went back"


def _truth(world: World, events: list[Any]) -> Iterator[str]:
    known = {row.sha256 for row in events}
    for sha256, saved in world.ledger.items():
        if not saved.bad and sha256 not in known and not saved.held:
            yield f"I11: an event of {saved.seat.name} never arrived"
        if saved.bad and not any(one.sha256 == sha256 for one, _ in saved.seat.profile.dead.values()):
            yield f"I1: a bad event of {saved.seat.name} is not among the dead letters"


def _phones(world: World) -> Iterator[str]:
    for seat in world.seats.values():
        if seat.profile.device in world.leader.shut_out:
            continue
        profile = seat.profile
        if profile.outbox:
            yield f"I4: {seat.name} still waits with {len(profile.outbox)}"
        if profile.doors != world.ground.rights(seat.account):
            yield f"I4: {seat.name} does not hold what it may see"
        if not profile.streams or not all(stream.agrees for stream in profile.streams.values()):
            yield f"I4: a digest of {seat.name} differs"


def _erased(world: World) -> Iterator[str]:
    for sha256, saved in world.ledger.items():
        if saved.event.household not in world.leader.erased:
            continue
        profile = saved.seat.profile
        bodies = [*profile.outbox.values(), *(kept.event for kept in profile.retained.values())]
        if any(one.sha256 == sha256 and one.core is not None for one in bodies):
            yield f"I6: {saved.seat.name} still holds the words about an erased household"
    for row in stored(world):
        saved = world.ledger.get(row.sha256)
        if saved and saved.event.household in world.leader.erased and not row.empty:
            yield "I6: the server still holds the words about an erased household"
