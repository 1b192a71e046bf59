"""Networks from outside on the command line: the option --module, of commands that take a model."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from typer import Option

from repro.errors import ReproError
from repro.models import importing, registry
from repro.report.terminal.console import say


def known(paths: list[Path] | None) -> None:
    """Make the networks of files known before the command looks for its models."""
    for path in paths or []:
        registry.register(path)


def taking_models(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option --module, which is dealt with before all others."""

    @functools.wraps(command)
    def taking(*words: object, module: list[Path] | None = None, **options: object) -> None:
        command(*words, **options)

    option = Option(
        "--module",
        callback=known,
        is_eager=True,
        help="A Python file with networks of its own; also $REPRO_MODULES.",
    )
    kind = Annotated[list[Path] | None, option]
    signature = inspect.signature(command, eval_str=True)
    added = inspect.Parameter(
        "module", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind
    )
    parameters = [*signature.parameters.values(), added]
    taking.__annotations__ = {**command.__annotations__, "module": kind}
    taking.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return taking


def begin() -> None:
    """Make known what is installed, what the environment names, and what a user's papers bring."""
    from repro.papers import folders, study

    registry.load()
    try:
        others = sorted(set(folders.all_names()) - folders.trusted()) if folders.chosen() else []
    except ReproError:
        return  # whoever needs a paper is told
    for name in others:
        folders.leave_out(name, study.broken(name, []))


def blamed(error: Exception) -> str:
    """`net.py`, line 12: what went wrong there; empty where no user's file had a part in it."""
    place = registry.blamed(error)
    return f"{place}: {importing.told(error)}" if place else ""


def forget_left_out() -> None:
    """Begin a command of which nothing was left out yet."""
    from repro.papers import folders

    folders.forget_left_out()
    registry.forget_left_out()


def tell_left_out() -> None:
    """Say in a sentence each what of a user's papers and packages was left out."""
    from repro.papers import folders

    for error in (*registry.left_out(), *folders.left_out()):
        say(f"warning: {error}")
        if error.hint:
            say(f"         {error.hint}")
