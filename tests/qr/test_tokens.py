"""Tokens: random, readable, forgiving when typed."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qr.codes.tokens import ALPHABET, CREDENTIAL_LENGTH, LENGTH, NotAToken, grouped, new_token, normalise

tokens = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


def test_the_alphabet_is_crockfords() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_tokens_are_evenly_random() -> None:
    made = [new_token() for _ in range(20_000)]
    assert len(set(made)) == len(made)
    for place in range(LENGTH):
        seen = Counter(token[place] for token in made)
        assert set(seen) == set(ALPHABET)
        # Chi-square with 31 degrees of freedom: 99.9999999 % of fair generators stay below 110.
        expected = len(made) / 32
        assert sum((count - expected) ** 2 / expected for count in seen.values()) < 110


def test_a_credential_has_130_bits() -> None:
    assert len(new_token(CREDENTIAL_LENGTH)) * 5 == 130


def test_a_million_guesses_hit_nothing() -> None:
    live = {new_token() for _ in range(2_000)}
    assert not any(new_token() in live for _ in range(1_000_000))


@given(tokens)
def test_what_is_printed_can_be_typed(token: str) -> None:
    assert normalise(grouped(token)) == token
    assert normalise(f"  {token.lower()[:5]} – {token.lower()[5:]}\n") == token
    assert normalise(token.replace("0", "o").replace("1", "l")) == token
    assert normalise(token.replace("0", "O").replace("1", "I")) == token


@given(st.text(max_size=60))
def test_nothing_else_comes_out(typed: str) -> None:
    with suppress(NotAToken):
        token = normalise(typed)
        assert len(token) == LENGTH
        assert set(token) <= set(ALPHABET)


@pytest.mark.parametrize("typed", ["", "7K3QX", "7K3QX9ZP2MX", "7K3QX9ZP2U", "7K3QX9ZP2Ớ", "../../etc/x"])
def test_refused(typed: str) -> None:
    with pytest.raises(NotAToken) as error:
        normalise(typed)
    assert error.value.wanted == LENGTH
