"""What is done to every network before a fast backend takes it; it computes the same.

Batch normalisations are folded into convolutions, transposed convolutions split into plain ones.
"""

from torch import Tensor, nn

from repro.papers.values import Scalar
from repro.speed.backends import phases
from repro.speed.backends.folding import fold

CODE = (fold.__module__, phases.__name__, __name__)
"""the modules that the result depends on"""


def rewritten(model: nn.Module, example: Tensor) -> tuple[nn.Module, dict[str, Scalar]]:
    """A copy of a network to be exported or compiled, and how much of it is changed."""
    folded = fold(model, example)
    split = phases.split(folded.model, example)
    return split.model, {"folded": len(folded.pairs), "split": len(split.names)}
