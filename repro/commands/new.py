"""Begin something of one's own: new paper."""

import typer

from repro.commands import options
from repro.commands.common import emit, tell
from repro.commands.modules import taking_models
from repro.report.terminal.console import put, say

app = typer.Typer(help="Begin a paper of your own.", rich_markup_mode=None)


@app.callback()
def new() -> None:
    """Begin something of your own."""


@app.command()
@taking_models
def paper(
    name: options.NewPaper,
    source: options.TypedTables = None,
    as_json: options.Json = False,
) -> None:
    """Write a study, a table and a claims file that load at once, to be filled in.

    They go to NAME in the first folder of $REPRO_TABLES, else to ./tables-own/NAME. Nothing that
    is there is written over. Rows that are called as a model is are bound to it.

    Example: repro new paper paper5 --from table1.csv --module net.py
    """
    import os
    import shlex

    from repro.authoring import printed_csv, template
    from repro.papers import folders
    from repro.records.remarks import Remark

    template.check_name(name)
    tables = [printed_csv.read(path) for path in source or []]
    files = template.write(name, tables)
    remarks = [
        Remark("table", f"table{number}, {guess.removesuffix('.')}.")
        for number, table in enumerate(tables, start=1)
        for guess in table.guesses
    ]
    folder = files[0].parent.parent
    around = [*folders.chosen()] if folder in folders.chosen() else [*folders.chosen(), folder]
    words = os.pathsep.join(str(one.absolute()) for one in around)
    steps = [] if folder in folders.chosen() else [f"export REPRO_TABLES={shlex.quote(words)}"]
    steps += [
        f"repro check tables {shlex.quote(str(files[0].parent))}",
        f"repro show {name} table1",
    ]
    steps += [f"repro run {name} --metric params,macs --no-write"]
    if as_json:
        paths = [str(path) for path in files]
        emit("new paper", name=name, files=paths, remarks=remarks, next=steps)
        return
    for path in files:
        put(path)
    tell(remarks)
    say("next:")
    for step in steps:
        say(f"  {step}")
