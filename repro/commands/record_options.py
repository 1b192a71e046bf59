"""The options of `records`, each named once; see `options` for what commands share."""

from typing import Annotated

from typer import Argument, Option

from repro.commands.limits import MOST

KeyBeginning = Annotated[
    str, Argument(metavar="[KEY]", help="Only records whose key begins so, by 2 letters or more.")
]
Remeasured = Annotated[
    bool, Option("--values", help="Measure every count anew, too, and compare each figure.")
]
Key = Annotated[str, Argument(help="The key, or a beginning of 6 letters or more.")]
ListedRecords = Annotated[int, Option("--limit", min=1, max=MOST, help="List so many, the newest.")]
EveryRecord = Annotated[bool, Option("--all", help="List every record, however many.")]
