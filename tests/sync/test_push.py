"""POST /sync/push: each event once, for ever, with the answer it was first given."""

import hashlib
import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.core.crypto import keyring
from backend.core.ids import uuid7
from backend.database import work
from backend.models import (
    Account,
    Adoption,
    Consent,
    Household,
    HouseholdAlias,
    Resident,
    Visit,
    VisitEvent,
    WalkMember,
)
from backend.services import feed
from backend.services.event_core import Item, compose
from tests import factories as make
from tests.sync.conftest import Team
from tests.sync.kit import HEADERS, Phone, push_body, result, visit


def codes(results: list[dict[str, object]]) -> list[object]:
    return [result["code"] for result in results]


def resident_of(session: Session, door: Household, ordinal: int = 1) -> Resident:
    return session.scalars(
        select(Resident).where(Resident.household_id == door.id, Resident.ordinal == ordinal)
    ).one()


def remade(item: Item, **changes: object) -> Item:
    """The same item with another core text, its hash made anew."""
    core = json.dumps(json.loads(item.core) | changes)
    return Item(item.id, hashlib.sha256(core.encode()).hexdigest(), core)


def test_a_visit_is_stored_and_shows_at_the_door(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0]
    person = resident_of(session, door)
    [answer] = phone.push(
        visit(
            phone.account.id,
            door.id,
            "helped",
            results=[result(person.id, "eid_level_2", "done_with_help")],
            appointment={"on": "2026-12-01", "at": "19:30"},
            note="Bác mới đổi máy",
            consents=[{"purpose": "store_contact", "given": True, "text_version": "1", "how": "spoken"}],
        )
    )
    session.expire_all()
    assert answer["code"] == "accepted"
    assert session.get_one(Household, door.id).v == answer["v"]
    stored = session.scalars(select(Visit).where(Visit.household_id == door.id)).one()
    assert (stored.outcome, stored.author, stored.effective) == ("helped", phone.account.id, True)
    assert stored.appointment_at is not None
    assert stored.appointment_at.isoformat() == "2026-12-01T12:30:00+00:00"
    assert stored.note_enc
    assert keyring().open(stored.note_enc, "visit.note").decode() == "Bác mới đổi máy"
    assert session.get_one(Adoption, (person.id, "eid_level_2")).state == "done_with_help"
    assert session.scalars(select(Consent)).one().given
    phone.sync()
    row = phone.rows[team.stream]["household", str(door.id)]
    assert row["v"] == answer["v"]
    assert row["data"]["visits"][0]["outcome"] == "helped"
    assert row["data"]["visits"][0]["by"] == "Minh"
    assert "eid_level_2" in row["data"]["people"][0]["services"]["done_with_help"]


def test_the_same_push_again_changes_nothing(team: Team, phone: Phone, session: Session) -> None:
    """D6: the reply is lost, the app starts again and pushes once more; the first answer stands for ever."""
    items = [visit(phone.account.id, door.id) for door in team.doors]
    first = phone.push(*items)
    heads = session.execute(select(feed.StreamHead.n).order_by(feed.StreamHead.audience)).all()
    again = phone.push(*items)
    assert codes(again) == ["duplicate"] * 3
    assert [(each["was"], each["v"]) for each in again] == [(each["code"], each["v"]) for each in first]
    assert session.scalar(select(func.count()).select_from(VisitEvent)) == 3
    assert session.execute(select(feed.StreamHead.n).order_by(feed.StreamHead.audience)).all() == heads


def test_twice_in_one_batch(team: Team, phone: Phone) -> None:
    item = visit(phone.account.id, team.doors[0].id)
    other = remade(item, mono_ms=1)
    answers = phone.push(item, item, other)
    assert codes(answers) == ["accepted", "duplicate", "id_conflict"]
    assert answers[1]["was"] == "accepted"


def test_a_reused_id_is_a_conflict_and_both_visits_are_kept(team: Team, phone: Phone) -> None:
    """D2: the phone lost its storage and made the same id again."""
    first = visit(phone.account.id, team.doors[0].id)
    second = remade(first, mono_ms=7)
    assert codes(phone.push(first)) == ["accepted"]
    assert codes(phone.push(second)) == ["id_conflict"]
    assert codes(phone.push(Item(uuid7(), second.sha256, second.core))) == ["accepted"]


