"""From images to poses: top-down, a crop a person; bottom-up, a whole image at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from repro.data.boxes import Instances
from repro.data.crops import Crops
from repro.data.normalising import normalised
from repro.data.people import Annotations, Poses
from repro.data.pictures import Colour, Pictures, Pixels
from repro.evaluation import grouping, top_down_heads
from repro.evaluation.network import Network, check_finite, running
from repro.evaluation.overlap import overlapped
from repro.evaluation.request import EvaluationRequest, Execution
from repro.evaluation.shards import Arrays, Shards
from repro.evaluation.top_down_heads import Outputs
from repro.papers.protocol import APPLY, Protocol
from repro.papers.values import Size
from repro.pose import nms, transforms

Chosen = NDArray[np.int64]
Tell = Callable[[int], None]
"""called with how many instances or images were finished since the last call"""


def poses(
    network: Network,
    request: EvaluationRequest,
    size: Size,
    images: Path,
    annotations: Annotations,
    instances: Instances | None,
    shards: Shards,
    tell: Tell,
    held: Sequence[Pixels] = (),
) -> tuple[Poses, NDArray[np.int64] | None]:
    """The persons found, and of which instances they are; None without boxes.

    Images that are `held` in memory, upright and BGR, are not read from the folder. Finished
    shards are taken from disk. For PCKh all poses stay, in the order of the persons.
    """
    rules, execution = request.protocol, request.execution
    colour, upright = cast(Colour, rules.colour), rules.exif == APPLY
    if instances is None:
        pictures = Pictures(images, annotations, colour, upright, held)
        return bottom_up(network, pictures, size, rules, shards, execution, tell), None
    crops = Crops(images, annotations, instances, size, colour, rules.udp, upright, held)
    all_poses = top_down(network, crops, size, rules, shards, execution, tell)
    if rules.entry.measure == "PCKh":
        return all_poses, np.arange(len(all_poses))
    all_poses = rescored(all_poses)
    left = kept(all_poses, instances.extents(size).prod(axis=1), rules)
    return all_poses[left], left


def top_down(
    network: Network,
    crops: Crops,
    size: Size,
    protocol: Protocol,
    shards: Shards,
    execution: Execution,
    tell: Tell,
) -> Poses:
    """The pose in every box, in the order of the boxes; scores are the boxes' own.

    Finished shards are taken from disk; see `rescored` and `kept` for what makes people of poses.
    """
    instances, head = crops.instances, top_down_heads.of_protocol(protocol)

    def load(chosen: Chosen) -> tuple[Chosen, NDArray[np.uint8]]:
        return chosen, np.stack([crops[int(index)][0] for index in chosen])

    def compute(loaded: tuple[Chosen, NDArray[np.uint8]]) -> tuple[Chosen, Outputs]:
        chosen, pixels = loaded
        with running():
            images = normalised(pixels, protocol.normalise, execution.device)
            plain = top_down_heads.outputs(head, network(images, chosen, False), protocol)
            if not protocol.flip:
                return chosen, plain
            turned = network(images.flip(3), chosen, True)
            mirrored = top_down_heads.outputs(head, turned, protocol)
        return chosen, top_down_heads.averaged(head, plain, mirrored, protocol)

    def finish(computed: tuple[Chosen, Outputs]) -> Arrays:
        chosen, outputs = computed
        found = [torch.from_numpy(one) for one in outputs]
        check_finite(found, f"crop {chosen[0]} or one soon after")
        places = head.joints(outputs, protocol, size)
        joints = transforms.to_image(
            places.points,
            instances.centres(size)[chosen],
            instances.extents(size)[chosen],
            places.grid,
            protocol.udp,
        )
        return {"keypoints": np.concatenate([joints, places.scores[..., None]], axis=2)}

    done = _sharded(len(instances), shards, execution, load, compute, finish, tell)
    keypoints = np.concatenate([part["keypoints"] for part in done]).astype(np.float64)
    images = crops.annotations.images.ids[instances.image]
    return Poses(images, keypoints, instances.scores)


def bottom_up(
    network: Network,
    pictures: Pictures,
    size: Size,
    protocol: Protocol,
    shards: Shards,
    execution: Execution,
    tell: Tell,
) -> Poses:
    """The persons that a network finds in every image, in the order of the images."""
    files = pictures.annotations.images.files

    def load(chosen: Chosen) -> tuple[int, NDArray[np.uint8]]:
        index = int(chosen[0])
        return index, pictures[index][0]

    def compute(loaded: tuple[int, NDArray[np.uint8]]) -> tuple[int, grouping.ImageMaps]:
        index, image = loaded
        return index, grouping.maps(network, image, index, size, protocol, execution.device)

    def finish(computed: tuple[int, grouping.ImageMaps]) -> Arrays:
        index, maps = computed
        check_finite([*maps.plain, *(maps.mirrored or ())], f"`{files[index]}`")
        keypoints, scores = grouping.people(maps, protocol)
        return {
            "image": np.full(len(scores), index, np.int64),
            "keypoints": keypoints,
            "scores": scores,
        }

    singly = replace(execution, batch=1)
    done = _sharded(len(pictures), shards, singly, load, compute, finish, tell)
    image = np.concatenate([part["image"] for part in done]).astype(np.int64)
    return Poses(
        pictures.annotations.images.ids[image],
        np.concatenate([part["keypoints"] for part in done]).astype(np.float64),
        np.concatenate([part["scores"] for part in done]).astype(np.float64),
    )


def rescored(poses: Poses) -> Poses:
    """Poses of boxes as persons: the box's score times the mean of the joint scores above 0.2."""
    return Poses(
        poses.image_ids, poses.keypoints, nms.rescore(poses.keypoints[..., 2], poses.scores)
    )


