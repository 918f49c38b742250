"""A new world per history, on the test's one connection, undone at its end; the ground below it is laid once a test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from tests.phone_model.profile import Profile
from tests.sync.world.ground import Ground, lay
from tests.sync.world.world import World

NewWorld = Callable[..., AbstractContextManager[World]]


@pytest.fixture
def ground(app: Flask, connection: Connection) -> Ground:
    return lay(app, connection)


@pytest.fixture
def new_world(ground: Ground) -> NewWorld:
    """`with new_world(SomePhone) as world`."""

    @contextmanager
    def new(phone: type[Profile] = Profile) -> Iterator[World]:
        ground.connection.execute(text("SAVEPOINT world"))
        try:
            yield World(ground, phone)
        finally:
            ground.connection.execute(text("ROLLBACK TO SAVEPOINT world"))

    return new


@pytest.fixture
def world(new_world: NewWorld) -> Iterator[World]:
    with new_world() as world:
        yield world