def test_poison_does_not_block_the_rest(team: Team, phone: Phone, session: Session) -> None:
    """D8."""
    good, also_good = (visit(phone.account.id, door.id) for door in team.doors[:2])
    poison = visit(
        phone.account.id, team.doors[2].id, "helped", results=[result(uuid7(), "levitation", "shown")]
    )
    answers = phone.push(good, poison, also_good)
    assert codes(answers) == ["accepted", "invalid", "accepted"]
    assert answers[1]["reason"] == "unknown_service"
    assert session.scalar(select(func.count()).select_from(VisitEvent)) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": 0}, "bad_schema"),
        ({"schema": True}, "bad_schema"),
        ({"colour": "red"}, "bad_schema"),
        ({"kind": "dance"}, "unknown_kind"),
        ({"kind": ["visit"]}, "unknown_kind"),
        ({"salt": "short"}, "bad_schema"),
        ({"device_time": "yesterday"}, "bad_schema"),
        ({"device_time": "2026-11-21T19:30:00"}, "bad_schema"),
        ({"device_time": "2026-13-41T19:30:00Z"}, "bad_schema"),
        ({"tz": "Asia/Ho Chi Minh"}, "bad_schema"),
        ({"mono_ms": -1}, "bad_schema"),
        ({"mono_ms": 2**60}, "bad_schema"),
        ({"base_v": "3"}, "bad_schema"),
        ({"household": "not-a-uuid"}, "bad_schema"),
        ({"corrects": "0199d0a0-0000-7000-8000-000000000001"}, "bad_schema"),
        ({"payload": []}, "bad_schema"),
        ({"payload": {}}, "bad_schema"),
        ({"payload": {"outcome": "eaten"}}, "unknown_outcome"),
        ({"payload": {"outcome": {}}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "results": {}}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "results": [1]}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "note": "a\u0000b"}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "note": "\ud800"}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "note": "x" * 281}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "password": "x"}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "appointment": {"on": "2026-02-30"}}}, "bad_schema"),
        ({"payload": {"outcome": "helped", "note": "x" * 9000}}, "too_large"),
        ({"payload": {"outcome": "helped", "note": "x" * 20000}}, "too_large"),
    ],
)
def test_what_can_never_succeed(
    team: Team, phone: Phone, session: Session, changes: dict[str, object], reason: str
) -> None:
    item = remade(visit(phone.account.id, team.doors[0].id), **changes)
    [answer] = phone.push(item)
    assert (answer["code"], answer.get("reason")) == ("invalid", reason)
    assert session.scalar(select(func.count()).select_from(VisitEvent)) == 0


@pytest.mark.parametrize("state", ["unknown", "not_started", "finished", 3, None, []])
def test_only_steps_that_a_visit_can_bring(team: Team, phone: Phone, state: object) -> None:
    odd = [{"resident": str(uuid7()), "service": "cashless", "state": state}]
    [answer] = phone.push(visit(phone.account.id, team.doors[0].id, "helped", results=odd))
    assert (answer["code"], answer["reason"]) == ("invalid", "unknown_state")


@pytest.mark.parametrize(
    "core", ["", "null", "[]", "{", '{"a":NaN}', '{"schema":1,"schema":1}', "[" * 5000, "\ud800", '"x"']
)
def test_a_core_that_is_no_object(phone: Phone, core: str) -> None:
    raw = core.encode("utf-8", "surrogatepass")
    [answer] = phone.push(Item(uuid7(), hashlib.sha256(raw).hexdigest(), core))
    assert (answer["code"], answer["reason"]) == ("invalid", "bad_json")


def test_a_hash_that_does_not_fit(team: Team, phone: Phone) -> None:
    item = visit(phone.account.id, team.doors[0].id)
    changed = Item(item.id, item.sha256, item.core.replace("not_home", "refused"))
    loud = Item(uuid7(), item.sha256.upper(), item.core)
    assert [each["reason"] for each in phone.push(changed, loud)] == ["bad_hash", "bad_hash"]


