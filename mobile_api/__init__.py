"""The volunteer's door: what phones speak (/api/v1). This file is its table of contents."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Attach the API; its requests carry a custom header instead of a form token (see edge.access)."""
