"""Every directed history, by its name."""

import pytest

from tests.sync.world.directed import DIRECTED
from tests.sync.world.world import World


@pytest.mark.parametrize("name", DIRECTED)
def test_the_story_ends_well(world: World, name: str) -> None:
    DIRECTED[name](world)
