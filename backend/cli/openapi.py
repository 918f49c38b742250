"""`gocua openapi`: the snapshot of what phones speak, made without any server."""

import importlib
import json
import tempfile
from pathlib import Path

import click

from backend.core.settings import load, make_keys_file


@click.command()
def openapi() -> None:
    """In tài liệu OpenAPI của /api/v1."""
    # By name: the composition root stands above the commands.
    create_app = importlib.import_module("backend.app").create_app
    snapshot = importlib.import_module("mobile_api").openapi
    with tempfile.TemporaryDirectory() as folder:
        make_keys_file(Path(folder))
        app = create_app(load({"GOCUA_DATA_DIR": folder}), "postgresql+psycopg://", testing=True)
    click.echo(json.dumps(snapshot(app), ensure_ascii=False, indent=2, sort_keys=True))
