"""One training step: repro's loop beside a stock PyTorch one.

    python benchmarks/training_step.py [--batch 32] [--rounds 5] [--input 256x192] [--json]

hwl_mobilenetv3 with its recipe's loss and optimizer, on one thread. Both sides begin with the same
weights and see the same batch; each lives in a process of its own, since what repro does about
freed memory holds for a whole process, and they take their steps in turn. The stock loop is the
plain reading: contiguous images, the official loss joint by joint, Adam, nothing else. The verdict
is by CPU time.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from sidebyside import Ratio, one_thread

if TYPE_CHECKING:
    from torch import Tensor, nn

BAR = 2.5
SAME = 1e-4
"""how far apart the first losses may be, as a share"""
MODEL = "hwl_mobilenetv3"
LR = 5e-4
Size = tuple[int, int]


def main() -> int:
    """Print the ratio; 1 where it is below the bar or the first losses differ."""
    one_thread()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--input", default="256x192")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=("stock", "ours"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    height, width = map(int, given.input.split("x"))
    if given.side:
        serve((stock if given.side == "stock" else ours)(given.batch, (height, width)))
        return 0
    ratio, losses = race(given.rounds)
    apart = abs(losses["ours"] / losses["stock"] - 1)
    ok = ratio.median >= BAR and apart <= SAME
    if given.json:
        print(json.dumps({"ratio": asdict(ratio), "first_losses": losses, "bar": BAR, "ok": ok}))
    else:
        print(
            f"stock {ratio.peer_ms:.0f} ms, ours {ratio.ours_ms:.0f} ms of CPU a step: "
            f"{ratio.median:.2f} times ({ratio.low:.2f} to {ratio.high:.2f}), bar {BAR}; "
            f"wall {ratio.wall:.2f}\nfirst losses {losses['stock']:.8f} and {losses['ours']:.8f}"
        )
    return 0 if ok else 1


def race(rounds: int) -> tuple[Ratio, dict[str, float]]:
    """The stock loop's time in multiples of ours, and the loss of each side's first step."""
    import numpy as np

    sides = {
        side: subprocess.Popen(
            [sys.executable, *sys.argv, "--side", side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for side in ("stock", "ours")
    }
    try:
        losses = {side: asked(process)[2] for side, process in sides.items()}
        times = np.empty((rounds, 2, 2))
        for number in range(rounds):
            order = list(enumerate(sides))
            for column, side in order if number % 2 else order[::-1]:
                times[number, column] = asked(sides[side])[:2]
    finally:
        for process in sides.values():
            process.kill()
            process.wait()
    ratios = times[:, 0] / times[:, 1]
    drawn = np.random.default_rng(0).integers(0, rounds, (4000, rounds))
    low, high = np.percentile(np.median(ratios[drawn, 0], axis=1), (2.5, 97.5))
    median, wall = np.median(ratios, axis=0).tolist()
    peer_ms, ours_ms = (np.median(times[..., 0], axis=0) * 1000).tolist()
    return Ratio(median, float(low), float(high), wall, peer_ms, ours_ms, rounds), losses


def asked(process: "subprocess.Popen[str]") -> tuple[float, float, float]:
    """One step of a side: CPU seconds, wall seconds, loss."""
    assert process.stdin is not None and process.stdout is not None
    print(file=process.stdin, flush=True)
    cpu, wall, loss = map(float, process.stdout.readline().split())
    return cpu, wall, loss


def serve(step: Callable[[], float]) -> None:
    """Take a step for every line on stdin."""
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        loss = step()
        print(time.process_time() - cpu, time.perf_counter() - wall, repr(loss), flush=True)


def stock(batch: int, size: Size) -> Callable[[], float]:
    """A step of the plain loop."""
    import torch

    model, images, maps, weights = material(batch, size)
    optimizer = torch.optim.Adam(model.parameters(), LR)
    model.train()

    def step() -> float:
        output = model(images)
        loss = torch.zeros(())
        for joint in range(maps.shape[1]):
            found, wanted = output[:, joint].flatten(1), maps[:, joint].flatten(1)
            weight = weights[:, joint, None]
            loss = loss + ((wanted + 1) * (found * weight - wanted * weight) ** 2).mean()
        loss = loss / maps.shape[1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def ours(batch: int, size: Size) -> Callable[[], float]:
    """A step of repro's loop."""
    from repro.speed.measure.memory import keep_freed

    keep_freed()
    import torch

    from repro.data.batches import Batch
    from repro.pose.losses import Heatmaps, criterion
    from repro.training.distributed import launched
    from repro.training.loop import TrainedNetwork
    from repro.training.request import TrainingMachine

    model, images, maps, weights = material(batch, size)
    model.to(memory_format=torch.channels_last)
    fabric = launched(TrainingMachine("cpu"))
    network = TrainedNetwork(
        fabric,
        model,
        fabric.setup_module(model),
        torch.optim.Adam(model.parameters(), LR),
        criterion("heatmap-weighting", function="x"),
        channels_last=True,
    )
    seen = Batch(images, Heatmaps((maps,), weights), ("",) * batch)

    def step() -> float:
        return network.step([seen], LR, 0)["loss"]

    return step


def material(batch: int, size: Size) -> "tuple[nn.Module, Tensor, Tensor, Tensor]":
    """The network, images, heatmaps and their weights, the same for both sides."""
    import numpy as np
    import torch

    import zoo
    from repro.pose.targets import gaussian

    torch.manual_seed(0)
    random = np.random.default_rng(0)
    joints = random.uniform(0, 1, (batch, 17, 2)) * (size[1], size[0])
    maps, weights = gaussian(joints, random.random((batch, 17)) < 0.8, size)
    model = zoo.create_model(MODEL)
    images = torch.randn(batch, 3, *size)
    return model, images, torch.from_numpy(maps), torch.from_numpy(weights)


if __name__ == "__main__":
    sys.exit(main())
