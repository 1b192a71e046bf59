"""The commands of `repro`, as Typer has them."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, cast

import typer

from repro.commands import modules
from repro.commands.listing import COMMANDS, EPILOG, HELP, ListedCommand
from repro.commands.modules import taking_models
from repro.env import __version__
from repro.report.terminal.console import put


def app(words: Sequence[str] = ()) -> typer.Typer:
    """The command line; where the words begin with the name of a command, that one alone."""
    made = typer.Typer(
        add_completion=True,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help=HELP,
        epilog=EPILOG,
    )
    made.callback(invoke_without_command=True)(root)
    first = words[0] if words else ""
    for name in [first] if first in COMMANDS else COMMANDS:
        _add(made, name, COMMANDS[name])
    return made


def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Reproduce the tables of papers on lightweight human pose estimation."""
    if version:
        put(f"repro {__version__}")
    elif context.invoked_subcommand != "check":
        modules.begin()


def _add(made: typer.Typer, name: str, command: ListedCommand) -> None:
    module, _, attribute = command.place.partition(":")
    found: object = getattr(import_module(f"repro.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        made.add_typer(found, name=name)
        return
    act = cast(Callable[..., None], found)
    made.command(name)(taking_models(act) if command.networks else act)
