"""What a column's heading means: the fields that are kept, and the columns that are left out.

The words are those seen in public lists (formats.md sections 2.3 and 7.3), accents off. An allow-list: a heading
that is not here is not imported.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from backend.text.vietnamese import search_key


class Field(StrEnum):
    """What a column may be mapped to."""

    STT_HO = "stt_ho"
    STT = "stt"
    NAME = "name"
    HEAD_NAME = "head_name"
    RELATION = "relation"
    DOB = "dob"
    DOB_M = "dob_m"
    DOB_F = "dob_f"
    SEX = "sex"
    PHONE = "phone"
    ADDRESS = "address"
    OLD_ADDRESS = "old_address"
    GROUP = "group"
    MEMBERS = "members"
    RESIDENCE = "residence"
    NOTE = "note"


# Under a heading of birth, "Nam" and "Nữ" are told by `headers`, not by words alone.
_FIELD_WORDS: dict[Field, str] = {
    Field.STT_HO: "stt ho|so thu tu ho|tt ho|so tt ho|ho so|so ho|ma ho|ma so ho|so so|so ho khau|so so ho khau|ma hk"
    "|ma ho gia dinh|ma so ho gia dinh|ho stt|so ho so",
    Field.STT: "stt|so tt|tt|so thu tu|stt nguoi|stt thanh vien|so thu tu thanh vien|stt nhan khau|tt nguoi|stt tv",
    Field.NAME: "ho va ten|ho ten|ho va ten thanh vien|ho chu dem va ten|ho chu dem va ten khai sinh|ten nhan khau"
    "|ho va ten nhan khau|ho ten thanh vien|ho ten nhan khau|ho ten khai sinh|ho va ten khai sinh|ho va ten cong dan"
    "|ho ten cong dan|ten thanh vien|ho ten nguoi dan|ten",
    Field.HEAD_NAME: "ho va ten chu ho|ho ten chu ho|ten chu ho|chu ho|ho va ten chu ho gia dinh",
    Field.RELATION: "quan he|quan he voi chu ho|quan he chu ho|moi quan he|moi quan he voi chu ho|qh voi chu ho|qhch"
    "|quan he vch|qh|qh chu ho|moi qh voi chu ho",
    Field.DOB: "ngay sinh|ngay thang nam sinh|nam sinh|ns|sinh ngay|ngay thang nam sinh cua thanh vien|ngay sinh nam sinh"
    "|sinh nam|ngay/thang/nam sinh",
    Field.SEX: "gioi tinh|phai|gt|gioi",
    Field.PHONE: "so dien thoai|dien thoai|sdt|so dt|dt|dien thoai lien he|so dien thoai lien he|sdt lien he|so dt lien he"
    "|so sdt|sdt chu ho|so dien thoai chu ho|dien thoai chu ho|dien thoai di dong|dtdd|di dong|so di dong|tel|phone|lien he",
    Field.ADDRESS: "dia chi|dia chi thuong tru|noi thuong tru|ho khau thuong tru|noi o hien nay|cho o hien nay"
    "|noi o hien tai|cho o hien tai|dia chi cua ho|so nha|dia chi hien nay|dia chi hien tai|noi o|cho o|noi cu tru"
    "|dia chi cu tru|dia chi nha|noi dkhktt|hktt|thuong tru|dia chi lien he|so nha duong pho|noi dang ky thuong tru",
    Field.OLD_ADDRESS: "dia chi cu|dia chi cu truoc sap nhap|dia chi truoc sap nhap|dia chi cu truoc khi sap nhap",
    Field.GROUP: "to dan pho|thon|to|ap|khu pho|thon/to dan pho|to/thon|to/cum cu tru|thon/lang|dia ban|tdp|khu dan cu"
    "|thon/ap|to/khu pho|khom|ban|xom|thon/xom|thon/ban|to dp|thon to dan pho|ap/khu pho|khu vuc",
    Field.MEMBERS: "so nhan khau|so khau|nhan khau|so thanh vien|so nguoi|so nguoi trong ho|tong so nhan khau"
    "|so luong thanh vien",
    Field.RESIDENCE: "thuong tru/tam tru|loai cu tru|tinh trang cu tru|tt/tam tru|dien cu tru",
    Field.NOTE: "ghi chu|gc|ghi chu khac|chu thich",
}

_POOR = "poor-household status"
# The reason is what the person is told; the order decides, the more special first.
_LEFT_OUT_WORDS: tuple[tuple[str, str], ...] = (
    ("date of issue of the ID card", "ngay cap|ngay cap cccd|ngay cap cmnd|ngay thang cap"),
    ("place of issue of the ID card", "noi cap|noi cap cccd|noi cap cmnd|co quan cap"),
    (
        "health insurance status",
        "trang thai bhyt|tinh trang bhyt|trang thai the bhyt|han the bhyt|tinh trang the bhyt",
    ),
    (
        "social or health insurance number",
        "ma so bhxh|bhyt|so the bhyt|ma so bhxh/bhyt|bhxh|so bhxh|ma bhxh|so so bhxh|ma the bhyt|ma so bhyt|the bhyt"
        "|bao hiem y te|bao hiem xa hoi|so the bao hiem y te|so bhyt",
    ),
    (
        "national ID number",
        "cccd|so cccd|cmnd|cmt|cmtnd|so cmnd|so cmt|cccd/cmnd|cmnd/cccd|cmnd/can cuoc|can cuoc|can cuoc cong dan"
        "|so can cuoc|so can cuoc cong dan|so dinh danh|so dinh danh ca nhan|dinh danh ca nhan|so ddcn|ddcn|sddcn"
        "|ma dinh danh|so giay to|giay to tuy than|so giay to tuy than|chung minh nhan dan|chung minh thu|the can cuoc"
        "|ma so dinh danh|ma dinh danh ca nhan|id",
    ),
    ("passport number", "ho chieu|so ho chieu"),
    ("tax code", "ma so thue|mst|ma so thue ca nhan"),
    ("bank account number", "so tai khoan|stk|so tk|tai khoan ngan hang|so tai khoan ngan hang"),
    ("ethnicity", "dan toc"),
    ("religion", "ton giao"),
    (
        "poor-household status",
        "ho ngheo|can ngheo|ho can ngheo|ngheo/can ngheo|dien ngheo|ho ngheo/can ngheo",
    ),
)


@dataclass(frozen=True)
class Meaning:
    """What a heading could be: `field` with its points, or `left_out` with the reason."""

    scores: tuple[tuple[Field, float], ...] = ()
    left_out: str | None = None


@lru_cache(maxsize=4096)
def normalise(label: str) -> str:
    """A heading as it is compared: accents, case, brackets and their content off, spaces around / off."""
    label = re.sub(r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}", " ", label)
    label = "/".join(search_key(piece) for piece in re.split(r"[/\\]", label))
    return _AS_ON_THE_CARD.sub("", label).strip("/ ")


def _split(words: str) -> list[str]:
    return words.split("|")


_ALIASES = [(alias, field) for field, words in _FIELD_WORDS.items() for alias in _split(words)]
_EXACT: dict[str, Field] = dict(_ALIASES)
# Too common inside other headings ("tuổi chủ hộ", "người liên hệ") to mean anything there.
_ALONE_ONLY = frozenset({"chu ho", "nhan khau", "dia ban", "khu vuc", "lien he", "thuong tru", "so nguoi"})
_LONG = [
    (alias, field)
    for alias, field in _ALIASES
    if len(alias.replace(" ", "")) >= 5 and alias not in _ALONE_ONLY
]
_LEFT_OUT = [(alias, reason) for reason, words in _LEFT_OUT_WORDS for alias in _split(words)]
_LEFT_OUT_EXACT = dict(reversed(_LEFT_OUT))
# Where people live now is where one knocks; the register comes second.
# "Họ và tên theo CCCD" is a name.
_AS_ON_THE_CARD = re.compile(
    r"\b(?:theo|tren|ghi tren|nhu tren) (?:the |so |giay )*(?:cccd|cmnd|can cuoc|giay to)\b.*"
)
_OF_THE_HEAD = re.compile(r"\bten (?:cua )?chu ho$")
_WHERE_THEY_LIVE = re.compile(r"\bhien (?:nay|tai)\b")


@lru_cache(maxsize=4096)
def meaning(label: str) -> Meaning:
    """What a normalised heading says: an exact word 3 points, a word inside it 1 and its share (formats.md 7.3)."""
    if not label:
        return Meaning()
    field = _EXACT.get(label)
    if field is not None:
        return Meaning(scores=((field, 3.0 + _bonus(label, field)),))
    if label in _LEFT_OUT_EXACT:
        return Meaning(left_out=_LEFT_OUT_EXACT[label])
    best: dict[Field, float] = {}
    for alias, candidate in _LONG:
        if _inside(alias, label):
            points = 1 + len(alias) / len(label) + _bonus(label, candidate)
            best[candidate] = max(best.get(candidate, 0), points)
    for alias, reason in _LEFT_OUT:
        # "Họ tên chủ hộ nghèo" is a name; but whatever speaks of a card or a number is never kept.
        if _inside(alias, label) and not (best and reason == _POOR):
            return Meaning(left_out=reason)
    if Field.NAME in best and _OF_THE_HEAD.search(label):
        best[Field.HEAD_NAME] = max(best.get(Field.HEAD_NAME, 0), best.pop(Field.NAME))
    if label.startswith("chu ho "):
        best.setdefault(Field.HEAD_NAME, 1 + 6 / len(label))
    return Meaning(scores=tuple(sorted(best.items(), key=lambda item: -item[1])))


def _inside(alias: str, label: str) -> bool:
    """True when `alias` stands in `label` as whole words."""
    if alias not in label:
        return False
    spaced = f" {label} " if "/" in alias else f" {label.replace('/', ' ')} "
    return f" {alias} " in spaced


def _bonus(label: str, field: Field) -> float:
    return 0.1 if field is Field.ADDRESS and _WHERE_THEY_LIVE.search(label) else 0.0
