"""What a resident sees after scanning. This file is its table of contents."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from qr.pages import badges, codes, guides, help, home, places, slips


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Attach the resident's pages. Their forms have no session to protect: a ticket of their own, or where they come from."""
    csrf.exempt(guides.report_step)
    app.register_blueprint(home.door)
    app.register_blueprint(guides.door)
    app.register_blueprint(codes.door)
    for door in (badges.door, help.door, places.door, slips.door):
        app.register_blueprint(door)
        csrf.exempt(door)
