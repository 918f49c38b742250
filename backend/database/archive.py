"""The format of a backup file: encrypted with the data key, and any cut or change is noticed before anything is done.

    "GOCUABK1" | key mark (8 bytes) | salt (16) | chunks: length (4 bytes, big endian) | AES-256-GCM ciphertext and tag

The plain text is a manifest (JSON, one line), a line feed, and the archive of pg_dump. Key = HKDF-SHA-256(data key, salt,
"gocua-backup-v1"); nonce = number of the chunk (11 bytes) and one byte that is 1 in the last chunk only, so that a
file that was cut between two chunks is noticed as well.
"""

import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"GOCUABK1"
_CHUNK = 1024 * 1024
_TAG = 16


class BadBackup(Exception):
    """A file that is no whole backup of this installation; its text is Vietnamese."""


def write(path: Path, data_key: bytes, manifest: dict[str, Any], dump: IO[bytes]) -> int:
    """Write a backup to `path` (which appears only when it is whole and on the disk); returns its size in bytes."""
    salt = os.urandom(16)
    cipher = _cipher(data_key, salt)
    part = path.with_name(path.name + ".part")
    text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(MAGIC + _mark(data_key) + salt)
        for number, chunk, last in _marked(_chunks(text, dump)):
            sealed = cipher.encrypt(_nonce(number, last), chunk, MAGIC)
            file.write(len(sealed).to_bytes(4, "big") + sealed)
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return size


def read(path: Path, data_key: bytes, dump: IO[bytes]) -> dict[str, Any]:
    """Check the whole file and write the archive of pg_dump to `dump`; returns the manifest. Raises BadBackup."""
    with path.open("rb") as file:
        head = file.read(len(MAGIC) + 8 + 16)
        if len(head) < len(MAGIC) + 24 or not head.startswith(MAGIC):
            raise BadBackup("Đây không phải tệp sao lưu của Gõ Cửa.")
        if not hmac.compare_digest(head[8:16], _mark(data_key)):
            raise BadBackup(
                "Tệp này được khoá bằng GOCUA_DATA_KEY khác. Đặt đúng khoá của lúc sao lưu rồi làm lại."
            )
        cipher = _cipher(data_key, head[16:])
        manifest: bytes | None = b""
        found: dict[str, Any] = {}
        for number, sealed, last in _marked(_sealed(file)):
            try:
                plain = cipher.decrypt(_nonce(number, last), sealed, MAGIC)
            except InvalidTag:
                raise BadBackup("Tệp sao lưu bị cắt hoặc hỏng. Lấy lại tệp từ nơi cất giữ.") from None
            if manifest is not None:
                manifest += plain
                line, separator, rest = manifest.partition(b"\n")
                if separator:
                    found, manifest, plain = json.loads(line), None, rest
                else:
                    plain = b""
            dump.write(plain)
        if manifest is not None:
            raise BadBackup("Tệp sao lưu bị cắt hoặc hỏng. Lấy lại tệp từ nơi cất giữ.")
    dump.flush()
    return found


def _chunks(first: bytes, rest: IO[bytes]) -> Iterator[bytes]:
    yield first
    while chunk := rest.read(_CHUNK):
        yield chunk


def _sealed(file: IO[bytes]) -> Iterator[bytes]:
    while length := file.read(4):
        size = int.from_bytes(length, "big")
        sealed = file.read(min(size, _CHUNK + _TAG))
        if len(length) < 4 or size > _CHUNK + _TAG or len(sealed) < size:
            raise BadBackup("Tệp sao lưu bị cắt hoặc hỏng. Lấy lại tệp từ nơi cất giữ.")
        yield sealed


def _marked(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Each chunk with its number, and whether it is the last one."""
    number, held = 0, next(chunks, None)
    while held is not None:
        following = next(chunks, None)
        yield number, held, following is None
        number, held = number + 1, following


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _cipher(data_key: bytes, salt: bytes) -> AESGCM:
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"gocua-backup-v1")
    return AESGCM(derive.derive(data_key))


def _mark(data_key: bytes) -> bytes:
    """Tells another key from a damaged file; it says nothing about the key itself."""
    return hmac.digest(data_key, b"gocua-backup-mark", "sha256")[:8]
