"""Vietnamese addresses as people type them: their parts, the alley they belong to, and their place in a walk.

No coordinates are needed: numbers alone say how one walks (Thông tư 08/2024/TT-BXD: street, ngõ, ngách; a nameless
ngõ is called by the house number before its mouth). Nothing is ever refused: what is not understood stays in `raw`.
The order is chosen in docs/decisions/0021-walking-order.md.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from backend.text.address_rules import RULES, STREET_LEADS, UNIT_NAMES, Rule, admin_tail, bare_house
from backend.text.vietnamese import nfc, search_key

# Alleys from the outermost inwards, with the word shown before their number.
_ALLEYS = {"kiet": "Kiệt", "ngo": "Ngõ", "ngach": "Ngách", "hem": "Hẻm"}
_CLASS = {"letter": b"\x10", "lot": b"\x20", "number": b"\x30", "building": b"\x40", "none": b"\x50"}
_SUFFIX_RANK = {"bis": b"\x03", "ter": b"\x04"}
_LONGEST = 200  # characters read: a longer cell is no address, and a walk key must fit into an index page
_TIE = 400  # bytes of the text that break a tie
_COMPONENT = re.compile(r"([^\W\d_]*)[ .-]?([0-9]+)[ -]?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """One parsed address.

    `raw`: as typed (NFC). `parts`: what was recognised, by names without accents (so, ngo, ngach, hem, duong, lo,
    can_ho, toa, tang, chung_cu, to, thon …; kiet and path are lists). `house`: what stands on the door ("12").
    `alley`: the alley, street front or building it belongs to ("Ngõ 34 Láng"), None where nothing says so.
    `walk_key`: bytes whose order is the order of walking.
    """

    raw: str
    parts: dict[str, Any]
    house: str
    alley: str | None
    walk_key: bytes


def parse(raw: str) -> Address:
    """Read an address in any of the ways in use; never raises, an empty or odd text gives empty parts."""
    raw = nfc(raw)
    parts = _parts(raw)
    path, house = _path_and_house(parts)
    return Address(
        raw, parts, _shown_house(parts, house), _alley_name(parts, path), _key(raw, parts, path, house)
    )


def street_side(parts: dict[str, Any]) -> int | None:
    """1 for the odd side of a street, 0 for the even one; None unless the door opens on a street."""
    if "duong" not in parts or any(kind in parts for kind in (*_ALLEYS, "path", "can_ho", "lo")):
        return None
    found = re.search(r"[0-9]+", str(parts.get("so", "")))
    return int(found.group()) % 2 if found else None


def floor(parts: dict[str, Any]) -> int:
    """The floor of a flat, as told or by its number (502 is on floor 5); 0 where nothing says so."""
    return _first_integer(str(parts.get("tang", ""))) or _floor_of(str(parts.get("can_ho", "")))


def _parts(raw: str) -> dict[str, Any]:
    rest = " ".join(unicodedata.normalize("NFKC", raw).split())[:_LONGEST]
    parts: dict[str, Any] = {}
    rest = admin_tail(rest)
    for rule in RULES:
        rest = _apply(rule, rest, parts)
    number, street = bare_house(rest, parts)
    if number:
        parts["so"] = number
    if street and "duong" not in parts:
        parts["duong"] = street
    return _as_paths(parts)


def _apply(rule: Rule, rest: str, parts: dict[str, Any]) -> str:
    found = rule.pattern.search(rest)
    if not found or (rule.needs and rule.needs not in parts):
        return rest
    for key, value in found.groupdict().items():
        if value and value.strip(" .,:-") and key not in parts:
            value = " ".join(value.split()).strip(" .,:-")
            parts[key] = value.upper() if key in ("lo", "can_ho", "toa") else value
    # The gap keeps what stood on either side apart.
    return f"{rest[: found.start()]} ; {rest[found.end() :]}"


def _as_paths(parts: dict[str, Any]) -> dict[str, Any]:
    """12/34/5 with no word before it is a path from the street inwards; so is the Đà Nẵng form K12/34/5."""
    number = parts.get("so", "")
    if "/" in number and not any(kind in parts for kind in _ALLEYS):
        del parts["so"]
        parts = {"path": _components(number), **parts}
    if "kiet" in parts:
        parts["kiet"] = _components(parts["kiet"])
    return parts


def _components(path: str) -> list[str]:
    return [component.strip() for component in path.split("/") if component.strip()]


def _path_and_house(parts: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The alley from the street inwards (["12", "34"]) and the house in it (["5"])."""
    if "path" in parts:
        return parts["path"][:-1], parts["path"][-1:]
    path: list[str] = []
    for kind in _ALLEYS:
        if kind in parts:
            value = parts[kind]
            path = _deeper(path, value if isinstance(value, list) else _components(value))
    if "so" in parts:
        return path, _components(parts["so"])
    # "K12/34", "hẻm 12/34" without a house number: the last number is the door. A ngách is named by its whole path.
    if len(path) > 1 and "ngach" not in parts:
        return path[:-1], path[-1:]
    return path, []