def test_a_core_of_a_newer_app_waits(team: Team, phone: Phone) -> None:
    [answer] = phone.push(remade(visit(phone.account.id, team.doors[0].id), schema=2))
    assert answer["code"] == "retry_later"
    assert answer["after_s"] == 3600


def test_somebody_elses_event_stays_theirs(team: Team, phone: Phone, session: Session) -> None:
    """I7: nothing is credited to the one who happens to be signed in."""
    assert codes(phone.push(visit(team.people.lan.id, team.doors[0].id))) == ["wrong_author"]
    assert session.scalar(select(func.count()).select_from(VisitEvent)) == 0


def test_a_door_that_went_to_somebody_else_meanwhile(team: Team, phone: Phone, session: Session) -> None:
    """D3: both visits are kept, the first one's is flagged and credited, its door leaves his phone."""
    phone.sync()
    mai = make.create_account(session, team.people.ward.id, "Vũ Thị Mai", team=team.people.team)
    for assignment in session.scalars(
        select(make.Assignment).where(make.Assignment.household_id == team.doors[0].id)
    ):
        assignment.ended_at = make.now()
    session.flush()
    make.create_walk(session, team.people.team, [mai], [team.doors[0]])
    work.commit(session)
    hers = team.phone(mai)
    [late] = phone.push(visit(phone.account.id, team.doors[0].id))
    [now_] = hers.push(visit(mai.id, team.doors[0].id, "refused"))
    assert (late["code"], now_["code"]) == ("accepted_out_of_scope", "accepted")
    phone.sync()
    hers.sync()
    assert str(team.doors[0].id) not in phone.doors
    row = hers.rows[team.stream]["household", str(team.doors[0].id)]
    assert {each["by"] for each in row["data"]["visits"]} == {"Minh", "Mai"}
    flags = {each.author: each.flags for each in session.scalars(select(Visit))}
    assert flags == {phone.account.id: ["out_of_scope"], mai.id: []}
    [again] = phone.push(visit(phone.account.id, team.doors[0].id))
    assert again["code"] == "accepted_out_of_scope"


def test_a_withdrawn_household_keeps_only_the_credit(team: Team, phone: Phone, session: Session) -> None:
    """Section 13: late events are stored without their body."""
    team.doors[0].withdrawn_at = make.now()
    feed.touch_households(session, [team.doors[0].id])
    work.commit(session)
    item = visit(phone.account.id, team.doors[0].id, note="ông nói không")
    assert codes(phone.push(item)) == ["accepted_redacted"]
    stored = session.get_one(VisitEvent, item.id)
    assert (stored.core_enc, stored.household_id, stored.household_link) == (None, None, None)
    assert stored.author == phone.account.id
    assert stored.redacted_at is not None
    assert session.scalar(select(func.count()).select_from(Visit)) == 0
    [again] = phone.push(item)
    assert (again["code"], again["was"]) == ("duplicate", "accepted_redacted")


def test_an_unknown_door_becomes_a_stub_of_its_author(team: Team, phone: Phone, session: Session) -> None:
    house = uuid7()
    phone.sync()
    [answer] = phone.push(visit(phone.account.id, house, "helped"))
    assert answer == {"id": answer["id"], "code": "accepted", "v": 1}
    stub = session.get_one(Household, house)
    assert (stub.stub, stub.added_by) == (True, phone.account.id)
    assert stub.neighbourhood_id == team.people.neighbourhood.id
    phone.sync()
    assert phone.rows[team.stream]["household", str(house)]["data"]["stub"] is True
    other = team.phone(make.create_account(session, team.people.ward.id, "Vũ Thị Mai", team=team.people.team))
    other.sync()
    assert str(house) not in other.doors


