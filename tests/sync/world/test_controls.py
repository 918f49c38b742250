"""Every sabotage is noticed, by its name; the table says by what, and after how many random histories."""

import os
import re
from collections.abc import Callable

import pytest

from tests.sync.world import machine
from tests.sync.world.conftest import NewWorld
from tests.sync.world.controls import CONTROLS, Control
from tests.sync.world.directed import DIRECTED

# `make controls` also counts how many random histories notice it; in every other run the directed one does.
HISTORIES = int(os.environ.get("GOCUA_HISTORIES", "0"))


@pytest.mark.parametrize("control", CONTROLS, ids=[control.name for control in CONTROLS])
def test_the_sabotage_is_noticed(
    new_world: NewWorld,
    control: Control,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    control.server(monkeypatch)
    told = None
    with new_world(control.phone) as world:
        try:
            DIRECTED[control.story](world)
        except AssertionError as error:
            told = f"{error} {world.wrong}"
        told = told or " ".join(world.wrong)
    assert told, f"nothing noticed: {control.name}"
    named = re.findall(r"\bI\d+\b", told)
    if control.breaks:
        assert control.breaks in named, f"{control.name}: {told[:300]}"
    needed = f"{_needed(new_world, control)} random" if HISTORIES else "1 directed"
    record_property("control", (control.name, control.story, named[0] if named else "story", needed))


def _needed(new_world: NewWorld, control: Control) -> str:
    """How many random histories it takes until one goes wrong."""
    tried = machine.needed(lambda: new_world(control.phone), HISTORIES)
    return str(tried) if tried else f"not in {HISTORIES}"


def _sabotaged(name: str, patch: pytest.MonkeyPatch) -> Control:
    control = next(one for one in CONTROLS if one.name == name)
    control.server(patch)
    return control


@pytest.mark.parametrize("name", ["S3 no dedupe", "S23 log-out clears the outbox"])
def test_the_machine_finds_it(new_world: NewWorld, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    control = _sabotaged(name, monkeypatch)
    assert machine.needed(lambda: new_world(control.phone), machine.HISTORIES)


class _Unfinished(machine.History):
    """Asks only what holds after every step: nobody comes home, so that a hundred tries take seconds."""

    def teardown(self) -> None:
        self.undo.close()


def test_the_machine_makes_it_small(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    control = _sabotaged("S4 delete on send", monkeypatch)
    with pytest.raises(AssertionError, match=r"I\d+: ") as found:
        machine.search(lambda: new_world(control.phone), 100, steps=10, kind=_Unfinished)
    told = [line for note in found.value.__notes__ for line in note.splitlines()]
    steps = [line for line in told if line.startswith("state.") and "what_holds" not in line]
    print(found.value, *steps, sep="\n")
    assert len(steps) <= 6, steps  # of 12: the first sync, at most four that matter, and the end


def test_there_are_more_than_twenty() -> None:
    names = [control.name for control in CONTROLS]
    assert len(names) == len(set(names)) >= 20
    assert {control.story for control in CONTROLS} <= DIRECTED.keys()
