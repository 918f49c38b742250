"""The guides as a ward reads them: its own versions over the delivered texts, each version kept for good.

Whoever saves is held to the rules of every guide (guide_rules); going back is a new version, so that the history
says who changed what and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.clock import now
from backend.core.refusal import NotFound, Refusal
from backend.models import Account, GuideText
from backend.services import audit, guide_rules, guides
from backend.services.actor import Actor
from backend.services.guide_rules import Problem
from backend.services.guides import Guide, Source
from backend.services.sql import run

_LIVE = """
    SELECT DISTINCT ON (slug, lang) slug, lang, text FROM guide_text
    WHERE ward_id = %(ward)s AND (%(slug)s::text IS NULL OR slug = %(slug)s) ORDER BY slug, lang, number DESC
"""
# A text of nine steps is 4 KB; this is for a page, not for a book.
MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Draft:
    """A guide as it stands in the form. `body`: intro, `## Step {picture}`, `# …`, `## Trouble {reason}`."""

    title: str
    summary: str
    minutes: int
    fee: str
    taps: str
    needs: tuple[str, ...]
    sources: tuple[Source, ...]
    checked_on: date
    review_by: date
    body: str


@dataclass(frozen=True)
class Version:
    """One line of the history. `number` 0 is the delivered text; `delivered`: this version goes back to it."""

    number: int
    author: str
    at: datetime | None
    delivered: bool
    restored: int | None


class AgainstTheRules(Refusal):
    """A text that breaks rules; `problems` says which, one sentence each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        fields = {problem.field: "guide_see_above" for problem in problems}
        super().__init__("guide_rules", fields=fields, n=len(problems))
        self.problems = tuple(problems)


def guides_for(session: Session, ward_id: UUID | None, lang: str) -> tuple[Guide, ...]:
    """Every guide as the ward has it, in `lang` or Vietnamese, in the order of the groups; one statement."""
    own = _own(session, ward_id)
    return tuple(found for slug in guides.slugs() if (found := _pick(own, slug, lang)))


def guide_for(session: Session, ward_id: UUID | None, slug: str, lang: str) -> Guide | None:
    """One guide as the ward has it, in `lang` or Vietnamese; None for an unknown slug; one statement at most."""
    if guides.guide(slug) is None:
        return None
    return _pick(_own(session, ward_id, slug), slug, lang)


def draft_of(session: Session, actor: Actor, slug: str, lang: str, number: int | None = None) -> Draft:
    """The live text (or version `number`; 0: the delivered one) as the form shows it. Raises NotFound."""
    if number is None:
        return _draft(_live(session, actor, slug, lang)[1])
    if number == 0:
        return _draft(_delivered(slug, lang))
    row = session.scalars(
        select(GuideText).where(_of(actor, slug, lang), GuideText.number == number)
    ).one_or_none()
    if row is None:
        raise NotFound
    return _draft(row.text or _delivered(slug, lang))


def live_number(session: Session, actor: Actor, slug: str, lang: str) -> int:
    """The number of the live version, 0 for the delivered text. Raises NotFound for an unknown guide."""
    return _live(session, actor, slug, lang)[0]


def history(session: Session, actor: Actor, slug: str, lang: str) -> list[Version]:
    """Every version, the newest first, the delivered text last. Raises NotFound for an unknown guide."""
    _delivered(slug, lang)
    rows = session.execute(
        select(GuideText, Account.full_name)
        .join(Account, Account.id == GuideText.author)
        .where(_of(actor, slug, lang))
        .order_by(GuideText.number.desc())
    )
    made = [Version(row.number, name, row.created_at, row.text is None, row.restored) for row, name in rows]
    return [*made, Version(0, "", None, True, None)]


def check(slug: str, lang: str, draft: Draft) -> tuple[Guide | None, list[Problem]]:
    """What the draft would look like, and every rule that it breaks."""
    text = _compose(slug, lang, 1, draft)
    try:
        found = guides.parse(text)
    except (KeyError, ValueError, TypeError, yaml.YAMLError):
        return None, [Problem("body", "guide_unreadable")]
    return found, guide_rules.problems(found, draft.body)


