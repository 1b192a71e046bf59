"""The `repro` command: its commands, and what becomes of their errors."""

import errno
import io
import os
import sys
from typing import Annotated

import typer

from repro.commands import (
    accuracy,
    audit,
    boxes,
    check,
    claims,
    compare,
    data,
    doctor,
    errors,
    export,
    fetch,
    models,
    modules,
    new,
    nightly,
    predict,
    quantise,
    readings,
    records,
    rehearse,
    report,
    run,
    schema,
    speed,
    tables,
    train,
)
from repro.commands.common import complain
from repro.commands.modules import taking_models
from repro.env import __version__
from repro.errors import ReproError
from repro.report.terminal.console import say

app = typer.Typer(
    add_completion=True,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Reproduce the tables of papers on lightweight human pose estimation, cell by cell.",
    epilog="Exit codes: 0 done, 1 a bug, 2 bad input, 3 differs, 4 nothing judged, 5 unstable or "
    "incomparable, 6 a run failed, 130 interrupted.",
)

INTERRUPTED = 130

TOUR = """repro puts the numbers of papers on lightweight human pose estimation to the test.

  repro list                            what can be reproduced
  repro run paper1 table1               measure a table and hold it against the print
  repro explain paper2 table1 CPN flops why one cell got its verdict

`repro --help` lists all commands."""


def main() -> None:
    """Run the command line; turn errors into one sentence and their exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # signs that a terminal cannot show become `?`
    modules.forget_left_out()
    try:
        code = app(prog_name="repro", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ReproError as error:
        complain(error)
        code = error.exit_code
    except typer.Exit as stop:
        code = stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except (OSError, SystemExit) as error:
        code = output_lost(error)
    except Exception as error:
        code = usage(error)
    modules.tell_left_out()
    if code == INTERRUPTED:
        say("interrupted: finished records are kept, run the same command again to go on")
    sys.exit(code)


def output_lost(error: OSError | SystemExit) -> int:
    """The exit code where the system refused a file: 0 if it is only that nobody reads on."""
    if isinstance(error, OSError) and error.filename is not None:
        say(f"error: `{error.filename!s:.200}` cannot be used: {error.strerror}.")
        return 2
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, SystemExit) or error.errno == errno.EPIPE:
        return 0  # typer ends so where a pipe is closed
    say(f"error: the output cannot be used: {error.strerror}.")
    return 2


def usage(error: Exception) -> int:
    """The exit code of a wrong command line, printed as one sentence; re-raise anything else.

    Of a package that is not installed too, and of a network in a user's own file.
    """
    place = modules.blamed(error)
    if place:
        say(f"error: {place}")
        return 2
    package = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and package not in ("", "cli", "repro", "zoo"):
        say(f"error: This needs `{package}`, which is not installed.")
        say("       pip install it; `repro doctor` lists what is absent.")
        return 2
    show, code = getattr(error, "format_message", None), getattr(error, "exit_code", None)
    if show is None or code is None:
        raise error
    say(f"error: {show()}")
    context = getattr(error, "ctx", None)
    say(f"       Try `{context.command_path if context else 'repro'} --help`.")
    return int(code)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Reproduce the tables of papers on lightweight human pose estimation."""
    if version:
        print(f"repro {__version__}")
    elif context.invoked_subcommand is None:
        print(TOUR)
    elif context.invoked_subcommand != "check":
        modules.begin()


app.command("list")(taking_models(tables.list_))
app.command()(tables.show)
for command in (run.plan, run.run, tables.explain, models.count):
    app.command()(taking_models(command))
app.command()(models.parity)
app.command("eval")(taking_models(accuracy.eval_))
app.command()(accuracy.score)
app.command()(taking_models(errors.errors))
app.command()(taking_models(train.train))
app.command()(taking_models(export.export))
app.command()(taking_models(quantise.quantise))
app.command()(taking_models(speed.speed))
app.command()(compare.compare)
app.command()(taking_models(rehearse.rehearse))
app.command()(nightly.nightly)
app.command()(taking_models(claims.claims))
app.command()(taking_models(audit.audit))
app.command()(taking_models(readings.readings))
app.command()(taking_models(report.report))
app.command()(taking_models(predict.predict))
app.command()(boxes.boxes)
app.command()(taking_models(data.weights))
app.command()(taking_models(fetch.fetch))
app.add_typer(data.app, name="data")
app.add_typer(new.app, name="new")
app.add_typer(check.app, name="check")
app.command()(doctor.doctor)
app.command()(schema.schema)
app.add_typer(records.app, name="records")

if __name__ == "__main__":
    main()
