"""POST /sync/pull: pages of a stream, what leaves a phone's scope leaves a tombstone, nothing else ever shows."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.core.ids import uuid7
from backend.database import work
from backend.models import Assignment, ChangeFeed, Device, Household, Membership, Role, StreamHead, WalkMember
from backend.services import feed
from mobile_api.schemas import PullOut
from tests import factories as make
from tests.phone_model.stream import scope_digest
from tests.sync.conftest import Team
from tests.sync.kit import HEADERS, Phone, visit


def give(session: Session, team: Team, door: Household, account: make.Account) -> None:
    """Hand a door to somebody else, as the walks' service does: end, begin, touch."""
    for assignment in session.scalars(
        select(Assignment).where(Assignment.household_id == door.id, Assignment.ended_at.is_(None))
    ):
        assignment.ended_at = make.now()
    session.flush()
    make.create_walk(session, team.people.team, [account], [door])
    work.commit(session)


def colleague(session: Session, team: Team) -> make.Account:
    mai = make.create_account(session, team.people.ward.id, "Vũ Thị Mai", team=team.people.team)
    work.commit(session)
    return mai


def test_the_digest_of_the_specification() -> None:
    first, second = "0199d0a0-0000-7000-8000-000000000001", "0199d0a0-0000-7000-8000-000000000002"
    rows = [("household", second, 1), ("household", first, 3)]
    assert scope_digest(rows) == "3f9ad1974531b67e91f41a12cfffaf32d9e11f97f64d4f451091aa671dcaaa79"
    assert scope_digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_first_sync(team: Team, phone: Phone) -> None:
    phone.sync()
    assert phone.doors == {str(door.id) for door in team.doors}
    [own] = phone.rows[phone.own_stream].values()
    assert own["data"] == {"stream": team.stream, "role": "member", "gen": own["v"]}
    reply = phone.replies[-1]
    assert (reply["reset"], reply["reset_reason"], reply["snapshot_head"]) == (True, "first", None)
    data = phone.rows[team.stream]["household", str(team.doors[0].id)]["data"]
    assert data["address"] == "Số 2 ngõ 34"
    assert data["pos"] == 0
    assert data["walk"] == str(team.walk.id)
    assert [person["born"] for person in data["people"]] == [1958, 1958]


def test_replies_have_the_documented_shape(team: Team, phone: Phone) -> None:
    phone.sync()
    for reply in phone.replies:
        assert not PullOut().validate(reply)
        assert set(reply) == set(PullOut().fields) - {"outdated"}  # said only where it is so


def test_nothing_new(team: Team, phone: Phone) -> None:
    phone.sync()
    reply = phone.ask(team.stream).json
    assert (reply["rows"], reply["more"], reply["reset"]) == ([], False, False)
    assert reply["scope_count"] == 3
    assert reply["scope_digest"] == phone.digest(team.stream)
    assert reply["next_cursor"] == phone.state[team.stream]["cursor"]


def test_pages_never_contradict_each_other(team: Team, phone: Phone, session: Session) -> None:
    """A snapshot in pages of one, doors changing and leaving meanwhile: the digest is equal at the end."""
    phone.pull(phone.own_stream)
    mai = colleague(session, team)
    for step in range(20):
        reply = phone.ask(team.stream, 1).json
        phone.apply(reply)
        assert len(reply["rows"]) <= 1
        if not reply["more"]:
            break
        assert reply["snapshot_head"] is not None
        assert reply["scope_digest"] is None
        if step == 0:
            phone.push(visit(phone.account.id, team.doors[0].id))
        if step == 1:
            give(session, team, team.doors[1], mai)
    assert phone.digest(team.stream) == reply["scope_digest"]
    assert phone.doors == {str(team.doors[0].id), str(team.doors[2].id)}


def test_the_cursor_never_passes_a_row_that_was_not_returned(team: Team, phone: Phone) -> None:
    """I8."""
    reply = phone.ask(team.stream, 2).json
    assert (len(reply["rows"]), reply["more"]) == (2, True)
    rest = phone.ask(
        team.stream,
        2,
        **{name: reply[name] for name in ("epoch", "gen", "snapshot_head")},
        cursor=reply["next_cursor"],
    ).json
    assert len(rest["rows"]) == 1
    assert not rest["reset"]
    both = [row["id"] for row in reply["rows"] + rest["rows"]]
    assert sorted(both) == sorted(str(door.id) for door in team.doors)


