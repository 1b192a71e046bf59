"""Look over what a user wrote: check tables."""

import typer

from repro.commands import options
from repro.commands.common import emit
from repro.report.terminal.console import put

app = typer.Typer(help="Look over what you wrote.", rich_markup_mode=None)


@app.callback()
def check() -> None:
    """Look over what you wrote."""


@app.command("tables")
def tables_(folder: options.TablesFolder = None, as_json: options.Json = False) -> None:
    """Name all that is missing or wrong in folders of papers, with file and line.

    Of $REPRO_TABLES if no folder is named, and of the papers that come with repro if that is not
    set either. What is required stands apart from what is optional; exit 2 where something
    required is missing or wrong.

    Example: repro check tables tables-own
    """

    from repro.authoring import looked_over
    from repro.papers import folders

    places = [folder] if folder else folders.chosen() or [folders.shipped()]
    checked = looked_over.papers(places)
    flaws = [flaw for one in checked for flaw in one.flaws]
    wrong = [flaw for flaw in flaws if flaw.required]
    code = 2 if wrong else 0
    if as_json:
        emit("check tables", papers=checked, exit=code)
        raise typer.Exit(code)
    for one in checked:
        needed = [flaw for flaw in one.flaws if flaw.required]
        put(f"{one.name} in {one.folder}: {'whole' if not needed else f'{len(needed)} wrong'}")
        for title, required in (("required", True), ("optional", False)):
            listed = [flaw for flaw in one.flaws if flaw.required is required]
            if listed:
                put(f"  {title}")
            for flaw in listed:
                put(f"    {flaw}")
                if flaw.hint:
                    put(f"        {flaw.hint}")
    optional = len(flaws) - len(wrong)
    put(f"{len(checked)} checked: {len(wrong)} required and {optional} optional things to mend")
    raise typer.Exit(code)