def kept(poses: Poses, areas: NDArray[np.float64], protocol: Protocol) -> NDArray[np.int64]:
    """The poses that OKS-NMS leaves, image by image, each image's in the order of the boxes.

    `areas` are those of the padded boxes, as the official code has it.
    """
    if protocol.nms is None:
        return np.arange(len(poses))
    left = [np.zeros(0, np.int64)]
    for group in _by_image(poses.image_ids):
        chosen = nms.oks_nms(
            poses.keypoints[group],
            poses.scores[group],
            areas[group],
            protocol.skeleton.sigmas,
            protocol.nms,
        )
        left.append(group[np.sort(chosen)])
    return np.concatenate(left)


def _by_image(image_ids: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The positions of each image's poses, images in the order in which they first come."""
    _, first, group = np.unique(image_ids, return_index=True, return_inverse=True)
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(group, minlength=len(first)))[:-1])
    return [parts[index] for index in np.argsort(first)]


def _sharded(
    count: int,
    shards: Shards,
    execution: Execution,
    load: Callable[[Chosen], object],
    compute: Callable[..., object],
    finish: Callable[..., Arrays],
    tell: Tell,
) -> list[Arrays]:
    """Run batches of `range(count)`, shard by shard; what is on disk is not run again."""
    step = execution.batch * execution.shard
    done: dict[int, Arrays] = {}
    waiting: list[int] = []
    for number, start in enumerate(range(0, count, step)):
        arrays = shards.find(number)
        if arrays is None:
            waiting.append(number)
        else:
            done[number] = arrays
            tell(min(step, count - start))
    batches = [
        np.arange(start, min(start + execution.batch, count))
        for number in waiting
        for start in range(number * step, min((number + 1) * step, count), execution.batch)
    ]
    parts = overlapped(batches, load, compute, finish, execution.loaders)
    for number in waiting:
        done[number] = _joined(_taken(parts, number, step, count, execution.batch, tell))
        shards.save(number, done[number])
    return [done[number] for number in sorted(done)]


def _taken(
    parts: Iterator[Arrays], number: int, step: int, count: int, batch: int, tell: Tell
) -> list[Arrays]:
    """The finished batches of one shard."""
    taken = []
    for start in range(number * step, min((number + 1) * step, count), batch):
        taken.append(next(parts))
        tell(min(batch, count - start))
    return taken


def _joined(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
