"""What the command that writes networks into files answers: export."""

from typing import TypedDict

from repro.papers.values import Size
from repro.records.remarks import Remark


class OpenSides(TypedDict):
    """Which sides of its input a file leaves open."""

    batch: bool
    size: bool


class ExportAnswer(TypedDict):
    """`repro export`."""

    model: str
    input: Size
    keypoints: int
    options: dict[str, object]
    dynamic: OpenSides
    precision: str
    """of what is computed inside; inputs and outputs are fp32"""
    file: str
    sha256: str
    size: int
    """bytes"""
    metadata: dict[str, str]
    """as written into the file"""
    difference: float
    """largest from PyTorch's outputs, relative to the largest value of each"""
    bound: float
    """what is allowed of it"""
    checked: list[list[int]]
    """shapes of the inputs that were compared"""
    remarks: list[Remark]
