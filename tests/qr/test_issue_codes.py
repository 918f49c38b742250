"""Issue, revoke, replace, resolve: one live code per target, scoped, audited, counted."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.core.clock import now, today
from backend.core.ids import uuid7
from backend.core.refusal import NotFound
from backend.models import AuditEntry, CodeKind, HouseholdState, Membership, QrCode, Role, ScanCount
from backend.services import codes
from qr.codes import normalise
from tests import factories as make
from tests.people import People, acting


def test_the_same_target_keeps_its_code(session: Session, people: People) -> None:
    lan = acting(session, people.lan)
    household = make.create_household(session, people.neighbourhood)
    plate = codes.code_for_household(session, lan, household.id)
    badge = codes.code_for_account(session, lan, people.minh.id)
    guide = codes.code_for_guide(session, lan, "vneid-muc-2", placement="Nhà văn hoá")
    elsewhere = codes.code_for_guide(session, lan, "vneid-muc-2", placement="Chợ")
    assert codes.code_for_household(session, lan, household.id).id == plate.id
    assert codes.code_for_account(session, lan, people.minh.id).id == badge.id
    assert codes.code_for_guide(session, lan, "vneid-muc-2", placement="Nhà văn hoá").id == guide.id
    assert len({plate.token, badge.token, guide.token, elsewhere.token}) == 4
    assert normalise(plate.token) == plate.token
    assert codes.url_of(plate, "https://abcd.vn") == f"HTTPS://ABCD.VN/H/{plate.token}"


def test_nobody_issues_codes_for_another_ward(session: Session, people: People) -> None:
    hoa = acting(session, people.hoa)
    household = make.create_household(session, people.neighbourhood)
    plate = codes.code_for_household(session, acting(session, people.lan), household.id)
    for attempt in (
        lambda: codes.code_for_household(session, hoa, household.id),
        lambda: codes.code_for_account(session, hoa, people.minh.id),
        lambda: codes.revoke(session, hoa, plate.id),
        lambda: codes.replace(session, hoa, plate.id),
        lambda: codes.revoke(session, hoa, uuid7()),
        lambda: codes.code_for_guide(session, hoa, "no-such-guide"),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert session.get_one(QrCode, plate.id).revoked_at is None


def test_a_leader_makes_badges_of_her_own_people_only(session: Session, people: People) -> None:
    neighbour = make.create_neighbourhood(session, people.ward, "Tổ dân phố 8")
    other_team = make.create_team(session, neighbour, "Tổ 8")
    stranger = make.create_account(session, people.ward.id, "Đỗ Văn Sơn", team=other_team)
    with pytest.raises(NotFound):
        codes.code_for_account(session, acting(session, people.lan), stranger.id)
    assert codes.code_for_account(session, acting(session, people.officer), stranger.id).token


def test_a_person_who_left_gets_no_badge(session: Session, people: People) -> None:
    session.scalars(select(Membership).where(Membership.account_id == people.minh.id)).one().valid_to = now()
    session.flush()
    with pytest.raises(NotFound):
        codes.code_for_account(session, acting(session, people.lan), people.minh.id)


def test_a_household_that_moved_away_gets_no_plate(session: Session, people: People) -> None:
    household = make.create_household(session, people.neighbourhood)
    household.state = HouseholdState.MOVED_AWAY
    session.flush()
    with pytest.raises(NotFound):
        codes.code_for_household(session, acting(session, people.lan), household.id)


def test_1300_households_get_their_codes_in_four_statements(
    session: Session, people: People, statements
) -> None:  # type: ignore[no-untyped-def]
    lan = acting(session, people.lan)
    few = [make.create_household(session, people.neighbourhood, people=0).id for _ in range(3)]
    with statements() as for_few:
        codes.codes_for_households(session, lan, few)
    many = few + [make.create_household(session, people.neighbourhood, people=0).id for _ in range(60)]
    with statements() as for_many:
        made = codes.codes_for_households(session, lan, many)
    assert len(for_many) == len(for_few) == 3
    assert {code.household_id for code in made} == set(many)
    assert len({code.token for code in made}) == len(many)


def test_revoking_and_replacing(session: Session, people: People) -> None:
    lan = acting(session, people.lan)
    old = codes.code_for_account(session, lan, people.minh.id)
    new = codes.replace(session, lan, old.id)
    assert (old.revoked_at is not None, old.replaced_by) == (True, new.id)
    assert new.token != old.token
    assert codes.code_for_account(session, lan, people.minh.id).id == new.id
    revoked_at = codes.revoke(session, lan, new.id).revoked_at
    assert codes.revoke(session, lan, new.id).revoked_at == revoked_at
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.actor_id == people.lan.id)).all()
    assert actions == ["code.revoke", "code.revoke"]


def test_a_leaver_loses_every_badge(session: Session, people: People) -> None:
    lan = acting(session, people.lan)
    codes.code_for_account(session, lan, people.minh.id)
    assert codes.revoke_of_account(session, lan, people.minh.id) == 1
    assert codes.revoke_of_account(session, lan, people.minh.id) == 0


def test_a_scan_is_resolved_and_counted_in_one_statement(
    session: Session, people: People, statements
) -> None:  # type: ignore[no-untyped-def]
    lan = acting(session, people.lan)
    household = make.create_household(session, people.neighbourhood)
    code = codes.code_for_household(session, lan, household.id)
    with statements() as seen:
        found = codes.resolve(session, code.token)
    assert len(seen) == 1
    assert found is not None
    assert (found.kind, found.household_id, found.revoked) == (CodeKind.HOUSEHOLD, household.id, False)
    codes.resolve(session, code.token)
    codes.resolve(session, code.token, count=False)
    assert session.execute(select(ScanCount.day, ScanCount.n)).all() == [(today(), 2)]
    codes.revoke(session, lan, code.id)
    again = codes.resolve(session, code.token)
    assert again is not None
    assert again.revoked
    assert session.scalar(select(func.sum(ScanCount.n))) == 3


def test_an_unknown_token_leaves_no_trace(session: Session, people: People) -> None:
    assert codes.resolve(session, "0000000000") is None
    assert session.scalar(select(func.count()).select_from(ScanCount)) == 0


def test_a_leader_of_yesterday_sees_no_codes(session: Session, people: People) -> None:
    code = codes.code_for_account(session, acting(session, people.lan), people.minh.id)
    son = make.create_account(session, people.ward.id, "Đỗ Văn Sơn", role=Role.TEAM_LEADER, team=people.team)
    son_now = acting(session, son)
    assert codes.code_in_scope(session, son_now, code.id).id == code.id
    membership = session.scalars(select(Membership).where(Membership.account_id == son.id)).one()
    membership.role = Role.MEMBER
    membership.valid_from = now() - timedelta(days=1)
    session.flush()
    with pytest.raises(NotFound):
        codes.code_in_scope(session, acting(session, son), code.id)


def test_the_database_holds_one_live_code_per_target(session: Session, people: People) -> None:
    lan = acting(session, people.lan)
    code = codes.code_for_guide(session, lan, "vneid-muc-2")
    twin = QrCode(ward_id=code.ward_id, token="TWIN000000", kind=code.kind, guide=code.guide, placement="")
    session.add(twin)
    with pytest.raises(IntegrityError, match="uq_qr_code_live"):
        session.flush()
