"""After the evening: what was tapped, against what is stored; what phones hold, against what the server says."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from tests.evening.phone import Phone

_EVENTS = text(
    "SELECT id::text, author::text, device_id::text AS device, encode(payload_sha256, 'hex') AS sha256, kind"
    " FROM visit_event WHERE device_id = ANY(CAST(:devices AS uuid[]))"
)
_VISITS = text(
    "SELECT v.event_id::text AS id, v.author::text, count(*) AS n FROM visit v JOIN visit_event e ON e.id = v.event_id"
    " WHERE e.device_id = ANY(CAST(:devices AS uuid[])) GROUP BY 1, 2"
)


@dataclass(frozen=True)
class Books:
    """Tapped against stored. `doubled`: stored or counted more than once, or stored though nobody tapped it."""

    tapped: int
    stored: int
    lost: int
    doubled: int
    misattributed: int
    changed: int

    @property
    def balanced(self) -> bool:
        """True when each event is there exactly once, unchanged, with its author."""
        return not (self.lost or self.doubled or self.misattributed or self.changed)


def books(engine: Engine, phones: Sequence[Phone]) -> Books:
    """Compare every phone's own memory of what was tapped with the tables."""
    devices = {"devices": [phone.profile.device for phone in phones]}
    with engine.connect() as connection:
        events = connection.execute(_EVENTS, devices).all()
        visits = connection.execute(_VISITS, devices).all()
    tapped = {id_: (phone, event) for phone in phones for id_, event in phone.tapped.items()}
    stored = {row.id: row for row in events}
    counted = {row.id: row for row in visits}
    wrong = changed = 0
    for id_, row in stored.items():
        if id_ in tapped:
            phone, event = tapped[id_]
            wrong += (row.author, row.device) != (phone.profile.account, phone.profile.device)
            wrong += id_ in counted and counted[id_].author != phone.profile.account
            changed += row.sha256 != event.sha256
    void = {id_ for id_, (_, event) in tapped.items() if '"void"' in (event.core or "")}
    uncounted = (tapped.keys() & stored.keys()) - counted.keys() - void
    return Books(
        tapped=len(tapped),
        stored=len(events),
        lost=len(tapped.keys() - stored.keys()) + len(uncounted),
        doubled=len(stored.keys() - tapped.keys())
        + len(events)
        - len(stored)
        + sum(row.n > 1 for row in visits)
        + len(visits)
        - len(counted),
        misattributed=wrong,
        changed=changed,
    )


def differing_phones(phones: Sequence[Phone]) -> list[str]:
    """The phones that do not hold what the server says they should."""
    return [
        f"{phone.profile.account}: {stream.name}"
        for phone in phones
        for stream in phone.profile.streams.values()
        if not stream.agrees
    ]


def server_errors(log: Path) -> Iterator[str]:
    """The lines of a server's log that tell of an answer of 500 and above, or of an error."""
    for line in log.read_text().splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            if told.get("status", 0) >= 500 or told["level"] == "ERROR":
                yield line