def test_there_and_back_again(team: Team, phone: Phone, session: Session) -> None:
    """D4."""
    phone.sync()
    give(session, team, team.doors[0], colleague(session, team))
    give(session, team, team.doors[0], team.people.minh)
    phone.sync()
    assert phone.doors == {str(door.id) for door in team.doors}


def test_a_door_that_left_is_a_tombstone_and_nothing_more(team: Team, phone: Phone, session: Session) -> None:
    phone.sync()
    give(session, team, team.doors[0], colleague(session, team))
    reply = phone.ask(team.stream).json
    assert reply["rows"] == [{"kind": "household", "id": str(team.doors[0].id), "deleted": True}]
    phone.sync()
    assert str(team.doors[0].id) not in phone.doors


def test_another_team(team: Team, phone: Phone, session: Session) -> None:
    """D5: all of team A get a tombstone, B's volunteer the row, and nothing of A's other doors."""
    phone.sync()
    second = make.create_team(session, team.people.neighbourhood, "Tổ CNSCĐ 2")
    nam = make.create_account(session, team.people.ward.id, "Đỗ Văn Nam", team=second)
    work.commit(session)
    his = team.phone(nam)
    his.sync()
    for assignment in session.scalars(select(Assignment).where(Assignment.household_id == team.doors[0].id)):
        assignment.ended_at = make.now()
    session.flush()
    make.create_walk(session, second, [nam], [team.doors[0]])
    work.commit(session)
    phone.sync()
    his.sync()
    assert his.doors == {str(team.doors[0].id)}
    assert phone.doors == {str(door.id) for door in team.doors[1:]}
    seen = {row["id"] for reply in his.replies for row in reply["rows"] if row["kind"] == "household"}
    assert seen == {str(team.doors[0].id)}


def test_the_leader_sees_the_teams_doors(team: Team, session: Session) -> None:
    hers = team.phone(team.people.lan)
    hers.sync()
    assert hers.doors == {str(door.id) for door in team.doors}


def test_an_ended_right_counts_at_once(team: Team, phone: Phone, session: Session) -> None:
    """D29: no write touched anything yet; the rows are gone from the reply, the digest says so."""
    phone.sync()
    for member in session.scalars(select(WalkMember).where(WalkMember.account_id == team.people.minh.id)):
        member.ended_at = make.now()
    session.flush()
    session.commit()
    reply = phone.ask(team.stream, cursor=None).json
    assert (reply["rows"], reply["scope_count"]) == ([], 0)
    feed.touch_households(session, [door.id for door in team.doors])
    work.commit(session)
    phone.sync()
    assert phone.doors == set()


def test_a_membership_that_ended(team: Team, phone: Phone, session: Session) -> None:
    phone.sync()
    second = make.create_team(session, team.people.neighbourhood, "Tổ CNSCĐ 2")
    session.add(
        Membership(
            ward_id=team.people.ward.id, account_id=phone.account.id, team_id=second.id, role=Role.MEMBER
        )
    )
    feed.grant_stream(
        session, phone.account.id, feed.team_stream(second.id), Role.MEMBER, team.people.ward.id
    )
    [membership] = session.scalars(
        select(Membership).where(
            Membership.account_id == phone.account.id, Membership.team_id == team.people.team.id
        )
    )
    membership.valid_to = make.now() - timedelta(seconds=1)
    work.commit(session)
    gone = phone.ask(team.stream)
    assert (gone.status_code, gone.json["code"]) == (404, "stream_gone")
    feed.end_stream(session, phone.account.id, team.stream)
    work.commit(session)
    phone.sync()
    assert phone.doors == set()
    assert [row["data"]["stream"] for row in phone.rows[phone.own_stream].values()] == [
        feed.team_stream(second.id)
    ]


