"""The only place where a stranger's file is opened: a process of its own with little memory and little time.

Run as a script (`python -I child.py`): the file on standard input, lines of JSON on standard output. A sheet begins
with {"sheet": name, "merged": areas}, each of its rows is an array; at the end {"fonts": {sheet: names}}, or {"error": code}.
Rows are passed on one by one, so that the longest list fits into the memory. It imports nothing of
ours. Values only:
formulas are never evaluated, archives inside the archive never opened. Rules after threats.md section 5.5.
"""

import contextlib
import csv
import io
import itertools
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

MEMORY = 256 * 1024 * 1024
CPU_SECONDS = 15  # an ordinary list takes 0.1, the longest 3 on a quiet machine
MAX_PARTS = 3000
MAX_UNPACKED = 256 * 1024 * 1024
SUSPECT_FROM = 16 * 1024 * 1024  # below this even a wild ratio harms nobody
MAX_RATIO = 100
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_TEXT = 64 * 1024 * 1024
MAX_SHEETS = 30
LONGEST_CELL = (
    1_000  # characters; what follows is read by nobody and would be searched for ID numbers at length
)
MAX_MERGED = 100_000
FONT_ROWS = 60

_ENCODER = json.JSONEncoder(separators=(",", ":"))  # ASCII: no question of the terminal's encoding
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".exe", ".jar")
_LEGACY = re.compile(r"[\u00a1-\u00ff]")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})


class Refused(Exception):
    """The file is not read; the code says why."""


class Caps:
    """How much was read so far, over all sheets."""

    rows = 0
    text = 0


def main() -> None:
    _limit()
    try:
        for line in read(sys.stdin.buffer.read()):
            _say(line)
    except Refused as refused:
        _say({"error": str(refused)})
    except MemoryError:
        _say({"error": "file_heavy"})


def _say(line: Any) -> None:
    sys.stdout.write(_ENCODER.encode(line))
    sys.stdout.write("\n")


def read(data: bytes) -> Iterator[Any]:
    """The lines about a list, whatever its name says it is. Raises Refused, also after some lines."""
    if not data.strip(b"\0 \t\r\n"):
        raise Refused("file_empty")
    if data.startswith(_ZIP):
        _check_archive(data)
        yield from _spreadsheet(data, fonts_possible=True)
    elif data.startswith(_OLE):
        _check_compound(data)
        yield from _spreadsheet(data, fonts_possible=False)
    elif _is_text(data):
        yield {"sheet": "", "merged": []}
        yield from _trim(_csv_rows(data), Caps())
    else:
        raise Refused("file_broken" if data.startswith(b"PK") else "file_type")


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's clock and the size checks remain
        return
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit on address space
            resource.setrlimit(what, (most, most))


def _check_archive(data: bytes) -> None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise Refused("file_broken") from None
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or _wild_ratio(parts):
        raise Refused("file_bomb")
    names = {part.filename for part in parts}
    if any(_bad_name(part.orig_filename) for part in parts):
        raise Refused("file_names")
    if any(name.lower().endswith(_ARCHIVES) for name in names):
        raise Refused("file_bomb")
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("file_locked")
    if "xl/workbook.xml" not in {name.lower() for name in names}:
        raise Refused("file_type")
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels")):
            _check_part(archive, part)


def _wild_ratio(parts: list[zipfile.ZipInfo]) -> bool:
    return any(
        part.file_size > SUSPECT_FROM and part.file_size > MAX_RATIO * max(1, part.compress_size)
        for part in parts
    )


def _bad_name(name: str) -> bool:
    pieces = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in pieces or ":" in pieces[0] or "\0" in name


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """No part of a workbook has a document type; one that has means harm (billion laughs, foreign entities)."""
    try:
        with archive.open(part) as stream:
            head = stream.read(64 * 1024).replace(b"\0", b"").upper()
    except Exception:  # a damaged stream fails in many ways
        raise Refused("file_broken") from None
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Refused("file_xml")


