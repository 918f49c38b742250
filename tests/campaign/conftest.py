"""The campaigns read with the keys of their own installation; what runs after them has the tests' keys again."""

from collections.abc import Iterator

import pytest

from backend.core import crypto
from backend.core.crypto import Keyring


@pytest.fixture(autouse=True, scope="module")
def _keys_come_back() -> Iterator[None]:
    yield
    crypto.configure(Keyring.from_secret(bytes(range(32))))
