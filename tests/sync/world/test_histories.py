"""Random histories of phones, faults, leaders and restored servers; one seed replays one history."""

import pytest

from tests.sync.world import histories
from tests.sync.world.conftest import NewWorld

SEEDS, STEPS = 24, 45


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_the_invariants_hold(new_world: NewWorld, seed: int) -> None:
    steps = histories.steps_of(seed, STEPS)
    with new_world(seed) as world:
        found = histories.play(world, steps)
    if found:
        short = histories.shorten(lambda: iter_world(new_world, seed), steps)
        pytest.fail(f"seed {seed}: {found}\n" + "\n".join(f"  {step.rule} ({step.seed})" for step in short))


def iter_world(new_world: NewWorld, seed: int):
    with new_world(seed) as world:
        yield world
