"""Revoked with visits in the pocket (D20), and rescue files: nothing is lost, nothing counts before a leader's word."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.ids import uuid7
from backend.core.refusal import Refusal
from backend.database import work
from backend.models import Device, HeldEvent, HouseholdView, VisitEvent
from backend.services import enrol, erasure, held, people_leave, recount, rescue
from backend.services.event_core import Item, compose
from tests import factories as make
from tests.people import acting
from tests.sync.conftest import Team
from tests.sync.kit import Phone, push_body, visit


def _revoke(team: Team, session: Session, phone: Phone) -> None:
    enrol.revoke_device(session, acting(session, team.people.lan), phone.device.id)
    work.commit(session)


def _codes(phone: Phone, *items: Item) -> list[str]:
    reply = phone.post("/sync/quarantine", push_body(phone.epoch, phone.device.id, items))
    assert reply.status_code == 200, reply.text
    return [each["code"] for each in reply.json["results"]]


def _file(phone: Phone, *items: Item, **changed: object) -> bytes:
    told = {
        "format": "gocua-rescue",
        "version": 1,
        "made_at": now().isoformat(),
        "app_build": "test",
        "device": str(phone.device.id),
        "items": [{"id": str(item.id), "sha256": item.sha256, "core": item.core} for item in items],
    }
    return json.dumps(told | changed).encode()


def test_what_a_revoked_phone_holds_waits_for_the_leader(team: Team, phone: Phone, session: Session) -> None:
    door, me = team.doors[0].id, phone.account.id
    sent = visit(me, door)
    phone.push(sent)
    _revoke(team, session, phone)
    waiting = [visit(me, door, "helped"), compose(me, uuid7(), "household_add", {"address": "Số 9"})]
    refused = phone.post("/sync/push", push_body(phone.epoch, phone.device.id, waiting))
    assert (refused.status_code, refused.json["code"]) == (403, "revoked")
    assert phone.ask(phone.own_stream).status_code == 403

    assert _codes(phone, *waiting) == ["quarantined"] * 2
    assert _codes(phone, *waiting, sent) == ["duplicate"] * 3
    assert session.get(VisitEvent, waiting[0].id) is None
    assert session.get_one(HouseholdView, door).visit_count == 1
    assert phone.post("/sync/wiped", {}).status_code == 204
    assert session.get_one(Device, phone.device.id, populate_existing=True).wiped_at is not None

    lan = acting(session, team.people.lan)
    [group] = held.waiting(session, lan)
    assert (group.account_id, group.source, len(group.lines), group.rejected) == (me, "revoked", 2, False)
    assert held.count(session, lan) == 2
    assert held.accept(session, lan, me, "revoked") == 2
    work.commit(session)
    event = session.get_one(VisitEvent, waiting[0].id)
    assert (event.author, event.device_id) == (me, phone.device.id)
    assert "held" in event.flags
    assert session.get_one(HouseholdView, door, populate_existing=True).visit_count == 2
    assert held.waiting(session, lan) == ()
    assert recount.in_ward(session, team.people.ward.id) == []
    # Known for ever, by either way in.
    assert _codes(phone, *waiting) == ["duplicate"] * 2
    with pytest.raises(Refusal, match="held_nothing"):
        held.accept(session, lan, me, "revoked")


@pytest.mark.parametrize(("days", "status"), [(1, 200), (13, 200), (15, 410)])
def test_fourteen_days(team: Team, phone: Phone, session: Session, days: int, status: int) -> None:
    _revoke(team, session, phone)
    session.get_one(Device, phone.device.id).revoked_at = now() - timedelta(days=days)
    work.commit(session)
    item = visit(phone.account.id, team.doors[0].id)
    reply = phone.post("/sync/quarantine", push_body(phone.epoch, phone.device.id, [item]))
    assert reply.status_code == status
    assert (reply.json.get("code") == "left_too_long") == (status == 410)
    # The rescue file is the way out that remains.
    told = rescue.upload(session, acting(session, team.people.lan), _file(phone, item))
    assert told.held == (1 if status == 410 else 0)


def test_a_phone_in_good_standing_pushes(team: Team, phone: Phone) -> None:
    reply = phone.post("/sync/quarantine", push_body(phone.epoch, phone.device.id, []))
    assert (reply.status_code, reply.json["code"]) == (409, "still_paired")
    assert phone.post("/sync/wiped", {}).status_code == 409


def test_who_left_the_team_goes_the_same_way(team: Team, phone: Phone, session: Session) -> None:
    item = visit(phone.account.id, team.doors[0].id)
    people_leave.leave(session, acting(session, team.people.lan), phone.account.id, team.people.team.id)
    work.commit(session)
    assert phone.post("/sync/push", push_body(phone.epoch, phone.device.id, [item])).status_code == 403
    assert _codes(phone, item) == ["quarantined"]
    lan = acting(session, team.people.lan)
    assert held.reject(session, lan, phone.account.id, "revoked", "không phải nhà này") == 1
    [group] = held.waiting(session, lan)
    assert (group.rejected, group.reason) == (True, "không phải nhà này")
    assert held.count(session, lan) == 0
    assert held.accept(session, lan, phone.account.id, "revoked") == 1


def test_only_the_owner_speaks_and_only_once_per_id(team: Team, phone: Phone, session: Session) -> None:
    _revoke(team, session, phone)
    mine = visit(phone.account.id, team.doors[0].id)
    other = visit(phone.account.id, team.doors[1].id, id_=mine.id)
    assert _codes(phone, mine, other) == ["quarantined", "id_conflict"]
    assert _codes(phone, other) == ["id_conflict"]
    assert _codes(phone, visit(team.people.lan.id, team.doors[0].id)) == ["wrong_author"]
    broken = Item(uuid7(), "0" * 64, mine.core)
    assert _codes(phone, broken) == ["invalid"]
    # A new history is told before anything is taken.
    reply = phone.post("/sync/quarantine", push_body(str(uuid7()), phone.device.id, [mine]))
    assert (reply.status_code, reply.json["epoch"]) == (409, phone.epoch)


def test_an_erased_household_leaves_nothing_in_the_waiting_list(
    team: Team, phone: Phone, session: Session
) -> None:
    door, lan = team.doors[0].id, acting(session, team.people.lan)
    _revoke(team, session, phone)
    early, late = visit(phone.account.id, door, note="ốm"), visit(phone.account.id, door, note="ốm")
    _codes(phone, early)
    erasure.erase(session, lan, door)
    work.commit(session)
    _codes(phone, late)
    for row in session.scalars(select(HeldEvent)):
        session.refresh(row)
        assert (row.core_enc, row.household_id) == (None, None)
    assert held.accept(session, lan, phone.account.id, "revoked") == 2
    event = session.get_one(VisitEvent, early.id)
    assert (event.author, event.core_enc, event.redacted_at is not None) == (phone.account.id, None, True)


def test_a_rescue_file_counts_after_the_leaders_word(team: Team, phone: Phone, session: Session) -> None:
    lan, me = acting(session, team.people.lan), phone.account.id
    known, lost = (
        visit(me, team.doors[0].id),
        visit(me, team.doors[1].id, "helped", note="số " + "0123 4567 8901".replace(" ", "")),
    )
    phone.push(known)
    stranger = visit(team.people.hoa.id, team.doors[0].id)
    broken = Item(uuid7(), "0" * 64, "{")
    file = _file(phone, known, lost, stranger, broken)
    assert rescue.upload(session, lan, file) == rescue.Uploaded(held=1, known=1, unreadable=1, foreign=1)
    assert rescue.upload(session, lan, file) == rescue.Uploaded(held=0, known=2, unreadable=1, foreign=1)
    assert session.get_one(HouseholdView, team.doors[1].id).visit_count == 0
    assert held.accept(session, lan, me, "rescue") == 1
    work.commit(session)
    assert "rescued" in session.get_one(VisitEvent, lost.id).flags
    assert session.get_one(HouseholdView, team.doors[1].id, populate_existing=True).visit_count == 1
    # The phone lives after all and sends it itself: once is enough.
    assert phone.push(lost)[0]["code"] == "duplicate"
    assert recount.in_ward(session, team.people.ward.id) == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": "khac"}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_rescue_file(team: Team, session: Session, data: bytes) -> None:
    with pytest.raises(Refusal, match="rescue_not_ours"):
        rescue.upload(session, acting(session, team.people.lan), data)


def test_odd_items_in_a_rescue_file_hurt_nobody(team: Team, phone: Phone, session: Session) -> None:
    lan = acting(session, team.people.lan)
    good = visit(phone.account.id, team.doors[0].id)
    items = [None, 7, {}, {"id": "x", "sha256": 1}, {"id": str(uuid7()), "sha256": "0" * 64, "sealed": "…"}]
    file = json.loads(_file(phone, good, device="không rõ"))
    file["items"] += items
    assert rescue.upload(session, lan, json.dumps(file).encode()) == rescue.Uploaded(1, 0, 5, 0)
    with pytest.raises(Refusal, match="rescue_newer"):
        rescue.upload(session, lan, _file(phone, good, version=2))


def test_another_teams_leader_sees_and_decides_nothing(team: Team, phone: Phone, session: Session) -> None:
    _revoke(team, session, phone)
    _codes(phone, visit(phone.account.id, team.doors[0].id))
    second = make.create_team(session, team.people.neighbourhood)
    from backend.models import Role

    leader = make.create_account(
        session, team.people.ward.id, "Đỗ Thị Thu", role=Role.TEAM_LEADER, team=second
    )
    for account in (leader, team.people.hoa):
        actor = acting(session, account)
        assert held.waiting(session, actor) == ()
        for act in (held.accept, lambda *a: held.reject(*a, "không")):
            with pytest.raises(Refusal, match="held_nothing"):
                act(session, actor, phone.account.id, "revoked")
    assert len(held.waiting(session, acting(session, team.people.officer))) == 1