def test_a_change_of_role_starts_the_stream_over(team: Team, phone: Phone, session: Session) -> None:
    """D28."""
    phone.sync()
    feed.grant_stream(session, phone.account.id, team.stream, Role.DEPUTY_LEADER, team.people.ward.id)
    work.commit(session)
    reply = phone.ask(team.stream).json
    assert (reply["reset"], reply["reset_reason"]) == (True, "gen")
    phone.sync()
    assert phone.doors == {str(door.id) for door in team.doors}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"epoch": str(uuid7())}, "epoch"),
        ({"epoch": None}, "epoch"),
        ({"gen": 77}, "gen"),
        ({"gen": None}, "gen"),
        ({"cursor": 10**9}, "ahead"),
        ({"cursor": None}, "first"),
    ],
)
def test_reset(team: Team, phone: Phone, change: dict[str, Any], reason: str) -> None:
    phone.sync()
    reply = phone.ask(team.stream, **change).json
    assert (reply["reset"], reply["reset_reason"]) == (True, reason)
    assert {row["id"] for row in reply["rows"]} == {str(door.id) for door in team.doors}


def test_a_cleaned_feed(team: Team, phone: Phone, session: Session) -> None:
    """D30: away beyond the horizon: one snapshot; newest rows cleaned: no snapshot for ever."""
    phone.sync()
    stale = dict(phone.state[team.stream])
    give(session, team, team.doors[2], colleague(session, team))
    for assignment in session.scalars(select(Assignment).where(Assignment.household_id == team.doors[2].id)):
        assignment.ended_at = assignment.ended_at or make.now()
    feed.touch_households(session, [team.doors[2].id])
    work.commit(session)
    head = session.get_one(StreamHead, team.stream, populate_existing=True)
    session.execute(
        text("DELETE FROM change_feed WHERE audience = :a AND entity_id = :id"),
        {"a": team.stream, "id": team.doors[2].id},
    )
    head.horizon = head.n
    session.commit()
    reply = phone.ask(team.stream, **stale).json
    assert (reply["reset"], reply["reset_reason"]) == (True, "horizon")
    phone.pull(team.stream)
    assert str(team.doors[2].id) not in phone.doors
    assert phone.ask(team.stream).json["reset"] is False


def test_an_old_app_may_push_but_not_pull(team: Team, phone: Phone, session: Session) -> None:
    """D24."""
    session.get_one(feed.ServerMeta, True).min_pull_schema = 2
    session.get_one(Device, phone.device.id).last_seen_at = None
    session.commit()
    reply = phone.ask(team.stream)
    assert (reply.status_code, reply.json["code"]) == (426, "upgrade")
    session.expire_all()
    told = session.get_one(Device, phone.device.id)
    assert told.last_seen_at is not None  # heard of, and the operator reads why it is stopped
    assert told.app_schema == 1
    [answer] = phone.push(visit(phone.account.id, team.doors[0].id))
    assert answer["code"] == "accepted"


def test_a_promoted_cluster_gets_a_new_epoch(team: Team, phone: Phone, session: Session) -> None:
    phone.sync()
    session.get_one(feed.ServerMeta, True).system_id += 1
    session.commit()
    reply = phone.ask(team.stream).json
    assert reply["epoch"] != phone.epoch
    assert reply["reset_reason"] == "epoch"


@pytest.mark.parametrize(
    "stream", ["team:x", "", "user:", "team:0199d0a0-0000-7000-8000-00000000abcd", "household", "t\u0000m"]
)
def test_streams_that_are_not_yours(phone: Phone, stream: str) -> None:
    assert phone.ask(stream).status_code in (404, 422)


def test_another_teams_stream(team: Team, phone: Phone) -> None:
    other = phone.ask(feed.team_stream(team.people.other_team.id))
    unknown = phone.ask(feed.team_stream(uuid7()))
    assert (other.status_code, other.json["code"]) == (unknown.status_code, unknown.json["code"])
    assert other.json["code"] == "stream_gone"
    assert phone.ask(f"user:{team.people.lan.id}").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"limit": 0},
        {"limit": 501},
        {"cursor": -1},
        {"cursor": "0"},
        {"cursor": 1.5},
        {"schema": 0},
        {"proto": 9},
        {"device": 3},
        {"device": {"waiting": -1}},
        {"device": {"name": "x"}},
        {"else": 1},
    ],
)
def test_bad_bodies(team: Team, phone: Phone, change: dict[str, Any]) -> None:
    reply = phone.ask(team.stream, **change)
    assert (reply.status_code, reply.json["code"]) == (422, "bad_request")


