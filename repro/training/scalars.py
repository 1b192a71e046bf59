"""The course of a training for TensorBoard."""

from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from repro.training.evaluation import EpochFigure
from repro.training.loop import StepReport

EVERY = 10
"""steps, of which one is written"""


class Scalars:
    """Writes into a folder; what was written of steps from `start` on is no longer shown."""

    def __init__(self, folder: Path, start: int) -> None:
        self.writer = SummaryWriter(str(folder), purge_step=start)

    def step(self, told: StepReport) -> None:
        """Loss, its parts, learning rate and speed of one step in ten."""
        if told.step % EVERY and told.step > EVERY:
            return
        values = {"loss": told.loss, "lr": told.rate, "samples per second": told.speed}
        if len(told.parts) > 1:
            values |= {f"loss/{name}": value for name, value in told.parts.items()}
        for name, value in values.items():
            self.writer.add_scalar(f"train/{name}", value, told.step)

    def evaluation(self, step: int, figures: dict[str, EpochFigure]) -> None:
        """The figures of an evaluation after so many steps."""
        for name, figure in figures.items():
            self.writer.add_scalar(f"eval/{name}", figure.value, step)
        self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()
