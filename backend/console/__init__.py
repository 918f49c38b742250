"""The team leader's door: server-rendered pages. This file is its table of contents."""

from flask import Flask

from backend.console import place, sign_in


def register(app: Flask) -> None:
    """Attach every room of the console; each room is a module with a `door`."""
    place.register(app)
    app.register_blueprint(sign_in.door)
