"""The public front door: type a printed code, read a guide, read what is done with data."""

from flask.typing import ResponseReturnValue

from backend.edge.access import PUBLIC, Door
from backend.edge.db import session
from backend.services.contacts import contact_for
from qr.pages.answer import PUBLIC_FOR, page
from qr.pages.guides import shown_guides

door = Door("resident_home", __name__, template_folder="templates")


@door.page("/", who=PUBLIC)
def home() -> ResponseReturnValue:
    """A field for a printed code, the guides, the way in for the team."""
    contact = contact_for(session())
    return page("home.html", contact=contact, cache_for=PUBLIC_FOR, guides=shown_guides(contact.ward_id))


@door.page("/quyen-rieng-tu", who=PUBLIC)
def privacy() -> ResponseReturnValue:
    """What is kept about a household, for what, how long, and how to have it removed."""
    return page("privacy.html", contact=contact_for(session()), cache_for=PUBLIC_FOR)
