"""What lies around a network in use: an image file to its input, its maps to joints in the image.

The picture is generated, of figures in front of a textured ground. A network with drawn weights
finds nobody in it, so what comes after is timed on the maps that a perfect network would give;
grouping the noise of a drawn one would take many times as long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from torch import Tensor

from repro.data.boxes import Instances
from repro.data.crops import Crops
from repro.data.normalising import normalised
from repro.data.people import Annotations, Bools, Images, People
from repro.data.pictures import Colour, Pictures
from repro.data.synth_scenes import JOINTS, Scene, scene
from repro.errors import ReproError
from repro.evaluation import grouping, oracle
from repro.files import write_whole
from repro.papers import protocol_choice
from repro.papers.protocol import HEATMAP_DECODERS, Protocol
from repro.pose import decode, flip, transforms, whole_image
from repro.speed.measure.subjects import Subject

SHORT = 480
"""pixels of the picture's shorter side, as in COCO"""
QUALITY = 90
PERSONS = range(3, 7)
"""how many the picture may show"""


@dataclass(frozen=True)
class Around:
    """Before and after a network."""

    pre: Callable[[], Tensor]
    """a JPEG file decoded, cut or scaled, and normalised: (N, 3, H, W)"""
    post: Callable[[], object]
    """the network's maps as joints in image pixels"""


def around(subject: Subject, folder: Path, seed: int) -> Around:
    """What is done before and after the subject's network by the protocol it is evaluated by.

    The picture is written into `folder`. Raise ReproError for a network whose maps cannot be
    planted, and for inputs and batches that such a network never gets.
    """
    cv2.setNumThreads(torch.get_num_threads())
    _, protocol = protocol_choice.chosen(subject.model, None, None)
    path, annotations = sample_picture(subject, folder, seed)
    if protocol.bottom_up:
        return _bottom_up(subject, protocol, path, annotations)
    return _top_down(subject, protocol, path, annotations)


def _top_down(subject: Subject, protocol: Protocol, path: Path, annotations: Annotations) -> Around:
    """A crop for each image of the batch, all out of one file."""
    persons = np.arange(subject.batch) % len(annotations.people)
    boxes, size = annotations.people.boxes[persons], subject.input
    image = np.zeros(subject.batch, np.int64)
    instances = Instances(image, boxes, np.ones(subject.batch), persons, padding=protocol.padding)
    colour = cast(Colour, protocol.colour)
    network = oracle.network(annotations, instances, size, protocol)
    plain, mirrored = (
        network(torch.empty(0), np.arange(subject.batch), turned)[-1].numpy()
        for turned in (False, True)
    )
    decoder = HEATMAP_DECODERS[protocol.decoder]
    sigma = (
        3.0 if size[0] >= 384 else 2.0
    )  # of the targets that networks of that size learn (HRNet)

    def pre() -> Tensor:
        crops = Crops(path.parent, annotations, instances, size, colour, protocol.udp)
        pixels = np.stack([crops[index][0] for index in range(subject.batch)])
        return normalised(pixels, protocol.normalise)

    def post() -> object:
        maps = plain
        if subject.flip:
            back = flip.mirror_maps(mirrored, protocol.skeleton.mirrored, protocol.shift)
            maps = (plain + back) * np.float32(0.5)
        points, scores = decode.decode(maps, decoder, sigma, protocol.beta)
        where = (instances.centres(size), instances.extents(size), maps.shape[2:])
        return transforms.to_image(points, *where, protocol.udp_maps), scores

    return Around(pre, post)


def _bottom_up(
    subject: Subject, protocol: Protocol, path: Path, annotations: Annotations
) -> Around:
    """The whole picture as one input."""
    if subject.batch != 1:
        raise ReproError("Bottom-up networks take one image at a time.", "Leave the batch at 1.")
    height, width = (int(side) for side in annotations.images.sizes[0])
    network = oracle.network(annotations, None, subject.input, protocol)
    fit = whole_image.fit((height, width), min(subject.input))
    if fit.size != subject.input:
        sizes = ["x".join(map(str, size)) for size in (fit.size, subject.input)]
        raise ReproError(
            f"No image becomes an input of {sizes[1]}; the nearest is {sizes[0]}.",
            "Both sides must be multiples of 64.",
        )
    colour = cast(Colour, protocol.colour)
    pictures = Pictures(path.parent, annotations, colour)
    plain, mirrored = (network(torch.empty(0), np.zeros(1, np.int64), on) for on in (False, True))
    maps = grouping.ImageMaps(fit, plain, mirrored if subject.flip else None)

    def pre() -> Tensor:
        return normalised(fit.warp(pictures[0][0])[None], protocol.normalise)

    return Around(pre, lambda: grouping.people(maps, protocol))


def sample_picture(subject: Subject, folder: Path, seed: int) -> tuple[Path, Annotations]:
    """A file of the input's proportions, and where its persons are."""
    size = _size(subject)
    made = next(
        made
        for number in count()
        for made in [scene(np.random.default_rng([seed, number]), size)]
        if (~made.crowd).sum() in PERSONS
    )
    path = folder / f"picture-{size[0]}x{size[1]}-{seed}.jpg"
    _, data = cv2.imencode(".jpg", made.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    write_whole(path, data.tobytes())
    return path, _annotations(
        made, path.name, size, protocol_choice.chosen(subject.model, None, None)[1]
    )


def _size(subject: Subject) -> tuple[int, int]:
    """480x640 for crops; for whole images their input's proportions."""
    _, protocol = protocol_choice.chosen(subject.model, None, None)
    if not protocol.bottom_up:
        return SHORT, SHORT * 4 // 3
    height, width = subject.input
    short = min(height, width)
    return round(SHORT * height / short), round(SHORT * width / short)


def _annotations(made: Scene, name: str, size: tuple[int, int], protocol: Protocol) -> Annotations:
    """The persons that are no crowd; joints that the figures lack are nowhere."""
    persons = np.flatnonzero(~made.crowd)
    keypoints = np.zeros((len(persons), protocol.keypoints, 3))
    for place, joint in enumerate(protocol.skeleton.joints):
        if joint in JOINTS:
            keypoints[:, place] = made.keypoints[persons, JOINTS.index(joint)]
    boxes = np.array([_box(made.masks[person]) for person in persons])
    ids, image = np.arange(len(persons)), np.zeros(len(persons), np.int64)
    labelled = (keypoints[..., 2] > 0).sum(axis=1)
    crowd = np.zeros(len(persons), np.bool_)
    areas = boxes[:, 2:].prod(axis=1)
    people = People(ids, image, boxes, keypoints, areas, labelled, crowd)
    images = Images(np.zeros(1, np.int64), (name,), np.array([size]))
    return Annotations(protocol.skeleton.name, images, people, "")


def _box(mask: Bools) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(mask)
    left, top = float(columns.min()), float(rows.min())
    return left, top, float(columns.max()) + 1 - left, float(rows.max()) + 1 - top
