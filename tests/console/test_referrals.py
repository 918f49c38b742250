"""Doors sent on to a desk, the police, a bank: noted once, found again, settled."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database import work
from backend.models import AuditEntry, Referral
from backend.services import merging
from tests import factories as make
from tests.console.conftest import Evening
from tests.people import acting, sign_in


def here(evening: Evening) -> str:
    return f"/ho/{evening.doors[0].id}/gioi-thieu"


def test_a_referral_from_note_to_settled(lan: FlaskClient, session: Session, evening: Evening) -> None:
    form = {"place": "desk", "service": "eid_level_2"}
    for _ in range(2):  # the second is the same that is still open
        assert lan.post(here(evening), data=form).status_code == 303
    one = session.scalars(select(Referral)).one()
    page = lan.get(f"/ho/{evening.doors[0].id}").text
    assert "Điểm phục vụ hành chính công" in page
    assert "đang chờ" in page
    found = lan.get("/ho?o=referred").text
    assert evening.doors[0].code in found
    assert evening.doors[1].code not in found
    lan.post(f"{here(evening)}/{one.id}", data={"state": "done"})
    lan.post(f"{here(evening)}/{one.id}", data={"state": "dropped"})
    session.refresh(one)
    assert (one.state, one.closed_by) == ("done", evening.people.lan.id)
    assert evening.doors[0].code not in lan.get("/ho?o=referred").text
    assert lan.post(here(evening), data=form).status_code == 303
    assert len(session.scalars(select(Referral)).all()) == 2
    assert "household.refer" in set(session.scalars(select(AuditEntry.action)))


@pytest.mark.parametrize("form", [{}, {"place": "clinic"}, {"place": "desk", "service": "x"}, {"place": ""}])
def test_bad_input(lan: FlaskClient, session: Session, evening: Evening, form: dict[str, str]) -> None:
    answer = lan.post(here(evening), data=form, follow_redirects=True)
    assert "Chưa ghi được" in answer.text
    assert session.scalar(select(Referral)) is None


def test_other_wards(app: Flask, lan: FlaskClient, session: Session, evening: Evening) -> None:
    lan.post(here(evening), data={"place": "bank"})
    one = session.scalars(select(Referral)).one()
    hoa = sign_in(app.test_client(), session, evening.people.hoa)
    theirs = make.create_household(session, evening.people.other_neighbourhood)
    work.commit(session)
    assert hoa.post(here(evening), data={"place": "bank"}).status_code == 404
    assert hoa.post(f"{here(evening)}/{one.id}", data={"state": "done"}).status_code == 404
    assert hoa.post(f"/ho/{theirs.id}/gioi-thieu/{one.id}", data={"state": "done"}).status_code == 404
    session.refresh(one)
    assert one.state == "open"


def test_it_follows_a_merge(lan: FlaskClient, session: Session, evening: Evening) -> None:
    lan.post(here(evening), data={"place": "bank"})
    lan_acts = acting(session, evening.people.lan)
    merging.merge_households(session, lan_acts, evening.doors[0].id, evening.doors[2].id)
    work.commit(session)
    session.expire_all()
    assert session.scalars(select(Referral.household_id)).one() == evening.doors[2].id
