"""Random tokens in Crockford's base32: no I, L, O or U, so that a printed one can be read aloud and typed.

10 characters are 50 random bits: with 500,000 live codes one guess hits with 4e-10 (formats.md, 9.5). What a token
opens is public or harmless; credentials (enrolment) take 26 characters, 130 bits.
"""

import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
CREDENTIAL_LENGTH = 26

# Spaces, hyphens and dashes of any kind, dots: what people put between groups.
_SEPARATORS = re.compile(r"[\s.\-_\u00ad\u2010-\u2015\u2212]+")
_LOOKALIKES = str.maketrans("OIL", "011")
_TOKEN = re.compile(f"[{ALPHABET}]+")


class NotAToken(ValueError):
    """What was typed cannot be a token; `length` characters were left of it, `wanted` are needed."""

    def __init__(self, length: int, wanted: int) -> None:
        super().__init__(f"{length} characters, {wanted} wanted")
        self.length = length
        self.wanted = wanted


def new_token(length: int = LENGTH) -> str:
    """`length` random characters, 5 bits each, from the operating system's generator."""
    bits = secrets.randbits(5 * length)
    return "".join([ALPHABET[bits >> 5 * place & 31] for place in range(length)])


def token_from(secret: bytes, length: int = LENGTH) -> str:
    """The first 5 × `length` bits of `secret` (a keyed hash) as a token: the same bytes, the same token."""
    bits = int.from_bytes(secret, "big") >> 8 * len(secret) - 5 * length
    return "".join([ALPHABET[bits >> 5 * place & 31] for place in reversed(range(length))])


def normalise(typed: str, length: int = LENGTH) -> str:
    """The token in what a person typed or a camera read: any case, spaces and dashes, O for 0, I or L for 1.

    Raises NotAToken when something else remains or the length differs.
    """
    bare = _SEPARATORS.sub("", typed[: 4 * length]).upper().translate(_LOOKALIKES)
    if len(bare) != length or not _TOKEN.fullmatch(bare):
        raise NotAToken(len(bare), length)
    return bare


def grouped(token: str, size: int = 5) -> str:
    """7K3QX9ZP2M as 7K3QX-9ZP2M: the form that is printed."""
    return "-".join(token[start : start + size] for start in range(0, len(token), size))
