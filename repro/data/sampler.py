"""The order in which a training run sees its samples."""

from collections.abc import Iterator, Mapping

import numpy as np
from torch.utils.data import Sampler

from repro.errors import ReproError

Place = tuple[int, int]
"""epoch and position of a sample: all that its random view follows from"""


class EpochOrder(Sampler[list[Place]]):
    """Batches of one epoch: the samples shuffled anew by the seed and the epoch.

    `world` processes take their parts of the same blocks of `world` x `batch` samples, so that
    together they see what one process with that many samples a batch would. The block that is left
    at the end is parted evenly, or dropped if so wanted or if it has fewer samples than there are
    processes. `position` counts what all processes together have been given of the epoch; a run
    that begins with the same position goes on with the same samples, whatever its `world`.
    """

    def __init__(
        self,
        samples: int,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        drop_last: bool = False,
    ) -> None:
        if samples < (batch * world if drop_last else world):
            raise ReproError(
                f"{samples:,} samples do not fill one batch of {batch:,} in {world:,} processes.",
                "Take smaller batches: --batch.",
            )
        self.samples = samples
        self.batch = batch
        self.seed = seed
        self.rank = rank
        self.world = world
        self.drop_last = drop_last
        self.epoch = 0
        self.position = 0

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Begin an epoch, or go on within it."""
        self.epoch, self.position = epoch, position

    def advance(self) -> None:
        """One more block is done; called by whoever uses the batches, not by who loads them."""
        self.position = min(self.position + self.batch * self.world, self.samples)

    def state(self) -> dict[str, int]:
        """Where the order is, to be kept with a checkpoint."""
        return {
            "epoch": self.epoch,
            "position": self.position,
            "samples": self.samples,
            "seed": self.seed,
        }

    def restore(self, state: Mapping[str, int]) -> None:
        """Go on from a kept state; raise ReproError if it is of other samples or another seed."""
        for name, expected in (("samples", self.samples), ("seed", self.seed)):
            if state[name] != expected:
                raise ReproError(
                    f"The checkpoint counts {name} {state[name]:,}, this run {expected:,}.",
                    "Train on the same data with the same seed, or begin anew: --fresh.",
                )
        self.set_epoch(state["epoch"], state["position"])

    def __len__(self) -> int:
        """Batches that are left of the epoch."""
        whole, rest = divmod(self.samples - self.position, self.batch * self.world)
        return whole + (rest >= self.world and not self.drop_last)

    def __iter__(self) -> Iterator[list[Place]]:
        random = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.epoch,)))
        order = random.permutation(self.samples).tolist()
        epoch, start, block = self.epoch, self.position, self.batch * self.world
        for first in range(start, start + block * len(self), block):
            part = order[first : first + block][self.rank :: self.world]
            yield [(epoch, index) for index in part]
