"""What every runtime of exported files offers, whatever the kind of the file."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from repro.exported.form import ImageInput, Port

Values = NDArray[np.generic]
Inputs = Mapping[str, Values]
"""name of an input -> what it is given"""
Step = tuple[str, NDArray[np.float64]]
"""Add, Sub, Mul or Div, and the number or the three numbers that it is done with"""


class Runtime(Protocol):
    """An exported file that was opened to run on the processor."""

    @property
    def inputs(self) -> Sequence[Port]:
        """What it takes."""

    @property
    def outputs(self) -> Sequence[Port]:
        """What it gives."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What it says of itself."""

    def run(self, given: Inputs, outputs: Sequence[str]) -> Sequence[Values]:
        """Those outputs; what the library that runs it raises is a RuntimeError or its own."""

    def first_steps(self) -> Sequence[Step]:
        """The arithmetic directly behind its input; ReproError where that is not known."""

    def any_size(self, image: ImageInput) -> "Runtime | None":
        """The same network for images of any size; None where it stays as it was built."""
