"""Every network of the zoo as an ONNX file: does it give what the network gives, to the poses?

    python benchmarks/exports.py [--only NAME ...] [--images 2] [--rate 1e-3] [--json]

A network gets weights by which its maps are neither flat nor zeros. It is exported (open batch, and
open size where it takes whole images), and the file is evaluated, counted and held against the
network: all outputs relative to their largest value, the poses on generated pictures in pixels, and
the AP of both against the network's own poses moved by a few pixels, so that there is something to
be found. One that takes whole images is taught these pictures in a few steps: else it would find
hundreds of persons, joined by chance, or none.
Facts that the file tells are held against what was written. Largest differences come last; the exit
code is 1 where one is beyond its bound.
"""

import argparse
import json
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils._pytree import tree_leaves

import zoo
from repro.counting import exported
from repro.data import pictures, synth
from repro.data.annotations import read
from repro.data.layout import Source, find
from repro.data.normalising import normalised
from repro.data.people import Annotations, Poses
from repro.errors import ReproError
from repro.evaluation import choice, inference, preparing
from repro.evaluation.loading import opened
from repro.evaluation.request import EvaluationRequest, Execution
from repro.evaluation.shards import Shards
from repro.exporting import writing
from repro.exporting.request import requested
from repro.papers.values import Size
from repro.pose.bottom_up_targets import heatmaps, joint_indices
from repro.pose.field_targets import field_targets
from repro.pose.losses import Heatmaps, criterion, for_model
from repro.pose.offset_targets import offset_targets
from repro.report.terminal.progress import Steps
from repro.scoring.score import of_poses
from repro.speed.backends.equivalence import picture
from zoo.ditehrnet import KernelAggregation

NEAR = 1e-4
"""of an output's largest value"""
CROP, WHOLE = (128, 96), (128, 128)
"""inputs of top-down and of bottom-up networks"""
SPREAD = 0.3
"""of the values of a map, where the network's last layer is a plain one"""
RANDOM = 0.3
"""of a kernel, beside the part that passes on"""
STEPS = 80
"""by which a network of whole images is taught"""
MOVED = 3.0
"""pixels, spread of what moves a joint of the truth"""


@dataclass(frozen=True)
class Exported:
    """A network and its file."""

    model: str
    seconds: float
    """of the export and its check"""
    difference: float
    """of the outputs, relative to the largest value of each"""
    poses: int
    pixels: float
    """largest distance of a joint of both"""
    network_ap: float
    file_ap: float
    """per cent"""
    params: tuple[int, int]
    """of the network, and as counted in the file, whose batch norms are folded"""
    uncounted: dict[str, int]
    wrong: str
    """what does not hold; empty if nothing"""


