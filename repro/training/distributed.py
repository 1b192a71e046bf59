"""The processes and devices of a training, and batch normalisation over all of them."""

import logging
import os
import warnings
from dataclasses import replace
from datetime import timedelta

import torch
import torch.distributed
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn

from repro import env
from repro.errors import ReproError, unknown
from repro.training.request import PRECISIONS, TrainingMachine

PATIENCE = timedelta(hours=12)
"""how long the others wait while the first process evaluates"""


def placed(machine: TrainingMachine) -> TrainingMachine:
    """The machine as it is: with the processes that torchrun or srun has started, if one has."""
    if TorchElasticEnvironment.detect():
        here, world = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    elif SLURMEnvironment.detect():
        world, nodes = int(os.environ["SLURM_NTASKS"]), int(os.environ.get("SLURM_NNODES", "1"))
        here = world // nodes
    else:
        return machine
    if machine.devices not in (1, here):
        raise ReproError(
            f"--devices {machine.devices}, but {here} processes were started here.",
            "Leave --devices out where torchrun or srun starts the processes.",
        )
    return replace(machine, devices=here, nodes=world // here)


def is_first() -> bool:
    """Whether this process is the one that speaks and writes; the starters number them."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK"))


def device_of(machine: TrainingMachine) -> str:
    """What it trains on: cpu or cuda."""
    if machine.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return machine.device


def launched(machine: TrainingMachine) -> Fabric:
    """Fabric for a machine, its processes started; ReproError for a device that is not there."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if machine.device not in ("auto", "cpu", "cuda"):
        raise ReproError(f"There is no device `{machine.device}`.", "Say cpu, cuda or auto.")
    if machine.precision not in PRECISIONS:
        raise unknown("precision", machine.precision, PRECISIONS)
    device = device_of(machine)
    there = torch.cuda.device_count() if device == "cuda" else machine.devices
    if machine.devices > there:
        raise ReproError(
            f"There are {there} CUDA devices here, not {machine.devices}.",
            "Say --device cpu, or fewer --devices.",
        )
    limit = env.thread_limit()
    if machine.threads is not None:
        torch.set_num_threads(machine.threads)
    elif limit is not None:
        torch.set_num_threads(min(limit, torch.get_num_threads()))
    # of weights with one channel, whose memory formats are the same
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fabric = Fabric(
            accelerator=device,
            devices=machine.devices,
            num_nodes=machine.nodes,
            strategy=DDPStrategy(timeout=PATIENCE) if machine.world > 1 else "auto",
            precision=PRECISIONS[machine.precision],  # type: ignore[arg-type]
        )
        fabric.launch()
    return fabric


class _Added(torch.autograd.Function):
    """The sum over all processes; each gives what it changes in the losses of all of them."""

    @staticmethod
    def forward(context: object, part: Tensor) -> Tensor:
        total = part.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: object, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        torch.distributed.all_reduce(total)
        return total


def _added(part: Tensor) -> Tensor:
    total: Tensor = _Added.apply(part)
    return total


class SharedBatchNorm2d(nn.BatchNorm2d):
    """nn.BatchNorm2d whose mean and variance are those of all processes' parts together.

    The same numbers as one process with the whole batch, to rounding, in the gradients too. Two
    passes, mean first, so that the variance does not suffer from cancellation. torch's own
    SyncBatchNorm runs on GPUs alone.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        if not self.training or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        channels = (1, -1, 1, 1)
        count = input.new_tensor([input.numel() / input.shape[1]])
        torch.distributed.all_reduce(count)
        mean = _added(input.sum((0, 2, 3))) / count
        centred = input - mean.view(channels)
        variance = _added(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            self._remember(mean, variance * count / (count - 1))
        normal = centred * (variance + self.eps).rsqrt().view(channels)
        if self.affine:
            normal = normal * self.weight.view(channels) + self.bias.view(channels)
        return normal

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        share = self.momentum
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            share = 1 / float(self.num_batches_tracked) if share is None else share
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share or 0.0)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share or 0.0)


def with_shared_normalisation(model: nn.Module, device: torch.device) -> nn.Module:
    """The model with every batch normalisation over all processes; parameters stay the same ones.

    On GPUs it is torch's SyncBatchNorm, elsewhere the one above.
    """
    if device.type == "cuda":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return model
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(module, name, _as_shared(child))
    return model


def _as_shared(norm: nn.BatchNorm2d) -> SharedBatchNorm2d:
    shared = SharedBatchNorm2d(
        norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats
    )
    shared._parameters, shared._buffers = norm._parameters, norm._buffers
    shared.training = norm.training
    return shared
