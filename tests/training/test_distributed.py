"""Two processes with half the batch each are one process with all of it."""

import contextlib
import json
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.training.distributed import placed
from repro.training.request import TrainingMachine

PROGRAM = """
import json, os, sys
import torch
from lightning_fabric import Fabric
from torch import nn
from repro.data.batches import Batch
from repro.pose.losses import Heatmaps, criterion
from repro.training import distributed
from repro.training.loop import TrainedNetwork

torch.set_num_threads(1)
world = int(os.environ.get("WORLD_SIZE", "1"))
strategy = "ddp" if world > 1 else "auto"
fabric = Fabric(accelerator="cpu", devices=world, strategy=strategy, precision="64-true")
fabric.launch()
torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4)
)
if world > 1:
    model = distributed.with_shared_normalisation(model, fabric.device)
    assert type(model[1]) is not nn.BatchNorm2d
random = torch.Generator().manual_seed(1)
images = 5 + torch.randn(6, 8, 3, 17, 17, generator=random, dtype=torch.float64)
maps = torch.rand(6, 8, 4, 8, 8, generator=random, dtype=torch.float64)
wrapped = fabric.setup_module(model)
optimizer = torch.optim.Adam(model.parameters(), 0.01)
network = TrainedNetwork(fabric, model, wrapped, optimizer, criterion("heatmap-weighting"))
losses = []
for step in range(6):
    own = slice(fabric.global_rank, None, world)  # as Order parts its blocks
    batch = Batch(images[step, own], Heatmaps((maps[step, own],)), ("",) * 8)
    losses.append(network.step([batch], 0.01, 0)["loss"])
model.eval()
seen = model(images[0]).sum().item()
if fabric.is_global_zero:
    state = {name: value.tolist() for name, value in model.state_dict().items()}
    print(json.dumps([losses, seen, state]))
"""


def port() -> int:
    """A free one, below those that the system gives to other programs meanwhile."""
    for number in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", number))
            return number
    raise OSError("no port is free")


@pytest.mark.thorough
def test_two_processes_train_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    root = str(Path(__file__).parents[2])
    places = {
        "PYTHONPATH": root,
        "PATH": "",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port()),
        "OMP_NUM_THREADS": "1",
    }
    launched = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "test"}
    launched |= {"TORCHELASTIC_USE_AGENT_STORE": "False"}
    shares = [{**launched, "RANK": rank, "LOCAL_RANK": rank} for rank in ("0", "1")]
    processes = [
        subprocess.Popen(
            [sys.executable, str(script)],
            env={**places, **share},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    exec(PROGRAM, {})
    alone = json.loads(capsys.readouterr().out)
    found = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], found[0][1][-2000:]
    together = json.loads(found[0][0])
    assert together[0] == pytest.approx(alone[0], rel=1e-10)
    # a bias before a normalisation has no gradient but rounding, which Adam makes steps of
    assert together[1] == pytest.approx(alone[1], rel=1e-6)
    for name, value in alone[2].items():
        assert _flat(together[2][name]) == pytest.approx(_flat(value), rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize(
    ("given", "devices", "nodes"),
    [
        ({}, 1, 1),
        ({"TORCHELASTIC_RUN_ID": "a", "LOCAL_WORLD_SIZE": "4", "WORLD_SIZE": "8"}, 4, 2),
        ({"SLURM_NTASKS": "16", "SLURM_NNODES": "2", "SLURM_JOB_NAME": "train"}, 8, 2),
    ],
)
def test_the_launcher_says_how_many_processes_there_are(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], devices: int, nodes: int
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert placed(TrainingMachine()) == TrainingMachine(devices=devices, nodes=nodes)
    if devices > 1:
        with pytest.raises(ReproError, match=f"{devices} processes were started here"):
            placed(TrainingMachine(devices=3))


def _flat(value: object) -> list[float]:
    if isinstance(value, list):
        return [number for one in value for number in _flat(one)]
    return [float(value)]  # type: ignore[arg-type]
