"""The rules that every guide keeps, delivered or rewritten by a ward: length, words, secrets, sources, dates, numbers.

One function for the content test of the delivered texts and for the desk's form, so that neither can drift.
"""

import dataclasses
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from backend.core.clock import today
from backend.services import guides
from backend.services.guides import FOLDER, LINK, Guide, Section

MOST_STEPS = 9
MOST_WORDS = 20
MOST_DAYS = 90
MOST_MINUTES = 30

# What may never be asked for: a section that names one says that the resident does it alone, or forbids it.
_SECRET = re.compile(
    r"OTP|PIN\b|mật khẩu|mật mã|passcode|password|số tài khoản|account number|gõ mã|the code\b", re.IGNORECASE
)
_ALONE = re.compile(
    r"\btự\b|\bkhông\b|\bđừng\b|\byourself\b|\bnot\b|\bnobody\b|\bonly you\b|\bnever\b", re.IGNORECASE
)
_ASKING = re.compile(
    r"(đọc|gửi|đưa|nói|cho) (mã|mật khẩu|mật mã|số tài khoản|số căn cước)( OTP| PIN)? (cho|tới|với)"
    r" (tôi|tổ|chúng tôi|tình nguyện viên|cán bộ|người giúp|phường)"
    r"|(tell|give|send|read) (us|me|the team|the volunteer|the helper|the ward)"
    r" (the|your) (code|password|passcode|PIN|OTP)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[a-zA-Z/!][^>]*>?")
_TARGET = re.compile(r"\]\(\s*([^)\s]*)|^\s*\[[^\]]+\]:\s*(\S*)", re.MULTILINE)
# Numbers that are dialled: service numbers with 1800 or 1900, three digits of emergency and complaint, land lines.
_DIALLED = re.compile(r"\b(?:1[89]00[ .]?\d{4}|11[2-9]|15[67]|0\d{2}[ .]?\d{3,4}[ .]?\d{3,4})\b")
_SOURCE_DATE = re.compile(r"20\d\d(-(0\d|1[0-2])(-[0-3]\d)?)?")
_LONG = re.compile(r"\d{9,}")
_WRITTEN_IN = ("vi", "en")  # the languages whose words the rules on secrets know


@dataclass(frozen=True)
class Problem:
    """One broken rule: the form's `field`, the refusal `code` of its sentence, and the values of that sentence."""

    field: str
    code: str
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


def problems(found: Guide, source: str = "", *, on: date | None = None) -> list[Problem]:
    """Every rule that `found` breaks, in the order of the page. `source`: the Markdown it came from."""
    return [problem for rule in _RULES for problem in rule(found, source, on or today())]


def sentences(found: Guide) -> Iterator[tuple[str, str]]:
    """Every sentence of a guide with the field in which it stands."""
    parts = [("title", found.title), ("summary", found.summary), ("taps", found.taps), ("fee", found.fee)]
    parts += [("needs", need) for need in found.needs] + [("body", _plain(found.intro))]
    for section in (*found.steps, *found.troubles):
        parts += [("body", section.title), ("body", plain(section))]
    for name, part in parts:
        for sentence in re.split(r"(?<=[.!?:;])\s+", part):
            if sentence.strip():
                yield name, sentence.strip()


def plain(section: Section) -> str:
    """The words of a section without marks."""
    return _plain(section.html)


def _plain(marked: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", marked))).strip()


def _all_words(found: Guide) -> str:
    return " ".join(sentence for _, sentence in sentences(found))


def _steps(found: Guide, _source: str, _on: date) -> Iterator[Problem]:
    if not 2 <= len(found.steps) <= MOST_STEPS:
        yield Problem("body", "guide_steps", {"n": len(found.steps), "most": MOST_STEPS})
    if not found.troubles:
        yield Problem("body", "guide_troubles")
    if not 1 <= found.minutes <= MOST_MINUTES:
        yield Problem("minutes", "guide_minutes", {"most": MOST_MINUTES})
    for section in (*found.steps, *found.troubles):
        if not plain(section):
            yield Problem("body", "guide_empty", {"title": section.title})
    for name in ("title", "summary", "taps"):
        if not getattr(found, name).strip():
            yield Problem(name, "needed")


def _pictures(found: Guide, _source: str, _on: date) -> Iterator[Problem]:
    for step in found.steps:
        if step.mark and not (FOLDER / "pictures" / f"{step.mark}.svg").is_file():
            yield Problem("body", "guide_picture", {"name": step.mark})


def _short(found: Guide, _source: str, _on: date) -> Iterator[Problem]:
    for name, sentence in sentences(found):
        words = len(sentence.split())
        if words > MOST_WORDS:
            yield Problem(
                name, "guide_long_sentence", {"n": words, "most": MOST_WORDS, "sentence": sentence[:120]}
            )


def _secrets(found: Guide, _source: str, _on: date) -> Iterator[Problem]:
    if found.lang not in _WRITTEN_IN:
        return
    for section in (*found.steps, *found.troubles):
        words = f"{section.title}. {plain(section)}"
        if _SECRET.search(words) and not _ALONE.search(words):
            yield Problem("body", "guide_secret", {"title": section.title})
    if asked := _ASKING.search(_all_words(found)):
        yield Problem("body", "guide_asks", {"words": asked.group()})


def _sources(found: Guide, _source: str, on: date) -> Iterator[Problem]:
    if not found.sources:
        yield Problem("sources", "guide_no_source")
    for source in found.sources:
        if not re.fullmatch(r"https?://[a-z0-9.-]+\.[a-z]{2,}/\S*", source.url):
            yield Problem("sources", "guide_source_address", {"name": source.name})
        if not _SOURCE_DATE.fullmatch(source.date) or source.date > on.isoformat():
            yield Problem("sources", "guide_source_date", {"name": source.name})


def _dates(found: Guide, _source: str, on: date) -> Iterator[Problem]:
    if found.checked_on > on:
        yield Problem("checked_on", "guide_checked_later")
    if not timedelta(0) < found.review_by - found.checked_on <= timedelta(days=MOST_DAYS):
        yield Problem("review_by", "guide_review", {"most": MOST_DAYS})


def _numbers(found: Guide, _source: str, _on: date) -> Iterator[Problem]:
    known = {re.sub(r"\D", "", line.number) for line in guides.hotlines(found.lang)}
    words = _all_words(found)
    for number in _DIALLED.findall(words):
        if re.sub(r"\D", "", number) not in known:
            yield Problem("body", "guide_number", {"number": number})
    if _LONG.search(words):
        yield Problem("body", "no_id_numbers")


def _markup(_found: Guide, source: str, _on: date) -> Iterator[Problem]:
    if tag := _TAG.search(source):
        yield Problem("body", "guide_html", {"tag": tag.group()[:40]})
    for found in _TARGET.finditer(source):
        target = found.group(1) or found.group(2) or ""
        if not LINK.fullmatch(target):
            yield Problem("body", "guide_link", {"target": target[:80]})
        elif target.startswith("/huong-dan/") and target.rpartition("/")[2] not in guides.slugs():
            yield Problem("body", "guide_link_unknown", {"target": target[:80]})


_RULES: tuple[Callable[[Guide, str, date], Iterator[Problem]], ...] = (
    _steps,
    _pictures,
    _short,
    _secrets,
    _sources,
    _dates,
    _numbers,
    _markup,
)