def test_household_add_fills_the_stub_whenever_it_comes(team: Team, phone: Phone, session: Session) -> None:
    house, person = uuid7(), uuid7()
    added = compose(
        phone.account.id,
        house,
        "household_add",
        {"address": "Số 9 ngõ 34", "residents": [{"id": str(person), "birth_year": 1950, "name": "Bà Tư"}]},
    )
    seen = visit(
        phone.account.id, house, "helped", results=[result(person, "ehealth_book", "done_with_help")]
    )
    assert codes(phone.push(seen)) == ["accepted"]
    assert codes(phone.push(added)) == ["accepted"]
    session.expire_all()
    stub = session.get_one(Household, house)
    assert stub.address == "Số 9 ngõ 34"
    assert stub.walk_key != b""
    assert session.get_one(Resident, person).full_name == "Bà Tư"
    assert session.get_one(Adoption, (person, "ehealth_book")).state == "done_with_help"


def test_resident_add_keeps_the_others_ordinals(team: Team, phone: Phone, session: Session) -> None:
    person = uuid7()
    added = compose(
        phone.account.id,
        team.doors[0].id,
        "resident_add",
        {"residents": [{"id": str(person), "sex": "female"}]},
    )
    assert codes(phone.push(added, added)) == ["accepted", "duplicate"]
    assert session.get_one(Resident, person).ordinal == 3
    assert session.get_one(Adoption, (person, "cashless")).state == "unknown"


def test_another_wards_door_is_an_unknown_door(team: Team, phone: Phone, session: Session) -> None:
    """No oracle: the same answer as for an id that nobody has; nothing of the other ward changes."""
    theirs = make.create_household(session, team.people.other_neighbourhood)
    make.create_walk(session, team.people.other_team, [team.people.hoa], [theirs])
    work.commit(session)
    session.refresh(theirs)
    before = (theirs.v, theirs.address)
    unknown = uuid7()
    first, second = (
        phone.push(visit(phone.account.id, unknown))[0],
        phone.push(visit(phone.account.id, theirs.id))[0],
    )
    assert {**first, "id": ""} == {**second, "id": ""}
    session.expire_all()
    assert (session.get_one(Household, theirs.id).v, theirs.address) == before
    alias = session.get_one(HouseholdAlias, (team.people.ward.id, theirs.id))
    stored = session.scalars(select(Visit).where(Visit.household_id == alias.new_id)).one()
    assert stored.ward_id == team.people.ward.id
    # The next one for the same id lands on the same door.
    phone.push(visit(phone.account.id, theirs.id))
    assert (
        session.scalar(select(func.count()).select_from(Visit).where(Visit.household_id == alias.new_id)) == 2
    )


def test_a_merged_door_still_takes_late_events(team: Team, phone: Phone, session: Session) -> None:
    """D23, as far as the server: an event for the old id lands on the household it was merged into."""
    old, middle, new = uuid7(), uuid7(), team.doors[0].id
    phone.push(visit(phone.account.id, middle))
    session.add_all(
        [
            HouseholdAlias(ward_id=team.people.ward.id, old_id=old, new_id=middle),
            HouseholdAlias(ward_id=team.people.ward.id, old_id=middle, new_id=new),
        ]
    )
    work.commit(session)
    item = visit(phone.account.id, old)
    assert codes(phone.push(item)) == ["accepted"]
    assert session.get_one(VisitEvent, item.id).household_link == new
    assert session.get_one(VisitEvent, item.id).household_id == old


def test_digits_like_an_id_number_are_cut_and_the_visit_stays(
    team: Team, phone: Phone, session: Session
) -> None:
    number = "0010" + "58012345"  # invented
    item = visit(phone.account.id, team.doors[0].id, note=f"CCCD {number}, gọi lại tối mai")
    assert codes(phone.push(item)) == ["accepted"]
    stored = session.get_one(VisitEvent, item.id)
    assert stored.flags == ["note_cut"]
    assert stored.core_enc
    core = keyring().open(stored.core_enc, "event.core").decode()
    assert number not in core
    assert "gọi lại tối mai" in core
    assert codes(phone.push(item)) == ["duplicate"]


