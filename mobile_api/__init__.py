"""The volunteer's door: what phones speak (/api/v1). This file is its table of contents."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from mobile_api import guides, openapi, pages, phone, rounds, shell, sync
from mobile_api.door import make_api


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Attach the API; its requests carry a custom header instead of a form token (see edge.access)."""
    api = make_api(app)
    for door in (phone.door, sync.door, guides.door):
        csrf.exempt(door.blueprint)
        api.register_blueprint(door.blueprint)
    app.register_blueprint(openapi.door)
    app.register_blueprint(pages.door)
    app.register_blueprint(rounds.door)
    app.register_blueprint(shell.door)
