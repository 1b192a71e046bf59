"""The loop: steps of the optimizer from wherever a training stands to its end.

All that is random follows from the seed and the step: samples from (seed, epoch, position), what a
network draws itself from (seed, step, process). So the state of a training is its step, weights and
optimizer, and one that was killed goes on bit for bit from its last checkpoint.
"""

import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice

import torch
import torch.distributed
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor, nn

from repro.data.batches import Batch, Batches
from repro.data.sampler import EpochOrder
from repro.errors import RunError
from repro.evaluation.network import listed
from repro.pose.losses import Criterion
from repro.speed.measure.memory import give_back
from repro.training.optimizer import Average
from repro.training.schedule import Moment, Schedule

SEEDS = 2**63 - 25
"""the seeds of steps are taken modulo this"""
MEMORY_SIGNS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "bad allocation",
    "could not create a primitive",  # oneDNN, for want of memory
)
"""in errors that are about memory"""


@dataclass(frozen=True, slots=True)
class StepReport:
    """What is told of a step when it is done."""

    step: int
    """steps done"""
    total: int
    moment: Moment
    """of the step"""
    rate: float
    """the learning rate"""
    loss: float
    """mean over the step's samples, of all processes"""
    parts: Mapping[str, float]
    """what the loss is the sum of"""
    samples: int
    """of the step, of all processes"""
    seconds: float
    norm: float | None = None
    """of all gradients together, before it is limited"""

    @property
    def speed(self) -> float:
        """Samples a second."""
        return self.samples / max(self.seconds, 1e-9)

    def __str__(self) -> str:
        return (
            f"epoch {self.moment.epoch + 1} · loss {self.loss:.4g} · lr {self.rate:.3g} · "
            f"{self.speed:.1f} samples/s"
        )


