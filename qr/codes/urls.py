"""The address inside a symbol: short, upper case, so that it fits QR's alphanumeric mode.

HTTPS://ABCD.VN/H/7K3QX9ZP2M has 28 characters: version 2 (25 × 25) at level Q; in lower case it would need byte
mode and version 3 (formats.md, 9.1). Scheme and host ignore case; our routes take both.
"""

import re

# The path letter of each kind of code. Enrolment is a credential, the others may hang on a wall.
# Paper is a volunteer's day sheet ("tờ"): it opens at the desk only. A live badge's token changes every half minute.
GUIDE, HOUSEHOLD, BADGE, ENROLMENT, PAPER, LIVE_BADGE = "G", "H", "B", "E", "T", "V"
# Places and what belongs to them: tổ dân phố, điểm hỗ trợ, wifi, địa điểm, sạp chợ, khảo sát; a visit's slip (phiếu).
NEIGHBOURHOOD, SUPPORT_POINT, WIFI, PLACE, STALL, SURVEY, SLIP = "N", "D", "W", "P", "M", "K", "S"
LETTERS = (
    GUIDE,
    HOUSEHOLD,
    BADGE,
    ENROLMENT,
    PAPER,
    LIVE_BADGE,
    NEIGHBOURHOOD,
    SUPPORT_POINT,
    WIFI,
    PLACE,
    STALL,
    SURVEY,
    SLIP,
)

_ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]+")


class NotAlphanumeric(ValueError):
    """The address holds characters outside QR's alphanumeric mode (in `odd`) and would make a denser symbol."""

    def __init__(self, odd: str) -> None:
        super().__init__(f"not in QR's alphanumeric set: {odd!r}")
        self.odd = odd


def code_url(base_url: str, letter: str, token: str) -> str:
    """What the symbol of a code holds. `base_url`: the fixed setting, never a request's host.

    Raises NotAlphanumeric, ValueError for an unknown letter.
    """
    if letter not in LETTERS:
        raise ValueError(f"unknown kind of code: {letter!r}")
    url = f"{base_url.rstrip('/')}/{letter}/{token}".upper()
    if not _ALPHANUMERIC.fullmatch(url):
        raise NotAlphanumeric("".join(sorted({char for char in url if not _ALPHANUMERIC.fullmatch(char)})))
    return url