def main() -> int:
    """Print a line for each network, and the largest differences."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=list(zoo.MODELS))
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1e-3, help="of the steps of teaching")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as name, Steps(len(given.only), "networks", True) as steps:
        folder = Path(name)
        synth.write(folder / "data", train=1, val=given.images, seed=3, size=(192, 256))
        for model in given.only:
            found.append(tried(model, folder, find(folder / "data", "synth", "val"), given.rate))
            steps()
            if not given.json:
                print(line(found[-1]), flush=True)
    wrong = [one.model for one in found if one.wrong]
    if given.json:
        print(json.dumps({"networks": [asdict(one) for one in found], "wrong": wrong}))
    else:
        worst = max(found, key=lambda one: one.difference)
        print(f"{len(found)} networks, {len(wrong)} wrong: {', '.join(wrong) or 'none'}")
        print(f"outputs differ by {worst.difference:.1e} at most ({worst.model})")
        print(f"AP differs by {max(abs(o.network_ap - o.file_ap) for o in found):.4f} at most")
    return 1 if wrong else 0


def line(one: Exported) -> str:
    """What became of a network."""
    return (
        f"{one.model}: {one.difference:.1e}, {one.poses} poses {one.pixels:.3f} px apart, "
        f"AP {one.network_ap:.3f} and {one.file_ap:.3f}, {one.seconds:.0f} s {one.wrong}"
    )


def tried(model: str, folder: Path, source: Source, rate: float) -> Exported:
    """Export one network, and hold its file against it."""
    weights, file = folder / f"{model}.pth", folder / f"{model}.onnx"
    entry = zoo.MODELS[model]
    size = entry.size or tuple(
        -(-side // entry.stride) * entry.stride for side in (WHOLE if entry.grouping else CROP)
    )
    network = lively(model, size)
    torch.save(zoo.published_state(network), weights)
    if entry.grouping:
        teach(network, choice.requested(model, weights, "synth", size=size)[1], source, rate)
        torch.save(zoo.published_state(network), weights)
    begun = time.perf_counter()
    for batch in ("1",) if entry.grouping else ("dynamic", "1"):
        try:
            made = writing.export(requested(model, file, weights, size, "synth", batch=batch))
            break
        except ReproError as error:
            said = str(error)
    else:
        return Exported(model, 0.0, 0.0, 0, 0.0, 0.0, 0.0, (0, 0), {}, said)
    seconds = time.perf_counter() - begun
    execution = Execution(batch=2)
    _, ours = choice.requested(model, weights, "synth", size=size, execution=execution)
    _, theirs = choice.requested(str(file), None, "synth", execution=execution)
    annotations, left = poses_of(ours, folder / f"{model}-a", source)
    _, right = poses_of(theirs, folder / f"{model}-b", source)
    aps = [0.0, 0.0]
    if len(left) and len(right):
        truth, path = moved(annotations, left, folder / f"{model}.json", source)
        aps = [of_poses(path, truth, poses).metrics["AP"] or 0.0 for poses in (left, right)]
    apart = farthest(left, right)
    counted = exported.count(file, size)
    learned = sum(parameter.numel() for parameter in zoo.create_model(model, 17).parameters())
    wrong = []
    if not made.check.difference <= NEAR:
        wrong.append("outputs differ")
    if abs(aps[0] - aps[1]) > 1e-4 or len(left) != len(right):
        wrong.append("AP")
    if ours.protocol != theirs.protocol or ours.size != theirs.size:
        wrong.append("what the file tells")
    if not 0.9 * learned < counted.params <= learned or counted.uncounted:
        wrong.append(f"{counted.params:,} parameters, of {learned:,}")
    for left_over in folder.glob(f"{model}.*"):
        left_over.unlink()
    return Exported(
        model,
        seconds,
        made.check.difference,
        len(left),
        apart,
        100 * aps[0],
        100 * aps[1],
        (learned, counted.params),
        dict(counted.uncounted),
        ", ".join(wrong),
    )


def pass_on(kernel: torch.Tensor, groups: int) -> None:
    """Fill a kernel so that it gives what it is given, and a share of what is random."""
    random = nn.init.kaiming_normal_(torch.empty_like(kernel))
    nn.init.dirac_(kernel, groups)
    kernel += RANDOM * random


def lively(model: str, size: Size) -> nn.Module:
    """A network that passes on what it is given, with a share of what is random, always the same.

    Wholly random ones of many layers amplify the last digits of what they are given: in 32 bits
    PyTorch itself would be 1e-3 off. So would norms that know other inputs than pictures.
    """
    torch.manual_seed(zlib.crc32(model.encode()))
    network, last = zoo.create_model(model, 17), dict[int, nn.Module]()
    norms: list[nn.BatchNorm2d] = []
    pooled: set[nn.Module] = set()  # norms of one value an image: a few images tell no variance
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            groups = module.groups if isinstance(module, nn.Conv2d) else 1
            pass_on(module.weight.data, groups)
            module.register_forward_hook(lambda one, given, found: last.update({id(found): one}))
        elif isinstance(module, KernelAggregation):  # each kernel has about half a vote
            for kernel in module.weight.data:
                pass_on(kernel, module.groups)
            module.weight.data *= 2 / len(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            module.momentum = None  # the mean over all batches
            module.register_forward_hook(
                lambda one, given, _: pooled.add(one) if given[0][0, 0].numel() == 1 else None
            )
            norms.append(module)
    with torch.no_grad():
        for number in range(2):
            network.train()(picture((4, 3, *size), number))
        for norm in norms:  # channels that hardly vary are not made loud
            if norm in pooled:
                norm.reset_running_stats()
            assert norm.running_var is not None
            norm.running_var.clamp_(min=float(norm.running_var.mean()) / 10)
        for output in tree_leaves(network.eval()(picture((1, 3, *size), 2))):
            if module := last.get(id(output)):
                module.weight *= SPREAD / output.std()
    return network


def teach(network: nn.Module, request: EvaluationRequest, source: Source, rate: float) -> None:
    """Some steps towards the persons of the pictures; its norms stay as they are."""
    size, rules = request.size or WHOLE, request.protocol
    annotations = read(source.annotations, "synth")
    people, images = annotations.people, []
    points = people.keypoints[..., :2].copy()
    for position in range(len(annotations.images)):
        pixels = pictures.picture(source.images, annotations, position)
        points[people.image == position] *= np.array(size[::-1]) / pixels.shape[1::-1]
        resized = cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA)
        images.append(pictures.coloured(resized, rules.colour))
    batch = normalised(np.stack(images), rules.normalise)
    where = points, people.keypoints[..., 2] > 0, people.image, len(images), size
    grouping, loss = zoo.MODELS[request.model].grouping, criterion(for_model(request.model))
    targets = targets_of(grouping, tree_leaves(network(batch)), where)
    learned = [one for one in network.parameters() if one.requires_grad]
    optimiser = torch.optim.Adam(learned, rate)
    for _ in range(STEPS):
        optimiser.zero_grad()
        torch.stack(list(loss(tree_leaves(network(batch)), targets).values())).sum().backward()
        optimiser.step()


def targets_of(grouping: str, outputs: Sequence[torch.Tensor], where: tuple[Any, ...]) -> Heatmaps:
    """What the network should give for the persons at some points of its inputs."""
    number, size = where[3:]
    if grouping == "part affinity fields":
        maps, fields = map(torch.tensor, field_targets(*where))
        return Heatmaps((maps,), masks=(torch.ones(number, *maps.shape[2:]),), fields=fields)
    if grouping == "centre offsets":
        maps, offsets, weights = map(torch.tensor, offset_targets(*where))
        return Heatmaps((maps,), offsets=offsets, offset_weights=weights)
    strides = [size[0] // output.shape[2] for output in outputs]
    scales = tuple(torch.tensor(heatmaps(*where, stride)) for stride in strides)
    masks = tuple(torch.ones(number, *one.shape[2:]) for one in scales)
    joints = torch.tensor(joint_indices(*where, strides[0]))
    return Heatmaps(scales, masks=masks, joints=joints)


def poses_of(request: EvaluationRequest, folder: Path, source: Source) -> tuple[Annotations, Poses]:
    """The persons that a network or a file finds."""
    prepared = preparing.prepare(request, source)
    found, _ = inference.poses(
        opened(prepared.request, prepared.annotations, prepared.instances, prepared.size),
        prepared.request,
        prepared.size,
        source.images,
        prepared.annotations,
        prepared.instances,
        Shards(folder),
        lambda count: None,
    )
    return prepared.annotations, found


def farthest(left: Poses, right: Poses) -> float:
    """Pixels between the joints of both that are farthest apart; infinity for other persons."""
    if left.keypoints.shape != right.keypoints.shape:
        return float("inf")
    if not len(left):
        return 0.0
    apart: NDArray[np.float64] = left.keypoints[..., :2] - right.keypoints[..., :2]
    return float(np.linalg.norm(apart, axis=2).max())


def moved(
    annotations: Annotations, poses: Poses, path: Path, source: Source
) -> tuple[Annotations, Path]:
    """An annotation file whose persons are these poses, each joint moved by a few pixels."""
    dice = np.random.default_rng(0)
    document = json.loads(source.annotations.read_text())
    document["annotations"] = [
        person(number, image, joints, dice)
        for number, (image, joints) in enumerate(
            zip(annotations.images.given(poses.image_ids), poses.keypoints, strict=True), 1
        )
    ]
    path.write_text(json.dumps(document))
    return read(path, "synth"), path


def person(
    number: int, image: int | str, joints: NDArray[np.float64], dice: np.random.Generator
) -> dict[str, object]:
    """An annotated person of COCO's form."""
    points = np.round(joints[:, :2] + dice.normal(0, MOVED, (len(joints), 2)), 2)
    low, high = points.min(axis=0), points.max(axis=0)
    sides = np.maximum(high - low, 8.0)
    flat: Sequence[float] = np.column_stack([points, np.full(len(points), 2)]).ravel().tolist()
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "keypoints": flat,
        "num_keypoints": len(points),
        "bbox": [*low.tolist(), *sides.tolist()],
        "area": float(sides.prod() * 0.5),
        "iscrowd": 0,
    }


if __name__ == "__main__":
    sys.exit(main())
