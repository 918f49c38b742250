"""Guides: texts in Markdown under qr/guides, read once, withdrawn by themselves when their review date passes.

One file per guide and language: front matter (facts about the text), then `## Step {picture}` sections, then after
`# …` the `## Trouble {code}` sections, `code` being a reason why a service was not done (backend/data/services.json).
Further languages lie as files of the same kind in a folder of the installation; a ward's own versions stand in the
database (guide_texts).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

from backend.core.clock import today
from backend.core.i18n import LOCALES

FOLDER = files("qr") / "guides"
# A hotline is shown only when the number itself was seen in several places or is common knowledge.
CERTAIN = frozenset({"found", "common"})
# What languages call themselves; a file in another one brings its own name (`language: …` in its front matter).
NAMES = {
    "vi": "Tiếng Việt",
    "en": "English",
    "tyz": "Tày",
    "nut": "Nùng",
    "hmn": "Mông",
    "km": "ខ្មែរ (Khmer)",
    "mtq": "Mường",
    "blt": "Thái",
    "ium": "Dao",
    "cjm": "Chăm",
    "rad": "Ê Đê",
    "jra": "Gia Rai",
    "bdq": "Ba Na",
}
LAST_GROUP = "khac"
# Where a link in a guide may lead: to another guide, to a page by HTTPS, to the phone.
LINK = re.compile(r"/huong-dan/[a-z0-9-]+|https://[^\s<>\"]+|tel:\+?[0-9]+")

_STEP = re.compile(r"^## (?P<title>.+?)(?: \{(?P<mark>[a-z_ -]+)\})?$", re.MULTILINE)
_markdown = MarkdownIt("commonmark", {"html": False}).disable(["image", "autolink", "reference"])
_markdown.validateLink = lambda url: LINK.fullmatch(url) is not None  # type: ignore[method-assign]


@dataclass(frozen=True)
class Source:
    """Where a fact comes from: `date` as written there (a day, a month or a year)."""

    name: str
    url: str
    date: str


@dataclass(frozen=True)
class Section:
    """A step (one screen, `mark` names its picture) or a trouble (`mark`: the reasons that it answers).

    `html` is safe, `text` the Markdown it came from.
    """

    title: str
    html: str
    text: str
    mark: str = ""


@dataclass(frozen=True)
class Guide:
    """One outcome in one language. `taps`: who does the tapping. `review_by`: the last day on which it is shown.

    `fee`: what it costs, in words.
    """

    slug: str
    lang: str
    title: str
    summary: str
    version: int
    checked_on: date
    review_by: date
    minutes: int
    taps: str
    needs: tuple[str, ...]
    sources: tuple[Source, ...]
    intro: str
    steps: tuple[Section, ...]
    troubles: tuple[Section, ...]
    fee: str = ""
    language: str = ""

    def withdrawn(self, on: date | None = None) -> bool:
        """True when nobody has checked the text in time."""
        return (on or today()) > self.review_by


@dataclass(frozen=True)
class Group:
    """A heading of the list with the slugs below it; `names` per language."""

    key: str
    names: dict[str, str]
    slugs: tuple[str, ...]

    def name(self, lang: str) -> str:
        """The heading in `lang`, in Vietnamese where there is none."""
        return self.names.get(lang, self.names["vi"])


@dataclass(frozen=True)
class Hotline:
    """A number with what it is for; `certainty`: how sure the number is, `checked_on` its last check."""

    number: str
    dial: str
    use: str
    certainty: str
    checked_on: date


def guides(lang: str = "vi") -> tuple[Guide, ...]:
    """Every guide in `lang`, in Vietnamese where `lang` has none, in the order of the groups."""
    return tuple(found for slug in slugs() if (found := guide(slug, lang)))


def guide(slug: str, lang: str = "vi") -> Guide | None:
    """One guide; in Vietnamese where `lang` has none; None for an unknown slug."""
    everything = texts()
    return everything.get((slug, lang)) or everything.get((slug, "vi"))


@cache
def slugs() -> tuple[str, ...]:
    """The names of all guides in the order of the groups."""
    known = {slug for slug, lang in _delivered() if lang == "vi"}
    ordered = [slug for group in groups() for slug in group.slugs]
    return tuple(slug for slug in ordered if slug in known)


@cache
def groups() -> tuple[Group, ...]:
    """The headings of the list; guides that stand under none come last."""
    listed = json.loads((FOLDER / "groups.json").read_text("utf-8"))["groups"]
    found = [Group(row["key"], {lang: row[lang] for lang in LOCALES}, tuple(row["guides"])) for row in listed]
    left = sorted({slug for slug, _ in _delivered()} - {slug for group in found for slug in group.slugs})
    other = Group(LAST_GROUP, {"vi": "Việc khác", "en": "Other"}, tuple(left))
    return (*found, other) if left else tuple(found)


@cache
def hotlines(lang: str = "vi") -> tuple[Hotline, ...]:
    """The numbers that are certain enough to be printed, from the one data file."""
    listed = json.loads((FOLDER / "hotlines.json").read_text("utf-8"))["hotlines"]
    return tuple(
        Hotline(
            row["number"],
            row["dial"],
            row.get(lang, row["vi"]),
            row["certainty"],
            date.fromisoformat(row["checked_on"]),
        )
        for row in listed
        if row["certainty"] in CERTAIN
    )


def texts() -> dict[tuple[str, str], Guide]:
    """Every guide by slug and language: the delivered ones and those that the installation added."""
    return {**_added, **_delivered()}


def languages() -> dict[str, str]:
    """The languages in which at least one guide can be read, with the names they give themselves."""
    found = {one.lang: one.language or NAMES.get(one.lang, one.lang) for one in _added.values()}
    return {lang: NAMES[lang] for lang in LOCALES} | dict(sorted(found.items()))


# What the installation added, and the files it came from (guide_languages).
_added: dict[tuple[str, str], Guide] = {}
_files: dict[tuple[str, str], Path] = {}


def add(found: Guide, path: Path) -> None:
    """Take a guide in a further language that stands in `path`."""
    _added[found.slug, found.lang] = found
    _files[found.slug, found.lang] = path


def forget_added() -> None:
    """Be left with the delivered guides."""
    _added.clear()
    _files.clear()


def source_of(slug: str, lang: str) -> str:
    """The whole text of the file of one guide. Raises KeyError or FileNotFoundError for what `texts` does not hold."""
    file = _files.get((slug, lang)) or FOLDER / f"{slug}.{lang}.md"
    return file.read_text("utf-8")


def parse(source: str) -> Guide:
    """The guide in the text of one file. Raises KeyError or ValueError naming what is missing."""
    _, head, body = source.split("---\n", 2)
    facts: dict[str, Any] = yaml.safe_load(head)
    steps, _, troubles = body.partition("\n# ")
    first_step = steps.find("\n## ")
    if first_step < 0:
        first_step = len(steps)
    return Guide(
        slug=facts["slug"],
        lang=facts["lang"],
        title=facts["title"],
        summary=facts["summary"],
        version=facts["version"],
        checked_on=facts["checked_on"],
        review_by=facts["review_by"],
        minutes=facts["minutes"],
        taps=facts["taps"],
        needs=tuple(facts["needs"]),
        sources=tuple(Source(row["name"], row["url"], str(row["date"])) for row in facts["sources"]),
        intro=_markdown.render(steps[:first_step]),
        steps=_sections(steps[first_step:]),
        troubles=_sections(troubles),
        fee=facts.get("fee", ""),
        language=facts.get("language", ""),
    )


@cache
def _delivered() -> dict[tuple[str, str], Guide]:
    parsed = [parse(file.read_text("utf-8")) for file in FOLDER.iterdir() if file.name.endswith(".md")]
    return {(found.slug, found.lang): found for found in parsed}


def _sections(body: str) -> tuple[Section, ...]:
    return tuple(_each(body))


def _each(body: str) -> Iterator[Section]:
    heads = list(_STEP.finditer(body))
    ends = [*(head.start() for head in heads[1:]), len(body)][: len(heads)]
    for head, end in zip(heads, ends, strict=True):
        text = body[head.end() : end].strip()
        yield Section(head["title"], _markdown.render(text), text, head["mark"] or "")
