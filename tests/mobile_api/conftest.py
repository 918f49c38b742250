"""Minh's phone and his invitation, for the endpoint tests."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from backend.models import RateLimit
from backend.services import enrol
from tests.people import People, acting, on_phone


@pytest.fixture(autouse=True)
def _forgotten_attempts(engine: Engine) -> None:
    """Attempts are counted outside of a test's transaction: begin at none."""
    with engine.begin() as connection:
        connection.execute(delete(RateLimit))


@pytest.fixture
def phone(app: Flask, people: People) -> FlaskClient:
    return on_phone(app.test_client(), people.minh_token)


@pytest.fixture
def token(session: Session, people: People) -> str:
    found = enrol.invite(session, acting(session, people.lan), people.minh.id)
    session.commit()
    return found
