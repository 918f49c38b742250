"""`make evening`: 12 simulated phones on 1,300 households against a running server; prints the counts."""

import argparse
import sys

from tests.evening.ground import a_server
from tests.evening.play import Evening, play


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=1300)
    parser.add_argument("--phones", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    wanted = parser.parse_args()
    with a_server(wanted.households, wanted.phones, wanted.seed) as ground:
        evening = play(ground, wanted.seed)
    _print(evening)
    wrong = evening.judge()
    for line in wrong:
        print(f"WRONG: {line}")
    print("Nothing lost, nothing doubled, nothing credited to another." if not wrong else "FAILED")
    return 1 if wrong else 0


def _print(evening: Evening) -> None:
    books = evening.books
    for name, value in (
        ("phones", evening.phones),
        ("doors visited", evening.households),
        ("events tapped", books.tapped),
        ("events acknowledged", evening.acknowledged),
        ("duplicates answered", evening.duplicates),
        ("faults on the line", f"{evening.faults.total()} ({_listed(evening)})"),
        ("requests without a reply", evening.lost_replies),
        ("doors handed over meanwhile", evening.handed_over),
        ("visits kept out of scope", evening.out_of_scope),
        ("lost", books.lost),
        ("doubled", books.doubled),
        ("misattributed", books.misattributed),
        ("changed", books.changed),
        ("phones that differ from the server", len(evening.differing_phones)),
        ("differences between board and recount", len(evening.differences)),
        ("seconds", f"{evening.seconds:.1f}"),
    ):
        print(f"{name:40}{value}")


def _listed(evening: Evening) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(evening.faults.items()))


if __name__ == "__main__":
    sys.exit(main())
