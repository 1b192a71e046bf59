"""From images to poses: top-down, a crop a person; bottom-up, a whole image at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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
from repro.evaluation.network import Network, check_finite, heatmaps, running, sigma_of
from repro.evaluation.overlap import overlapped
from repro.evaluation.request import EvaluationRequest, Execution
from repro.evaluation.shards import Arrays, Shards
from repro.evaluation.top_down_heads import FoundJoints, TopDownHead
from repro.papers.protocol import APPLY, HEATMAP_DECODERS, OF_BOXES, Protocol
from repro.papers.values import Size
from repro.pose import decode, flip, nms, transforms

Chosen = NDArray[np.int64]
Tell = Callable[[int], None]
"""called with how many instances or images were finished since the last call"""


@dataclass(frozen=True, eq=False)
class CropMaps:
    """The heatmaps (N, K, h, w) that a network gave for crops."""

    chosen: Chosen
    """(N,) which instances they are"""
    plain: NDArray[np.float32]
    mirrored: NDArray[np.float32] | None = None
    """of the mirrored crops, as they came"""


@dataclass(frozen=True, eq=False)
class CropCoordinates:
    """The joints that a network gave for crops without heatmaps."""

    chosen: Chosen
    """(N,) which instances they are"""
    found: FoundJoints


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
    return persons(all_poses, instances, size, rules)


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

    Finished shards are taken from disk; see `persons` for what makes people of poses.
    """
    instances, head = crops.instances, top_down_heads.of_protocol(protocol)

    def load(chosen: Chosen) -> tuple[Chosen, NDArray[np.uint8]]:
        return chosen, np.stack([crops[int(index)][0] for index in chosen])

    def compute(loaded: tuple[Chosen, NDArray[np.uint8]]) -> CropMaps | CropCoordinates:
        if head is not None:
            return crop_coordinates(head, network, *loaded, protocol, execution.device)
        return crop_maps(network, *loaded, protocol, protocol.flip, execution.device)

    def finish(given: CropMaps | CropCoordinates) -> Arrays:
        if isinstance(given, CropMaps):
            return {"keypoints": joints(given, instances, size, protocol)}
        found = (given.found.points, given.found.scores)
        return {
            "keypoints": placed(found, given.chosen, instances, size, given.found.grid, protocol)
        }

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


def crop_maps(
    network: Network,
    chosen: Chosen,
    pixels: Pixels,
    protocol: Protocol,
    mirror: bool,
    device: str,
) -> CropMaps:
    """Run a network on crops (N, H, W, 3), and if so wanted on their mirror images."""
    with running():
        images = normalised(pixels, protocol.normalise, device)
        plain = heatmaps(network(images, chosen, False), protocol.keypoints).numpy()
        if not mirror:
            return CropMaps(chosen, plain)
        mirrored = heatmaps(network(images.flip(3), chosen, True), protocol.keypoints)
    return CropMaps(chosen, plain, mirrored.numpy())


def crop_coordinates(
    head: TopDownHead,
    network: Network,
    chosen: Chosen,
    pixels: Pixels,
    protocol: Protocol,
    device: str,
) -> CropCoordinates:
    """Run a network with another head than heatmaps on crops (N, H, W, 3), and find the joints."""
    with running():
        images = normalised(pixels, protocol.normalise, device)
        outputs = top_down_heads.outputs(head, network(images, chosen, False), protocol)
        if protocol.flip:
            turned = network(images.flip(3), chosen, True)
            mirrored = top_down_heads.outputs(head, turned, protocol)
            outputs = top_down_heads.averaged(head, outputs, mirrored, protocol)
    found = [torch.from_numpy(one) for one in outputs]
    check_finite(found, f"crop {chosen[0]} or one soon after")
    size = pixels.shape[1], pixels.shape[2]
    return CropCoordinates(chosen, head.joints(outputs, size))


