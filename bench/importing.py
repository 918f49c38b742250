"""A ward's list from file to committed households, against python-calamine reading the same file and nothing else.

CPU seconds of the whole tree: this process, the fenced reader, the database. The derived rows that the feed's
flush rewrites are counted by themselves. Runs in a process of its own, so that the peak of memory is its own.
"""

import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time

from bench.figures import Figure
from tests.ground import lay_ground

SIZES = (1_300, 50_000)
_GOALS = {1_300: "<= 0.3 s (P7)", 50_000: "<= 8 s (P7)"}
_TICKS = os.sysconf("SC_CLK_TCK")
_ANCHOR = "python-calamine reading alone"


def run() -> list[Figure]:
    """Rows per second, CPU seconds and peak memory for 1,300 and 50,000 rows."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.importing"], capture_output=True, check=True, text=True
    )
    return [Figure(**figure) for figure in json.loads(done.stdout.splitlines()[-1])]


def measure() -> list[Figure]:
    """The figures, in this process."""
    from backend.core import crypto
    from backend.core.crypto import Keyring
    from backend.database.embedded import EmbeddedPostgres
    from backend.database.engine import make_engine

    crypto.configure(Keyring.from_secret(bytes(range(32))))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="gocua-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        engine = make_engine(server.url)
        lay_ground(engine)
        for rows in SIZES:
            figures += _figures(engine, server.pid or 0, rows)
        engine.dispose()
        server.stop()
    return figures


def _figures(engine: object, server: int, rows: int) -> list[Figure]:
    data = make_list(rows)
    rounds = 5 if rows < 10_000 else 2
    anchor = min(_cpu(lambda: _calamine(data), server) for _ in range(rounds))
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best: tuple[float, float] | None = None
    for _ in range(rounds):
        with _derived_rows_apart(server) as derived:
            whole = _cpu(lambda: _import(engine, data), server)
        found = (whole - derived[0], derived[0])
        best = found if best is None or found < best else best
    assert best is not None
    again = _cpu(lambda: _import(engine, data, fresh=False), server)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1024
    name = f"import of {rows} rows"
    return [
        Figure(f"{name}, file to commit", best[0], "s CPU", _ANCHOR, best[0] / anchor, _GOALS[rows]),
        Figure(name, rows / best[0], "rows/s CPU", _ANCHOR, anchor / best[0]),
        Figure(f"{name}, derived rows at the flush", best[1], "s CPU", _ANCHOR, best[1] / anchor),
        Figure(f"{name}, the same again: nothing changes", again, "s CPU", _ANCHOR, again / anchor),
        Figure(f"{name}, peak above the idle process", peak, "MB", goal="<= +150 MB (P7)"),
    ]


def make_list(rows: int) -> bytes:
    """A made-up list in the layout of a real ward: the household's number on the head's row only."""
    import openpyxl

    chance = random.Random(7)
    family = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
    middle = ("Văn", "Thị", "Hữu", "Ngọc", "Minh", "Thanh", "Quốc", "Đức")
    given = ("An", "Bình", "Cường", "Dũng", "Hà", "Hằng", "Hoa", "Lan", "Long", "Mai", "Nam", "Phương", "Sơn")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Danh sách")
    head = "STT hộ|STT|Họ và tên|Ngày sinh|Giới tính|Quan hệ với chủ hộ|Số điện thoại|Địa chỉ|Ghi chú"
    sheet.append(head.split("|"))
    household = left = 0
    for number in range(1, rows + 1):
        first = left == 0
        if first:
            household, left = household + 1, chance.randint(2, 4)
        left -= 1
        sheet.append(
            [
                household if first else None,
                number,
                f"{chance.choice(family)} {chance.choice(middle)} {chance.choice(given)}",
                f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(1930, 2020)}",
                chance.choice(("Nam", "Nữ")),
                "Chủ hộ" if first else chance.choice(("Vợ", "Con", "Mẹ")),
                912_000_000 + chance.randrange(10**7) if chance.random() < 0.6 else None,
                f"Số {chance.randint(1, 80)} ngõ {chance.randint(1, 60)}" if first else None,
                None,
            ]
        )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _calamine(data: bytes) -> None:
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    for _row in book.get_sheet_by_index(0).iter_rows():
        pass


_places: list[str] = []


def _import(engine: object, data: bytes, *, fresh: bool = True) -> None:
    from backend.core.clock import today
    from backend.services.importing.plan import make_plan
    from backend.services.importing.reading import read
    from backend.services.importing.records import build
    from backend.services.importing.running import import_file

    if fresh or not _places:
        _places.append(_new_place(engine))
    plan = make_plan(read(data))
    import_file(engine, _places[-1], plan, build(plan, this_year=today().year), file_name="list.xlsx")  # type: ignore[arg-type]


def _new_place(engine: object) -> str:
    from datetime import date

    from sqlalchemy import select

    from backend.database import work
    from backend.models import AreaUnit, Level

    code = f"00004-B{len(_places):03d}"
    with work.unit_of_work(engine) as session:  # type: ignore[arg-type]
        ward = session.scalars(select(AreaUnit).where(AreaUnit.code == "00004")).one()
        session.add(
            AreaUnit(
                ward_id=ward.id,
                parent_id=ward.id,
                level=Level.NEIGHBOURHOOD,
                kind="tdp",
                code=code,
                name=code,
                sort_key=code.encode(),
                valid_from=date(2025, 7, 1),
            )
        )
    return code


@contextmanager
def _derived_rows_apart(server: int) -> Iterator[list[float]]:
    """Counts what the feed's flush spends on derived rows."""
    from backend.services import feed

    real, spent = feed.household_rows.rewrite, [0.0]

    def counted(session: object, ids: object, **options: bool) -> None:
        spent[0] += _cpu(lambda: real(session, ids, **options), server)  # type: ignore[arg-type]

    feed.household_rows.rewrite = counted  # type: ignore[assignment]
    try:
        yield spent
    finally:
        feed.household_rows.rewrite = real


def _cpu(work: Callable[[], object], server: int) -> float:
    before = _spent(server)
    work()
    return _spent(server) - before


def _spent(server: int) -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime + _tree(server)


def _tree(root: int) -> float:
    """CPU seconds of the database's processes, those that ended included."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(folder.name) == root:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == root:
            total += sum(map(int, fields[11:13]))
    return total / _TICKS


if __name__ == "__main__":
    print(json.dumps([figure._asdict() for figure in measure()]))
