"""Random histories: one seed makes one history, and a history that goes wrong is shortened until every step matters."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from backend.core.refusal import Refusal
from backend.models import Role
from tests.sync.world import invariants
from tests.sync.world.world import FAULTS, World


@dataclass(frozen=True)
class Step:
    """What happens, and the seed of its details."""

    rule: str
    seed: int


def _anybody(world: World) -> str:
    return world.dice.choice(("minh", "minh2", "lan", world.active))


def _door(world: World, name: str) -> str | None:
    held = world[name].profile.doors
    known = [door for door in world.doors if door in held]
    return world.dice.choice(known) if known else None


def _log(world: World) -> None:
    name = _anybody(world)
    for _ in range(world.dice.randint(1, 3)):
        door = _door(world, name)
        if door is None:
            return
        if world.dice.random() < 0.08:
            world.save(name, door, {"outcome": "dance"}, "visit", bad=True)
        else:
            world.log(name, door, world.dice.choice(("not_home", "refused", "no_need")))


def _log_unknown(world: World) -> None:
    name = _anybody(world)
    door = str(UUID(int=world.dice.getrandbits(128), version=4))
    world.log(name, door)
    if world.dice.random() < 0.5:
        world.save(name, door, {"address": "Số 99 ngõ 34"}, "household_add")


def _correct(world: World) -> None:
    name = _anybody(world)
    mine = [one for one in world.ledger.values() if one.seat.name == name and not one.bad]
    if mine:
        event = world.dice.choice(mine).event
        change = world.dice.choice(({"void": True}, {"outcome": "refused"}))
        world.save(name, event.household, change, "correction", corrects=event.id)


def _push(world: World) -> None:
    world.push(_anybody(world), world.dice.choice(FAULTS), world.dice.choice((1, 2, 3, 50)))


def _pull(world: World) -> None:
    name = _anybody(world)
    profile = world[name].profile
    streams = [profile.own_stream, *profile.named(), *profile.named()]
    fault = world.dice.choice([fault for fault in FAULTS if fault not in ("crash", "late request")])
    world.pull(name, world.dice.choice(streams), fault)


def _give(world: World) -> None:
    world.give(world.dice.choice(world.doors), world.dice.choice(world.walks[:3]))


def _role(world: World) -> None:
    with world.acting() as session:
        leads = world.lead(session, world.minh).leads
    world.role(world.minh, Role.MEMBER if leads else Role.DEPUTY_LEADER)


def _switch(world: World) -> None:
    world.active = "nam" if world.active == "mai" else "mai"


def _backup(world: World) -> None:
    if not world.backed_up:
        world.backup()


def _restore(world: World) -> None:
    if world.backed_up:
        world.restore()


def _deliver(world: World) -> None:
    if world.late:
        world.deliver(world.dice.randrange(len(world.late)))


def _erase(world: World) -> None:
    with suppress(Refusal):  # it was done already, or the door is merged
        world.erase(world.dice.choice(world.doors))


def _merge(world: World) -> None:
    with suppress(Refusal):
        world.merge(*world.dice.sample(world.doors[:6], 2))


def _clock(world: World) -> None:
    world.skew = timedelta(minutes=world.dice.choice((-5_000_000, -90, 0, 0, 90, 5_000_000)))


RULES: dict[str, tuple[int, Callable[[World], None]]] = {
    "log": (8, _log),
    "log at an unknown door": (2, _log_unknown),
    "correct": (2, _correct),
    "push": (9, _push),
    "pull": (8, _pull),
    "sync": (4, lambda world: world.sync(_anybody(world))),
    "give": (4, _give),
    "edit": (3, lambda world: world.edit(world.dice.choice(world.doors))),
    "role": (1, _role),
    "end a walk": (1, lambda world: world.end_walk(world.dice.choice((world.minh, world.mai)))),
    "begin a walk": (2, lambda world: world.begin_walk(world.dice.choice((world.minh, world.mai)))),
    "evict": (1, lambda world: world[_anybody(world)].profile.evict()),
    "log out": (1, lambda world: world[_anybody(world)].profile.log_out()),
    "switch": (2, _switch),
    "backup": (1, _backup),
    "restore": (1, _restore),
    "deliver": (5, _deliver),
    "erase": (1, _erase),
    "merge": (1, _merge),
    "clean the feed": (1, lambda world: world.clean_feed()),
    "clock": (1, _clock),
}


def steps_of(seed: int, length: int) -> list[Step]:
    """The history that a seed makes."""
    dice = random.Random(seed)
    names, weights = list(RULES), [weight for weight, _ in RULES.values()]
    return [Step(dice.choices(names, weights)[0], dice.getrandbits(32)) for _ in range(length)]


def play(world: World, steps: list[Step]) -> list[str]:
    """Play a history to its end, or to the first step that breaks an invariant; what was broken."""
    for name in world.seats:
        world.sync(name)
    for step in steps:
        world.dice = random.Random(step.seed)
        RULES[step.rule][1](world)
        if found := invariants.at_each_step(world):
            return found
    world.dice = random.Random(0)
    world.heal()
    return invariants.at_the_end(world)


def shorten(begin: Callable[[], Iterator[World]], steps: list[Step]) -> list[Step]:
    """The same history without the steps that it does not need to go wrong."""
    whole = contextmanager(begin)
    size = max(1, len(steps) // 2)
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            with whole() as world:
                if play(world, fewer):
                    steps = fewer
                    continue
            at += size
        size //= 2
    return steps
