"""One training, as a value: what is trained, by which recipe, on what."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from repro.data.layout import Source
from repro.papers.protocol import GROUND_TRUTH, Protocol, changed
from repro.papers.recipe_sources import Resolved
from repro.papers.values import Options, Scalar, Size
from repro.records.remarks import Remark
from repro.records.runs import weights_name

PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp64": "64-true"}
"""as users call them -> as Lightning Fabric does"""


@dataclass(frozen=True)
class TrainingMachine:
    """What a training runs on; it moves the last digits of a result."""

    device: str = "auto"
    """cpu, cuda or auto"""
    devices: int = 1
    """processes of each node, one a device"""
    nodes: int = 1
    accumulate: int = 1
    """parts that each step's samples are seen in, one after another"""
    precision: str = "fp32"
    channels_last: bool = True
    workers: int = 2
    """processes that load samples, for each device; they move nothing"""
    threads: int | None = None

    @property
    def world(self) -> int:
        """Processes that train."""
        return self.devices * self.nodes

    def described(self) -> dict[str, Scalar]:
        """What must stay as it is for the same bits."""
        return {
            "devices": self.world,
            "accumulate": self.accumulate,
            "precision": self.precision,
            "channels_last": self.channels_last,
        }


@dataclass(frozen=True)
class TrainingRequest:
    """One training, as it was asked for."""

    model: str
    size: Size
    resolved: Resolved
    protocol: Protocol
    """by which the data is read and the network evaluated"""
    train: Source
    evaluated: Source | None
    """what it is evaluated on; None: not at all"""
    out: Path
    options: Options = field(default_factory=dict)
    machine: TrainingMachine = TrainingMachine()
    seed: int = 0
    weights: Path | None = None
    """a checkpoint to begin with"""
    partial: bool = False
    """whether it may fit only in parts"""
    cache: Path | None = None
    """a folder for cut out persons, so that no image is decoded twice"""
    save_every: int | None = None
    """steps between checkpoints; about a minute by default"""
    steps: int | None = None
    """when to stop though the recipe goes on"""
    epoch_steps: int | None = None
    """most steps of an epoch, though there are more samples"""
    variant: str = ""
    """how it differs from the usual training of the network"""
    scale_schedule: bool = False
    """whether the warm-up is shortened to fit the steps that there are"""
    remarks: tuple[Remark, ...] = ()
    """what a reader must know of how its inputs came about"""
    entry: str | None = None
    """which of the checkpoint's sets of tensors; None: the one that fits"""

    @property
    def name(self) -> str:
        """What its weights are called."""
        return weights_name(self.model, self.size, self.train.dataset, self.options, self.variant)


def evaluation_rules(protocol: Protocol, source: Source) -> Protocol:
    """The protocol on a source: ground truth boxes where a detector's are not there."""
    if protocol.bottom_up or source.boxes is not None:
        return changed(protocol, split=source.split)
    return changed(protocol, split=source.split, boxes=GROUND_TRUTH)


def with_start(request: TrainingRequest) -> TrainingRequest:
    """The request, its recipe saying so if it begins without the weights that the recipe wants, or
    with some where it wants none."""
    wanted = request.resolved.recipe.pretraining
    if bool(wanted) == (request.weights is not None):
        return request
    source, start = ("no --weights", "") if wanted else ("--weights", "other weights")
    return replace(request, resolved=request.resolved.changed(source, pretraining=start))