def _deeper(path: list[str], inner: list[str]) -> list[str]:
    """ngách 12/34 in ngõ 12 repeats its ngõ; ngách 34 in ngõ 12 does not."""
    return inner if path and len(inner) > 1 and inner[0] == path[0] else path + inner


def _shown_house(parts: dict[str, Any], house: list[str]) -> str:
    if "can_ho" in parts:
        return f"P.{parts['can_ho']}"
    if house:
        return "/".join(house)
    return f"Lô {parts['lo']}" if "lo" in parts else ""


def _alley_name(parts: dict[str, Any], path: list[str]) -> str | None:
    street = f" {_calm(parts['duong'])}" if "duong" in parts else ""
    if building := _building(parts):
        return building
    if path:
        kind = [kind for kind in _ALLEYS if kind in parts][-1:] or ["hem"]
        return f"{_ALLEYS[kind[0]]} {'/'.join(path)}{street}"
    if street:
        return street.strip() if STREET_LEADS.match(street.strip()) else _street_word(parts) + street
    if "khu_pho" in parts and "to" in parts:
        return f"Tổ {parts['to']}"
    if "xom" in parts and len(parts.keys() & UNIT_NAMES.keys()) > 1:
        return f"Xóm {parts['xom']}"
    return None


def _street_word(parts: dict[str, Any]) -> str:
    return "Phố" if "loai_duong" in parts else "Đường"


def _calm(name: str) -> str:
    """A street shouted in a list in capitals is shown in the ordinary way."""
    return name.title() if name.isupper() and not any(char.isdigit() for char in name) else name


def _building(parts: dict[str, Any]) -> str | None:
    names = [str(parts[key]) for key in ("toa", "chung_cu") if key in parts]
    if not names:
        return None
    return f"{'Chung cư' if 'can_ho' in parts or 'chung_cu' in parts else 'Tòa'} {' '.join(names)}"


def _key(raw: str, parts: dict[str, Any], path: list[str], house: list[str]) -> bytes:
    """Street (or village), then the class of number, then the way in, then the door; ties by the text itself."""
    if "duong" in parts:
        place = b"\x20" + _natural(parts["duong"])
    else:
        place = (
            b"\x10"
            + b"".join(_natural(f"{key} {parts[key]}") for key in UNIT_NAMES if key in parts)
            + b"\x00"
        )
    return place + _way(parts, path, house) + b"\x00" + raw.casefold().encode()[:_TIE]


def _way(parts: dict[str, Any], path: list[str], house: list[str]) -> bytes:
    if building := _building(parts):
        return _CLASS["building"] + _natural(building) + _floor_and_door(parts) + _steps(path + house)
    steps = path + house
    if "lo" in parts:
        return _CLASS["lot"] + _natural(parts["lo"]) + _steps(steps)
    if not steps:
        return _CLASS["none"] + (_floor_and_door(parts) if "can_ho" in parts else b"")
    lettered = "kiet" in parts or not steps[0][:1].isdigit()
    return _CLASS["letter" if lettered else "number"] + _steps(steps)


def _steps(steps: list[str]) -> bytes:
    """A door before the alley that begins beside it: 12, 12A, 12 bis, 12/3, 12/34, 12/34/5, 13."""
    key = b""
    for place, step in enumerate(steps):
        letters, digits, suffix = _split(step)
        leaf = b"\x01" if place == len(steps) - 1 else b"\x02"
        key += (
            _natural(letters)
            + _integer(digits)
            + leaf
            + _SUFFIX_RANK.get(suffix, b"\x02" if suffix else b"\x01")
        )
        key += _natural(suffix)
    return key


@lru_cache(maxsize=4096)
def _split(step: str) -> tuple[str, str, str]:
    found = _COMPONENT.fullmatch(search_key(step))
    return (found[1], found[2], found[3].strip()) if found else (step, "0", "")


def _floor_and_door(parts: dict[str, Any]) -> bytes:
    """Up once, then down on foot: the highest floor first."""
    door = str(parts.get("can_ho", ""))
    return (0xFFFF - min(floor(parts), 0xFFFF)).to_bytes(2, "big") + _natural(door)


def _floor_of(door: str) -> int:
    """502 is on floor 5, 1205 and 12.05 on floor 12."""
    digits = re.findall(r"[0-9]+", door)
    if len(digits) > 1:
        return _small(digits[0])
    return _small(digits[0][:-2] or "0") if digits else 0


def _first_integer(text: str) -> int:
    found = re.search(r"[0-9]+", text)
    return _small(found.group()) if found else 0


def _small(digits: str) -> int:
    return int(digits[:6])


def _integer(digits: str) -> bytes:
    digits = digits.lstrip("0") or "0"
    return bytes([min(len(digits), 255)]) + digits.encode()


@lru_cache(maxsize=4096)  # the same few streets and alleys, list after list
def _natural(text: str) -> bytes:
    """Bytes of a text without marks in which runs of digits compare as numbers; no key is the beginning of another."""
    runs = re.findall(r"[0-9]+|[^0-9]+", search_key(text))
    return (
        b"".join(b"0" + _integer(run) if run[0] in "0123456789" else run.encode() for run in runs) + b"\x00"
    )
