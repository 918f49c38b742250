"""A new world per history, on the test's one connection, undone at its end."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from tests.sync.world.phone import Profile
from tests.sync.world.world import World

NewWorld = Callable[..., AbstractContextManager[World]]


@pytest.fixture
def new_world(app: Flask, connection: Connection) -> NewWorld:
    """`with new_world(seed, phone=…) as world`."""

    @contextmanager
    def new(seed: int = 1, phone: type[Profile] = Profile, page: int = 2) -> Iterator[World]:
        connection.execute(text("SAVEPOINT world"))
        try:
            yield World(app, connection, random.Random(seed), phone, page)
        finally:
            connection.execute(text("ROLLBACK TO SAVEPOINT world"))

    return new


@pytest.fixture
def world(new_world: NewWorld) -> Iterator[World]:
    with new_world() as world:
        yield world
