"""A generated walk over every route × person × own or another ward.

The registry of routes says who may; this file only knows how to fill a route's parameters with an object of the
right kind. A new parameter that it does not know fails the build, and so does a route without a policy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from backend.core.clock import now, today
from backend.database import work
from backend.edge.access import Credential, Policy
from backend.models import (
    Account,
    BulkAct,
    BulkKind,
    CodeCheck,
    CodeKind,
    ImportBatch,
    PaperSheet,
    QrCode,
    Referral,
    ReferralPlace,
    ReportAbout,
    ReportReason,
    Role,
    ScamReport,
    Visit,
    VisitCode,
    VisitEvent,
)
from backend.services import sessions
from tests import factories as make
from tests.people import People, on_phone, sign_in

# Werkzeug and Flask serve these themselves: files of ours, no data.
_NO_POLICY = {"static"}
_HEADERS = {"X-Gocua-Client": "test", "Accept": "application/json"}


@dataclass
class World:
    """One object of each kind in Lan's ward, and its twin in Hoa's."""

    people: People
    own: dict[str, str] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)


def _objects(session: Session, people: People, *, mine: bool) -> dict[str, str]:
    neighbourhood = people.neighbourhood if mine else people.other_neighbourhood
    team = people.team if mine else people.other_team
    leader = people.lan if mine else people.hoa
    ward = people.ward if mine else people.other_ward
    alley = make.create_alley(session, neighbourhood)
    household = make.create_household(session, neighbourhood, alley=alley)
    member = make.create_account(session, ward.id, "Vũ Thị Mai", team=team)
    device, _ = make.create_device(session, member)
    walk = make.create_walk(session, team, [member], [household])
    draft = make.create_walk(
        session, team, [member], [make.create_household(session, neighbourhood)], published=False
    )
    draft.plan_id = uuid4()
    batch = ImportBatch(
        ward_id=ward.id,
        neighbourhood_id=neighbourhood.id,
        file_name="mau.xlsx",
        file_sha256=bytes(32),
        created_by=leader.id,
    )
    code = QrCode(
        ward_id=ward.id,
        token=f"ZZZZZZZZ{'0A' if mine else '0B'}",
        kind=CodeKind.HOUSEHOLD,
        household_id=household.id,
    )
    sheet = PaperSheet(
        ward_id=ward.id,
        walk_id=walk.id,
        account_id=member.id,
        day=today(),
        token=f"ZZZZZZZZ{'0C' if mine else '0D'}",
        doors=[household.id],
        printed_by=leader.id,
    )
    told = ScamReport(ward_id=ward.id, about=ReportAbout.PAPER_BADGE, reason=ReportReason.MONEY)
    evening = VisitCode(
        ward_id=ward.id,
        team_id=team.id,
        code="111112" if mine else "222223",
        starts_on=now().date(),
        ends_on=now().date(),
        opens=time(19, 30),
        closes=time(21, 30),
    )
    session.add_all([told, evening])
    referral = Referral(
        ward_id=ward.id, household_id=household.id, place=ReferralPlace.DESK, made_by=leader.id
    )
    act = BulkAct(ward_id=ward.id, kind=BulkKind.MARK, before={}, count=0, done_by=leader.id)
    session.add_all([batch, code, sheet, act, referral])
    asked = make.create_help_request(session, neighbourhood, household=household)
    spot = make.create_spot(session, neighbourhood)
    seen = CodeCheck(
        ward_id=ward.id, neighbourhood_id=neighbourhood.id, account_id=member.id, state="unlisted", place="x"
    )
    session.add(seen)
    visited = VisitEvent(
        id=uuid4(),
        ward_id=ward.id,
        payload_sha256=bytes(32),
        author=member.id,
        device_id=device.id,
        household_link=household.id,
        kind="visit",
        schema=1,
        est_time=now(),
        received_at=now(),
    )
    session.add(visited)
    session.flush()
    session.add(
        Visit(
            event_id=visited.id,
            ward_id=ward.id,
            household_id=household.id,
            author=member.id,
            outcome="not_home",
            est_time=now(),
            flags=["parallel"],
        )
    )
    session.flush()
    return {
        "event_id": str(visited.id),
        "household_id": str(household.id),
        "walk_id": str(walk.id),
        "plan_id": str(draft.plan_id),
        "alley_id": str(alley.id),
        "neighbourhood_id": str(neighbourhood.id),
        "account_id": str(member.id),
        "device_id": str(device.id),
        "team_id": str(team.id),
        "batch_id": str(batch.id),
        "campaign_id": str(make.create_campaign(session, ward.id).id),
        "code_id": str(code.id),
        "report_id": str(told.id),
        "visit_code_id": str(evening.id),
        "sheet_id": str(sheet.id),
        "request_id": str(asked.id),
        "spot_id": str(spot.id),
        "check_id": str(seen.id),
        "target_id": str(uuid4()),
        "act_id": str(act.id),
        "referral_id": str(referral.id),
        "token": code.token,
        "slug": "vneid-muc-2",
        "lang": "vi",
    }


# Parameters that name public things, or that the page itself must judge: no ward to cross.
_PUBLIC_PARAMETERS = {"token", "slug", "lang", "filename"}


@pytest.fixture
def world(session: Session, people: People) -> World:
    world = World(people, _objects(session, people, mine=True), _objects(session, people, mine=False))
    work.commit(session)
    return world


def _rules(app: Flask) -> Iterator[tuple[Rule, Policy]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[2] in _NO_POLICY:
            continue
        policy = getattr(app.view_functions[rule.endpoint], "gocua_policy", None)
        assert policy is not None, f"{rule} ({rule.endpoint}) registers without a policy"
        yield rule, policy


def _address(rule: Rule, values: dict[str, str]) -> str:
    path = rule.rule
    for argument in rule.arguments:
        if argument not in values:
            pytest.fail(f"{rule}: the access walk does not know a {argument}; add one to _objects")
    for argument in rule.arguments:
        for converter in ("uuid:", "string:", "path:", ""):
            path = path.replace(f"<{converter}{argument}>", values[argument])
    assert "<" not in path, path
    return path


def _ask(client: FlaskClient, rule: Rule, method: str, values: dict[str, str]) -> TestResponse:
    return client.open(_address(rule, values), method=method, headers=_HEADERS)


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def test_every_route_states_its_policy(app: Flask) -> None:
    rules = list(_rules(app))
    assert len(rules) > 2


def test_a_route_without_a_policy_is_seen(app: Flask) -> None:
    """The control of the test above."""
    app._got_first_request = False
    app.add_url_rule("/unguarded", "unguarded", lambda: "hello")
    with pytest.raises(AssertionError, match="without a policy"):
        list(_rules(app))


def test_nobody_comes_in_without_a_credential(app: Flask, world: World) -> None:
    for rule, policy in _rules(app):
        for method in _methods(rule):
            reply = _ask(app.test_client(), rule, method, world.own)
            if policy.credential is Credential.NONE:
                assert reply.status_code not in (401, 403), (rule, method, reply.status_code)
                assert reply.status_code < 500, (rule, method)
            elif policy.credential is Credential.BROWSER:
                assert reply.status_code in (303, 401), (rule, method, reply.status_code)
                if reply.status_code == 303:
                    assert reply.location == "/vao"
            else:
                assert reply.status_code == 401, (rule, method, reply.status_code)


def test_a_phone_is_no_browser_and_a_browser_no_phone(app: Flask, world: World, session: Session) -> None:
    phone = on_phone(app.test_client(), world.people.minh_token)
    browser = sign_in(app.test_client(), session, world.people.officer)
    for rule, policy in _rules(app):
        for method in _methods(rule):
            if policy.credential is Credential.BROWSER:
                assert _ask(phone, rule, method, world.own).status_code in (303, 401), (rule, method)
            if policy.credential is Credential.DEVICE:
                assert _ask(browser, rule, method, world.own).status_code == 401, (rule, method)


_ROLES = list(Role)


@pytest.mark.parametrize("role", _ROLES)
def test_a_role_outside_the_policy_is_refused(app: Flask, world: World, session: Session, role: Role) -> None:
    team = world.people.team if role in (Role.MEMBER, Role.TEAM_LEADER, Role.DEPUTY_LEADER) else None
    account = make.create_account(session, world.people.ward.id, "Bùi Văn Thử", role=role, team=team)
    work.commit(session)
    client = sign_in(app.test_client(), session, account)
    for rule, policy in _rules(app):
        if policy.credential is not Credential.BROWSER or not policy.roles or role in policy.roles:
            continue
        for method in _methods(rule):
            assert _ask(client, rule, method, world.own).status_code == 403, (rule, method, role)


@pytest.mark.parametrize("who", ["officer", "lan"])
def test_those_who_may_read_their_own(app: Flask, world: World, session: Session, who: str) -> None:
    account: Account = getattr(world.people, who)
    client = sign_in(app.test_client(), session, account)
    roles = {Role.WARD_OFFICER} if who == "officer" else {Role.TEAM_LEADER}
    for rule, policy in _rules(app):
        if policy.credential is not Credential.BROWSER or (policy.roles and not roles & policy.roles):
            continue
        if "GET" in _methods(rule):
            reply = _ask(client, rule, "GET", world.own)
            assert reply.status_code < 400, (rule, reply.status_code, reply.text[:300])


@pytest.mark.parametrize("who", ["lan", "officer"])
def test_another_wards_things_do_not_exist(app: Flask, world: World, session: Session, who: str) -> None:
    """The same answer as for an id that nobody has: no oracle, no success, nothing leaked."""
    client = sign_in(app.test_client(), session, getattr(world.people, who))
    for rule, policy in _rules(app):
        private = rule.arguments - _PUBLIC_PARAMETERS
        if policy.credential is not Credential.BROWSER or not private:
            continue
        for argument in private:
            unknown = {**world.own, argument: str(uuid4())}
            foreign = {**world.own, argument: world.other[argument]}
            for method in _methods(rule):
                reply = _ask(client, rule, method, foreign)
                assert reply.status_code in (400, 403, 404, 422), (rule, method, argument, reply.status_code)
                assert reply.status_code == _ask(client, rule, method, unknown).status_code, (
                    rule,
                    method,
                    argument,
                )
                if method == "GET":
                    assert reply.status_code in (403, 404), (rule, method, argument, reply.status_code)


def test_a_revoked_session_is_over_at_once(app: Flask, world: World, session: Session) -> None:
    client = sign_in(app.test_client(), session, world.people.lan)
    sessions.revoke_sessions(session, world.people.lan.id)
    session.commit()
    for rule, policy in _rules(app):
        if policy.credential is Credential.BROWSER and "GET" in _methods(rule):
            assert _ask(client, rule, "GET", world.own).status_code in (303, 401), rule


def test_a_revoked_phone_is_shut_out_at_once(app: Flask, world: World, session: Session) -> None:
    world.people.minh_device.revoked_at = now()
    session.commit()
    phone = on_phone(app.test_client(), world.people.minh_token)
    for rule, policy in _rules(app):
        if policy.credential is Credential.DEVICE:
            for method in _methods(rule):
                assert _ask(phone, rule, method, world.own).status_code == 403, (rule, method)