def save(session: Session, actor: Actor, slug: str, lang: str, draft: Draft, *, base: int) -> GuideText:
    """Keep a new version, which residents read from now on. `base`: the live version that the writer began from.

    Raises AgainstTheRules; Refusal guide_changed when somebody saved meanwhile; NotFound for an unknown guide.
    """
    number, _ = _live(session, actor, slug, lang)
    _, problems = check(slug, lang, draft)
    if problems:
        raise AgainstTheRules(problems)
    delivered = guides.parse(_delivered(slug, lang)).version
    text = _compose(slug, lang, delivered + number + 1, draft)
    return _add(session, actor, slug, lang, text, number=number, base=base)


def restore(session: Session, actor: Actor, slug: str, lang: str, wanted: int, *, base: int) -> GuideText:
    """Make an older version (0: the delivered text) the live one again, as a new version.

    Raises AgainstTheRules when it has become too old to be shown as it is; NotFound; Refusal guide_changed.
    """
    number, _ = _live(session, actor, slug, lang)
    draft = draft_of(session, actor, slug, lang, wanted)
    if wanted == 0:
        return _add(session, actor, slug, lang, None, number=number, base=base, restored=0)
    _, problems = check(slug, lang, draft)
    if problems:
        raise AgainstTheRules(problems)
    delivered = guides.parse(_delivered(slug, lang)).version
    text = _compose(slug, lang, delivered + number + 1, draft)
    return _add(session, actor, slug, lang, text, number=number, base=base, restored=wanted)


def _add(
    session: Session,
    actor: Actor,
    slug: str,
    lang: str,
    text: str | None,
    *,
    number: int,
    base: int,
    restored: int | None = None,
) -> GuideText:
    if number != base:
        raise Refusal("guide_changed", status=409)
    row = GuideText(
        ward_id=actor.ward_id,
        slug=slug,
        lang=lang,
        number=number + 1,
        text=text,
        restored=restored,
        author=actor.account_id,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    audit.record(
        session, actor, "guide.save", object_kind="guide_text", object_id=row.id, slug=slug, number=row.number
    )
    return row


def _live(session: Session, actor: Actor, slug: str, lang: str) -> tuple[int, str]:
    delivered = _delivered(slug, lang)
    row = session.scalars(
        select(GuideText).where(_of(actor, slug, lang)).order_by(GuideText.number.desc()).limit(1)
    ).one_or_none()
    return (row.number, row.text or delivered) if row else (0, delivered)


def _of(actor: Actor, slug: str, lang: str):  # type: ignore[no-untyped-def]  # a condition of SQLAlchemy
    return (GuideText.ward_id == actor.ward_id) & (GuideText.slug == slug) & (GuideText.lang == lang)


def _own(session: Session, ward_id: UUID | None, slug: str | None = None) -> dict[tuple[str, str], Guide]:
    if ward_id is None:
        return {}
    rows = run(session, _LIVE, ward=ward_id, slug=slug)
    return {(row.slug, row.lang): _parsed(row.text) for row in rows if row.text is not None}


def _pick(own: dict[tuple[str, str], Guide], slug: str, lang: str) -> Guide | None:
    delivered = guides.texts()
    for wanted in (lang, "vi"):
        if found := own.get((slug, wanted)) or delivered.get((slug, wanted)):
            return found
    return None


_parsed = lru_cache(maxsize=256)(guides.parse)


def _delivered(slug: str, lang: str) -> str:
    """The text of the delivered (or added) file. Raises NotFound."""
    if (slug, lang) not in guides.texts():
        raise NotFound
    return guides.source_of(slug, lang)


def _draft(text: str) -> Draft:
    found = _parsed(text)
    return Draft(
        found.title,
        found.summary,
        found.minutes,
        found.fee,
        found.taps,
        found.needs,
        found.sources,
        found.checked_on,
        found.review_by,
        text.split("---\n", 2)[2].strip(),
    )


def _compose(slug: str, lang: str, version: int, draft: Draft) -> str:
    facts = {
        "slug": slug,
        "lang": lang,
        "title": draft.title,
        "summary": draft.summary,
        "version": version,
        "checked_on": draft.checked_on,
        "review_by": draft.review_by,
        "minutes": draft.minutes,
        "fee": draft.fee,
        "taps": draft.taps,
        "needs": list(draft.needs),
        "sources": [{"name": one.name, "url": one.url, "date": one.date} for one in draft.sources],
    }
    head = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=1000)
    return f"---\n{head}---\n{draft.body.replace(chr(13), '').strip()}\n"


def rewritten(session: Session, actor: Actor) -> set[tuple[str, str]]:
    """Slug and language of the guides which the ward's residents read in the ward's own words; one statement."""
    return set(_own(session, actor.ward_id))
