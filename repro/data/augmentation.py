"""Random views of persons and of whole images, as the official training pipelines draw them.

All that is drawn for a sample follows from the seed, the epoch and the sample's position alone: how
many processes load the samples, and in which order, changes nothing.

Persons: HRNet's JointsDataset, whose order and clipping MMPose, LPN and Lite-HRNet share; the
shifted centre is MMPose 0.x's. Whole images: HigherHRNet's RandomAffineTransform and
RandomHorizontalFlip, which LitePose, SWAHR and DEKR share. The official code mirrors the picture
before or after it is cut out; here that is part of the one affine map.
"""

import math
from dataclasses import dataclass

import numpy as np

from repro.data.people import Bools, Floats
from repro.pose import transforms

HALF_BODY_ABOVE = 8
"""labelled joints that a person has more than where half of the body may be shown"""
HALF_BODY_PADDING = 1.5
STEP = 200.0
"""pixels of the short side that one step of a whole image's translation is measured in"""


@dataclass(frozen=True, slots=True)
class PersonAugmentation:
    """How the view of a person varies; not at all by default. A chance is a probability."""

    flip: float = 0.0
    """chance"""
    half_body: float = 0.0
    """chance to show the upper or the lower body, where more than 8 joints are labelled"""
    scale_factor: float = 0.0
    """the region grows by 1 + factor · N(0, 1), clipped to 1 ± factor"""
    rotation_factor: float = 0.0
    """degrees: rotation by factor · N(0, 1), clipped to ± twice the factor"""
    rotation_chance: float = 0.6
    centre_shift: float = 0.0
    """largest move of a box, as a share of its sides"""
    centre_chance: float = 0.0


@dataclass(frozen=True, slots=True)
class ImageAugmentation:
    """How the view of a whole image varies; by default its short side fills the input."""

    flip: float = 0.0
    """chance"""
    rotation: float = 0.0
    """degrees, evenly within ±"""
    scale: tuple[float, float] = (1.0, 1.0)
    """least and largest side of the region, as a share of the short side"""
    translation: float = 0.0
    """whole pixels within ± this for every 200 pixels of the region's side"""


@dataclass(frozen=True, eq=False)
class View:
    """The region of an image that becomes an input."""

    centre: Floats
    """(2,) x, y in image pixels"""
    extent: Floats
    """(2,) width, height in image pixels"""
    rotation: float = 0.0
    """degrees, of the region, clockwise as seen in the image (in the mirrored one if mirrored)"""
    mirrored: bool = False


def generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The random numbers of one sample in one epoch."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch, index)))


def moved(boxes: Floats, rules: PersonAugmentation, seed: int) -> Floats:
    """Boxes (N, 4) of which some are moved: once for a whole run, as MMPose 0.x reads them."""
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 0, 0)))
    chosen = random.random(len(boxes)) < rules.centre_chance
    shift = random.uniform(-rules.centre_shift, rules.centre_shift, (len(boxes), 2))
    corners = boxes[:, :2] + np.where(chosen[:, None], shift * boxes[:, 2:], 0)
    return np.concatenate([corners, boxes[:, 2:]], axis=1)


def person_view(
    rules: PersonAugmentation,
    random: np.random.Generator,
    whole: View,
    joints: Floats,
    upper: Bools,
    aspect: float,
) -> View:
    """A view of the person whose box gives the view `whole`.

    `joints` (K, 3) are x, y in image pixels and above 0 where labelled; `upper` (K,) tells those of
    the upper body; `aspect` is the input's width / height.
    """
    centre, extent = whole.centre, whole.extent
    labelled = joints[:, 2] > 0
    if labelled.sum() > HALF_BODY_ABOVE and random.random() < rules.half_body:
        half = half_body(joints, _chosen_half(labelled, upper, random), aspect)
        if half is not None:
            centre, extent = half.centre, half.extent
    grown = 1 + rules.scale_factor * random.standard_normal()
    extent = extent * np.clip(grown, 1 - rules.scale_factor, 1 + rules.scale_factor)
    rotation = 0.0
    if random.random() < rules.rotation_chance:
        rotation = rules.rotation_factor * float(np.clip(random.standard_normal(), -2, 2))
    return View(centre, extent, rotation, bool(random.random() < rules.flip))


def _chosen_half(labelled: Bools, upper: Bools, random: np.random.Generator) -> Bools:
    """The upper body in 69 of 100 cases, as N(0, 1) is below 0.5; the other half if it has none."""
    above, below = labelled & upper, labelled & ~upper
    if random.standard_normal() < 0.5 and above.sum() > 2:
        return above
    return below if below.sum() > 2 else above


def half_body(joints: Floats, chosen: Bools, aspect: float) -> View | None:
    """The view of the chosen joints (K,), around their mean; None where they span nothing."""
    points = joints[chosen, :2]
    if len(points) < 2:
        return None
    width, height = np.ptp(points, axis=0)
    width = max(width, height * aspect)
    extent = np.array([width, width / aspect]) * HALF_BODY_PADDING
    return View(points.mean(axis=0), extent) if width > 0 else None


def person_matrix(view: View, size: tuple[int, int], image_width: int, udp: bool = False) -> Floats:
    """(2, 3), image points to points of an input of `size`: mirrored first, then turned."""
    if not view.mirrored:
        return transforms.matrix(view.centre, view.extent, size, view.rotation, udp)
    last = image_width - 1
    centre = np.array([last - view.centre[0], view.centre[1]])
    matrix = transforms.matrix(centre, view.extent, size, view.rotation, udp)
    matrix[:, 2] += matrix[:, 0] * last
    matrix[:, 0] *= -1
    return matrix


def reach(rules: PersonAugmentation, extent: Floats) -> Floats:
    """(2,) how far to the sides of its centre a view of this extent may show anything."""
    width, height = extent * (1 + rules.scale_factor) / 2
    turned = rules.rotation_factor > 0 and rules.rotation_chance > 0
    most = math.radians(min(90.0, 2 * rules.rotation_factor)) if turned else 0.0

    def farthest(along: float, across: float) -> float:
        """The largest of along · cos + across · sin up to the largest angle."""
        angle = min(most, math.atan2(across, along))
        return along * math.cos(angle) + across * math.sin(angle)

    return np.array([farthest(width, height), farthest(height, width)])


def image_view(
    rules: ImageAugmentation, random: np.random.Generator, image_size: tuple[int, int]
) -> View:
    """A square view of an image of height, width."""
    height, width = image_size
    least, most = rules.scale
    side = min(image_size) * (random.random() * (most - least) + least)
    rotation = (random.random() * 2 - 1) * rules.rotation
    centre = np.array([width / 2, height / 2])
    farthest = int(rules.translation * side / STEP)
    if farthest > 0:
        centre += random.integers(-farthest, farthest, 2)  # as officially, never `farthest` itself
    return View(centre, np.array([side, side]), rotation, bool(random.random() < rules.flip))


def image_matrix(view: View, side: int) -> Floats:
    """(2, 3), image points to those of a square input or output map: turned first, then mirrored.

    The official code mirrors each map for itself, so that a joint of a mirrored image lies up to a
    map's pixel away from where the input shows it; so it does here.
    """
    matrix = transforms.matrix(view.centre, view.extent, (side, side), view.rotation)
    if view.mirrored:
        matrix[0] *= -1
        matrix[0, 2] += side - 1
    return matrix