def test_corrections(team: Team, phone: Phone, session: Session) -> None:
    """Section 13: the author's correction counts, also before its target came; another's has no effect."""
    door = team.doors[0]
    first = visit(phone.account.id, door.id, "refused")
    right = compose(phone.account.id, door.id, "correction", {"outcome": "not_home"}, corrects=first.id)
    foreign = compose(team.people.lan.id, door.id, "correction", {"outcome": "helped"}, corrects=first.id)
    phone.push(right)
    assert _effective(session) == []
    phone.push(first)
    assert _effective(session) == ["not_home"]
    lan = team.phone(team.people.lan)
    assert codes(lan.push(foreign)) == ["accepted"]
    assert _effective(session) == ["not_home"]
    assert "foreign_correction" in session.get_one(Visit, foreign.id).flags
    phone.push(compose(phone.account.id, door.id, "correction", {"void": True}, corrects=right.id))
    assert _effective(session) == []


def _effective(session: Session) -> list[str]:
    session.expire_all()
    return sorted(session.scalars(select(Visit.outcome).where(Visit.effective)))


def test_a_door_that_moved_away_and_came_back(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0]
    phone.push(visit(phone.account.id, door.id, "moved_away"))
    session.expire_all()
    assert session.get_one(Household, door.id).state == "moved_away"
    assert not session.scalars(select(Adoption).where(Adoption.household_id == door.id)).all()
    phone.push(visit(phone.account.id, door.id, "helped"))
    session.expire_all()
    assert session.get_one(Household, door.id).state == "active"
    assert session.scalars(select(Adoption).where(Adoption.household_id == door.id)).all()


@pytest.mark.parametrize(
    ("device_time", "offset_ms", "flag"),
    [
        ("2016-11-21T19:30:00+07:00", 0, None),
        ("2036-11-21T19:30:00+07:00", 0, "clock_future"),
        ("0001-01-01T00:00:00+14:00", -1, "clock_lost"),
        ("9999-12-31T23:59:59-12:00", 2**52, "clock_lost"),
        ("2026-11-01T19:30:00+07:00", 600_000, "clock_offset"),
        ("2026-11-01T19:30:00+07:00", None, "no_offset"),
    ],
)
def test_no_visit_is_refused_because_of_a_clock(
    team: Team, phone: Phone, session: Session, device_time: str, offset_ms: int | None, flag: str | None
) -> None:
    """D27."""
    item = remade(visit(phone.account.id, team.doors[0].id), device_time=device_time, offset_ms=offset_ms)
    assert codes(phone.push(item)) == ["accepted"]
    stored = session.get_one(VisitEvent, item.id)
    assert (flag in stored.flags) if flag else ("clock_future" not in stored.flags)
    assert stored.est_time <= stored.received_at


def other_phone(team: Team, session: Session) -> Phone:
    """A colleague on the same walk."""
    mai = make.create_account(session, team.people.ward.id, "Vũ Thị Mai", team=team.people.team)
    session.add(WalkMember(ward_id=team.walk.ward_id, walk_id=team.walk.id, account_id=mai.id))
    return team.phone(mai)


def version(session: Session, door: Household) -> int:
    return session.get_one(Household, door.id, populate_existing=True).v


def flags(session: Session, item: Item) -> list[str]:
    return session.get_one(VisitEvent, item.id, populate_existing=True).flags


def test_an_old_view_is_marked(team: Team, phone: Phone, session: Session) -> None:
    """Section 13: somebody else was at the door since; nothing contradicts."""
    door = team.doors[0]
    seen = version(session, door)
    mai = other_phone(team, session)
    mai.push(visit(mai.account.id, door.id))
    item = visit(phone.account.id, door.id, base_v=seen)
    assert codes(phone.push(item)) == ["accepted"]
    assert flags(session, item) == ["parallel"]
    fresh = visit(
        phone.account.id, door.id, base_v=session.get_one(Household, door.id, populate_existing=True).v
    )
    phone.push(fresh)
    assert flags(session, fresh) == []


