"""`make campaign N=20000` and `make kills`: phones against a server that is killed again and again; prints the figures."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.campaign.run import Plan, Told, campaign


def plan_for(events: int, seed: int) -> Plan:
    """The campaign of `events` events: phones, doors, kills and hand-overs grow with it, within limits."""
    phones = min(200, max(20, events // 2000))
    return Plan(
        events=events,
        phones=phones,
        doors=max(30, min(150, events // phones // 40)),
        seed=seed,
        kills={
            "web": min(60, 2 + events // 15_000),
            "parent": min(10, 1 + events // 100_000),
            "database": min(20, 1 + events // 50_000),
        },
        hand_overs=min(400, 10 + events // 2000),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kills", type=int, nargs=2, metavar=("WEB", "DATABASE"))
    parser.add_argument("--minutes", type=float, default=120)
    wanted = parser.parse_args()
    plan = plan_for(wanted.events, wanted.seed)
    if wanted.kills:
        kills = {"web": wanted.kills[0], "database": wanted.kills[1]}
        plan = Plan(None, 20, 300, wanted.seed, kills, False, 0, 4, 4, wanted.minutes)
    with tempfile.TemporaryDirectory(prefix="gocua-campaign-", ignore_cleanup_errors=True) as name:
        told = campaign(plan, Path(name), _say)
    print_table(told)
    wrong = told.judge()
    for line in wrong:
        print(f"WRONG: {line}")
    print(
        "Nothing lost, nothing doubled, nothing credited to another, all phones equal."
        if not wrong
        else "FAILED"
    )
    return 1 if wrong else 0


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def print_table(told: Told) -> None:
    """The figures of a campaign."""
    books = told.books
    faults = ", ".join(f"{name} {count}" for name, count in sorted(told.faults.items()))
    for name, value in (
        ("events saved on phones", f"{books.tapped:,}"),
        ("events stored", f"{books.stored:,}"),
        ("lost", books.lost),
        ("acknowledged and not there", books.unkept),
        ("doubled", books.doubled),
        ("misattributed", books.misattributed),
        ("changed", books.changed),
        ("phones that differ from their rights", books.differing_phones),
        ("streams with a hole", books.holes),
        ("differences at the recount", books.differences),
        ("duplicates answered", f"{told.duplicates:,}"),
        ("kept out of scope", f"{told.out_of_scope:,}"),
        ("requests without a reply", f"{told.unanswered:,}"),
        ("faults on the line", f"{told.faults.total():,} ({faults})"),
        ("doors handed over meanwhile", told.handed_over),
        ("gone with the restore, brought back by phones", f"{told.healed:,}"),
        ("kill -9", ", ".join(f"{kind} {n}" for kind, n in told.kills.items())),
        ("starts after a server that gave up", told.restarts),
        ("longest stall under fault", f"{told.longest_stall:.1f} s"),
        ("longest stall after the last fault", f"{told.stall_after:.1f} s"),
        ("from the last fault until every phone is at rest", f"{told.seconds_to_rest:.1f} s"),
        ("seconds", f"{told.seconds:.1f}"),
        ("events a second", f"{told.events / told.seconds:.0f}"),
    ):
        print(f"{name:50}{value}")


if __name__ == "__main__":
    sys.exit(main())
