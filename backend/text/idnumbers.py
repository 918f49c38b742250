"""National ID numbers: recognised only so that they can be left out. Nothing here keeps, logs or returns one.

Shapes after formats.md section 2. Judge a column rather than a cell, and look for ID shapes before phones.
"""

import re
from collections.abc import Iterable

# The codes of the 63 old provinces; a person keeps the code of the place of birth registration for ever.
_PROVINCES = frozenset(
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 "  # noqa: SIM905
    "042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 "
    "086 087 089 091 092 093 094 095 096".split()
)
REMOVED = "[đã bỏ số]"
_MOBILE = r"(?:3[2-9]|5[25689]|7[06-9]|8\d|9\d)\d{7}"
_PHONE = re.compile(rf"(?:(?:0084|84|0)?{_MOBILE}|(?:0084|84|0)?2\d{{9}}|01[2689]\d{{8}}|1[89]00\d{{4,6}})")
_DIGIT = re.compile(r"\d")
_FLOAT = re.compile(r"\d{8,12}\.0+")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
_SEPARATORS = re.compile(r"[\s.\-–'’‘_]+")
_GROUPED = re.compile(r"\d(?:[ .\-–]?\d){8,14}")
_NAMED = re.compile(
    r"(?i)(\b(?:c\.?c\.?c\.?d|cmnd|cmt(?:nd)?|căn\s*cước(?:\s*công\s*dân)?|can\s*cuoc(?:\s*cong\s*dan)?|"
    r"chứng\s*minh(?:\s*(?:nhân\s*dân|thư))?|chung\s*minh|định\s*danh(?:\s*cá\s*nhân)?|dinh\s*danh)"
    r"[^\d\n]{0,12})\d(?:[ .\-–]?\d){5,}"
)
_ROUND = str.maketrans({"O": "0", "o": "0", "Ｏ": "0"})
_WIDE = {ord("０") + digit: str(digit) for digit in range(10)}
_CARD_BARS = 6  # a scanned card is a text with at least six | and the number in front


def digits_of(value: object) -> str | None:
    """The digits of a cell that is one number however it was typed; None when it is anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(value) if value >= 0 else None
    if isinstance(value, float):
        return str(int(value)) if value >= 0 and value.is_integer() else None
    if not _DIGIT.search(str(value)):
        return None
    text = str(value).strip().lstrip("'’‘")
    if not text.isascii():
        text = text.translate(_WIDE)
    if _FLOAT.fullmatch(text):
        return text.partition(".")[0]
    if _SCIENTIFIC.fullmatch(text):
        return str(int(float(text.replace(",", "."))))
    text = _SEPARATORS.sub("", text)
    if text[:1] in "Oo" or (sum(char.isdigit() for char in text) >= 8 and len(text) <= 13):
        text = text.translate(_ROUND)
    return text if text.isascii() and text.isdigit() else None


def is_id_shape(digits: str) -> bool:
    """True when a run of digits has the shape of a national ID number, also with the zeros that Excel loses."""
    if len(digits) == 12:
        return _is_full(digits) and not digits.startswith("842")
    if len(digits) == 11:
        return digits[0] != "0" and not is_phone_shape(digits) and _is_full("0" + digits)
    if len(digits) == 10:
        return digits[0] in "12468" and not is_phone_shape(digits) and _is_full("00" + digits)
    return len(digits) == 9 and digits[0] in "0123" and not is_phone_shape(digits)


def is_phone_shape(digits: str) -> bool:
    """True when a run of digits looks like a Vietnamese phone number, also without its zero."""
    return bool(_PHONE.fullmatch(digits))


def is_id_cell(value: object) -> bool:
    """True when a cell is an ID number or the whole text of a scanned card."""
    if isinstance(value, str) and value.count("|") >= _CARD_BARS and re.match(r"\s*'?\d{9,12}\s*\|", value):
        return True
    digits = digits_of(value)
    return digits is not None and is_id_shape(digits)


def is_id_column(values: Iterable[object], *, least: int = 1) -> bool:
    """True when the cells of a column say that it holds ID numbers (formats.md section 2.3, rule 2).

    ID shapes are at least 30 % of the numeric cells, outnumber the phones and are at least `least`; in a column of
    words a few numbers are shifted cells and not its nature.
    """
    filled = numeric = shapes = phones = 0
    for value in values:
        if value is None or value == "":
            continue
        filled += 1
        if is_id_cell(value):
            numeric += 1
            shapes += 1
        elif (digits := digits_of(value)) is not None:
            numeric += 1
            phones += is_phone_shape(digits)
    return shapes >= least and shapes * 10 >= numeric * 3 and shapes > phones and numeric * 2 >= filled


def screen(text: str) -> tuple[str, int]:
    """Free text without ID numbers, and how many were cut (rule 4). The phone app applies the same rule.

    A whole scanned card is dropped. Cut are runs of 9 to 12 digits that are no phone, also grouped by one space, dot
    or dash, and any run of 6 and more after a word for the card.
    """
    if text.count("|") >= _CARD_BARS and re.search(r"\d{9,12}", text):
        return REMOVED, 1
    cut = 0

    def named(found: re.Match[str]) -> str:
        nonlocal cut
        cut += 1
        return found.group(1) + REMOVED

    def run(found: re.Match[str]) -> str:
        nonlocal cut
        digits = re.sub(r"\D", "", found.group(0))
        if not 9 <= len(digits) <= 12 or (is_phone_shape(digits) and not _certain(digits)):
            return found.group(0)
        cut += 1
        return REMOVED

    text = _NAMED.sub(named, text)
    return _GROUPED.sub(run, text), cut


def _is_full(digits: str) -> bool:
    return digits[3] in "0123" and (digits[:3] in _PROVINCES or digits[0] != "0")


def _certain(digits: str) -> bool:
    """Twelve digits with a province in front are an ID number even where a phone could be read into them."""
    return len(digits) == 12 and digits[:3] in _PROVINCES and digits[3] in "0123"
