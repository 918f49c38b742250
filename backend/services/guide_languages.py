"""Guides in further languages: files that a ward lays beside its data, `<slug>.<language>.md`, read at the start.

A file has the form of the delivered ones (qr/guides), the steps and pictures of its Vietnamese twin, and keeps the
same rules. docs/huong-dan-ngon-ngu.md says how to write one.
"""

import logging
import re
from pathlib import Path

import yaml

from backend.core.i18n import LOCALES
from backend.services import guide_rules, guides
from backend.services.guides import Guide

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_log = logging.getLogger("gocua.guides")

# File → why it is left out; the desk shows it.
refused: dict[str, str] = {}


def add_from(folder: Path) -> None:
    """Take every file of `folder`, forgetting those taken before; what cannot be taken is named in `refused`."""
    guides.forget_added()
    refused.clear()
    for path in sorted(folder.glob("*.md")):
        try:
            text = path.read_text("utf-8")
            found = guides.parse(text)
            _fits(found, path.name, text.split("---\n", 2)[2])
        except (KeyError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
            refused[path.name] = f"{type(error).__name__}: {error}"
            _log.warning("guide left out", extra={"fields": {"file": path.name, "why": refused[path.name]}})
        else:
            guides.add(found, path)


def _fits(found: Guide, name: str, body: str) -> None:
    """Raise ValueError when a file does not stand beside its Vietnamese twin or breaks a rule."""
    twin = guides.guide(found.slug, "vi")
    if name != f"{found.slug}.{found.lang}.md":
        raise ValueError(f"the file is called {name}, its front matter says {found.slug}, {found.lang}")
    if twin is None or not _LANGUAGE.fullmatch(found.lang) or found.lang in LOCALES:
        raise ValueError("no such guide, or a language that is delivered already")
    if [step.mark for step in found.steps] != [step.mark for step in twin.steps]:
        raise ValueError("other steps or pictures than the Vietnamese text")
    if broken := guide_rules.problems(found, body):
        raise ValueError("; ".join(f"{one.code} {one.values}" for one in broken))