def test_what_a_phone_changed_itself_is_no_old_view(team: Team, phone: Phone, session: Session) -> None:
    """Two pushes before the next pull, and a leader's edit on top of them."""
    door = team.doors[0]
    seen = version(session, door)
    phone.push(visit(phone.account.id, door.id, base_v=seen))
    second = visit(phone.account.id, door.id, base_v=seen)
    phone.push(second)
    assert flags(session, second) == []
    feed.touch_households(session, [door.id])
    work.commit(session)
    third = visit(phone.account.id, door.id, base_v=seen)
    phone.push(third)
    assert flags(session, third) == ["parallel"]


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [
        ({"state": "blocked"}, {"state": "done_with_help"}, "conflict"),
        ({"state": "shown"}, {"state": "shown"}, "parallel"),
        ({"state": "blocked", "ordinal": 1}, {"state": "shown", "ordinal": 2}, "parallel"),
        ({"outcome": "moved_away"}, {"state": "shown"}, "conflict"),
        ({"outcome": "moved_away"}, {"outcome": "not_home"}, "parallel"),
        ({"outcome": "refused"}, {"outcome": "moved_away"}, "conflict"),
    ],
)
def test_who_says_otherwise_of_the_same_is_a_conflict(
    team: Team, phone: Phone, session: Session, first: dict[str, Any], second: dict[str, Any], label: str
) -> None:
    door = team.doors[0]
    seen = version(session, door)
    mai = other_phone(team, session)

    def said(author: Account, told: dict[str, Any]) -> Item:
        if "outcome" in told:
            return visit(author.id, door.id, told["outcome"], base_v=seen)
        person = resident_of(session, door, told.get("ordinal", 1))
        steps = [result(person.id, "eid_level_2", told["state"])]
        return visit(author.id, door.id, "helped", results=steps, base_v=seen)

    early, late = said(mai.account, first), said(phone.account, second)
    mai.push(early)
    assert codes(phone.push(late)) == ["accepted"]
    assert (flags(session, early), flags(session, late)) == ([], [label])
    mai.push(early)
    assert flags(session, early) == []  # sent once more, it is what it was


def test_a_visit_that_was_taken_back_contradicts_nobody(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0]
    seen = version(session, door)
    mai = other_phone(team, session)
    gone = visit(mai.account.id, door.id, "moved_away")
    mai.push(gone)
    mai.push(compose(mai.account.id, door.id, "correction", {"void": True}, corrects=gone.id))
    item = visit(phone.account.id, door.id, "refused", base_v=seen)
    phone.push(item)
    assert flags(session, item) == ["parallel"]


def test_another_epoch_is_told_and_nothing_is_stored(phone: Phone, team: Team, session: Session) -> None:
    body = push_body(str(uuid7()), phone.device.id, [visit(phone.account.id, team.doors[0].id)])
    reply = phone.post("/sync/push", body)
    assert (reply.status_code, reply.json["code"], reply.json["epoch"]) == (409, "epoch", phone.epoch)
    assert session.scalar(select(func.count()).select_from(VisitEvent)) == 0


def test_a_promoted_cluster_rotates_its_epoch(phone: Phone, team: Team, session: Session) -> None:
    """D14, as far as the server: the timeline is not the one of the epoch."""
    meta = session.get_one(feed.ServerMeta, True)
    meta.timeline += 1
    session.commit()
    item = visit(phone.account.id, team.doors[0].id)
    reply = phone.post("/sync/push", push_body(phone.epoch, phone.device.id, [item]))
    assert reply.status_code == 409
    assert reply.json["epoch"] != phone.epoch
    phone.epoch = reply.json["epoch"]
    assert codes(phone.push(item)) == ["accepted"]


def test_bad_bodies(phone: Phone, team: Team) -> None:
    good = push_body(phone.epoch, phone.device.id, [visit(phone.account.id, team.doors[0].id)])
    for change in (
        {"proto": 2},
        {"epoch": "x"},
        {"items": {}},
        {"n": "1"},
        {"items": [{"id": "x", "sha256": "", "core": ""}]},
        {"more": 1},
        {"device_now": "now"},
    ):
        reply = phone.post("/sync/push", good | change)
        assert (reply.status_code, reply.json["code"]) == (422, "bad_request"), change
        assert reply.json["fields"], change
        assert reply.json["request_id"]
    assert phone.post("/sync/push", good | {"n": 2}).status_code == 400
    assert phone.client.post("/api/v1/sync/push", data="{", headers=HEADERS).status_code == 422
    broken = phone.client.post(
        "/api/v1/sync/push", data="{", content_type="application/json", headers=HEADERS
    )
    assert (broken.status_code, broken.json["code"]) == (400, "bad_request")


