"""The commands of `repro`, as Typer has them."""

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
from repro.commands.modules import taking_models
from repro.env import __version__

app = typer.Typer(
    add_completion=True,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Reproduce the tables of papers on lightweight human pose estimation, cell by cell.",
    epilog="Exit codes: 0 done, 1 a bug, 2 bad input, 3 differs, 4 nothing judged, 5 unstable or "
    "incomparable, 6 a run failed; interrupted, with what was finished kept: 130 by Ctrl-C, "
    "143 by SIGTERM, 129 by SIGHUP.",
)

TOUR = """repro puts the numbers of papers on lightweight human pose estimation to the test.

  repro list                            what can be reproduced
  repro run paper1 table1               measure a table and hold it against the print
  repro explain paper2 table1 CPN flops why one cell got its verdict

`repro --help` lists all commands."""


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
