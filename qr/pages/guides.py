"""Guides without a code: the list and each guide at its own address."""

from flask.typing import ResponseReturnValue

from backend.core.clock import today
from backend.edge.access import PUBLIC, Door
from backend.edge.db import session
from backend.edge.words import locale
from backend.services.contacts import Contact, contact_for
from backend.services.guides import Guide, guide, guides
from qr.pages.answer import PUBLIC_FOR, page, picture

door = Door("resident_guides", __name__, url_prefix="/huong-dan", template_folder="templates")


@door.page("/", who=PUBLIC, strict_slashes=False)
def guide_list() -> ResponseReturnValue:
    """Every guide that is still valid."""
    return _list()


@door.page("/<slug>", who=PUBLIC)
def guide_page(slug: str) -> ResponseReturnValue:
    """One guide; for an unknown name the guides that there are."""
    found = guide(slug, locale())
    if found is None:
        return _list(404)
    return show(found, contact_for(session()), cache_for=PUBLIC_FOR)


def shown_guides() -> list[Guide]:
    """The guides of this language whose review date has not passed."""
    on = today()
    return [found for found in guides(locale()) if not found.withdrawn(on)]


def show(found: Guide, contact: Contact, *, cache_for: str = "no-store") -> ResponseReturnValue:
    """A guide, or a kind word and a number when nobody has checked it in time."""
    if found.withdrawn():
        return page("withdrawn.html", contact=contact, status=410, guide=found, guides=shown_guides())
    return page("guide.html", contact=contact, cache_for=cache_for, guide=found, picture=picture)


def _list(status: int = 200) -> ResponseReturnValue:
    cache_for = PUBLIC_FOR if status == 200 else "no-store"
    contact = contact_for(session())
    return page("guides.html", contact=contact, status=status, cache_for=cache_for, guides=shown_guides())