def test_limits(phone: Phone, team: Team) -> None:
    items = [visit(phone.account.id, team.doors[0].id) for _ in range(51)]
    reply = phone.post("/sync/push", push_body(phone.epoch, phone.device.id, items))
    assert (reply.status_code, reply.json["code"]) == (413, "too_many_items")
    big = push_body(phone.epoch, phone.device.id, items[:1]) | {"x": "x" * 270_000}
    assert phone.post("/sync/push", big).status_code == 413
    assert codes(phone.push(*items[:50])) == ["accepted"] * 50
    assert phone.push() == []


def test_no_header_no_push(phone: Phone) -> None:
    reply = phone.client.post("/api/v1/sync/push", json=push_body(phone.epoch, phone.device.id, []))
    assert (reply.status_code, reply.json["code"]) == (400, "bad_request")


def test_a_revoked_phone_and_a_stranger(phone: Phone, team: Team, session: Session) -> None:
    body = push_body(phone.epoch, phone.device.id, [visit(phone.account.id, team.doors[0].id)])
    phone.device.revoked_at = make.now()
    session.commit()
    reply = phone.post("/sync/push", body)
    assert (reply.status_code, reply.json["code"]) == (403, "revoked")
    stranger = team.app.test_client()
    assert stranger.post("/api/v1/sync/push", json=body, headers=HEADERS).status_code == 401


def test_one_item_that_breaks_the_set_pays_alone(
    team: Team, phone: Phone, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in one item: the others are stored, it comes back later (and can)."""
    from backend.services import event_store

    broken = team.doors[1].id
    real = event_store._judge

    def judge(event: event_store._New, door: object) -> object:
        if event.link == broken:
            raise ZeroDivisionError
        return real(event, door)  # type: ignore[arg-type]

    monkeypatch.setattr(event_store, "_judge", judge)
    items = [visit(phone.account.id, door.id) for door in team.doors]
    answers = phone.push(*items)
    assert codes(answers) == ["accepted", "retry_later", "accepted"]
    assert answers[1]["after_s"] == 300
    monkeypatch.undo()
    assert codes(phone.push(*items)) == ["duplicate", "accepted", "duplicate"]


def ids(results: list[dict[str, object]]) -> list[UUID]:
    return [UUID(str(result["id"])) for result in results]


def test_results_answer_in_the_order_asked(team: Team, phone: Phone) -> None:
    items = [visit(phone.account.id, door.id) for door in reversed(team.doors)]
    assert ids(phone.push(*items)) == [item.id for item in items]


@pytest.mark.parametrize("instead", [{"void": True}, {"outcome": "not_home"}])
@pytest.mark.parametrize("early", [False, True])
def test_a_move_that_was_told_by_mistake(
    team: Team, phone: Phone, session: Session, instead: dict[str, object], early: bool
) -> None:
    """Taken back, or corrected to a word that tells nothing: the door is as it was, whichever came first."""
    door, me = team.doors[0], phone.account.id
    wrong = visit(me, door.id, "moved_away")
    right = compose(me, door.id, "correction", instead, corrects=wrong.id)
    for one in (right, wrong) if early else (wrong, right):
        assert codes(phone.push(one)) == ["accepted"]
    session.expire_all()
    assert session.get_one(Household, door.id).state == "active"
    assert session.scalars(select(Adoption).where(Adoption.household_id == door.id)).all()


def test_a_leaders_word_that_they_moved_outlives_other_visits(
    team: Team, phone: Phone, session: Session
) -> None:
    door = team.doors[0]
    session.get_one(Household, door.id).state = "moved_away"
    session.commit()
    phone.push(visit(phone.account.id, door.id, "not_home"))
    session.expire_all()
    assert session.get_one(Household, door.id).state == "moved_away"
