"""`gocua phones`: who would be stopped is said first; a minimum only rises, and never above what our own app speaks."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from backend.cli import phones as command
from backend.cli.stand import Ground, Mistake
from backend.core.clock import now
from backend.core.settings import Settings
from backend.database import work
from backend.models import AuditEntry, Device, ServerMeta
from backend.services import phone_schema
from tests import factories as make
from tests.cli.server import gocua
from tests.people import People

_ROOT = Path(__file__).resolve().parents[2]
Call = Callable[..., Result]


@pytest.fixture
def call(
    people: People,
    session: Session,
    connection: Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Call:
    """The command on the test's own connection, on a server whose app speaks 3; three phones of Minh's."""
    session.execute(update(Device).values(revoked_at=now()))
    for build, schema, days, revoked in (
        ("0.3.0+a", 1, 40, False),
        ("0.4.0+b", 2, 0, False),
        (None, None, 9, False),
        ("0.1.0+z", 1, 0, True),
    ):
        device, _ = make.create_device(session, people.minh, token=f"token-{build}")
        device.app_build, device.app_schema = build, schema
        device.last_seen_at = now() - timedelta(days=days)
        device.revoked_at = now() if revoked else None
    work.commit(session)
    monkeypatch.setattr(phone_schema, "SPOKEN", 3)

    @contextmanager
    def ground() -> Iterator[Ground]:
        yield Ground(settings, "", connection, None)  # type: ignore[arg-type]  # sessions are made on either

    monkeypatch.setattr(command, "ground", ground)

    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(command.phones, arguments, input=typed)

    return run


def minimums(session: Session) -> tuple[int, int]:
    session.expire_all()
    meta = session.get_one(ServerMeta, True)
    return meta.min_pull_schema, meta.remind_pull_schema


def told(session: Session) -> list[dict[str, int]]:
    return list(session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "phones.minimum")))


def test_it_shows_who_speaks_what(call: Call) -> None:
    shown = call()
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert "số ?  bản chưa rõ: 1 máy" in lines[1]
    assert "số 1  bản 0.3.0+a: 1 máy" in lines[2]
    assert f"{now() - timedelta(days=40):%d/%m/%Y}" in lines[2]
    assert "số 2  bản 0.4.0+b: 1 máy" in lines[3]
    assert "0.1.0+z" not in shown.output  # shut out: nothing can stop it any more
    as_json = json.loads(call("--json").output)
    assert (as_json["refuse"], as_json["remind"], as_json["spoken"]) == (1, 1, 3)
    assert [build["phones"] for build in as_json["builds"]] == [1, 1, 1]


def test_it_asks_before_it_stops_anybody(call: Call, session: Session) -> None:
    refused = call("--refuse", "2", typed="n\n")
    # The old one, and the one that told nothing.
    assert "Sẽ ngừng nhận danh sách mới: 2 máy" in refused.output
    assert isinstance(refused.exception, Mistake)
    assert minimums(session) == (1, 1)
    assert told(session) == []
    done = call("--refuse", "2", typed="y\n")
    assert done.exit_code == 0, done.output
    assert "bản 0.3.0+a: 1 máy" in done.output
    assert done.output.rstrip().splitlines()[-2].endswith(", đã ngừng")
    assert minimums(session) == (2, 2)
    assert {frozenset(each.items()) for each in told(session)} == {frozenset({("refuse", 2), ("remind", 2)})}


def test_the_softer_one_only_reminds(call: Call, session: Session) -> None:
    done = call("--remind", "2", "--yes")
    assert done.exit_code == 0, done.output
    assert "đang được nhắc" in done.output
    assert minimums(session) == (1, 2)
    assert call("--refuse", "2", "--remind", "3", "--yes").exit_code == 0
    assert minimums(session) == (2, 3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--refuse", "1"), "đang là 2"),
        (("--remind", "1"), "đang là 2"),
        (("--refuse", "4"), "chỉ đọc đến số 3"),
        (("--remind", "4"), "chỉ đọc đến số 3"),
    ],
)
def test_it_never_falls_and_never_asks_for_more_than_our_own_app(
    call: Call, session: Session, arguments: tuple[str, ...], says: str
) -> None:
    call("--refuse", "2", "--yes")
    before = told(session)
    done = call(*arguments, "--yes")
    assert isinstance(done.exception, Mistake)
    assert says in str(done.exception)
    assert minimums(session) == (2, 2)
    assert told(session) == before


def test_what_it_calls_our_own_app_is_what_the_app_says() -> None:
    source = (_ROOT / "mobile_api/pwa/src/protocol/pull.ts").read_text()
    found = re.search(r"export const SCHEMA = (\d+);", source)
    assert found is not None
    assert int(found[1]) == phone_schema.SPOKEN


def test_on_a_real_installation(tmp_path: Path) -> None:
    shown = gocua(tmp_path, "phones")
    assert shown.returncode == 0, shown.stderr
    assert "Chưa có điện thoại nào." in shown.stdout
    high = gocua(tmp_path, "phones", "--refuse", str(phone_schema.SPOKEN + 1), "--yes")
    assert high.returncode == 2
    assert "chỉ đọc đến số" in high.stderr
    assert "Traceback" not in high.stderr
