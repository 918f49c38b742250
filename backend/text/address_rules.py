"""The words that stand before the parts of a Vietnamese address, as one table of patterns.

Each pattern accepts the word as spelt, or wholly without accents; never half of them ("Láng" is a street, "làng" a
village). Patterns are tried in the order of the table; what one has taken the next ones no longer see.
"""

import re
from dataclasses import dataclass
from typing import Any

from backend.text.vietnamese import search_key

# 12, 12A, 12 bis, B12, 12-14; joined by slashes into a path.
_NUMBER = r"[^\W\d_]{0,2}[0-9]+(?:[^\W\d_]{1,2}(?![^\W\d_])| ?(?:bis|ter)\b| [A-Ha-h](?= ?(?:[,;/]|$)))?(?:-[0-9]+[^\W\d_]?(?!\w))?"
_PATH = rf"{_NUMBER}(?: ?/ ?{_NUMBER})*"
_CODE = r"[^\W\d_]{0,4}[0-9]*[^\W\d_]?(?:[-.][^\W\d_]{0,2}[0-9]+[^\W_]?)*"  # B3-12, CT1, 12.05, A-12.05

# Parts that name where one is when there is no street, from the largest to the smallest.
UNIT_NAMES = {
    "khu_pho": "khu phố",
    "khoi": "khối",
    "thon": "thôn",
    "ap": "ấp",
    "ban": "bản",
    "buon": "buôn",
    "lang": "làng",
    "xom": "xóm",
    "doi": "đội",
    "to": "tổ",
}

