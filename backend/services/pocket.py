"""What a phone keeps for offline beside its doors: the guides with their codes, the own badge, the plates in sight."""

import html
import re
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.clock import today
from backend.core.i18n import LOCALES
from backend.services import codes, live_badges, visit_codes
from backend.services.actor import Actor
from backend.services.badges import badge_of
from backend.services.contacts import contact_for
from backend.services.guide_texts import guides_for
from backend.services.guides import FOLDER, Guide, Section, groups, hotlines
from backend.services.phone_scope import ALIVE, VISIBLE, parameters
from backend.services.sql import run
from qr.codes.render import runs
from qr.codes.symbol import QUIET_ZONE, encode

_PLATES = f"""
    SELECT q.token, q.household_id FROM ({VISIBLE}) seen
    JOIN household h ON h.id = seen.household_id AND {ALIVE}
    JOIN qr_code q ON q.household_id = h.id AND q.ward_id = %(ward)s AND q.kind = 'household' AND q.revoked_at IS NULL
    ORDER BY q.token
"""  # noqa: S608  # constants only
_BOLD = re.compile(r"</?strong>")
_TAG = re.compile(r"<[^>]+>")


def guide_pack(session: Session, actor: Actor, base_url: str) -> dict[str, Any]:
    """Every valid guide in every language, the ward's code of each (made where missing), pictures and numbers."""
    on = today()
    shown = {
        lang: [found for found in guides_for(session, actor.ward_id, lang) if not found.withdrawn(on)]
        for lang in LOCALES
    }
    issued = codes.codes_for_guides(session, actor, [found.slug for found in shown["vi"]])
    contact = contact_for(session, ward_id=actor.ward_id)
    drawn = {step.mark for found in shown["vi"] for step in found.steps if step.mark}
    return {
        "groups": {
            lang: [{"name": group.name(lang), "guides": list(group.slugs)} for group in groups()]
            for lang in LOCALES
        },
        "guides": {lang: [_guide(found) for found in found_in] for lang, found_in in shown.items()},
        "codes": {code.guide: _symbol(codes.url_of(code, base_url)) for code in issued},
        "pictures": {
            name: (FOLDER / "pictures" / f"{name}.svg").read_text("utf-8") for name in sorted(drawn)
        },
        "hotlines": {
            lang: [{"number": row.number, "dial": row.dial, "use": row.use} for row in hotlines(lang)]
            for lang in LOCALES
        },
        "contact": {"ward": contact.ward, "phone": contact.phone, "dial": contact.dial},
    }


def own_badge(session: Session, actor: Actor, base_url: str) -> dict[str, Any]:
    """The actor's own badge: what it says and the address in its symbol. The code is made at the first asking."""
    badge = badge_of(session, actor.account_id)
    code = codes.code_for_self(session, actor)
    return {
        "given_name": badge.given_name,
        "initials": badge.initials,
        "team": badge.team,
        "team_title": badge.team_title,
        "ward": badge.ward,
        "areas": list(badge.areas),
        "phone": badge.phone,
        "code": _symbol(codes.url_of(code, base_url)),
        "live_handle": live_badges.live_handle(session, actor),
        "visit_codes": visit_codes.for_phone(session, actor),
    }


def plates(session: Session, actor: Actor) -> dict[str, UUID]:
    """Token → household of the live plates on the doors this phone may see now."""
    return {row.token: row.household_id for row in run(session, _PLATES, **parameters(actor))}


def _symbol(url: str) -> dict[str, Any]:
    """A code as the phone draws it: modules of the side with the quiet zone, the dark ones as one SVG path."""
    symbol = encode(url)
    path = "".join(
        f"M{column + QUIET_ZONE} {row + QUIET_ZONE}h{width}v{height}h-{width}z"
        for column, row, width, height in runs(symbol)
    )
    return {"url": url, "side": symbol.size + 2 * QUIET_ZONE, "path": path}


def _guide(found: Guide) -> dict[str, Any]:
    return {
        "slug": found.slug,
        "title": found.title,
        "summary": found.summary,
        "minutes": found.minutes,
        "taps": found.taps,
        "needs": list(found.needs),
        "checked_on": found.checked_on.isoformat(),
        "review_by": found.review_by.isoformat(),
        "intro": _plain(found.intro),
        "steps": [_section(step, picture=True) for step in found.steps],
        "troubles": [_section(trouble) for trouble in found.troubles],
    }


def _section(section: Section, *, picture: bool = False) -> dict[str, Any]:
    told = {"title": section.title, "text": section.text}
    return told | {"picture": section.mark} if picture and section.mark else told


def _plain(text: str) -> str:
    """Our own HTML back as the Markdown of the sections: paragraphs and **bold**."""
    return html.unescape(_TAG.sub("", _BOLD.sub("**", text))).strip()
