"""The board of a whole ward (60,000 households, 110 teams, 400,000 visits) beside the same figures counted anew (P6).

In process through WSGI, one request at a time, the two interleaved; CPU is that of this process and of every PostgreSQL
process. The figures must be equal, or the run fails.
"""

import gzip
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import load, make_keys_file
from backend.database import work
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from backend.edge.db import db
from backend.services import board, sessions, tally_sums
from bench.figures import Figure
from bench.sync import cpu_seconds
from tests.big_ward import BigWard, Size, make_big_ward
from tests.ground import lay_ground
from tests.people import acting
from tests.recounted import figures, recounted

ROUNDS, PER_ROUND = 8, 12
# A smaller ward for a quick look: GOCUA_BENCH_HOUSEHOLDS=6000.
_HOUSEHOLDS = int(os.environ.get("GOCUA_BENCH_HOUSEHOLDS", "60000"))


def run() -> list[Figure]:
    """All figures; the ward is made in a database of its own."""
    with tempfile.TemporaryDirectory(prefix="gocua-bench-") as name:
        folder = Path(name)
        server = EmbeddedPostgres(folder)
        try:
            return _measure(folder, server)
        finally:
            server.stop()


def _measure(folder: Path, server: EmbeddedPostgres) -> list[Figure]:
    make_keys_file(folder)
    settings = load({"GOCUA_DATA_DIR": str(folder), "GOCUA_LOG_LEVEL": "ERROR"})
    crypto.configure(Keyring.from_secret(settings.data_key))
    engine = make_engine(server.url)
    lay_ground(engine)
    began = time.monotonic()
    ward = make_big_ward(engine, Size(households=_HOUSEHOLDS, visits=_HOUSEHOLDS * 20 // 3))
    made_in = time.monotonic() - began
    with work.unit_of_work(engine) as session:
        tally_sums.fold(session, age=0)
    app = create_app(settings, server.url)
    pages = {"ward": ("/bang?khu=&dot=", ward.officer), "neighbourhood": ("/bang?khu=&dot=", ward.leaders[0])}
    found = [Figure("a ward of that size, made", made_in, "s", goal="≤ 90 s on a quiet machine")]
    anchor = _recount(engine.url.render_as_string(hide_password=False), ward)
    for what, (path, account) in pages.items():
        client = app.test_client()
        with work.unit_of_work(engine) as session:
            client.set_cookie("gocua_session", sessions.open_session(session, account))
        found += _page(app, client, what, path, server.pid or 0, anchor if what == "ward" else None)
    engine.dispose()
    return found


def _page(
    app: Flask, client: FlaskClient, what: str, path: str, postmaster: int, anchor: float | None
) -> list[Figure]:
    """One page: time, statements, bytes, and the question whether anything is new."""
    page = client.get(path)
    assert page.status_code == 200
    statements = _statements(app, client, path)
    took: list[float] = []
    cpu: list[float] = []
    for _ in range(ROUNDS):
        before = cpu_seconds(postmaster)
        took += [_milliseconds(client, path) for _ in range(PER_ROUND)]
        cpu.append((cpu_seconds(postmaster) - before) * 1000 / PER_ROUND)
    known = page.text.partition('name="ban" value="')[2].partition('"')[0]
    asked = min(_milliseconds(client, f"/bang/so?ban={known}") for _ in range(PER_ROUND))
    p50, p95, words = statistics.median(took), statistics.quantiles(took, n=20)[18], f"board of the {what}"
    beside = ("", None) if anchor is None else (f"counted anew {anchor:.0f} ms", p50 / anchor)
    return [
        Figure(f"{words}: CPU with database", min(cpu), "ms", goal="≤ 30 ms (P6)"),
        Figure(f"{words}: server time p50", p50, "ms", *beside),
        Figure(f"{words}: server time p95", p95, "ms", goal="< 150 ms"),
        Figure(f"{words}: statements", statements, ""),
        Figure(f"{words}: page, compressed", len(gzip.compress(page.data, 6)) / 1000, "KB", goal="≤ 100 KB"),
        Figure(f"{words}: asked again, nothing new", asked, "ms"),
    ]


def _statements(app: Flask, client: FlaskClient, path: str) -> int:
    seen: list[Any] = []
    with app.app_context():
        engine = db.engine

    def note(*told: Any) -> None:
        seen.append(told[2])

    event.listen(engine, "before_cursor_execute", note)
    client.get(path)
    event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def _milliseconds(client: FlaskClient, path: str) -> float:
    began = time.perf_counter()
    client.get(path)
    return (time.perf_counter() - began) * 1000


def _recount(url: str, ward: BigWard) -> float:
    """The best time of counting anew in ms, after both were found equal."""
    engine = make_engine(url)
    times = []
    with Session(engine) as session:
        officer = acting(session, ward.officer)
        services = list(ward.campaign.service_codes)
        for _ in range(3):
            shown = board.board(session, officer, None, ward.campaign.id)
            places = [place.id for place in shown.neighbourhoods]
            began = time.perf_counter()
            again = recounted(session, places, services, shown.at)
            times.append((time.perf_counter() - began) * 1000)
            if figures(shown) != again:
                raise AssertionError("the board is not what a recount says")
    engine.dispose()
    return min(times)
