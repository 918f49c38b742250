"""Consent taken back (D21): no body bytes on the server or on phones, before and after a restore; the credit stays."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.core import ledger
from backend.core.crypto import keyring
from backend.core.ids import uuid7
from backend.core.refusal import NotFound, Refusal
from backend.database import work
from backend.models import AuditEntry, Base, Erasure, Household, VisitEvent
from backend.services import erasure, household_edit, merging, recount
from backend.services.event_core import Item, compose
from tests.people import acting
from tests.sync.conftest import Team
from tests.sync.kit import HEADERS, Phone, push_body, visit

SECRET = "hàng xóm nói bác đang ốm"


def _erase(team: Team, session: Session, household: UUID) -> None:
    erasure.erase(session, acting(session, team.people.lan), household)
    work.commit(session)


def _readable(session: Session) -> str:
    """Everything that stands in the database, encrypted values opened where a key opens them."""
    found: list[str] = []
    for table in Base.metadata.sorted_tables:
        for row in session.execute(text(f'SELECT * FROM "{table.name}"')).mappings():
            for name, value in row.items():
                found.append(str(value))
                if isinstance(value, bytes) and len(value) > 28:
                    for context in (f"{table.name}.{name}", "event.core", "visit.note", "household.row"):
                        try:
                            found.append(keyring().open(value, context).decode())
                        except Exception:  # noqa: S112  # another context, or no encrypted value
                            continue
    return "\n".join(found)


def _trace(item: Item) -> dict[str, object]:
    core = json.loads(item.core)
    return {name: core[name] for name in ("author", "kind", "device_time", "tz", "offset_ms")}


def test_nothing_of_a_household_is_left_but_its_code(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0]
    door.head_name, door.phone = "Trần Thị Bích", "+84912345678"
    session.flush()
    item = visit(phone.account.id, door.id, "helped", note=SECRET)
    kept = visit(phone.account.id, team.doors[1].id, "helped", note="còn nguyên")
    phone.push(item, kept)
    phone.sync()
    before = _readable(session)
    assert SECRET in before
    assert "Trần Thị Bích" in before
    lan = acting(session, team.people.lan)
    assert erasure.erasing(session, lan, door.id) == erasure.Erasing(
        people=2, visits=1, authors=1, phones=2, walks=1
    )
    _erase(team, session, door.id)

    after = _readable(session)
    assert SECRET not in after
    assert "Trần Thị Bích" not in after
    assert "Số 2 ngõ 34" not in after
    assert "còn nguyên" in after
    event = session.get_one(VisitEvent, item.id)
    assert (event.author, event.core_enc, event.household_link) == (phone.account.id, None, None)
    assert event.redacted_at is not None
    home = session.get_one(Household, door.id)
    assert (home.state, home.address) == ("withdrawn", "")
    assert recount.in_ward(session, team.people.ward.id) == []
    assert session.scalars(
        select(AuditEntry.object_id).where(AuditEntry.action == "household.erase")
    ).all() == [door.id]

    # The phone reads a tombstone of the door, and one of its own event.
    replies = len(phone.replies)
    phone.sync()
    gone = [
        (row["kind"], row["id"])
        for reply in phone.replies[replies:]
        for row in reply["rows"]
        if "deleted" in row
    ]
    assert ("household", str(door.id)) in gone
    assert ("event", str(item.id)) in gone
    assert ("event", str(kept.id)) not in gone


def test_what_comes_later_is_stored_without_its_content(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0].id
    early = visit(phone.account.id, door, note=SECRET)
    phone.push(early)
    _erase(team, session, door)
    late = visit(phone.account.id, door, note=SECRET)
    person = [{"id": str(uuid7()), "name": "Bích Ẩn"}]
    adding = compose(phone.account.id, door, "resident_add", {"residents": person})
    assert [each["code"] for each in phone.push(late, adding)] == ["accepted_redacted"] * 2
    assert phone.push(late)[0] | {"was": "accepted_redacted", "code": "duplicate"} == phone.push(late)[0]
    # Stored before it was erased, offered again: the phone learns that it has to forget it.
    assert phone.push(early)[0]["was"] == "accepted_redacted"
    assert SECRET not in _readable(session)
    assert "Bích Ẩn" not in _readable(session)
    assert recount.in_ward(session, team.people.ward.id) == []


def test_a_snapshot_names_what_was_erased(team: Team, phone: Phone, session: Session) -> None:
    """A phone whose list was lost, but not its sent events, must not miss the erasure."""
    item = visit(phone.account.id, team.doors[0].id)
    phone.push(item)
    phone.sync()
    _erase(team, session, team.doors[0].id)
    phone.state.clear()
    phone.pull(phone.own_stream, limit=1)
    told = [row for reply in phone.replies for row in reply["rows"] if row["kind"] == "event"]
    assert told == [{"kind": "event", "id": str(item.id), "deleted": True}]


def test_after_a_restore_the_ledger_is_replayed(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0].id
    item = visit(phone.account.id, door, note=SECRET)
    phone.push(item)
    # As after a crash between the two, or in a database from before: the file knows, the tables do not.
    ledger.append(team.people.ward.id, [door])
    assert SECRET in _readable(session)
    assert erasure.replay(session) == 1
    work.commit(session)
    assert SECRET not in _readable(session)
    assert erasure.replay(session) == 0
    assert phone.push(item)[0]["was"] == "accepted_redacted"


def test_a_door_the_restored_server_never_heard_of_stays_erased(
    team: Team, phone: Phone, session: Session
) -> None:
    """Typed on a phone after the backup, erased, then the server went back in time: the phone offers it again."""
    typed = uuid7()
    ledger.append(team.people.ward.id, [typed])
    assert erasure.replay(session) == 0
    adding = compose(phone.account.id, typed, "household_add", {"address": "Số 99 ngõ 1"})
    [answer] = phone.push(adding)
    assert answer["code"] == "accepted_redacted"
    assert session.get_one(Household, typed).state == "withdrawn"
    assert "Số 99" not in _readable(session)
    phone.sync()
    assert str(typed) not in phone.doors


def test_an_erased_event_offered_again_keeps_the_credit(team: Team, phone: Phone, session: Session) -> None:
    """A restored server lost the event, the phone has scrubbed it: author and time are all that comes back."""
    item = visit(phone.account.id, team.doors[0].id)
    offered = {"id": str(item.id), "sha256": item.sha256, "redacted": _trace(item)}
    body = push_body(phone.epoch, phone.device.id, []) | {"n": 1, "items": [offered]}
    reply = phone.client.post("/api/v1/sync/push", json=body, headers=HEADERS)
    assert reply.json["results"][0]["code"] == "accepted_redacted"
    event = session.get_one(VisitEvent, item.id)
    assert (event.author, event.kind, event.household_link) == (phone.account.id, "visit", None)
    assert event.flags == ["offered_redacted"]
    assert phone.push(item)[0]["was"] == "accepted_redacted"
    stranger = body | {
        "items": [offered | {"id": str(uuid7()), "redacted": _trace(item) | {"author": str(uuid7())}}]
    }
    assert phone.post("/sync/push", stranger).json["results"][0]["code"] == "wrong_author"
    odd = body | {
        "items": [offered | {"id": str(uuid7()), "redacted": _trace(item) | {"device_time": "hôm qua"}}]
    }
    assert (
        phone.post("/sync/push", odd).json["results"][0] | {"reason": "bad_schema"}
        == phone.post("/sync/push", odd).json["results"][0]
    )
    neither = body | {"items": [{"id": str(uuid7()), "sha256": item.sha256}]}
    assert phone.post("/sync/push", neither).json["results"][0]["reason"] == "bad_hash"


def test_a_merged_door_goes_with_it(team: Team, phone: Phone, session: Session) -> None:
    first, second = team.doors[0].id, team.doors[1].id
    phone.push(visit(phone.account.id, first, note=SECRET))
    merging.merge_households(session, acting(session, team.people.lan), first, second)
    _erase(team, session, second)
    assert SECRET not in _readable(session)
    assert phone.push(visit(phone.account.id, first, note=SECRET))[0]["code"] == "accepted_redacted"


def test_the_ledger_survives_a_half_written_line(team: Team, session: Session, settings: object) -> None:
    folder: Path = settings.data_dir  # type: ignore[attr-defined]
    ward = team.people.ward.id
    first, second = uuid7(), uuid7()
    ledger.append(ward, [first])
    with (folder / ledger.FILE).open("ab") as file:
        file.write(b'{"pseudonym": "00')
    ledger.append(ward, [second])
    assert [line.pseudonym for line in ledger.read()] == [ledger.pseudonym(first), ledger.pseudonym(second)]
    assert str(first) not in (folder / ledger.FILE).read_text()


def test_who_may_not_and_what_is_over(team: Team, session: Session) -> None:
    door = team.doors[0].id
    with pytest.raises(NotFound):
        erasure.erase(session, acting(session, team.people.hoa), door)
    assert session.scalars(select(Erasure)).all() == []
    lan = acting(session, team.people.lan)
    erasure.erase(session, lan, door)
    for act in (
        lambda: erasure.erase(session, lan, door),
        lambda: household_edit.edit_household(session, lan, door, household_edit.DoorIn("Số 2")),
        lambda: household_edit.save_person(session, lan, door, household_edit.PersonIn("Bích")),
    ):
        with pytest.raises(Refusal, match="withdrawn"):
            act()
