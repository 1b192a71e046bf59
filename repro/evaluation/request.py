"""One evaluation, as a value: which network looks at images, by which rules, and how it is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repro.errors import ReproError
from repro.exported.opening import KINDS
from repro.papers.protocol import Protocol
from repro.papers.values import Options, Size
from repro.records.remarks import Remark

TRUTH = "truth"
"""what stands for the annotations themselves among the models"""
STRIDES = (4, 2)
"""of its heatmaps: an associative embedding network has both, any other the first"""
FILES = tuple(KINDS.values())
"""what stands for exported files among the models: `onnx` and others"""
READ, GIVEN, ASSUMED = "read from the file", "given", "assumed"
TOLD = "told by its outputs"
BY_PROTOCOL = "from the protocol"
"""whose a fact on an exported file is, or a rule on the colours of the input"""
PIXEL_RULES = ("colour", "normalise")
"""the rules on the colours of the input: the order of the channels, and their normalisation"""


@dataclass(frozen=True)
class Execution:
    """How a network is run over images.

    Batch and device move the last digits of a result, the others nothing.
    """

    device: str = "cpu"
    batch: int = 32
    loaders: int = 2
    """threads that load images"""
    threads: int | None = None
    """of the network; as many as torch likes by default"""
    shard: int = 16
    """batches between two savings"""


@dataclass(frozen=True)
class EvaluationRequest:
    """A network that looks at images by the rules of a protocol."""

    model: str
    """a name of the zoo, `truth`, or one of FILES"""
    weights: Path | None
    """a checkpoint, or the exported file"""
    protocol: Protocol
    size: Size | None = None
    """of the input; None where it is still to be found, see `repro.evaluation.choice`"""
    options: Options = field(default_factory=dict)
    variant: str = ""
    """how the training of the weights differs from the usual one"""
    partial: bool = False
    """whether a checkpoint may fit only in parts"""
    execution: Execution = field(default_factory=Execution)
    entry: str | None = None
    """which of a checkpoint's sets of tensors; None: the one that fits"""
    output: str = ""
    """of an exported file the outputs that are read, where they are named outside of it"""
    layout: str = ""
    """of its input, where that is named outside of it"""
    file_facts: Mapping[str, str] = field(default_factory=dict)
    """head, input and layout of an exported file, and who says so: `simcc, given`"""
    origins: Mapping[str, str] = field(default_factory=dict)
    """rule of PIXEL_RULES -> whose it is; the protocol's where nothing is said"""
    remarks: tuple[Remark, ...] = ()
    """on what an exported file leaves open"""

    @property
    def pixels(self) -> dict[str, str]:
        """Each of PIXEL_RULES in words: `{"colour": "RGB, given"}`."""
        return {
            rule: f"{getattr(self.protocol, rule)}, {self.origins.get(rule, BY_PROTOCOL)}"
            for rule in PIXEL_RULES
        }

    @property
    def rules(self) -> str:
        """The protocol in one line, which says whose the rules on colours are."""
        words = [word.replace(", ", " (") + ")" for word in self.pixels.values()]
        return self.protocol.told(" · ".join(words))

    @property
    def file(self) -> Path:
        """The checkpoint, or the exported file; a ReproError where there is none."""
        if self.weights is None:
            raise ReproError(f"`{self.model}` needs weights.", "Give a checkpoint: --weights FILE.")
        return self.weights