def test_who_may_pull(team: Team, phone: Phone, session: Session) -> None:
    body = {"proto": 1, "schema": 1, "stream": team.stream}
    assert team.app.test_client().post("/api/v1/sync/pull", json=body, headers=HEADERS).status_code == 401
    assert phone.client.post("/api/v1/sync/pull", json=body).status_code == 400
    phone.device.revoked_at = make.now()
    session.commit()
    assert phone.post("/sync/pull", body).json["code"] == "revoked"


def test_the_phones_word_about_itself(team: Team, phone: Phone, session: Session) -> None:
    told = {"build": "1.0.3", "persisted": True, "installed": False, "waiting": 4, "dead": 0}
    phone.ask(team.stream, device=told | {"oldest_waiting_s": 600, "device_now": make.now().isoformat()})
    session.expire_all()
    device = session.get_one(Device, phone.device.id)
    assert (device.app_build, device.waiting, device.oldest_waiting_s) == ("1.0.3", 4, 600)
    seen = device.last_seen_at
    phone.ask(team.stream, device=told)
    session.expire_all()
    assert session.get_one(Device, phone.device.id).last_seen_at == seen


def test_an_erased_event_is_a_tombstone_for_its_author(team: Team, phone: Phone, session: Session) -> None:
    """The kind `event` has its place: it is never visible (section 13)."""
    phone.sync()
    erased = uuid7()
    feed.touch(session, "event", erased, audience=phone.own_stream)
    work.commit(session)
    assert {"kind": "event", "id": str(erased), "deleted": True} in phone.ask(phone.own_stream).json["rows"]


def test_replies_are_compressed_for_those_who_ask(team: Team, phone: Phone) -> None:
    body = {"proto": 1, "schema": 1, "stream": team.stream}
    plain = phone.post("/sync/pull", body)
    packed = phone.post("/sync/pull", body, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data))["rows"] == plain.json["rows"]
    assert packed.headers["Cache-Control"] == "no-store"


def test_no_row_holds_what_a_phone_need_not_know(team: Team, phone: Phone, session: Session) -> None:
    door = team.doors[0]
    door.phone, door.head_name = "+84912345678", "Nguyễn Thị Hoa"
    feed.touch_households(session, [door.id])
    work.commit(session)
    phone.push(visit(phone.account.id, door.id, note="ông đang ốm"))
    answer = phone.ask(team.stream)
    data = next(row["data"] for row in answer.json["rows"] if row["id"] == str(door.id))
    assert data["phone"] == "•••678"
    for secret in ("912345678", "12345", "ông đang ốm"):
        assert secret not in answer.text


def test_the_feed_is_gapless(team: Team, phone: Phone, session: Session) -> None:
    """I10: the greater of max(seq) and horizon is n, after whatever happened."""
    phone.push(*(visit(phone.account.id, door.id) for door in team.doors))
    give(session, team, team.doors[0], colleague(session, team))
    for head in session.scalars(select(StreamHead)):
        session.refresh(head)
        numbers = session.scalars(select(ChangeFeed.seq).where(ChangeFeed.audience == head.audience)).all()
        assert max([head.horizon, *numbers]) == head.n
        assert len(set(numbers)) == len(numbers)


def test_an_app_that_is_about_to_be_too_old_is_told_so(team: Team, phone: Phone, session: Session) -> None:
    """The softer minimum of section 15: a word in the reply, and everything goes on."""
    assert "outdated" not in phone.ask(team.stream).json
    session.get_one(feed.ServerMeta, True).remind_pull_schema = 2
    session.commit()
    reply = phone.ask(team.stream)
    assert (reply.status_code, reply.json["outdated"]) == (200, True)
    assert len(reply.json["rows"]) == len(team.doors)
    assert "outdated" not in phone.ask(team.stream, schema=2).json
    session.expire_all()
    assert (
        session.get_one(Device, phone.device.id).app_schema == 2
    )  # what the operator reads in `gocua phones`
