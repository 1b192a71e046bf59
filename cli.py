"""The command `repro`: what becomes of its errors, and of signals while it runs.

Its commands are imported once signals are heeded, so that none ends in the midst of imports.
"""

import errno
import io
import os
import sys
from types import TracebackType

from repro.processes import ending


def main() -> None:
    """Run the command line; turn errors and signals into one sentence and their exit code."""
    sys.excepthook = tell_bug
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # signs that a terminal cannot show become `?`
    code, told = 0, ending.Ending()
    try:
        with ending.heeded(last_words) as told:
            code = done()
    except KeyboardInterrupt:
        code = told.code
    if told.number:
        ending.leave(told.code, last_words)
    if code > 128:
        last_words()
    sys.exit(code)


def done() -> int:
    """Do what the command line says; the exit code."""
    from repro.commands.listing import TOUR, overview

    words = sys.argv[1:]
    if not words and "_REPRO_COMPLETE" not in os.environ:
        print(TOUR)
        return 0
    if words in (["--help"], ["-h"]):
        print(overview())
        return 0
    import typer

    from repro.commands import modules
    from repro.commands.app import app
    from repro.commands.common import complain
    from repro.errors import ReproError

    modules.forget_left_out()
    try:
        code = int(app(words)(prog_name="repro", standalone_mode=False) or 0)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ReproError as error:
        complain(error)
        code = error.exit_code
    except typer.Exit as stop:
        code = stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = ending.code()
    except (OSError, SystemExit) as error:
        code = output_lost(error)
    except Exception as error:
        code = usage(error)
    modules.tell_left_out()
    return code


def tell_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an error that nobody foresaw; its text may be from a file, and is not obeyed."""
    import traceback

    from repro.report.inert import visible

    if sys.stderr is not None:
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(visible(text, keep="\n"))


def last_words() -> None:
    """What a command says that was ended early."""
    from repro.report.terminal.console import say

    say("interrupted: finished records are kept, run the same command again to go on")


def output_lost(error: OSError | SystemExit) -> int:
    """The exit code where the system refused a file: 0 if it is only that nobody reads on."""
    from repro.commands import refusals
    from repro.report.terminal.console import say

    if isinstance(error, OSError) and error.filename is not None:
        name = error.filename
        name = os.fsdecode(name) if isinstance(name, bytes) else name
        say(f"error: `{name!s:.200}` cannot be used: {error.strerror}.")
        return 2
    if refusals.told(error):
        return 2
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, SystemExit) or error.errno == errno.EPIPE:
        return 0  # typer ends so where a pipe is closed
    say(f"error: the output cannot be used: {error.strerror}.")
    return 2


def usage(error: Exception) -> int:
    """The exit code of a wrong command line, printed as one sentence; re-raise anything else.

    Of what is not installed or not to be had of the system too, and of a network in a user's own
    file.
    """
    from repro.commands import modules, refusals
    from repro.report.terminal.console import say

    place = modules.blamed(error)
    if place:
        say(f"error: {place}")
        return 2
    if refusals.told(error):
        return 2
    show, code = getattr(error, "format_message", None), getattr(error, "exit_code", None)
    if show is None or code is None:
        raise error
    say(f"error: {show()}")
    context = getattr(error, "ctx", None)
    say(f"       Try `{context.command_path if context else 'repro'} --help`.")
    return int(code)


if __name__ == "__main__":
    main()
