"""What a phone's two requests cost in CPU, database included, beside the reference app (P1, P2, P3, P5).

Both applications are called in process through WSGI, one request at a time, interleaved in rounds; the CPU time is that
of this process and of every PostgreSQL process (/proc/*/schedstat), so waiting does not count and neither does a
neighbour. The best round of each is printed: whatever disturbs only adds.
"""

import gc
import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, select

from backend.app import create_app
from backend.core import crypto
from backend.core.crypto import Keyring
from backend.core.settings import load, make_keys_file
from backend.database import work
from backend.database.embedded import EmbeddedPostgres
from backend.database.engine import make_engine
from backend.models import Account, Device, Resident, ServerMeta
from backend.services import feed
from backend.services.event_core import compose
from bench.figures import Figure
from bench.reference_app import make_reference
from tests import factories as make
from tests.ground import lay_ground
from tests.people import make_people

DOORS, VISITS, PHONES = 65, 10, 20  # a neighbourhood of 1,300 doors: small tables are read whole
ROUNDS, REQUESTS = 7, 30
_ODK_PUSH, _ODK_PULL = 154.0, 87.0  # ODK Central 2026.2, CPU ms (performance.md, Anchors)


@dataclass(frozen=True)
class Phone:
    """A volunteer's phone with the doors of one walk; `people`: the first resident of each door."""

    account: UUID
    device: UUID
    token: str
    doors: list[UUID]
    people: list[UUID]
    stream: str


