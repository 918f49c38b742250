"""Encryption of names, phones and event texts at rest, and blind indexes over them.

Blob: key id (1 byte) | nonce (12 bytes) | AES-256-GCM ciphertext and tag. The associated data is the context
("resident.name"), so a value moved to another column does not open.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32


@dataclass(frozen=True)
class Keyring:
    """The keys in force: `current` encrypts, every key of `ciphers` may decrypt, `index_key` makes blind indexes."""

    current: int
    ciphers: dict[int, AESGCM]
    index_key: bytes

    @classmethod
    def from_secret(cls, secret: bytes, *, key_id: int = 1) -> "Keyring":
        """The keyring of one 32-byte secret; encryption and index keys are derived from it, never the same."""
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a data key has {KEY_BYTES} bytes, not {len(secret)}")
        encrypt = hmac.digest(secret, b"gocua-encrypt-v1", "sha256")
        index = hmac.digest(secret, b"gocua-index-v1", "sha256")
        return cls(current=key_id, ciphers={key_id: AESGCM(encrypt)}, index_key=index)

    def seal(self, data: bytes, context: str) -> bytes:
        """`data` encrypted for `context`."""
        nonce = os.urandom(12)
        body = self.ciphers[self.current].encrypt(nonce, data, context.encode())
        return bytes([self.current]) + nonce + body

    def open(self, blob: bytes, context: str) -> bytes:
        """What `seal` was given. Raises InvalidTag for a changed blob or another context, KeyError for a lost key."""
        return self.ciphers[blob[0]].decrypt(blob[1:13], blob[13:], context.encode())

    def blind(self, value: str, context: str) -> bytes:
        """A 16-byte keyed hash by which equal values can be found without being readable."""
        return hmac.digest(self.index_key, f"{context}\0{value}".encode(), "sha256")[:16]


_keyring: Keyring | None = None


def configure(keyring: Keyring) -> None:
    """Set the keyring of this process; the encrypted columns use it."""
    global _keyring
    _keyring = keyring


def keyring() -> Keyring:
    """The keyring of this process. Raises RuntimeError before `configure`."""
    if _keyring is None:
        raise RuntimeError("no data key: call backend.core.crypto.configure first")
    return _keyring


def token_hash(token: str) -> bytes:
    """SHA-256 of a random bearer token: enough for tokens of 128 bits and more, which need no salt."""
    return hashlib.sha256(token.encode()).digest()
