"""Run every benchmark of this folder and print one table: figure, unit, anchor, ratio, goal."""

import importlib
import pkgutil
import sys
from collections.abc import Iterable

import bench
from bench.figures import Figure


def modules(wanted: list[str]) -> Iterable[str]:
    names = sorted(item.name for item in pkgutil.iter_modules(bench.__path__) if item.name not in _NOT_RUN)
    return [name for name in names if not wanted or name in wanted]


_NOT_RUN = {"__main__", "figures", "reference_app"}


def main() -> int:
    """`python -m bench [name …]`: all benchmarks, or those named."""
    rows: list[Figure] = []
    for name in modules(sys.argv[1:]):
        print(f"… {name}", file=sys.stderr, flush=True)
        rows.extend(importlib.import_module(f"bench.{name}").run())
    print(f"{'figure':58} {'value':>12} {'unit':14} {'anchor':34} {'ratio':>8}  goal")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:8.2f}"
        print(f"{row.name:58} {row.value:12,.2f} {row.unit:14} {row.anchor:34} {ratio:>8}  {row.goal}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
