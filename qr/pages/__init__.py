"""What a resident sees after scanning. This file is its table of contents."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from qr.pages import codes, guides, home


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Attach the resident's pages. A form of theirs has no session to protect: it checks where it was sent from."""
    csrf.exempt(guides.report_step)
    app.register_blueprint(home.door)
    app.register_blueprint(guides.door)
    app.register_blueprint(codes.door)
