"""One measured figure."""

from typing import NamedTuple


class Figure(NamedTuple):
    """`ratio`: value ÷ the anchor's value, measured interleaved in the same run; `goal`: from performance.md."""

    name: str
    value: float
    unit: str
    anchor: str = ""
    ratio: float | None = None
    goal: str = ""
