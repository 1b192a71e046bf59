"""The processes and devices of a training, by Lightning Fabric."""

import logging
import os
import warnings
from dataclasses import replace
from datetime import timedelta

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy

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


def first() -> bool:
    """Whether this process is the one that speaks and writes; the starters number them."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK"))


def device(machine: TrainingMachine) -> str:
    """What it trains on: cpu or cuda."""
    if machine.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return machine.device


def fabric(machine: TrainingMachine) -> Fabric:
    """Fabric for a machine, its processes started; ReproError for a device that is not there."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    kind = machine.device
    if kind not in ("auto", "cpu", "cuda"):
        raise ReproError(f"There is no device `{kind}`.", "Say cpu, cuda or auto.")
    if machine.precision not in PRECISIONS:
        raise unknown("precision", machine.precision, PRECISIONS)
    kind = device(machine)
    there = torch.cuda.device_count() if kind == "cuda" else machine.devices
    if machine.devices > there:
        raise ReproError(
            f"There are {there} CUDA devices here, not {machine.devices}.",
            "Say --device cpu, or fewer --devices.",
        )
    if machine.threads is not None:
        torch.set_num_threads(machine.threads)
    shared = machine.world > 1
    # of weights with one channel, whose memory formats are the same
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Fabric(
            accelerator=kind,
            devices=machine.devices,
            num_nodes=machine.nodes,
            strategy=DDPStrategy(timeout=PATIENCE) if shared else "auto",
            precision=PRECISIONS[machine.precision],  # type: ignore[arg-type]
        )
        found.launch()
    return found
