"""The kinds of verdict: everything in which they differ, for the judge and for every medium."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

NEAR = Fraction(1, 200)
"""a cost within half a per cent of the printed value is `near`"""

NEAR_POINTS = Fraction(1, 2)
"""an accuracy within half a point of the printed value is `near`"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of verdict on a printed number."""

    sign: str
    meaning: str
    test: Literal["passed", "failed", "skipped"]
    """what a test of the number would be; a skipped one was not judged"""
    call: str
    """what `repro compare` calls the number against ours; none for one that is not compared"""
    colour: str
    """in the terminal"""
    hue: str
    """on the page, a variable of its style"""
    says: str = ""
    """what else such a cell says"""
    costs: tuple[str, str] | None = None
    """what costs of the kind do, as in `print`, `as published`; None if no cost is of it"""
    run: str = ""
    """what accuracies and speeds of the kind are; nothing if they were not run"""
    usual: bool = False
    """whether a terminal leaves its reasons out"""


KINDS: Mapping[str, Kind] = {
    "match": Kind(
        sign="✓",
        meaning="prints as published, rounded or cut, under the cell's convention",
        test="passed",
        call="same",
        colour="green",
        hue="green",
        costs=("print", "as published"),
        run="as published",
        usual=True,
    ),
    "convention": Kind(
        sign="c",
        meaning="prints as published only under another convention or a condition that is named",
        test="passed",
        call="same",
        colour="cyan",
        hue="blue",
        costs=("print", "so under another convention or a named condition"),
        run="convention",
    ),
    "near": Kind(
        sign="≈",
        meaning=f"a cost within {float(100 * NEAR):g} %, an accuracy within "
        f"{float(NEAR_POINTS):g} points of the published value",
        test="passed",
        call="same",
        colour="yellow",
        hue="amber",
        costs=("print", "almost so"),
        run="close",
    ),
    "off": Kind(
        sign="✗",
        meaning="differs",
        test="failed",
        call="changed",
        colour="red",
        hue="red",
        says="with the cause where it is known",
        costs=("print", "otherwise"),
        run="off",
    ),
    "rank": Kind(
        sign="~",
        meaning="order or ratio holds, absolute value not comparable",
        test="passed",
        call="same",
        colour="green",
        hue="blue",
        run="in the same order",
    ),
    "unstable": Kind(
        sign="?",
        meaning="noise forbids a verdict",
        test="skipped",
        call="unstable",
        colour="yellow",
        hue="amber",
        run="unstable",
    ),
    "cited": Kind(
        sign="“",
        meaning="copied by the paper from elsewhere, not ours to re-run",
        test="skipped",
        call="",
        colour="dim",
        hue="faint",
        usual=True,
    ),
    "unreproducible": Kind(
        sign="∅",
        meaning="follows from no public definition",
        test="skipped",
        call="explained",
        colour="magenta",
        hue="violet",
        says="with the evidence",
        costs=("follow", "from no public definition"),
    ),
    "rehearsal": Kind(
        sign="§",
        meaning="rehearsed on generated pictures: the chain works, nothing about the paper",
        test="skipped",
        call="",
        colour="magenta",
        hue="violet",
        run="rehearsed",
    ),
    "missing": Kind(
        sign="–",
        meaning="not run here",
        test="skipped",
        call="missing",
        colour="dim",
        hue="faint",
        says="with what would supply it",
        costs=("lack", "a count"),
    ),
}
"""in the order in which they are listed"""
