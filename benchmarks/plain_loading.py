"""A plain reading of how the official code loads persons to train on, to measure and check against.

It does what `lib/dataset/JointsDataset.py` of deep-high-resolution-net.pytorch does, in its order
and by its means: the image is read, its colours are swapped and it is mirrored as a whole, a matrix
comes from three point pairs, joints are moved one by one, each joint's Gaussian is pasted by
itself, pixels become normalised floats sample by sample, and torch stacks the samples. What is
random is given, so that both sides make the same samples.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import default_collate

SIGMA = 2
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Array = NDArray[np.float32 | np.float64]
Sample = tuple[Tensor, Tensor, Tensor]
"""image (3, H, W), target (K, h, w), weights (K, 1)"""


@dataclass
class Person:
    """A person of the data set, and what was drawn for it."""

    file: Path
    joints: Array
    """(K, 3) x, y in the image, visibility"""
    centre: Array
    scale: Array
    """width, height / 200"""
    rotation: float
    mirrored: bool


def plain_point(point: Array, angle: float) -> list[float]:
    """A point turned around the origin."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return [point[0] * cosine - point[1] * sine, point[0] * sine + point[1] * cosine]


def plain_third(a: Array, b: Array) -> Array:
    """The corner of a right angle's other leg."""
    leg = a - b
    return b + np.array([-leg[1], leg[0]], dtype=np.float32)


def plain_matrix(centre: Array, scale: Array, rotation: float, size: tuple[int, int]) -> Array:
    """From three points of the image and of the input."""
    height, width = size
    wide = scale[0] * 200.0
    up = plain_point(np.array([0, wide * -0.5]), np.pi * rotation / 180)
    there, here = np.zeros((3, 2), dtype=np.float32), np.zeros((3, 2), dtype=np.float32)
    there[0], there[1] = centre, centre + up
    here[0] = [width * 0.5, height * 0.5]
    here[1] = np.array([width * 0.5, height * 0.5]) + np.array([0, width * -0.5], np.float32)
    there[2] = plain_third(there[0], there[1])
    here[2] = plain_third(here[0], here[1])
    return cv2.getAffineTransform(there, here)


def plain_mirrored(joints: Array, pairs: list[tuple[int, int]], width: int) -> Array:
    """Joints of a mirrored image, left and right changed over."""
    joints[:, 0] = width - joints[:, 0] - 1
    for left, right in pairs:
        joints[left], joints[right] = joints[right], joints[left].copy()
    return joints


def plain_target(joints: Array, visible: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Joint by joint a Gaussian's patch, cut at the borders of the map."""
    height, width = size[0] // 4, size[1] // 4
    weights = np.ones((len(joints), 1), dtype=np.float32)
    weights[:, 0] = visible
    target = np.zeros((len(joints), height, width), dtype=np.float32)
    reach = SIGMA * 3
    for k in range(len(joints)):
        x = int(joints[k][0] / 4 + 0.5)
        y = int(joints[k][1] / 4 + 0.5)
        first = [int(x - reach), int(y - reach)]
        last = [int(x + reach + 1), int(y + reach + 1)]
        if first[0] >= width or first[1] >= height or last[0] < 0 or last[1] < 0:
            weights[k] = 0
            continue
        side = np.arange(0, 2 * reach + 1, 1, np.float32)
        middle = (2 * reach + 1) // 2
        patch = np.exp(-((side - middle) ** 2 + (side[:, None] - middle) ** 2) / (2 * SIGMA**2))
        from_x = max(0, -first[0]), min(last[0], width) - first[0]
        from_y = max(0, -first[1]), min(last[1], height) - first[1]
        to_x = max(0, first[0]), min(last[0], width)
        to_y = max(0, first[1]), min(last[1], height)
        if weights[k] > 0.5:
            target[k][to_y[0] : to_y[1], to_x[0] : to_x[1]] = patch[
                from_y[0] : from_y[1], from_x[0] : from_x[1]
            ]
    return target, weights


def plain_sample(person: Person, pairs: list[tuple[int, int]], size: tuple[int, int]) -> Sample:
    """One person from file to tensors."""
    image = cv2.imread(str(person.file), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    joints, centre = person.joints[:, :2].copy(), person.centre.copy()
    visible = np.minimum(1, person.joints[:, 2:]).copy()
    if person.mirrored:
        width = image.shape[1]
        image = image[:, ::-1, :]
        both = plain_mirrored(np.hstack((joints, visible)), pairs, width)
        joints, visible = both[:, :2], both[:, 2:]
        centre[0] = width - centre[0] - 1
    matrix = plain_matrix(centre, person.scale, person.rotation, size)
    height, width = size
    cut = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    pixels = torch.from_numpy(cut.transpose(2, 0, 1)).contiguous().to(torch.float32).div(255)
    mean, deviation = torch.tensor(MEAN)[:, None, None], torch.tensor(DEVIATION)[:, None, None]
    pixels = pixels.sub_(mean).div_(deviation)
    for k in range(len(joints)):
        if visible[k, 0] > 0.0:
            joints[k] = np.dot(matrix, np.array([joints[k][0], joints[k][1], 1.0]))
    target, weights = plain_target(joints, visible[:, 0], size)
    return pixels, torch.from_numpy(target), torch.from_numpy(weights)


def plain_batch(
    people: list[Person], pairs: list[tuple[int, int]], size: tuple[int, int]
) -> list[Tensor]:
    """Images, targets and weights of a batch."""
    return default_collate([plain_sample(person, pairs, size) for person in people])
