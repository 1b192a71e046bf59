"""What a reader must know of the inputs of a run: what was left out, ignored or assumed.

Whoever reads an input remarks on it; the command that runs prints the remarks, its --json has
them, and the record keeps them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from repro.errors import ReproError


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence on an input that stops nothing."""

    about: str
    """the input: annotations, boxes, checkpoint, network, pictures, recipe, results
    or timing"""
    text: str
    count: int | None = None
    """how many it concerns; None where nothing is counted"""
    total: int | None = None
    """of how many"""
    impossible: bool = False
    """whether no right input has such entries, so that most of it being so is refused"""

    def __str__(self) -> str:
        return self.text


def counted(about: str, count: int, total: int, what: str, impossible: bool = False) -> Remark:
    """`15 of 21` + `boxes are on images that the annotations lack` as a remark."""
    text = f"{count:,} of {total:,} {what}."
    return Remark(about, text, count, total, impossible)


def check(remarks: Iterable[Remark], cure: str) -> None:
    """Raise ReproError where more than half of an input is impossible."""
    for remark in remarks:
        if remark.impossible and 2 * (remark.count or 0) > (remark.total or 0):
            raise ReproError(remark.text, cure)
