"""A resident's page on the wire: one answer with its style inside, compressed, one CSP by hash.

No page needs a script. A guide carries one of less than a kilobyte that reads it aloud where the phone can.
"""

import base64
import gzip
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from flask import current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from backend.edge.words import locale, reading
from backend.services.contacts import Contact
from backend.services.guides import FOLDER, Group, Guide, groups, hotlines, languages

STYLE = (Path(__file__).parent / "style.css").read_text("utf-8")
ALOUD = (Path(__file__).parent / "aloud.js").read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# Nothing may run, load or frame; forms go home. The style is the one whose hash stands here.
CSP = (
    f"default-src 'none'; style-src {_hash(STYLE)}; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# A guide may be kept for ten minutes on the way; a code's state may not.
PUBLIC_FOR = "public, max-age=600"
_WORTH_COMPRESSING = 600  # bytes: less fits one packet as it is


def page(
    template: str,
    *,
    contact: Contact,
    status: int = 200,
    cache_for: str = "no-store",
    script: str = "",
    **values: object,
) -> ResponseReturnValue:
    """`template` of this folder with what every page carries: style, contact, hotlines, the domain.

    `script`: the one small script of our own that this page may run.
    """
    html = render_template(
        f"resident/{template}",
        style=Markup(STYLE),  # noqa: S704  # our own file
        script=Markup(script),  # noqa: S704  # our own file
        contact=contact,
        hotlines=hotlines(locale()),
        by_group=by_group,
        reading=reading(),
        languages=languages(),
        domain=current_app.config["GOCUA"].host,
        **values,
    )
    body = html.encode()
    response = make_response(body, status)
    response.headers["Content-Security-Policy"] = f"{CSP}; script-src {_hash(script)}" if script else CSP
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    # ?lang= sets a cookie, which must not be kept for others.
    response.headers["Cache-Control"] = "private, no-cache" if "lang" in request.args else cache_for
    if len(body) > _WORTH_COMPRESSING and request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def by_group(guides: Sequence[Guide]) -> list[tuple[Group, list[Guide]]]:
    """`guides` under their headings; headings with none are left out."""
    slugs = {found.slug: found for found in guides}
    listed = [(group, [slugs[slug] for slug in group.slugs if slug in slugs]) for group in groups()]
    return [(group, found) for group, found in listed if found]


@cache
def picture(name: str) -> Markup:
    """A pictogram as inline SVG; decoration only, its step says everything in words."""
    drawn = (FOLDER / "pictures" / f"{name}.svg").read_text("utf-8").strip()
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704  # our own files
