"""The ledger of erasures: one JSON line per erased door, flushed to the disk before the database is touched.

It lies beside the database, never in its backup: what was erased stays erased after a restore. A line holds a keyed
hash of the door's id, its ward and the day, nothing else; a half-written last line (a power cut) is passed over.
"""

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from backend.core.clock import now
from backend.core.crypto import keyring

FILE = "erasures.jsonl"
_path: Path | None = None


@dataclass(frozen=True)
class Erased:
    """One line: the pseudonym of a door (16 bytes), its ward, the moment (ISO 8601)."""

    pseudonym: bytes
    ward_id: UUID
    at: str


def configure(folder: Path) -> None:
    """Set the data folder of this process; the ledger is a file in it."""
    global _path
    _path = folder / FILE


def pseudonym(household_id: UUID) -> bytes:
    """What the ledger calls a door: nobody without the data key can tell which one it is."""
    return keyring().blind(str(household_id), "erasure")


def append(ward_id: UUID, household_ids: Iterable[UUID]) -> list[Erased]:
    """Write these doors down; returns once the disk has them. Raises OSError when it does not."""
    path = _where()
    at = now().isoformat(timespec="seconds")
    lines = [Erased(pseudonym(id_), ward_id, at) for id_ in sorted(household_ids)]
    text = "".join(
        json.dumps({"pseudonym": line.pseudonym.hex(), "ward": str(line.ward_id), "at": line.at}) + "\n"
        for line in lines
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            text = "\n" + text  # a line that a power cut left unfinished stays alone
        file.write(text.encode())
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return lines


def read() -> list[Erased]:
    """Every line of the ledger; none when there is no file yet."""
    path = _where()
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
            found.append(Erased(bytes.fromhex(row["pseudonym"]), UUID(row["ward"]), str(row["at"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _where() -> Path:
    if _path is None:
        raise RuntimeError("no data folder: call backend.core.ledger.configure first")
    return _path
