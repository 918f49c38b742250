"""One stream's cache on a phone, and the digest over it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass
class Stream:
    """One stream's cache and where the phone stands in it; `shadow`: a snapshot that is being built."""

    name: str
    gen: int | None = None
    epoch: str | None = None
    cursor: int | None = None
    snapshot_head: int | None = None
    rev: int = 0
    rows: Rows = field(default_factory=dict)
    shadow: Rows | None = None
    count: int | None = None
    digest: str | None = None
    done: bool = False
    forced: int = 0
    trail: list[tuple[str | None, int | None]] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """True when the phone holds exactly what the server said it should."""
        held = ((kind, id_, row["v"]) for (kind, id_), row in self.rows.items())
        return (len(self.rows), scope_digest(held)) == (self.count, self.digest)


def scope_digest(rows: Iterable[tuple[str, str, int]]) -> str:
    """One hash over kind, id and version of everything a phone holds of a stream (section 9)."""
    lines = "".join(f"{kind}\t{id_}\t{v}\n" for kind, id_, v in sorted(rows))
    return hashlib.sha256(lines.encode()).hexdigest()