def _check_compound(data: bytes) -> None:
    """An .xls, also under another name; a protected .xlsx and a Word file look the same from outside."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused("file_locked")
    if "Workbook".encode("utf-16-le") not in data and "Book".encode("utf-16-le") not in data:
        raise Refused("file_type")


def _spreadsheet(data: bytes, *, fonts_possible: bool) -> Iterator[Any]:
    import python_calamine

    telling: list[str] = []
    caps = Caps()
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for meta in _visible(book):
            head: list[list[Any]] = []
            sheet = book.get_sheet_by_name(meta.name)
            areas = [
                [top, left, bottom, right] for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
            ]
            yield {"sheet": meta.name, "merged": areas[:MAX_MERGED]}
            # Rows are counted from the top of the sheet, columns only from the first filled one.
            gap: list[Any] = [None] * (sheet.start[1] if sheet.start else 0)
            for row in _trim((itertools.chain(gap, row) if gap else row for row in sheet.iter_rows()), caps):
                if len(head) < FONT_ROWS:
                    head.append(row)
                yield row
            telling += [meta.name] if _telling(head) else []
    except python_calamine.PasswordError:
        raise Refused("file_locked") from None
    except (python_calamine.CalamineError, OSError, ValueError, IndexError, KeyError, OverflowError):
        raise Refused("file_broken") from None
    if fonts_possible and telling:
        yield {"fonts": _fonts(data, telling)}


def _visible(book: Any) -> list[Any]:
    shown = [meta for meta in book.sheets_metadata if "WorkSheet" in str(meta.typ)]
    return [meta for meta in shown if str(meta.visible).endswith(".Visible")][:MAX_SHEETS] or shown[:1]


def _trim(rows: Iterable[Iterable[Any]], caps: Caps) -> Iterator[list[Any]]:
    """Plain rows without empty tails, within the caps."""
    for row in itertools.islice(rows, 1_048_576):
        cells = [_plain(cell) for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise Refused("file_wide")
        caps.text += sum(len(cell) for cell in cells if isinstance(cell, str))
        caps.rows += bool(cells)
        if caps.rows > MAX_ROWS or caps.text > MAX_TEXT:
            raise Refused("file_long")
        yield [_shortened(cell) for cell in cells]


def _shortened(cell: Any) -> Any:
    """A long text up to a limit, never with the half of a number at its end."""
    if not isinstance(cell, str) or len(cell) <= LONGEST_CELL:
        return cell
    return cell[:LONGEST_CELL].rstrip("0123456789 .-–") or None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if value and value not in _ERRORS else None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return value


def _telling(head: list[list[Any]]) -> bool:
    return any(isinstance(cell, str) and _LEGACY.search(cell) for cell in itertools.chain.from_iterable(head))


def _fonts(data: bytes, names: list[str]) -> dict[str, list[str | None]]:
    """The usual font of each column's first rows, which tells capitals in TCVN3; only openpyxl reads fonts."""
    import openpyxl

    found: dict[str, list[str | None]] = {}
    with contextlib.suppress(Exception):  # fonts help, the list can be read without them
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for name in names:
            counts: list[Counter[str]] = []
            for row in book[name].iter_rows(max_row=FONT_ROWS, max_col=MAX_COLUMNS):
                counts.extend(Counter() for _ in range(len(row) - len(counts)))
                for cell, count in zip(row, counts, strict=False):
                    if isinstance(cell.value, str) and cell.font.name:
                        count[cell.font.name] += 1
            found[name] = [count.most_common(1)[0][0] if count else None for count in counts]
    return found


def _is_text(data: bytes) -> bool:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    head = data[: 64 * 1024]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"{", b"%PDF", b"MZ")):
        return False
    strange = sum(byte < 32 and byte not in b"\t\r\n\x1a\f" for byte in head)
    return strange == 0 or (b"\0" not in head and strange * 200 < len(head))


def _csv_rows(data: bytes) -> Iterator[list[str]]:
    text = _decode(data)
    delimiter = _delimiter(text)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        raise Refused("file_broken") from None


def _decode(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, else Windows text; TCVN3 and VNI stay Latin-1 characters for the columns' test."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    with contextlib.suppress(UnicodeDecodeError):
        return data.decode("utf-8-sig")
    windows = data.decode("cp1258", errors="replace")
    # cp1258 writes tones as combining characters after a vowel; without them the bytes are a legacy font's.
    tones = len(re.findall("[aăâeêioôơuưyAĂÂEÊIOÔƠUƯY][\u0300\u0301\u0303\u0309\u0323]", windows))
    stray = len(re.findall("(?<![aăâeêioôơuưyAĂÂEÊIOÔƠUƯY])[\u0300\u0301\u0303\u0309\u0323]", windows))
    return windows if tones > 4 * stray else data.decode("latin-1")


def _delimiter(text: str) -> str:
    """The sign that cuts the first lines into the same number of pieces, at least two."""
    lines = [line for line in text[:65536].splitlines()[:25] if line.strip()]
    best, points = ",", 0
    for sign in (";", ",", "\t", "|"):
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=sign))
        width, lines_alike = max(
            widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]), default=(0, 0)
        )
        if width > 1 and lines_alike * width > points:
            best, points = sign, lines_alike * width
    return best


if __name__ == "__main__":
    main()
