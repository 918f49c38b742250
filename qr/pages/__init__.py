"""What a resident sees after scanning. This file is its table of contents."""

from flask import Flask


def register(app: Flask) -> None:
    """Attach the resident's pages."""