@dataclass
class TrainedNetwork:
    """A network with all that one step needs."""

    fabric: Fabric
    model: nn.Module
    """as the zoo builds it"""
    wrapped: _FabricModule
    """the same as Fabric runs it"""
    optimizer: torch.optim.Optimizer
    criterion: Criterion
    channels_last: bool = False
    clip: float | None = None
    average: Average | None = None
    norm: float | None = None
    """of all gradients of the last step together, before it was limited"""

    def step(self, batches: Sequence[Batch], rate: float, seed: int) -> dict[str, float]:
        """One step of the optimizer on these batches together: `loss` and its parts.

        The loss is the mean over the batches, which are of one size, and over the processes. A
        RunError, before anything is changed, where it is not finite.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(seed)
        self.wrapped.train()
        sums: dict[str, Tensor] = {}
        for number, batch in enumerate(batches, start=1):
            more = number < len(batches)
            with self.fabric.no_backward_sync(self.wrapped, enabled=more):
                parts = self.compare(batch)
                loss = torch.stack(list(parts.values())).sum()
                self.fabric.backward(loss / len(batches))
            for name, value in {"loss": loss, **parts}.items():
                share = value.detach().double() / len(batches)
                sums[name] = sums[name] + share if name in sums else share
        values = self._over_processes(sums)
        if not math.isfinite(values["loss"]):
            self.optimizer.zero_grad(set_to_none=True)
            raise _not_finite(batches, sums, values)
        self.norm = self._limited()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.model)
        return values

    def _limited(self) -> float:
        """The norm of all gradients together, which are scaled where it is above the limit."""
        if self.clip is not None:
            return float(nn.utils.clip_grad_norm_(self.model.parameters(), self.clip))
        gradients = [one.grad for one in self.model.parameters() if one.grad is not None]
        return float(nn.utils.get_total_norm(gradients))

    def compare(self, batch: Batch) -> dict[str, Tensor]:
        """The parts of the loss on a batch."""
        images = batch.images
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        double = next(self.model.parameters()).dtype == torch.float64
        # Fabric hands outputs back in the default type
        with self.fabric.init_tensor() if double else nullcontext():
            outputs = self.wrapped(images)
        return self.criterion(listed(outputs), batch.targets)

    def fits(self, images: Tensor) -> bool:
        """Whether a forward and a backward pass go through; an error if they do not."""
        self.optimizer.zero_grad(set_to_none=True)
        outputs = listed(self.model(images))
        loss = torch.stack([output.float().square().mean() for output in outputs]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.zero_grad(set_to_none=True)
        return True

    def _over_processes(self, sums: Mapping[str, Tensor]) -> dict[str, float]:
        together = torch.stack(list(sums.values()))
        if self.fabric.world_size > 1:
            torch.distributed.all_reduce(together)
            together /= self.fabric.world_size
        return dict(zip(sums, together.tolist(), strict=True))


def _not_finite(
    batches: Sequence[Batch], sums: Mapping[str, Tensor], values: Mapping[str, float]
) -> RunError:
    """The error for a loss that is NaN or infinite: what it was reckoned from."""
    wrong = [name for name, value in values.items() if not math.isfinite(value) and name != "loss"]
    here = not bool(torch.isfinite(sums["loss"]))
    ids = [sample for batch in batches for sample in batch.ids]
    samples = f"The samples: {', '.join(ids)}." if here else "Another process had the samples."
    return RunError(
        f"The loss ({', '.join(wrong)}) is {values['loss']:g}. {samples}",
        "Look at these samples, or take a lower learning rate: --lr. The checkpoints before this "
        "step are as they were.",
    )


def steps(
    network: TrainedNetwork,
    loader: Batches,
    order: EpochOrder,
    schedule: Schedule,
    accumulate: int,
    start: int,
    seed: int,
) -> Iterator[StepReport]:
    """Do step after step from `start` on, up to the end of the stage that it is in."""
    batch = order.batch * order.world
    step, end = start, schedule.end_of_stage(start)
    while step < end:
        first = schedule.at(step)
        order.set_epoch(first.passes, first.step * accumulate * batch)
        loaded = iter(loader)
        for _ in range(first.step, schedule.steps):
            before = time.perf_counter()
            batches = list(islice(loaded, accumulate))
            moment, rate = schedule.at(step), schedule.rate(step)
            draws = ((seed * 1_000_003 + step) * 4099 + order.rank) % SEEDS
            values = _within_memory(network, batches, order.world, rate, draws)
            step += 1
            loss, seconds = values.pop("loss"), time.perf_counter() - before
            samples = batch * accumulate
            told = loss, values, samples, seconds, network.norm
            yield StepReport(step, schedule.total, moment, rate, *told)


def _within_memory(
    network: TrainedNetwork, batches: Sequence[Batch], world: int, rate: float, seed: int
) -> dict[str, float]:
    """One step; where memory runs out, a RunError that says what would fit."""
    try:
        return network.step(batches, rate, seed)
    except Exception as error:
        if not out_of_memory(error):
            raise
    # out of the handler, whose traceback kept what was reckoned so far in memory
    images = batches[0].images
    total = len(images) * len(batches) * world

    def fits(count: int) -> bool:
        return network.fits(images[:count])

    raise memory_advice(total, len(batches), world, fits if world == 1 else None)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error is about memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    words = str(error).lower() if isinstance(error, RuntimeError) else ""
    return any(sign in words for sign in MEMORY_SIGNS)


def memory_advice(
    batch: int, accumulate: int, devices: int, fits: Callable[[int], bool] | None
) -> RunError:
    """The error for a batch that did not fit: which part of it would, and how to keep the recipe.

    `batch` is that of the recipe, of which every device sees `batch / devices / accumulate` at a
    time; `fits` tries so many at a time, None where that cannot be tried.
    """
    share = batch // devices
    tried = share // accumulate
    smaller = [parts for parts in range(accumulate + 1, share + 1) if share % parts == 0]
    for parts in smaller:
        if fits is None or _tried(fits, share // parts):
            would = "may fit" if fits is None else "fit" if share // parts > 1 else "fits"
            return RunError(
                f"{tried:,} samples at a time do not fit into memory; {share // parts:,} {would}.",
                f"Say --accumulate {parts}: every step is still of the recipe's {batch:,} samples, "
                "only that batch normalisation sees fewer at a time.",
            )
    return RunError(
        f"{tried:,} samples at a time do not fit into memory, and afterwards no fewer did.",
        "Try it with more --accumulate, a smaller --input, or --precision bf16 on a GPU.",
    )


def _tried(fits: Callable[[int], bool], count: int) -> bool:
    gc.collect()
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    try:
        return fits(count)
    except Exception as error:
        if not out_of_memory(error):
            raise
        return False
