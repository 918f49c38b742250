"""Random histories of phones, faults, leaders and restored servers: the same in every run, new ones in `make histories`."""

import os

import pytest

from tests.sync.world import machine
from tests.sync.world.conftest import NewWorld

# A test is one transaction, in which nothing is ever cleaned up: many histories are searched in parts.
PART = 50
WANTED = int(os.environ.get("GOCUA_HISTORIES", "0"))


@pytest.mark.parametrize("part", range(-(-WANTED // PART) or 1))
def test_the_invariants_hold(new_world: NewWorld, part: int) -> None:
    if WANTED:
        machine.search(new_world, min(PART, WANTED - part * PART), anew=True)
    else:
        machine.search(new_world, machine.HISTORIES)
