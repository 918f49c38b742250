"""The team leader's door: server-rendered pages. This file is its table of contents."""

from flask import Flask


def register(app: Flask) -> None:
    """Attach every room of the console; each room is a module with a `door`."""
