"""Positive controls: the protocol with one rule broken at a time, in the real server code or in the simulated phone.

Each names the rule, what must notice it, and where. A control that nothing notices fails the build: then the tests
would let the same mistake pass.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.phone_model.profile import Profile
from tests.sync.world.controls import phones, storing, telling
from tests.sync.world.controls.patching import Patch


@dataclass(frozen=True)
class Control:
    """`story`: the directed history that must go wrong; `breaks`: the invariants, of which one must be named there."""

    name: str
    story: str
    breaks: str
    phone: type[Profile] = Profile
    server: Callable[[Patch], None] = lambda _patch: None


CONTROLS = (
    Control("S1 poison blocks the batch", "D8 poison", "I9", server=storing.poison_blocks),
    Control("S2 no tombstone", "D3 reassign offline", "I4", server=telling.no_tombstone),
    Control("S3 no dedupe", "D6 lost reply", "I2", server=storing.no_dedupe),
    Control("S4 delete on send", "D6 lost reply", "I1", phones.DeleteOnSend),
    Control("S5 cursor = head", "D16 killed first sync", "I8", server=telling.cursor_is_head),
    Control("S5b the phone goes on from the head", "D16 killed first sync", "I4", phones.HeadAsCursor),
    Control(
        "S6 author of the session",
        "D17 shared phone",
        "I7",
        phones.OneOutboxForAll,
        storing.author_of_session,
    ),
    Control("S7 acknowledge all on any 200", "D9 captive portal", "I1", phones.AckAllOnAny200),
    Control("S7b captive portal accepted", "D9 captive portal", "I1", phones.TakesAnyKind),
    Control("S7c n and ids not checked", "D9b an answer to something else", "I1", phones.CountUnchecked),
    Control(
        "S8 epoch not rotated",
        "D14b the new history looks like the old one",
        "I3",
        server=telling.epoch_not_rotated,
    ),
    Control("S8b timeline not checked", "D14 failover", "I3", server=telling.timeline_not_checked),
    Control("S9 answer before commit", "D7 crash mid-batch", "I1", server=storing.answer_before_commit),
    Control("S11 nothing retained", "D11 restore", "I1", phones.NothingRetained),
    Control("S12 stale rows", "D1 stale reply", "I8", phones.StaleRows),
    Control("S13 hashes not compared", "D2 reused id", "I1", server=storing.hashes_not_compared),
    Control("S14 epoch per phone", "D13 two profiles, one restore", "I3", phones.EpochPerPhone),
    Control("S15 acknowledgement of another epoch", "D12 late ack across epochs", "I3", phones.AckOfAnyEpoch),
    Control("S16 cursor before rows", "D16 killed first sync", "I4", phones.CursorBeforeRows),
    Control("S16b rows without cursor", "D16 killed first sync", "I4", phones.RowsWithoutCursor),
    Control(
        "S17 content without a check", "D16 killed first sync", "I5", server=telling.content_without_a_check
    ),
    Control(
        "S18 reassignment not touched", "D3 reassign offline", "I4", server=telling.reassignment_not_touched
    ),
    Control("S19 erasure ledger not replayed", "D21 consent", "I6", server=telling.ledger_not_replayed),
    Control("S20 horizon ignored", "D30 cleaned feed", "I4", server=telling.horizon_ignored),
    Control("S21 ids forgotten after 7 days", "D35 known for ever", "I2", server=storing.ids_forgotten),
    Control("S22 author not told of an erasure", "D21 consent", "I6", server=telling.authors_not_told),
    Control("S22b phone does not scrub", "D21 consent", "I6", phones.NotScrubbed),
    Control("S23 log-out clears the outbox", "D18 log-out with waiting items", "I11", phones.LogOutClears),
    Control("S24 purged by the phone's clock", "D27 clocks", "I3", phones.PurgedByPhoneClock),
    Control(
        "S25 order of arrival",
        "D22 the later word wins, whichever came first",
        "I12",
        server=storing.order_of_arrival,
    ),
    Control(
        "S25b a correction forgotten",
        "D22b a correction before its visit",
        "",
        server=storing.corrections_act_at_once,
    ),
    Control("S26 generation ignored", "D28 role change", "I4", server=telling.generation_ignored),
    Control("S27 tombstone ignored", "D5 cross-team move", "", phones.TombstoneIgnored),
    Control("S28 absence removes", "D1 stale reply", "I4", phones.AbsenceRemoves),
    Control(
        "S29 counters that only go up", "D22b a correction before its visit", "", server=storing.counted_up
    ),
    Control(
        "S30 dedupe by content", "D34 two volunteers at one door", "I2", server=storing.dedupe_by_content
    ),
    Control(
        "S31 an oracle across wards",
        "D33 another ward's door is an unknown door",
        "I5",
        server=storing.wards_not_kept_apart,
    ),
    Control(
        "S32 merged doors not followed", "D23 duplicate households", "", server=storing.merged_not_followed
    ),
    Control("S33 old apps may not push", "D24 old client", "", server=storing.old_apps_refused),
    Control("S34 revoked phones may not hand over", "D20 revoked", "", server=storing.quarantine_refused),
)
