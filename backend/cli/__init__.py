"""`gocua …`: start the server, work on the database, make a demo ward. Each command stands in its own file.

A command's module is imported when it is called, so that `gocua up` does not pay for the others.
"""

import importlib
import sys
import warnings
from pathlib import Path

import click

# Command to "module:attribute" under backend.cli, in the order of the help.
_COMMANDS = {
    "run": "run:run",
    "up": "up:up",
    "worker": "up:worker",
    "open-ward": "open_ward:open_ward",
    "demo": "demo:demo",
    "demo-list": "demo_list:demo_list",
    "import-households": "import_households:import_households",
    "migrate": "database:migrate",
    "recount": "database:recount",
    "epoch": "database:epoch",
    "phones": "phones:phones",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "openapi": "openapi:openapi",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports only the one that is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        here = Path(__file__).parent
        return [
            name for name, place in _COMMANDS.items() if (here / f"{place.partition(':')[0]}.py").exists()
        ]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"backend.cli.{module}"), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Gõ Cửa: đi từng ngõ, gõ từng nhà."""


def main() -> None:
    """The entry point: expected mistakes are one clear sentence, no traceback."""
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")  # the embedded server falls back
    from backend.cli.stand import Mistake, explain

    try:
        group()
    except Mistake as mistake:
        click.echo(str(mistake), err=True)
        sys.exit(2)
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        click.echo(told, err=True)
        sys.exit(2)
