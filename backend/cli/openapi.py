"""`gocua openapi`: the snapshot of what phones speak, made without any server."""

import importlib
import tempfile
from pathlib import Path

import click

from backend.core.settings import load, make_keys_file
from mobile_api.openapi import openapi_document


@click.command()
def openapi() -> None:
    """In tài liệu OpenAPI của /api/v1."""
    # By name: the composition root stands above the commands.
    create_app = importlib.import_module("backend.app").create_app
    with tempfile.TemporaryDirectory() as folder:
        make_keys_file(Path(folder))
        app = create_app(load({"GOCUA_DATA_DIR": folder}), "postgresql+psycopg://", testing=True)
    click.echo(openapi_document(app), nl=False)
