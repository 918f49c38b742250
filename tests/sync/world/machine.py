"""Random histories: Hypothesis draws what happens and its details, and makes a history that goes wrong as small as it can.

Details are drawn by place, never by id: the server's ids differ from run to run, and a history must be the same again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import timedelta
from uuid import UUID

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend.core.refusal import Refusal
from backend.models import Role
from tests.sync.world import invariants
from tests.sync.world.world import FAULTS, PULL_FAULTS, World

HISTORIES, STEPS = 24, 45
# Minh has two phones; "shared" is the one of Mai and Nam, and whoever is logged in there.
WHO = st.sampled_from(("minh", "minh2", "lan", "shared"))
NTH = st.integers(0, 7)
WALK = st.integers(0, 2)
SHARE = st.integers(0, 99)
FAULT = st.sampled_from(FAULTS)
OUTCOME = st.sampled_from(("not_home", "refused", "no_need"))
CHANGE = st.sampled_from(({"void": True}, {"outcome": "refused"}))

Begin = Callable[[], AbstractContextManager[World]]


class History(RuleBasedStateMachine):
    """One history in a world of its own, which is undone at the end."""

    def __init__(self, begin: Begin) -> None:
        super().__init__()
        self.undo = ExitStack()
        self.world = self.undo.enter_context(begin())
        self.sound = True

    def teardown(self) -> None:
        """The faults are over and everybody comes home; nothing more is asked of a history that went wrong before."""
        with self.undo:
            if self.sound:
                self.world.heal()
                self._hold(invariants.at_the_end(self.world))

    @invariant()
    def what_holds_after_every_step(self) -> None:
        self._hold(invariants.at_each_step(self.world))

    def _hold(self, broken: list[str]) -> None:
        self.sound = not broken
        assert self.sound, broken

    def name(self, who: str) -> str:
        """The seat that `who` means now."""
        return self.world.active if who == "shared" else who

    def held(self, who: str, at: int) -> str | None:
        """One of the doors in the cache of `who`."""
        cached = self.world[self.name(who)].profile.doors
        held = [door for door in self.world.doors if door in cached]
        return held[at % len(held)] if held else None

    @initialize()
    def everybody_has_had_a_first_sync(self) -> None:
        for name, seat in self.world.seats.items():
            page, seat.profile.page = (
                seat.profile.page,
                50,
            )  # in one page: this is only where the history begins
            self.world.sync(name)
            seat.profile.page = page

    # --- volunteers ---

    @rule(who=WHO, visits=st.lists(st.tuples(NTH, OUTCOME), min_size=1, max_size=3))
    def log(self, who: str, visits: list[tuple[int, str]]) -> None:
        for at, outcome in visits:
            if door := self.held(who, at):
                self.world.log(self.name(who), door, outcome)

    @rule(who=WHO, at=NTH, outcome=OUTCOME, fault=FAULT, cut=SHARE)
    def log_and_push(self, who: str, at: int, outcome: str, fault: str, cut: int) -> None:
        self.log(who, [(at, outcome)])
        self.push(who, fault, cut)

    @rule(who=WHO, at=NTH)
    def log_what_the_server_must_refuse(self, who: str, at: int) -> None:
        if door := self.held(who, at):
            self.world.save(self.name(who), door, {"outcome": "dance"}, "visit", bad=True)

    @rule(who=WHO, outcome=OUTCOME, added=st.booleans())
    def log_at_an_unknown_door(self, who: str, outcome: str, added: bool) -> None:
        door = str(UUID(int=len(self.world.ledger), version=4))
        self.world.log(self.name(who), door, outcome)
        if added:
            self.world.save(self.name(who), door, {"address": "Số 99 ngõ 34"}, "household_add")

    @rule(who=WHO, back=NTH, change=CHANGE)
    def correct(self, who: str, back: int, change: dict[str, object]) -> None:
        seat = self.world[self.name(who)]
        mine = [one.event for one in self.world.ledger.values() if one.seat is seat and not one.bad]
        if mine:
            event = mine[-1 - back % len(mine)]
            self.world.save(seat.name, event.household, change, "correction", corrects=event.id)

    @rule(who=WHO)
    def log_out(self, who: str) -> None:
        self.world[self.name(who)].profile.log_out()

    @rule()
    def switch_on_the_shared_phone(self) -> None:
        self.world.active = "nam" if self.world.active == "mai" else "mai"

    # --- phones, the line, and clocks ---

    @rule(who=WHO, fault=FAULT, cut=SHARE)
    def push(self, who: str, fault: str, cut: int) -> None:
        self.world.push(self.name(who), fault, cut=cut)

    @rule(who=WHO, fault=FAULT, limit=st.integers(1, 3), cut=SHARE)
    def push_a_few(self, who: str, fault: str, limit: int, cut: int) -> None:
        self.world.push(self.name(who), fault, limit, cut)

    @rule(who=WHO, fault=st.sampled_from(PULL_FAULTS), cut=SHARE)
    def pull_the_own_stream(self, who: str, fault: str, cut: int) -> None:
        profile = self.world[self.name(who)].profile
        self.world.pull(self.name(who), profile.own_stream, fault, cut)

    @rule(who=WHO, fault=st.sampled_from(PULL_FAULTS), cut=SHARE)
    def pull_the_teams_stream(self, who: str, fault: str, cut: int) -> None:
        for stream in self.world[self.name(who)].profile.named():
            self.world.pull(self.name(who), stream, fault, cut)

    @rule(who=WHO)
    def sync(self, who: str) -> None:
        self.world.sync(self.name(who))

    @precondition(lambda self: self.world.late)
    @rule(at=NTH)
    def deliver_what_was_late(self, at: int) -> None:
        self.world.deliver(at % len(self.world.late))

    @rule(who=WHO)
    def evict_the_cache(self, who: str) -> None:
        self.world[self.name(who)].profile.evict()

    @rule(minutes=st.sampled_from((0, 90, -90, 5_000_000, -5_000_000)))
    def set_the_clocks(self, minutes: int) -> None:
        self.world.skew = timedelta(minutes=minutes)

    # --- leaders ---

    @rule(at=NTH, walk=WALK)
    def give(self, at: int, walk: int) -> None:
        self.world.leader.give(self.world.doors[at], self.world.ground.walks[walk])

    @rule(at=NTH)
    def edit(self, at: int) -> None:
        self.world.leader.edit(self.world.doors[at])

    @rule(lead=st.booleans())
    def set_minhs_role(self, lead: bool) -> None:
        self.world.leader.role(self.world.ground.minh, Role.DEPUTY_LEADER if lead else Role.MEMBER)

    @rule(mai=st.booleans())
    def end_a_walk(self, mai: bool) -> None:
        self.world.leader.end_walk(self.world.ground.mai if mai else self.world.ground.minh)

    @rule(mai=st.booleans())
    def begin_a_walk_again(self, mai: bool) -> None:
        self.world.leader.begin_walk(self.world.ground.mai if mai else self.world.ground.minh)

    @rule(at=NTH)
    def erase(self, at: int) -> None:
        with suppress(Refusal):  # it was done already, or the door is merged
            self.world.leader.erase(self.world.doors[at])

    @rule(doors=st.tuples(NTH, NTH).filter(lambda two: two[0] != two[1]))
    def merge(self, doors: tuple[int, int]) -> None:
        with suppress(Refusal):
            self.world.leader.merge(*(self.world.doors[at] for at in doors))

    # --- the server ---

    @precondition(lambda self: not self.world.server.backed_up)
    @rule()
    def back_up(self) -> None:
        self.world.server.backup()

    @precondition(lambda self: self.world.server.backed_up)
    @rule()
    def restore(self) -> None:
        self.world.server.restore()

    @rule()
    def clean_the_feed(self) -> None:
        self.world.server.clean_feed()


def search(
    begin: Begin,
    histories: int,
    *,
    steps: int = STEPS,
    anew: bool = False,
    shrink: bool = True,
    kind: type[History] = History,
) -> None:
    """Play so many histories; raises what the first bad one broke, with its smallest form in the notes.

    `anew`: others than last time. `shrink`: false when only the fact matters.
    """
    run_state_machine_as_test(
        lambda: kind(begin),
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            derandomize=not anew,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            report_multiple_bugs=False,
        ),
    )


def needed(begin: Begin, histories: int) -> int | None:
    """How many it takes until one goes wrong; None: not in so many."""
    tried = 0

    def counted() -> AbstractContextManager[World]:
        nonlocal tried
        tried += 1
        return begin()

    try:
        search(counted, histories, shrink=False)
    except (AssertionError, Flaky):  # a sabotage may have a memory, and the second time go another way
        return tried - 1  # the last one is the first bad one, played again to be told
    return None
