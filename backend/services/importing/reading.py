"""Hand a file to the fenced process and take back its cells, or the reason why not."""

import io
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.core.refusal import Refusal

Cell = str | int | float | None
_CHILD = Path(__file__).with_name("child.py")
_PATIENCE = 120  # seconds by the clock, for a busy machine; the process's own limit is 15 s of CPU
_CODES = frozenset(
    {
        "file_empty",
        "file_type",
        "file_broken",
        "file_locked",
        "file_bomb",
        "file_names",
        "file_xml",
        "file_wide",
        "file_long",
        "file_heavy",
    }
)


@dataclass(frozen=True)
class Sheet:
    """One sheet as it stands. `rows` and their cells count from 0, empty tails cut; empty cells are None.

    `merged`: (top, left, bottom, right), inclusive. `fonts`: the usual font of each column, where it could be read.
    `corrected`: (row, column, cell) that a person put right afterwards, in Unicode whatever the sheet is written in.
    """

    name: str
    rows: list[list[Cell]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    fonts: tuple[str | None, ...] = ()
    corrected: tuple[tuple[int, int, Cell], ...] = ()


def read_path(path: Path, *, limit: int) -> list[Sheet]:
    """The sheets of a file on disk; one above `limit` bytes is not opened. Raises Refusal."""
    if path.stat().st_size > limit:
        raise Refusal("too_large", status=413, limit=limit // 1024 // 1024)
    return read(path.read_bytes())


def read(data: bytes) -> list[Sheet]:
    """The sheets of an uploaded file (.xlsx, .xls, .csv, whatever its name). Raises Refusal with a code of its own.

    The file is opened in a process with little memory and little time (child.py): whatever it holds, the
    server keeps running.
    """
    if not data:
        raise Refusal("file_empty")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-B", str(_CHILD)], input=data, capture_output=True, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise Refusal("file_heavy") from None
    if done.returncode != 0:
        raise Refusal("file_heavy")
    sheets = _sheets(io.BytesIO(done.stdout))
    if not sheets:
        raise Refusal("file_empty")
    return sheets


def _sheets(lines: Iterable[bytes]) -> list[Sheet]:
    found: list[dict[str, Any]] = []
    fonts: dict[str, list[str | None]] = {}
    for line in lines:
        told = json.loads(line)
        if isinstance(told, list):
            found[-1]["rows"].append(told)
        elif "error" in told:
            raise Refusal(told["error"] if told["error"] in _CODES else "file_broken")
        elif "fonts" in told:
            fonts = told["fonts"]
        else:
            found.append({**told, "rows": []})
    for sheet in found:
        while sheet["rows"] and not sheet["rows"][-1]:
            sheet["rows"].pop()
    return [
        Sheet(
            sheet["sheet"],
            sheet["rows"],
            tuple((top, left, bottom, right) for top, left, bottom, right in sheet["merged"]),
            tuple(fonts.get(sheet["sheet"], ())),
        )
        for sheet in found
        if sheet["rows"]
    ]
