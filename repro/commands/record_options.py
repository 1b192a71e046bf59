"""The options of `records verify`, each named once; see `options` for what commands share."""

from typing import Annotated

from typer import Argument, Option

KeyBeginning = Annotated[
    str, Argument(metavar="[KEY]", help="Only records whose key begins so, by 2 letters or more.")
]
Remeasured = Annotated[
    bool, Option("--values", help="Measure every count anew, too, and compare each figure.")
]