STREET_LEADS = re.compile(r"(?:đường|phố|quốc lộ|tỉnh lộ|hương lộ|đại lộ|ql|tl)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """A pattern whose named groups are parts; applied only after `needs` is known, if given."""

    pattern: re.Pattern[str]
    needs: str = ""


def _words(*spellings: str, bare: bool = True) -> str:
    """An alternation of words as spelt and, if `bare`, without accents; longest first."""
    forms = {
        form for spelling in spellings for form in ((spelling, search_key(spelling)) if bare else (spelling,))
    }
    return (
        "(?:"
        + "|".join(re.escape(form).replace(r"\ ", " ?") for form in sorted(forms, key=len, reverse=True))
        + ")"
    )


def _rule(pattern: str, *, needs: str = "") -> Rule:
    return Rule(re.compile(pattern, re.IGNORECASE), needs)


def _place(key: str, words: str, value: str) -> Rule:
    return _rule(rf"(?<!\w){words}\b[ .:]*(?P<{key}>{value})")


_ANY_ALLEY = _words("ngõ", "ngách", "hẻm", "kiệt", "tổ", "thôn", "ấp", "xóm", "khu phố", "số nhà", "số", "lô")
_NAME = rf"[^\W\d_][^,;()]*?(?=(?: {_ANY_ALLEY} ?[0-9])|(?: {_words('thôn', 'ấp', 'xóm')} )| ?[,;(]| -|$)"
_AN_ALLEY = rf"(?:{_PATH}(?!\w)|{_NAME})"
_ROOM = r"(?:[^\W\d_]{1,2}[-. ]?)?[0-9]+[^\W\d_]?(?:[-.][0-9]+)?(?!\w)"
_UNIT_VALUE = rf"(?:[0-9]+[^\W\d_]?(?!\w)(?:[-/][0-9]+)?|{_NAME})"
_UNIT_NUMBER = r"[0-9]+[^\W\d_]?(?!\w)(?:[-/.][0-9]+)?"

RULES: tuple[Rule, ...] = (
    # New districts of a town say nothing that orders doors.
    _rule(rf"(?<!\w){_words('khu đô thị', 'khu tái định cư', 'khu dân cư', 'kđt', 'kdc', 'tđc')}\b[^,;]*"),
    _place("khu_pho", _words("khu phố", "kp"), _UNIT_NUMBER),
    _place("khoi", _words("khối phố", "khối xóm", "khối"), _UNIT_NUMBER),
    _place(
        "to",
        _words("tổ dân phố số", "tổ dân phố", "tổ dân cư", "tổ nhân dân", "tổ số", "tdp", "tổ"),
        _UNIT_NUMBER,
    ),
    _place("lo", _words("lô đất", "lô số", "lô"), rf"(?=[^ ]*[0-9]){_CODE}(?!\w)"),
    _rule(
        rf"(?<!\w)(?:{_words('đường')}\b|đ\.|(?P<loai_duong>{_words('phố')})\b) ?(?P<duong>"
        rf"{_words('số')} [0-9]+\w*|[0-9]+ tháng [0-9]+|[0-9]+(?:/[0-9]+|\w*)|{_NAME})"
    ),
    _place("can_ho", _words("căn hộ số", "căn hộ", "phòng số", "phòng", "căn"), _ROOM),
    _rule(r"(?<!\w)(?:ch|p)[. ]{0,2}(?P<can_ho>[0-9]{3,4}[^\W\d_]?|[0-9]{1,2}[.-][0-9]{2})(?!\w)"),
    _place("tang", _words("tầng", "lầu"), r"[0-9]+(?!\w)"),
    _place(
        "toa", _words("tòa nhà", "toà nhà", "tòa", "toà", "block", "đơn nguyên"), rf"{_CODE}(?<=\w)(?!\w)"
    ),
    # "nhà A3" is a block, "số nhà 45" and "nhà số 5" are not.
    _rule(r"(?<!\w)(?<!số )(?<!so )nh[àa] (?P<toa>[A-Z][0-9]+[^\W\d_]?(?:-[0-9]+)?)(?!\w|/)"),
    _place("chung_cu", _words("chung cư", "khu tập thể", "tập thể", "ktt"), rf"{_NAME}|{_CODE}(?<=\w)(?!\w)"),
    _rule(r"(?<![\w.])(?P<can_ho>[^\W\d_]{1,2}[0-9]{1,2}\.[0-9]{2})(?!\w)"),
    _rule(r"(?<=;)[ -]*(?P<toa>[^\W\d_]{1,4}[0-9]+[^\W\d_]?(?:[-.][0-9]+)?)(?!\w|/)", needs="can_ho"),
    _place("hem", _words("hẻm"), _AN_ALLEY),
    _place("ngach", _words("ngách"), _AN_ALLEY),
    _place("ngo", _words("ngõ"), _AN_ALLEY),
    _place("kiet", _words("kiệt"), _AN_ALLEY),
    _rule(rf"(?<!\w)k ?(?P<kiet>[0-9]+[^\W\d_]?(?: ?/ ?{_NUMBER})*)(?!\w)"),
    _place("so", _words("số nhà", "nhà số", "nhà", "số", "sn"), rf"{_PATH}(?!\w)"),
    _place("thon", _words("thôn"), _UNIT_VALUE),
    _place("ap", _words("ấp"), _UNIT_VALUE),
    _place("xom", _words("xóm"), _UNIT_VALUE),
    _place("buon", _words("buôn"), _UNIT_VALUE),
    _place("ban", _words("bản", bare=False), _UNIT_VALUE),
    _place("lang", _words("làng", bare=False), _UNIT_VALUE),
    _place("doi", _words("đội"), _UNIT_NUMBER),
)

_BARE = re.compile(rf"(?:^|[,;]) *(?P<so>{_PATH})(?!\w)(?P<street>[^,;()]*)", re.IGNORECASE)
_STREET_AFTER = re.compile(r"[,;] *(?P<street>[^\W\d_][^,;()]*)")

# "Bà Huyện Thanh Quan" and "Xã Đàn" are streets, "tỉnh lộ" is a road.
_ADMIN = re.compile(
    r"(?<!\w)(?:(?:phường|xã(?! đàn)|quận|(?<!bà )huyện|thị xã|thị trấn|thành phố|tỉnh(?! ?lộ)|đặc khu)(?!\w)[ .]*[^,;]+"
    r"|(?:phuong|quan|p|q)[ .]*[0-9]{1,2}(?![\w.])"
    r"|(?<=[,;] )(?:phuong|xa|quan|huyen|thi xa|thi tran|thanh pho|tinh)\b[ .]+[^,;]+"
    r"|(?:tp|tx)[. ] *[^,;0-9]+|(?:p|q|h|x|tt)\. *[^\W\d_][^,;]*)",
    re.IGNORECASE,
)
# Written the other way round: "Lê Văn Sỹ 12/3"; the number of a national road is no house.
_BARE_LAST = re.compile(
    rf"(?:^|[,;]) *(?P<street>(?!quốc lộ|tỉnh lộ|hương lộ)[^\W\d_][^,;()0-9]*) (?P<so>{_PATH}) *$",
    re.IGNORECASE,
)
_BUILDING = ("can_ho", "toa", "chung_cu", "tang", "lo")


def admin_tail(text: str) -> str:
    """`text` without the names of ward, district and province: they are known from elsewhere."""
    return _ADMIN.sub(" , ", text)


def bare_house(rest: str, parts: dict[str, Any]) -> tuple[str, str]:
    """A number that no word announces, and the name of the street: beside the number, or the first name after it."""
    number, street = "", ""
    found = None if "so" in parts or "can_ho" in parts else _BARE.search(rest) or _BARE_LAST.search(rest)
    if found:
        number, street = " ".join(found["so"].split()), found["street"]
        rest = rest[: found.start()] + " ; " + rest[found.end() :]
    in_village = any(key in parts for key in UNIT_NAMES if key not in ("to", "khu_pho", "khoi"))
    numbered = bool(number) or any(key in parts for key in ("so", "ngo", "ngach", "hem", "kiet"))
    if (
        not street.strip(" .,:-")
        and numbered
        and not in_village
        and not any(key in parts for key in _BUILDING)
    ):
        after = _STREET_AFTER.search(rest)
        street = after["street"] if after else ""
    return number.replace(" / ", "/"), street.strip(" .,:-;")
