"""Keys by which Vietnamese text is found and sorted.

The embedded PostgreSQL has neither ICU nor unaccent, so both keys are columns of our own, made here.
The order equals ICU 72 for locale vi on all commune names (tests/text hold it to the vectors).
"""

import re
import unicodedata
from functools import lru_cache

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: rank + 20 for rank, letter in enumerate(_LETTERS)}
_DIGIT_RANK = {str(digit): 10 + digit for digit in range(10)}
# none < huyền < hỏi < ngã < sắc < nặng
_TONE_RANK = {"": 2, "\u0300": 3, "\u0309": 4, "\u0303": 5, "\u0301": 6, "\u0323": 7}
_QUALITY_MARKS = "\u0302\u0306\u031b"  # circumflex, breve, horn: they make another letter
_PUNCTUATION = re.compile(r"[\W_]+")


class _Marks(dict[int, int | None]):
    """A translation table that learns as it is used: combining marks go, everything else stays."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.category(chr(code)) == "Mn" else code
        self[code] = kept
        return kept


_BARE = _Marks()


def nfc(text: str) -> str:
    """`text` in NFC with runs of white space folded to one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def search_key(text: str) -> str:
    """`text` as it is compared in a search: no marks, no case, đ as d, punctuation as single spaces."""
    bare = text if text.isascii() else unicodedata.normalize("NFD", text).translate(_BARE)
    bare = bare.casefold().replace("đ", "d")
    return " ".join(_PUNCTUATION.sub(" ", bare).split())


def sort_key(text: str) -> bytes:
    """Bytes whose order is the dictionary order of Vietnamese: letters first, tones only when all letters agree."""
    letters: list[bytes] = []
    tones: list[bytes] = []
    for word in nfc(text).casefold().split():
        word_letters, word_tones = bytearray(), bytearray()
        for letter, tone in map(_letter_and_tone, word):
            rank = _LETTER_RANK.get(letter) or _DIGIT_RANK.get(letter)
            word_letters += bytes([rank]) if rank else b"\xff" + ord(letter).to_bytes(3, "big")
            word_tones.append(_TONE_RANK[tone])
        letters.append(bytes(word_letters))
        tones.append(bytes(word_tones))
    return b"\x01".join(letters) + b"\x00" + b"\x01".join(tones)


def place_key(name: str) -> bytes:
    """The order of places: as `sort_key`, but numbers count as numbers, so that Tổ 9 stands before Tổ 10."""
    return sort_key(re.sub(r"[0-9]+", lambda found: found.group().zfill(6), name))


def name_key(full_name: str) -> bytes:
    """The order of people: given name, then family name, then middle names, each compared completely."""
    words = nfc(full_name).split()
    if not words:
        return b""
    given, family, middle = words[-1], words[0] if len(words) > 1 else "", " ".join(words[1:-1])
    return b"\x00".join(sort_key(part) for part in (given, family, middle))


def fold_tone_placement(text: str) -> str:
    """hoà as hòa, thuỷ as thủy: for comparison only, never for storing (official lists use both)."""
    return _OLD_PLACEMENT.sub(lambda found: _MOVED[found.group(0)], nfc(text))


@lru_cache(maxsize=1024)  # few characters make up all names
def _letter_and_tone(char: str) -> tuple[str, str]:
    parts = unicodedata.normalize("NFD", char)
    tone = next((mark for mark in parts if mark in _TONE_RANK and mark), "")
    kept = "".join(part for part in parts if part == parts[0] or part in _QUALITY_MARKS)
    return unicodedata.normalize("NFC", kept), tone


def _moved_endings() -> dict[str, str]:
    moved: dict[str, str] = {}
    for tone in ("\u0300", "\u0309", "\u0303", "\u0301", "\u0323"):
        for first, second in ("oa", "oe", "uy"):
            for one, two in ((first, second), (first.upper(), second), (first.upper(), second.upper())):
                late = unicodedata.normalize("NFC", one + two + tone)
                moved[late] = unicodedata.normalize("NFC", one + tone + two)
    return moved


_MOVED = _moved_endings()
# Only open syllables (hoà, not hoàng), and not after q (quý keeps its tone on y).
_OLD_PLACEMENT = re.compile(rf"(?<![qQ])(?:{'|'.join(map(re.escape, _MOVED))})(?!\w)")
