"""Guides: texts in Markdown under qr/guides, read once, withdrawn by themselves when their review date passes.

One file per guide and language: front matter (facts about the text), then `## Step {picture}` sections, then after
`# …` the `## Trouble` sections. A ward's own versions will come from the database beside these (a later issue).
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from markdown_it import MarkdownIt

from backend.core.clock import today

FOLDER = files("qr") / "guides"
# A hotline is shown only when the number itself was seen in several places or is common knowledge.
CERTAIN = frozenset({"found", "common"})

_STEP = re.compile(r"^## (?P<title>.+?)(?: \{(?P<picture>[a-z-]+)\})?$", re.MULTILINE)
_markdown = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Source:
    """Where a fact comes from: `date` as written there (a day, a month or a year)."""

    name: str
    url: str
    date: str


@dataclass(frozen=True)
class Section:
    """A step (one screen) or a trouble with what to do; `html` is safe, `text` the Markdown it came from."""

    title: str
    html: str
    text: str
    picture: str = ""


@dataclass(frozen=True)
class Guide:
    """One outcome in one language. `taps`: who does the tapping. `review_by`: the last day on which it is shown."""

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

    def withdrawn(self, on: date | None = None) -> bool:
        """True when nobody has checked the text in time."""
        return (on or today()) > self.review_by


@dataclass(frozen=True)
class Hotline:
    """A number with what it is for; `certainty` as in domain/guides.md, `checked_on` its last check."""

    number: str
    dial: str
    use: str
    certainty: str
    checked_on: date


def guides(lang: str = "vi") -> tuple[Guide, ...]:
    """Every guide in `lang`, in the order in which they are learnt."""
    found = [guide for (_, guide_lang), guide in _all().items() if guide_lang == lang]
    return tuple(sorted(found, key=lambda guide: _ORDER.get(guide.slug, len(_ORDER))))


def guide(slug: str, lang: str = "vi") -> Guide | None:
    """One guide; in Vietnamese where `lang` has none; None for an unknown slug."""
    return _all().get((slug, lang)) or _all().get((slug, "vi"))


@cache
def hotlines(lang: str = "vi") -> tuple[Hotline, ...]:
    """The numbers that are certain enough to be printed, from the one data file."""
    listed = json.loads((FOLDER / "hotlines.json").read_text("utf-8"))["hotlines"]
    return tuple(
        Hotline(
            row["number"], row["dial"], row[lang], row["certainty"], date.fromisoformat(row["checked_on"])
        )
        for row in listed
        if row["certainty"] in CERTAIN
    )


def parse(source: str) -> Guide:
    """The guide in the text of one file. Raises KeyError or ValueError naming what is missing."""
    _, head, body = source.split("---\n", 2)
    facts: dict[str, Any] = yaml.safe_load(head)
    steps, _, troubles = body.partition("\n# ")
    first_step = steps.find("\n## ")
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
    )


# VNeID level 2 opens the other two.
_ORDER = {"vneid-muc-2": 0, "tai-khoan-an-sinh": 1, "so-suc-khoe": 2}


@cache
def _all() -> dict[tuple[str, str], Guide]:
    parsed = [parse(file.read_text("utf-8")) for file in FOLDER.iterdir() if file.name.endswith(".md")]
    return {(found.slug, found.lang): found for found in parsed}


def _sections(body: str) -> tuple[Section, ...]:
    heads = list(_STEP.finditer(body))
    ends = [head.start() for head in heads[1:]] + [len(body)]
    return tuple(
        Section(
            title=head["title"],
            html=_markdown.render(body[head.end() : end]),
            text=body[head.end() : end].strip(),
            picture=head["picture"] or "",
        )
        for head, end in zip(heads, ends, strict=True)
    )
