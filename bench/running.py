"""The whole installation: at rest (P12), and an evening of many phones against it (P4).

Clients run on the same machine and take their share of it. Rates, not single times: the machine is noisy.
"""

import http.client
import json
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import psutil
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from backend.core import crypto
from backend.core.clock import now
from backend.core.crypto import Keyring, token_hash
from backend.core.settings import load
from backend.database import work
from backend.database.engine import make_engine
from backend.models import Account, Assignment, Device, ServerMeta, WalkMember
from backend.services.event_core import compose
from backend.services.walk_doors import live
from bench.figures import Figure
from tests.cli.server import Running, gocua, launch

_HOUSEHOLDS, _VOLUNTEERS, _PHONES_EACH = 1300, 20, 30
_CLIENTS = 12
_IDLE_SECONDS = 30
_ALL_PHONES = 33_000


@dataclass(frozen=True)
class _Phone:
    """Ready-made requests of one phone: a cold pull and a push of 10 visits."""

    cookie: str
    pull: bytes
    push: bytes


def run() -> list[Figure]:
    """Start, rest, and an evening."""
    with tempfile.TemporaryDirectory(prefix="gocua-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        size = ("--households", str(_HOUSEHOLDS), "--volunteers", str(_VOLUNTEERS))
        told = json.loads(gocua(folder, "demo", *size, "--json").stdout)
        starts, stops = zip(*(_start_and_stop(folder) for _ in range(3)), strict=True)
        server = launch(folder)
        try:
            rest = _at_rest(server)
            crypto.configure(Keyring.from_secret(load({"GOCUA_DATA_DIR": name}).data_key))
            engine = make_engine(told["database_url"].replace("postgresql:", "postgresql+psycopg:", 1))
            evening = _evening(server, _phones(engine))
            engine.dispose()
        finally:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)
    return [
        Figure("start on an existing database", min(starts), "s", goal="≤ 2 s (P12)"),
        Figure("stop", min(stops), "s"),
        *rest,
        *evening,
    ]


def _start_and_stop(folder: Path) -> tuple[float, float]:
    began = time.monotonic()
    server = launch(folder)
    ready = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    return ready - began, time.monotonic() - ready


def _family(server: Running) -> list[psutil.Process]:
    roots = [psutil.Process(server.process.pid), server.postmaster()]
    return [process for root in roots for process in (root, *root.children(recursive=True))]


def _cpu(server: Running) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _family(server))


def _at_rest(server: Running) -> list[Figure]:
    before, began = _cpu(server), time.monotonic()
    threading.Event().wait(_IDLE_SECONDS)
    busy = (_cpu(server) - before) / (time.monotonic() - began)
    memory = sum(process.memory_full_info().pss for process in _family(server)) / 1e6
    return [
        Figure(
            "memory at rest, everything (PSS)",
            memory,
            "MB",
            "ODK Central 522 MB",
            memory / 522,
            "≤ 300 MB (P12)",
        ),
        Figure(
            "CPU at rest", busy * 100, "% of a core", "ODK Central 13 %", busy * 100 / 13, "≤ 0.5 % (P12)"
        ),
    ]


def _phones(engine: Engine) -> list[_Phone]:
    """Enrolled phones of the demo's volunteers, each with ten of its doors to report."""
    with work.unit_of_work(engine) as session:
        epoch = str(session.scalars(select(ServerMeta.epoch)).one())
        members = session.execute(
            select(Account.id, Account.ward_id, Assignment.team_id)
            .join(WalkMember, WalkMember.account_id == Account.id)
            .join(Assignment, Assignment.walk_id == WalkMember.walk_id)
            .where(live(), WalkMember.ended_at.is_(None))
            .distinct()
        ).all()
        return [
            _phone(session, epoch, row.id, row.ward_id, row.team_id, number)
            for row in members
            for number in range(_PHONES_EACH)
        ]


def _phone(session: Session, epoch: str, account: UUID, ward: UUID, team: UUID, number: int) -> _Phone:
    token = secrets.token_urlsafe(32)
    device = Device(ward_id=ward, account_id=account, token_hash=token_hash(token), last_seen_at=now())
    session.add(device)
    session.flush()
    doors = session.scalars(
        select(Assignment.household_id)
        .join(WalkMember, WalkMember.walk_id == Assignment.walk_id)
        .where(WalkMember.account_id == account, live())
        .order_by(Assignment.position)
    ).all()
    mine = [doors[(number * 10 + place) % len(doors)] for place in range(10)]
    items = [compose(account, door, "visit", {"outcome": "not_home"}) for door in mine]
    pull = {"proto": 1, "schema": 1, "stream": f"team:{team}", "limit": 200}
    push = {
        "proto": 1,
        "epoch": epoch,
        "device": str(device.id),
        "device_now": now().isoformat(),
        "schema": 1,
        "n": len(items),
        "items": [{"id": str(item.id), "sha256": item.sha256, "core": item.core} for item in items],
    }
    return _Phone(f"gocua_device={token}", json.dumps(pull).encode(), json.dumps(push).encode())


def _evening(server: Running, phones: Sequence[_Phone]) -> list[Figure]:
    """Every phone pulls and pushes once, a dozen at a time."""
    times: list[float] = []
    errors: list[int] = []
    waiting = list(phones)
    warm, waiting = waiting[:_CLIENTS], waiting[_CLIENTS:]

    def client(queue: list[_Phone]) -> None:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while queue:
            try:
                phone = queue.pop()
            except IndexError:
                return
            for path, body in (("pull", phone.pull), ("push", phone.push)):
                began = time.perf_counter()
                headers = {
                    "Cookie": phone.cookie,
                    "X-Gocua-Client": "bench",
                    "Content-Type": "application/json",
                }
                line.request("POST", f"/api/v1/sync/{path}", body, headers)
                answer = line.getresponse()
                answer.read()
                times.append(time.perf_counter() - began)
                if answer.status != 200:
                    errors.append(answer.status)
        line.close()

    def play(queue: list[_Phone]) -> float:
        began = time.monotonic()
        with ThreadPoolExecutor(_CLIENTS) as pool:
            for done in [pool.submit(client, queue) for _ in range(_CLIENTS)]:
                done.result()
        return time.monotonic() - began

    play(warm)
    times.clear()
    before, count = _cpu(server), len(waiting)
    seconds = play(waiting)
    cpu = (_cpu(server) - before) / count
    return [
        Figure(
            f"{_ALL_PHONES:,} phones' evening at the rate of {count}",
            seconds / count * _ALL_PHONES,
            "s",
            goal="≤ 180 s, 0 errors (P4)",
        ),
        Figure("errors in it", len(errors), "answers", goal="0 (P4)"),
        Figure("p99 at full load", quantiles(times, n=100)[98] * 1000, "ms"),
        Figure(
            "one pull and one push of 10, web and database", cpu * 1000, "CPU ms", "ODK 241 ms", cpu / 0.241
        ),
    ]
