"""Identifiers made by the server."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new UUIDv7 (RFC 9562): 48 bits of milliseconds, 74 random bits.

    The time part keeps index pages warm; it is never read back, and a UUIDv7 is never a secret.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
