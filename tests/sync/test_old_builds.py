"""Traffic of every released build against the server of today (D24): pushes are taken, also while pulls want a newer app."""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.ids import uuid7
from backend.database import work
from backend.models import Account, Membership, Role, ServerMeta, VisitEvent
from backend.services import event_core, feed, recount
from tests.sync.conftest import Team
from tests.sync.kit import Phone

FILES = sorted((Path(__file__).parent / "recorded").glob("*.json"))


def _phone(team: Team, session: Session, account_id: str) -> Phone:
    """A phone of the account that the recorded events were made by."""
    people = team.people
    account = Account(id=UUID(account_id), ward_id=people.ward.id, full_name="Nguyễn Văn Cũ")
    session.add(account)
    session.flush()
    feed.open_stream(session, feed.user_stream(account.id), people.ward.id)
    session.add(
        Membership(ward_id=people.ward.id, account_id=account.id, role=Role.MEMBER, team_id=people.team.id)
    )
    stream = feed.team_stream(people.team.id)
    feed.grant_stream(session, account.id, stream, Role.MEMBER, people.ward.id)
    work.commit(session)
    return team.phone(account)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_a_released_build_sends_is_taken(team: Team, session: Session, file: Path) -> None:
    told: dict[str, Any] = json.loads(file.read_text())
    phone = _phone(team, session, told["account"])
    session.get_one(ServerMeta, True).min_pull_schema = event_core.SCHEMA + 1
    session.commit()
    refused = phone.ask(phone.own_stream)
    assert (refused.status_code, refused.json["code"]) == (426, "upgrade")
    sent: set[UUID] = set()
    for push in told["pushes"]:
        body = push | {"epoch": phone.epoch, "device": str(phone.device.id)}
        for again in (False, True):
            reply = phone.post("/sync/push", body)
            assert reply.status_code == 200, reply.text
            codes = {each.get("was", each["code"]) for each in reply.json["results"]}
            assert codes <= {"accepted", "accepted_out_of_scope"}, reply.json
            assert again is False or {each["code"] for each in reply.json["results"]} <= {"duplicate"}
        sent |= {UUID(item["id"]) for item in push["items"]}
    stored = set(session.scalars(select(VisitEvent.id).where(VisitEvent.author == phone.account.id)))
    assert stored == sent
    assert len(sent) > 8
    assert recount.in_ward(session, team.people.ward.id) == []


def test_every_schema_that_was_ever_sent_is_recorded() -> None:
    schemas = {push["schema"] for file in FILES for push in json.loads(file.read_text())["pushes"]}
    assert schemas == set(range(1, event_core.SCHEMA + 1))


def test_a_schema_of_tomorrow_waits_and_is_not_lost(phone: Phone) -> None:
    """An app that is newer than its server: not wrong, only too early."""
    item = event_core.compose(phone.account.id, uuid7(), "visit", {"outcome": "not_home"})
    core = json.dumps(json.loads(item.core) | {"schema": event_core.SCHEMA + 1})

    newer = event_core.Item(item.id, hashlib.sha256(core.encode()).hexdigest(), core)
    [answer] = phone.push(newer)
    assert (answer["code"], answer["after_s"]) == ("retry_later", 3600)
