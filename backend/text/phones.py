"""Phone numbers as people type them: several in a cell, as floats, with comments, from before 2018.

phonenumbers judges what the fast path does not know; possible is accepted, valid is only a question of warning
(its metadata lag behind new ranges). Rules after formats.md section 4.
"""

import re
from dataclasses import dataclass

import phonenumbers

from backend.text.idnumbers import digits_of

# Mobile numbers of 11 digits became 10 in 2018.
_OLD = {
    **{f"016{digit}": f"03{digit}" for digit in "23456789"},
    **{"0186": "056", "0188": "058", "0199": "059"},
    **{"0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078"},
    **{"0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082"},
}
_PLAIN_MOBILE = re.compile(r"0(?:3[2-9]|5[25689]|7[06-9]|8\d|9\d)\d{7}")
_BRACKETS = re.compile(r"\((?!\+|0\))[^)]*\)|\[[^\]]*\]")
_SPLIT = re.compile(r"[/;,–|\n&]|\s-\s|\s+(?:và|hoặc|or)\s+")
_LABEL = re.compile(r"^[^\d+(]+")
_TAIL = re.compile(r"[^\d)]+$")
_KINDS_REFUSED = (
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.SHARED_COST,
)


@dataclass(frozen=True)
class Phone:
    """One number. `e164`: as stored; `valid`: false for a warning; `converted`: it had its prefix of before 2018."""

    e164: str
    valid: bool = True
    converted: bool = False

    @property
    def shown(self) -> str:
        """As people read it: 0912 345 678."""
        return show(self.e164)


def parse(value: object) -> Phone | None:
    """One number, or None when it cannot be a person's phone (hotlines and short numbers are not)."""
    text = _plain(value)
    if _PLAIN_MOBILE.fullmatch(text):
        return Phone("+84" + text[1:])
    if not text:
        return None
    return _old(text) or _judge(text)


def parse_all(value: object) -> tuple[list[Phone], list[str]]:
    """Every number of a cell, and the pieces that hold digits but are no person's phone."""
    single = parse(value)
    if single is not None:
        return [single], []
    if not isinstance(value, str):
        return [], [str(value)] if value not in (None, "") else []
    found: list[Phone] = []
    unclear: list[str] = []
    for piece in _SPLIT.split(_BRACKETS.sub(" ", value)):
        piece = _TAIL.sub("", _LABEL.sub("", piece.strip()))
        if not piece:
            continue
        phone = parse(piece)
        if phone is None:
            unclear.append(piece)
        elif phone not in found:
            found.append(phone)
    if not found and not unclear and any(char.isalnum() for char in value):
        unclear.append(value.strip())
    return found, unclear


def show(e164: str) -> str:
    """0912 345 678 for +84912345678; a foreign number in its international form."""
    if e164.startswith("+84") and len(e164) == 12:
        return f"0{e164[3:6]} {e164[6:9]} {e164[9:]}"
    number = phonenumbers.parse(e164)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(
        number, style.NATIONAL if number.country_code == 84 else style.INTERNATIONAL
    )


def _plain(value: object) -> str:
    """The cell as text; a float (912345678.0, 9.12345678E8) as the whole number it stands for."""
    digits = digits_of(value)
    if digits is None:
        return str(value).strip().lstrip("'’‘") if isinstance(value, str) else ""
    if isinstance(value, str) and "+" in value and not value.upper().count("E"):
        return "+" + digits
    return "0" + digits if len(digits) == 9 and digits[0] in "35789" else digits


def _old(text: str) -> Phone | None:
    digits = re.sub(r"\D", "", text)
    digits = re.sub(r"^(?:00)?84(?=1\d{9}$)", "0", digits)
    if len(digits) == 10 and digits[0] == "1":
        digits = "0" + digits
    new = _OLD.get(digits[:4]) if len(digits) == 11 else None
    return Phone("+84" + (new + digits[4:])[1:], converted=True) if new else None


def _judge(text: str) -> Phone | None:
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    valid = phonenumbers.is_valid_number(number)
    national = str(number.national_number)
    if number.country_code == 84 and (
        phonenumbers.number_type(number) in _KINDS_REFUSED or len(national) < 9
    ):
        return None
    if number.country_code == 84 and not valid and national[:1] == "1":
        return None
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), valid=valid)
