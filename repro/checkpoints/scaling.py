"""Arithmetic with constants in a graph, as scales and shifts of channels."""

import numpy as np
from numpy.typing import NDArray

from repro.checkpoints.file_layers import AFFINE, NUMBER, OTHER, Step

PICTURE = 2
"""axes behind the channels of a picture"""


def affine(
    operator: str,
    named: tuple[str, tuple[str, ...], tuple[str, ...]],
    constant: NDArray[np.generic],
    first: bool,
) -> Step:
    """Add, Subtract, Multiply or Divide with a constant: (C, 1, 1), (C,) or one number.

    `first` says whether what is computed stands before the constant. A constant of any other shape
    makes it an operation of which nothing is known. A single number is the network's own arithmetic
    unless it has the axes of a channel's: then it may be either where there is one channel.
    """
    kind = NUMBER if constant.ndim <= PICTURE and constant.size == 1 else AFFINE
    sides = [place for place, size in enumerate(constant.shape) if size > 1]
    behind = constant.ndim - 1 - sides[0] if sides else 0
    turned = operator in ("Subtract", "Divide") and not first
    if len(sides) > 1 or behind not in (0, PICTURE) or turned:
        return Step(OTHER, *named)
    values = constant.reshape(-1).astype(np.float32)
    last, doubtful = behind == 0 and bool(sides), kind == AFFINE and constant.size == 1
    if operator in ("Add", "Subtract"):
        return Step(
            kind,
            *named,
            None,
            values if operator == "Add" else -values,
            last=last,
            doubtful=doubtful,
        )
    if operator == "Divide":
        with np.errstate(divide="ignore"):
            values = np.reciprocal(values)
    return Step(kind, *named, values, last=last, doubtful=doubtful)