def run() -> list[Figure]:
    """All figures; the ward is made in a database of its own."""
    with tempfile.TemporaryDirectory(prefix="gocua-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            return _measure(Path(folder), server)
        finally:
            server.stop()


def _measure(folder: Path, server: EmbeddedPostgres) -> list[Figure]:
    make_keys_file(folder)
    settings = load({"GOCUA_DATA_DIR": str(folder), "GOCUA_LOG_LEVEL": "ERROR"})
    crypto.configure(Keyring.from_secret(settings.data_key))
    engine = make_engine(server.url)
    phones = _ward(engine)
    with engine.connect() as connection:
        epoch = str(connection.execute(select(ServerMeta.epoch)).scalar_one())
    ours = create_app(settings, server.url)
    theirs, pool = make_reference(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    bench = _Bench(ours, theirs, engine, server.pid or 0, phones, epoch)
    try:
        return bench.figures()
    finally:
        pool.close()
        engine.dispose()


class _Bench:
    """The two applications and the phones that ask them in turn."""

    def __init__(
        self, ours: Flask, theirs: Flask, engine: Engine, postmaster: int, phones: list[Phone], epoch: str
    ) -> None:
        self._ours, self._theirs, self._engine = ours, theirs, engine
        self._postmaster, self._phones, self._epoch = postmaster, phones, epoch
        self._turn = 0

    def figures(self) -> list[Figure]:
        kinds: dict[str, Callable[[int], None]] = {
            "push": lambda n: self._push(self._ours, "/api/v1/sync/push", n),
            "push_reference": lambda n: self._push(self._theirs, "/push", n),
            "pull": lambda n: self._pull(n, None),
            "pull_reference": lambda n: self._pull_reference(n),
            "some": lambda n: self._pull(0, self._before),
            "nothing": lambda n: self._pull(n, self._cursors[n % PHONES]),
        }
        for phone in range(PHONES):
            kinds["push"](phone)
        self._before = self._head(self._phones[0])
        self._cursors = [self._head(phone) for phone in self._phones]
        for _ in range(2):
            analyze(self._engine)  # as autovacuum does: plans made while the first visits came are made anew
            for each in kinds.values():  # warm: prepared statements, caches, connections
                for n in range(12):
                    each(n)
        gc.freeze()  # as the server does
        spent: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
        for _ in range(ROUNDS):
            for name in kinds:
                self._before = self._head(self._phones[0])
                if name == "some":
                    kinds["push"](0)
                self._cursors = [self._head(phone) for phone in self._phones]
                web, database = cpu_parts(self._postmaster)
                for n in range(REQUESTS):
                    kinds[name](n)
                after = cpu_parts(self._postmaster)
                spent[name].append(
                    ((after[0] - web) * 1000 / REQUESTS, (after[1] - database) * 1000 / REQUESTS)
                )
        return self._table({name: min(values, key=sum) for name, values in spent.items()})

    def _table(self, parts: dict[str, tuple[float, float]]) -> list[Figure]:
        ms = {name: sum(both) for name, both in parts.items()}
        push, pull = ms["push"], ms["pull"]
        reference = f"reference {ms['push_reference']:.2f} ms"
        bytes_ = self._bytes()
        return [
            Figure(
                "push of 10 visits: CPU with database",
                push,
                "ms",
                reference,
                push / ms["push_reference"],
                "≤ 4.0 ms, ≤ 2.2 ×",
            ),
            Figure(
                "pushed visit: CPU with database",
                push / VISITS,
                "ms/visit",
                "ODK submission 15.4 ms",
                push / _ODK_PUSH,
                "≤ 1/38",
            ),
            Figure(
                f"cold pull of {DOORS} doors: CPU with database",
                pull,
                "ms",
                f"reference {ms['pull_reference']:.2f} ms",
                pull / ms["pull_reference"],
                "≤ 2.2 ms, ≤ 1.7 ×",
            ),
            Figure(
                "pulled door: CPU with database",
                pull / DOORS,
                "ms/door",
                f"ODK refresh {_ODK_PULL:.0f} ms",
                pull / _ODK_PULL,
                "≤ 1/40",
            ),
            Figure("pull after 10 doors changed: CPU with database", ms["some"], "ms", "", None, ""),
            Figure("pull with nothing new: CPU with database", ms["nothing"], "ms", "", None, "≤ 0.6 ms"),
            Figure("pushed visit: the database's part", parts["push"][1] / VISITS, "ms/visit", "", None, ""),
            Figure("cold pull: the database's part", parts["pull"][1], "ms", "", None, ""),
            Figure("pull after 10 doors changed: database", parts["some"][1], "ms", "", None, ""),
            Figure("pull with nothing new: database", parts["nothing"][1], "ms", "", None, ""),
            Figure(f"cold pull of {DOORS} doors, compressed", bytes_["pull"], "bytes", "", None, "≤ 4,096"),
            Figure("pull after 10 doors changed, compressed", bytes_["delta"], "bytes", "", None, "≤ 1,024"),
            Figure("pull with nothing new", bytes_["nothing"], "bytes", "", None, ""),
            Figure("push of 10 visits, body compressed", bytes_["push"], "bytes", "", None, "≤ 2,048"),
        ]

    def _bytes(self) -> dict[str, float]:
        phone = self._phones[0]
        cursor = self._head(phone)
        pushed = json.dumps(self._body(phone)).encode()
        ask(self._ours, "/api/v1/sync/push", phone.token, pushed)
        return {
            "pull": len(ask(self._ours, "/api/v1/sync/pull", phone.token, self._pull_body(phone, None))),
            "delta": len(ask(self._ours, "/api/v1/sync/pull", phone.token, self._pull_body(phone, cursor))),
            "nothing": len(
                ask(self._ours, "/api/v1/sync/pull", phone.token, self._pull_body(phone, self._head(phone)))
            ),
            "push": len(gzip.compress(pushed)),
        }

    def _push(self, app: Flask, path: str, n: int) -> None:
        phone = self._phones[n % PHONES]
        ask(app, path, phone.token, json.dumps(self._body(phone)).encode())

    def _pull(self, n: int, cursor: tuple[int, int] | None) -> None:
        phone = self._phones[n % PHONES]
        ask(self._ours, "/api/v1/sync/pull", phone.token, self._pull_body(phone, cursor))

    def _pull_reference(self, n: int) -> None:
        ask(self._theirs, "/pull", self._phones[n % PHONES].token, b"{}")

    def _body(self, phone: Phone) -> dict[str, Any]:
        """Ten visits as phones make them: one in three helps somebody."""
        self._turn += 1
        items = []
        for k in range(VISITS):
            place = (self._turn * VISITS + k) % DOORS
            payload: dict[str, Any] = {"outcome": ("helped", "not_home", "refused")[k % 3]}
            if k % 3 == 0:
                payload["results"] = [
                    {
                        "resident": str(phone.people[place]),
                        "service": "eid_level_2",
                        "state": "done_with_help",
                    }
                ]
            items.append(compose(phone.account, phone.doors[place], "visit", payload))
        return {
            "proto": 1,
            "epoch": self._epoch,
            "device": str(phone.device),
            "device_now": make.now().isoformat(),
            "schema": 1,
            "n": VISITS,
            "items": [{"id": str(item.id), "sha256": item.sha256, "core": item.core} for item in items],
        }

    def _pull_body(self, phone: Phone, cursor: tuple[int, int] | None) -> bytes:
        body: dict[str, Any] = {"proto": 1, "schema": 1, "stream": phone.stream}
        if cursor is not None:
            body |= {"epoch": self._epoch, "gen": cursor[0], "cursor": cursor[1]}
        return json.dumps(body).encode()

    def _head(self, phone: Phone) -> tuple[int, int]:
        body = ask(self._ours, "/api/v1/sync/pull", phone.token, self._pull_body(phone, None))
        reply = json.loads(gzip.decompress(body))
        assert not reply["more"]
        return reply["gen"], reply["next_cursor"]


def ask(app: Flask, path: str, token: str, body: bytes) -> bytes:
    """One request through WSGI, as a server would hand it over; the body of the answer. Raises on an error."""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_COOKIE": f"gocua_device={token}",
        "HTTP_X_GOCUA_CLIENT": "bench",
        "HTTP_ACCEPT_ENCODING": "gzip",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "REMOTE_ADDR": "127.0.0.1",
    }
    reply = app.wsgi_app(environ, lambda status, headers, _error=None: said.append(status))
    text = b"".join(reply)
    if hasattr(reply, "close"):
        reply.close()
    if said[0][:1] != "2":
        raise AssertionError(f"{path}: {said[0]} {text[:300]!r}")
    return text


def cpu_seconds(postmaster: int) -> float:
    """CPU time of this process and of PostgreSQL's processes so far, in seconds."""
    return sum(cpu_parts(postmaster))


def cpu_parts(postmaster: int) -> tuple[float, float]:
    """The same in two parts: this process, and PostgreSQL's."""
    return _process_seconds(os.getpid()), sum(map(_process_seconds, [postmaster, *_children(postmaster)]))


def _children(parent: int) -> Iterable[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == parent:
            yield int(path.parent.name)


def _process_seconds(pid: int) -> float:
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def analyze(engine: Engine) -> None:
    """What autovacuum does within a minute or so."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _ward(engine: Engine) -> list[Phone]:
    """One team, twenty volunteers, 65 doors each with two or three people."""
    lay_ground(engine)
    with work.unit_of_work(engine) as session:
        people = make_people(session)
        alley = make.create_alley(session, people.neighbourhood)
        phones: list[tuple[Account, Device, str, list[UUID]]] = []
        for n in range(PHONES):
            account = make.create_account(session, people.ward.id, team=people.team)
            device, token = make.create_device(session, account)
            doors = [
                make.create_household(
                    session,
                    people.neighbourhood,
                    alley=alley,
                    address=f"Số {2 * k} ngõ {34 + n}",
                    people=2 + k % 2,
                )
                for k in range(DOORS)
            ]
            make.create_walk(session, people.team, [account], doors)
            phones.append((account, device, token, [door.id for door in doors]))
        stream = feed.team_stream(people.team.id)
        first = {
            row.household_id: row.id for row in session.scalars(select(Resident).where(Resident.ordinal == 1))
        }
    return [
        Phone(account.id, device.id, token, doors, [first[door] for door in doors], stream)
        for account, device, token, doors in phones
    ]
