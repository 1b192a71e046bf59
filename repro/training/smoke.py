"""A minute of training on generated figures: does a network's loss fall at all?"""

from dataclasses import dataclass
from pathlib import Path

import torch

from repro.data import synth
from repro.data.batches import Batch
from repro.errors import RunError
from repro.training.course import train
from repro.training.loop import TrainedNetwork
from repro.training.training import Training

PICTURES = 48


@dataclass(frozen=True, slots=True)
class Smoke:
    """The loss on one batch, before and after."""

    before: float
    after: float
    steps: int

    def described(self) -> dict[str, object]:
        """For JSON."""
        return {"before": self.before, "after": self.after, "steps": self.steps}


def data(folder: Path) -> Path:
    """A folder with the generated pictures, made if they are not there."""
    annotations = folder / "synth" / "annotations" / "synth_crowdpose_val.json"  # written last
    if not annotations.exists():
        synth.write(folder, PICTURES, 8)
    return folder


def smoke(training: Training) -> Smoke:
    """Train as many steps as are allowed; a RunError unless the loss of one batch fell."""
    training.order.set_epoch(0)
    batch = next(iter(training.batches))
    before = _loss(training.network, batch)
    train(training, fresh=True)
    found = Smoke(before, _loss(training.network, batch), training.standing.step)
    if not found.after < found.before:
        raise RunError(
            f"The loss of `{training.prepared.run.model}` did not fall in {found.steps:,} steps: "
            f"{found.before:.4g} before, {found.after:.4g} after.",
            "A higher rate may show more: `repro train PAPER MODEL --smoke --lr RATE`.",
        )
    return found


def _loss(network: TrainedNetwork, batch: Batch) -> float:
    torch.manual_seed(0)
    network.wrapped.train()
    with torch.no_grad():
        return float(sum(network.compare(batch).values()))