def joints(
    given: CropMaps, instances: Instances, size: Size, protocol: Protocol
) -> NDArray[np.float64]:
    """The joints (N, K, 3) in the heatmaps of crops: x and y in image pixels, and scores."""
    maps = averaged(given, protocol)
    found = decoded(maps, size, protocol)
    return placed(found, given.chosen, instances, size, (maps.shape[2], maps.shape[3]), protocol)


def averaged(given: CropMaps, protocol: Protocol) -> NDArray[np.float32]:
    """The heatmaps (N, K, h, w) that are read, of a flip test the mean of both."""
    maps = given.plain
    if protocol.flip and given.mirrored is not None:
        back = flip.mirror_maps(given.mirrored, protocol.skeleton.mirrored, protocol.shift)
        maps = (maps + back) * np.float32(0.5)
    check_finite([torch.from_numpy(maps)], f"crop {given.chosen[0]} or one soon after")
    return maps


def decoded(maps: NDArray[np.float32], size: Size, protocol: Protocol) -> decode.Joints:
    """Points (N, K, 2) in heatmap pixels and scores (N, K)."""
    how = HEATMAP_DECODERS[protocol.decoder]
    return decode.decode(maps, how, sigma=sigma_of(size), beta=protocol.beta)


def placed(
    found: decode.Joints,
    chosen: Chosen,
    instances: Instances,
    size: Size,
    map_size: Size,
    protocol: Protocol,
) -> NDArray[np.float64]:
    """Decoded joints (N, K, 3), x and y in image pixels."""
    points, scores = found
    where = instances.centres(size)[chosen], instances.extents(size)[chosen]
    places = transforms.to_image(points, *where, map_size, protocol.udp_maps)
    return np.concatenate([places, scores[..., None]], axis=2)


def persons(
    poses: Poses, instances: Instances, size: Size, rules: Protocol
) -> tuple[Poses, NDArray[np.int64]]:
    """What makes persons of the poses of boxes: their scores, and who was found twice.

    The persons, and in which boxes they are. For PCKh all poses stay as they are.
    """
    if rules.entry.measure == "PCKh":
        return poses, np.arange(len(poses))
    scored = rescored(poses, rules)
    left = kept(scored, instances.extents(size).prod(axis=1), rules)
    return scored[left], left


def rescored(poses: Poses, rules: Protocol) -> Poses:
    """Poses of boxes as persons: the box's score times the mean of the joints', or it alone."""
    if rules.rescoring == OF_BOXES:
        return poses
    scores = nms.rescore(poses.keypoints[..., 2], poses.scores, rules.joint_score)
    return Poses(poses.image_ids, poses.keypoints, scores)


def kept(poses: Poses, areas: NDArray[np.float64], protocol: Protocol) -> NDArray[np.int64]:
    """The poses that OKS-NMS leaves, image by image, each image's in the order of the boxes.

    `areas` are those of the padded boxes, as the official code has it.
    """
    if protocol.nms is None:
        return np.arange(len(poses))
    left = [np.zeros(0, np.int64)]
    for group in _by_image(poses.image_ids):
        if len(group) == 1:
            left.append(group)
            continue
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
    batches = batches_of(waiting, count, execution)
    parts = overlapped(batches, load, compute, finish, execution.loaders)
    for number in waiting:
        done[number] = shard_of(parts, number, count, execution, tell)
        shards.save(number, done[number])
    return [done[number] for number in sorted(done)]


def batches_of(numbers: Sequence[int], count: int, execution: Execution) -> list[Chosen]:
    """The batches of `range(count)` that are in shards of these numbers."""
    step = execution.batch * execution.shard
    return [
        np.arange(start, min(start + execution.batch, count))
        for number in numbers
        for start in range(number * step, min((number + 1) * step, count), execution.batch)
    ]


def shard_of(
    parts: Iterator[Arrays], number: int, count: int, execution: Execution, tell: Tell
) -> Arrays:
    """The next finished batches, as many as a shard has, in one."""
    taken = []
    for batch in batches_of([number], count, execution):
        taken.append(next(parts))
        tell(len(batch))
    return {name: np.concatenate([part[name] for part in taken]) for name in taken[0]}
