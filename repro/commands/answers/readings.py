"""What `repro readings` answers."""

from typing import TypedDict

from repro.papers.readings import Sentence
from repro.papers.values import Scalar


class PricedFigure(TypedDict):
    """A printed cost beside that of a reading."""

    model: str
    """as the tables name it"""
    input: list[int]
    keypoints: int
    row_options: dict[str, Scalar | list[Scalar]]
    metric: str
    printed: str
    cells: list[str]
    """where it is printed"""
    value: int
    prints: str | None
    """rounded or cut; null where it does not print so"""
    apart: float
    """by what share it is from the print"""


class PricedBound(TypedDict):
    """A sentence on a share of another network's cost, and the share."""

    sentence: str
    model: str
    input: list[int]
    of: str
    of_input: list[int]
    keypoints: int
    metric: str
    above: float
    below: float
    value: int
    other: int
    share: float
    holds: bool


class JudgedReading(TypedDict):
    """A reading of an under-specified network."""

    name: str
    """empty for what a search found"""
    says: str
    convention: str | None
    """null: that of each column"""
    options: dict[str, Scalar | list[Scalar]]
    """of the network's builder"""
    cells: int
    """printed cells that it gives"""
    distinct: int
    """printed figures that it gives, each once"""
    mean_error: float | None
    """mean distance from the printed cells, as a share"""
    breaks: list[str]
    """sentences of the paper"""
    figures: list[PricedFigure]
    bounds: list[PricedBound]


class ReachedFigure(TypedDict):
    """How many of the readings of a search print a figure."""

    metric: str
    printed: str
    cells: list[str]
    readings: int


class ReadingsAnswer(TypedDict):
    """`repro readings`."""

    study: str
    readings: list[JudgedReading]
    tried: int
    """readings, each by each way of counting"""
    cells: int
    """printed cells of the networks that are left open"""
    distinct: int
    sentences: dict[str, Sentence]
    front: list[JudgedReading] | None
    """of a search: those that print more than all that break less, by each way of counting"""
    warning: str | None
    """what the front is worth"""
    reached: list[ReachedFigure] | None
    """of a search: every printed figure"""
    notes: list[str]
