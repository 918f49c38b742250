"""An import undone leaves no trace but the audit; one that somebody worked on stays, and says how many households."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.database import work
from backend.models import AreaUnit, AuditEntry, Household, ImportBatch, ImportState, Resident
from backend.services import codes, events, household_edit, tally_sums
from backend.services.household_edit import DoorIn
from backend.services.importing import undoing
from backend.services.importing.running import run_in_steps
from tests import factories as make
from tests.importing.files import PEOPLE, Rows, plan_of
from tests.importing.test_wizard import uploaded, xlsx
from tests.people import People, acting, sign_in
from tests.sync.kit import on_device, visit

# The one row of the import itself, the audit, and what a person's session says of itself.
_SPOKEN_OF = {"import_batch", "audit_entry"}
_JOBS = "procrastinate%"
CORRECTED: list[list[Any]] = [list(row) for row in PEOPLE]
CORRECTED[1][6] = "0911222333"  # another phone
CORRECTED[2][3] = 1979
CORRECTED[4][7] = "Số 70 ngõ 99"  # moved to an alley that is not there yet
CORRECTED.append([4, 7, "Vũ Văn Mới", 1980, "Nam", "Chủ hộ", None, "Số 1 ngõ 100"])
CORRECTED.insert(4, [None, 4, "Nguyễn Văn Em", 2010, "Nam", "Con", None, None])


@pytest.fixture
def lan(client: FlaskClient, session: Session, people: People) -> FlaskClient:
    return sign_in(client, session, people.lan)


def everything(session: Session) -> dict[str, list[str]]:
    """Every row of every table but those spoken of, as text; sums with their changes folded in."""
    session.expire_all()
    tally_sums.fold(session, age=0)
    names = session.execute(
        text(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE :jobs"
            " ORDER BY tablename"
        ),
        {"jobs": _JOBS},
    ).scalars()
    return {
        name: sorted(session.execute(text(f'SELECT to_jsonb(t)::text FROM "{name}" t')).scalars())
        for name in names
        if name not in _SPOKEN_OF
    }


def without(rows: list[str], *columns: str) -> list[str]:
    kept = [{key: value for key, value in json.loads(row).items() if key not in columns} for row in rows]
    return sorted(json.dumps(row) for row in kept)


def imported(lan: FlaskClient, people: People, rows: Rows = PEOPLE) -> str:
    here = uploaded(lan, people, rows)
    assert lan.post(f"{here}/ghi").status_code == 303
    return here


def doors(session: Session) -> list[Household]:
    session.expire_all()
    return list(session.scalars(select(Household).order_by(Household.code)))


def test_a_first_import_undone_leaves_nothing(lan: FlaskClient, session: Session, people: People) -> None:
    before = everything(session)
    here = imported(lan, people)
    assert everything(session) != before
    page = lan.get(f"{here}/hoan-tac").text
    assert "Số 5 ngõ 34" in page
    assert "Hoàn tác, bỏ 3 hộ" in page
    assert lan.post(f"{here}/hoan-tac").location == here
    assert everything(session) == before
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "import.undo")).one()
    assert entry.detail == {"going": 3, "back": 0, "people": 6}
    batch = session.scalars(select(ImportBatch)).one()
    assert (batch.state, batch.undone_by) == (ImportState.UNDONE, people.lan.id)
    assert (batch.staged_enc, batch.refused_enc, batch.undo_enc) == (None, None, None)
    assert "Đã hoàn tác lần nhập" in lan.get(here).text
    history = lan.get("/nhap").text
    assert "đã hoàn tác" in history
    assert "Trần Thị Lan" in history
    assert lan.post(f"{here}/hoan-tac").status_code == 409


def test_a_corrected_list_undone_puts_everything_back(
    lan: FlaskClient, session: Session, people: People
) -> None:
    """Households that were there before are as they were; phones that hold them are told so by a higher version."""
    imported(lan, people)
    walked = doors(session)[0]
    make.create_walk(session, people.team, [people.minh], [walked])
    work.commit(session)
    before = everything(session)
    here = imported(lan, people, CORRECTED)
    changed = everything(session)
    for table in ("household", "resident", "area_unit", "adoption"):
        assert changed[table] != before[table]
    undo = undoing.effects(session, acting(session, people.lan), UUID(here.rpartition("/")[2]))
    assert (undo.going, undo.back, undo.people, undo.work) == (1, 2, 2, {})
    lan.post(f"{here}/hoan-tac")
    after = everything(session)
    sync = {
        "household": ("v",),
        "change_feed": ("seq",),
        "stream_head": ("n",),
        "household_view": ("row_enc",),
    }
    for table, rows in before.items():
        assert without(after[table], *sync.get(table, ())) == without(rows, *sync.get(table, ())), table
    held = session.get_one(Household, walked.id, populate_existing=True)
    assert held.v > max(json.loads(row)["v"] for row in before["household"] if str(walked.id) in row)


def test_the_last_import_first(lan: FlaskClient, session: Session, people: People) -> None:
    before = everything(session)
    first = imported(lan, people)
    second = imported(lan, people, CORRECTED)
    answer = lan.post(f"{first}/hoan-tac")
    assert answer.status_code == 409
    assert "2 hộ đã được sửa sau đó" in answer.text
    lan.post(f"{second}/hoan-tac")
    lan.post(f"{first}/hoan-tac")
    assert everything(session) == before


def _visited(session: Session, people: People, door: Household) -> None:
    phone = on_device(session, people.minh, people.minh_device)
    events.store(session, phone, [visit(people.minh.id, door.id, "not_home")])


def _walked(session: Session, people: People, door: Household) -> None:
    make.create_walk(session, people.team, [people.minh], [door])


def _drafted(session: Session, people: People, door: Household) -> None:
    make.create_walk(session, people.team, [people.minh], [door], published=False)


def _printed(session: Session, people: People, door: Household) -> None:
    codes.code_for_household(session, acting(session, people.lan), door.id)


def _edited(session: Session, people: People, door: Household) -> None:
    household_edit.edit_household(session, acting(session, people.lan), door.id, DoorIn("Số 5B ngõ 34"))


def _one_more(session: Session, people: People, door: Household) -> None:
    session.add(Resident(ward_id=door.ward_id, household_id=door.id, ordinal=9))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (_visited, "đã có lần thăm"),
        (_walked, "đã xếp vào tuyến"),
        (_drafted, "đã xếp vào tuyến"),
        (_printed, "đã có mã QR"),
        (_edited, "đã được sửa sau đó"),
        (_one_more, "đã được sửa sau đó"),
    ],
)
def test_an_import_that_somebody_worked_on_stays(
    lan: FlaskClient,
    session: Session,
    people: People,
    act: Callable[[Session, People, Household], None],
    words: str,
) -> None:
    here = imported(lan, people)
    act(session, people, doors(session)[1])
    work.commit(session)
    before = everything(session)
    page = lan.get(f"{here}/hoan-tac").text
    assert "Không hoàn tác được: 1 hộ đã có người làm việc." in page
    assert f"1 hộ {words}" in page
    answer = lan.post(f"{here}/hoan-tac")
    assert answer.status_code == 409
    assert "Chưa hoàn tác gì: 1 hộ" in answer.text
    assert everything(session) == before
    assert len(doors(session)) == 3


def test_work_from_before_an_update_does_not_count(
    lan: FlaskClient, session: Session, people: People
) -> None:
    imported(lan, people)
    door = doors(session)[0]
    for act in (_walked, _visited, _printed):
        act(session, people, door)
    work.commit(session)
    here = imported(lan, people, CORRECTED)
    assert lan.post(f"{here}/hoan-tac").status_code == 303
    session.refresh(door)
    assert door.phone == "+84912345678"


def test_every_table_that_names_a_household_is_asked() -> None:
    """A new table that hangs below a household either is its own derived row or counts as work."""
    names = {column.table.name for column in undoing.referring(Household.__table__)}
    assert {"assignment", "qr_code", "household_alias", "visit", "visit_event", "consent"} <= names
    assert {"resident", "adoption", "household_view"} <= names
    places = {column.table.name for column in undoing.referring(AreaUnit.__table__)}
    assert {"household", "team_area", "walk"} <= places


def test_an_import_in_steps_can_be_undone(
    lan: FlaskClient, session: Session, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What each step left is known, also when the import stopped half-way."""
    from backend.services.importing import running
    from backend.services.importing.records import build

    before = everything(session)
    here = uploaded(lan, people)
    batch_id = UUID(here.rpartition("/")[2])
    plan = plan_of(xlsx(PEOPLE))
    monkeypatch.setattr(running, "STEP", 1)
    with _steps(session, monkeypatch):
        run_in_steps(None, batch_id, plan, build(plan, this_year=now().year))  # type: ignore[arg-type]
    batch = session.get_one(ImportBatch, batch_id, populate_existing=True)
    batch.state = ImportState.FAILED
    session.commit()
    lan.post(f"{here}/hoan-tac")
    assert everything(session) == before


class _steps:  # a context, used like a function
    """Units of work on the test's own connection instead of a new one per step."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session, self.patch = session, monkeypatch

    def __enter__(self) -> None:
        from contextlib import contextmanager

        @contextmanager
        def unit(_engine: object) -> Any:
            yield self.session
            work.commit(self.session)

        self.patch.setattr(work, "unit_of_work", unit)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


def test_after_a_week_it_stays(lan: FlaskClient, session: Session, people: People) -> None:
    here = imported(lan, people)
    batch = session.scalars(select(ImportBatch)).one()
    batch.undo_enc = None  # the nightly job
    session.commit()
    assert "Hoàn tác lần nhập này" not in lan.get(here).text
    assert lan.get(f"{here}/hoan-tac").location == here
    answer = lan.post(f"{here}/hoan-tac")
    assert answer.status_code == 409
    assert "đã quá 7 ngày" in answer.text


def test_what_an_undo_needs_is_sealed(lan: FlaskClient, session: Session, people: People) -> None:
    imported(lan, people)
    here = imported(lan, people, CORRECTED)
    batch = session.get_one(ImportBatch, UUID(here.rpartition("/")[2]))
    assert batch.undo_enc
    assert b"ng\xc3\xb5 34" not in batch.undo_enc
