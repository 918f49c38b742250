"""What a resident sees after scanning. This file is its table of contents."""

from flask import Flask

from qr.pages import codes, guides, home


def register(app: Flask) -> None:
    """Attach the resident's pages."""
    app.register_blueprint(home.door)
    app.register_blueprint(guides.door)
    app.register_blueprint(codes.door)
