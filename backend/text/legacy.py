"""Text from before Unicode: TCVN3 (ABC) and VNI, as a spreadsheet library returns it (Latin-1 characters).

Python has no codec for either. What a column holds is told by counting valid Vietnamese syllables in each
reading; tables after formats.md section 5.6.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from backend.text.syllables import is_syllable


class Encoding(StrEnum):
    UNICODE = "unicode"
    TCVN3 = "tcvn3"
    VNI = "vni"


# U+00AD is ư in TCVN3: a soft hyphen, which must not be stripped before decoding.
_TCVN3_PAIRS = (
    "µà ¸á ¶ả ·ã ¹ạ ¨ă »ằ ¾ắ ¼ẳ ½ẵ Æặ ©â Çầ Êấ Èẩ Éẫ Ëậ ®đ Ìè Ðé Îẻ Ïẽ Ñẹ ªê Òề Õế Óể Ôễ Öệ ×ì Ýí Øỉ Üĩ Þị "
    "ßò ãó áỏ âõ äọ «ô åồ èố æổ çỗ éộ ¬ơ êờ íớ ëở ìỡ îợ ïù óú ñủ òũ ôụ \u00adư õừ øứ öử ÷ữ ùự úỳ ýý ûỷ üỹ þỵ "
    "¡Ă ¢Â §Đ £Ê ¤Ô ¥Ơ ¦Ư"
)
_TCVN3 = str.maketrans({pair[0]: pair[1] for pair in _TCVN3_PAIRS.split(" ")})

_GRAVE, _HOOK, _TILDE, _ACUTE, _DOT = "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"
_CIRCUMFLEX, _BREVE = "\u0302", "\u0306"
_VNI_TONES = {"ù": _ACUTE, "ø": _GRAVE, "û": _HOOK, "õ": _TILDE, "ï": _DOT}
_VNI_CIRCUMFLEX = {"â": "", "á": _ACUTE, "à": _GRAVE, "å": _HOOK, "ã": _TILDE, "ä": _DOT}
_VNI_BREVE = {"ê": "", "é": _ACUTE, "è": _GRAVE, "ú": _HOOK, "ü": _TILDE, "ë": _DOT}
_VNI_SINGLE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


def _vni_table() -> dict[str, str]:
    table = dict(_VNI_SINGLE)
    for base in "aeouyôö":
        letter = _VNI_SINGLE.get(base, base)
        table |= {base + mark: letter + tone for mark, tone in _VNI_TONES.items()}
    for base in "aeo":
        table |= {base + mark: base + _CIRCUMFLEX + tone for mark, tone in _VNI_CIRCUMFLEX.items()}
    table |= {"a" + mark: "a" + _BREVE + tone for mark, tone in _VNI_BREVE.items()}
    table = {key: unicodedata.normalize("NFC", value) for key, value in table.items()}
    capitals: dict[str, str] = {}
    for key, value in table.items():
        capitals[key.upper()] = value.upper()
        capitals[key[0].upper() + key[1:]] = value.upper()  # AÙ is often typed Aù
    return capitals | table


_VNI = _vni_table()
_VNI_PATTERN = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))
_DOUBLED = re.compile(r"(\w)(\w)")
_WORD = re.compile(r"[^\W\d_]+(?:\u00ad[^\W\d_]*)*", re.UNICODE)
_LEGACY_CHARACTER = re.compile(r"[\u00a1-\u00ff]")


def decode_tcvn3(text: str, *, capitals: bool = False) -> str:
    """`text` in Unicode (NFC). `capitals`: the font's name ends in H, which draws capitals from small codes."""
    decoded = text.translate(_TCVN3)
    if capitals:
        return decoded.upper()
    # TCVN3 has no capitals with a tone: people type the capital letter and the small accented one ("Aá", "TRầN").
    decoded = _DOUBLED.sub(_join_capital, decoded)
    return re.sub(r"\w+", _level_capitals, decoded)


def decode_vni(text: str) -> str:
    """`text` in Unicode (NFC): a letter and the character after it make one (Vaên is Văn)."""
    return unicodedata.normalize("NFC", _VNI_PATTERN.sub(lambda found: _VNI[found.group(0)], text))


def decode(text: str, encoding: Encoding, *, capitals: bool = False) -> str:
    """`text` in Unicode (NFC), read as `encoding`."""
    if encoding is Encoding.TCVN3:
        return unicodedata.normalize("NFC", decode_tcvn3(text, capitals=capitals))
    if encoding is Encoding.VNI:
        return decode_vni(text)
    return unicodedata.normalize("NFC", text)


def scores(texts: Iterable[str]) -> dict[Encoding, int]:
    """How many words are Vietnamese syllables in each reading, in percent of the words that could tell.

    Only texts with a character of the legacy range count: pure ASCII is the same in all three. Empty without any.
    """
    telling = [text for text in texts if has_legacy_letters(text)]
    if not telling:
        return {}
    found: dict[Encoding, int] = {}
    for encoding in Encoding:
        words = [word for text in telling for word in _WORD.findall(decode(text, encoding))]
        valid = sum(1 for word in words if is_syllable(word))
        found[encoding] = 100 * valid // max(1, len(words))
    return found


def has_legacy_letters(text: str) -> bool:
    """True when `text` holds a character by which its encoding could be told."""
    return bool(_LEGACY_CHARACTER.search(text))


def detect(texts: Iterable[str], *, fallback: Encoding = Encoding.UNICODE) -> Encoding:
    """The encoding of a column. Unicode, unless another reading wins by 10 points (formats.md section 5.6).

    `fallback`: what the rest of the sheet says, for a column without any telling character.
    """
    found = scores(texts)
    if not found:
        return fallback
    best = max(found, key=lambda encoding: found[encoding])
    if found[best] >= found[Encoding.UNICODE] + 10:
        return best
    return Encoding.UNICODE


def _join_capital(found: re.Match[str]) -> str:
    first, second = found.groups()
    if first.isupper() and second.islower() and _without_tone(second) == first.lower() != second:
        return second.upper()
    return found.group(0)


def _level_capitals(found: re.Match[str]) -> str:
    word = found.group(0)
    plain = [char for char in word if char.isascii() and char.isalpha()]
    accented_small = any(not char.isascii() and char.islower() for char in word)
    if accented_small and len(plain) >= 2 and all(char.isupper() for char in plain):
        return word.upper()
    return word


def _without_tone(char: str) -> str:
    tones = (_GRAVE, _HOOK, _TILDE, _ACUTE, _DOT)
    parts = unicodedata.normalize("NFD", char)
    return unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
