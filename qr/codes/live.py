"""The rotating badge code: what a phone makes from its secret and its clock, without a network, every half minute.

HTTPS://DOMAIN/V/ and 26 characters: 10 name the key, 4 the half minute (20 bits, a year goes by before they recur),
12 are 60 bits of HMAC-SHA-256. Some 60 characters in QR's alphanumeric mode: version 4 at level M (33 modules), coarse
enough to be read from a phone's screen at arm's length. The phone's twin of this file is
mobile_api/pwa/src/protocol/badge.ts; tests/vectors/sync/badge.json holds the two together.
"""

import hmac
from typing import NamedTuple

from qr.codes.tokens import ALPHABET, normalise

STEP_S = 30  # a new code every half minute
LIFE_S = 60  # from its first moment on: what was photographed a minute ago is refused
EARLY_S = 30  # a phone's clock that runs ahead a little; what is not yet due cannot be a photograph
SECRET_BYTES = 32

_HANDLE, _CLOCK, _PROOF = 10, 4, 12
LENGTH = _HANDLE + _CLOCK + _PROOF
_CLOCK_BITS = 5 * _CLOCK
_CONTEXT = b"gocua-badge-v1"


class LiveCode(NamedTuple):
    """A token in its parts; `clock`: the last 20 bits of the half minute's number since 1970."""

    handle: str
    clock: int
    proof: str


def step_at(seconds: float) -> int:
    """The number of the half minute at `seconds` since 1970."""
    return int(seconds // STEP_S)


def live_token(handle: str, secret: bytes, step: int) -> str:
    """The token of one half minute."""
    return handle + _spell(step & (1 << _CLOCK_BITS) - 1, _CLOCK) + proof_of(secret, step)


def proof_of(secret: bytes, step: int) -> str:
    """Twelve characters that only the holder of `secret` can make for this half minute."""
    digest = hmac.digest(secret, _CONTEXT + step.to_bytes(8, "big"), "sha256")
    return _spell(int.from_bytes(digest[:8], "big") >> 4, _PROOF)


def read_live(typed: str) -> LiveCode:
    """The parts of a token as a camera read it. Raises NotAToken."""
    token = normalise(typed, LENGTH)
    clock = 0
    for char in token[_HANDLE : _HANDLE + _CLOCK]:
        clock = clock << 5 | ALPHABET.index(char)
    return LiveCode(token[:_HANDLE], clock, token[_HANDLE + _CLOCK :])


def step_of(clock: int, seconds: float) -> int:
    """The half minute that `clock` means: of all that end so, the one nearest to `seconds`."""
    now, period = step_at(seconds), 1 << _CLOCK_BITS
    near = now - now % period + clock
    return min((near - period, near, near + period), key=lambda step: abs(step - now))


def _spell(number: int, length: int) -> str:
    return "".join([ALPHABET[number >> 5 * place & 31] for place in reversed(range(length))])
