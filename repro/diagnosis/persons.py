"""The annotated persons as errors are judged by: where joints are, and how far is far."""

from dataclasses import dataclass

import numpy as np

from repro.data.mpii import Truth
from repro.data.people import Annotations, Bools, Floats, Ints
from repro.diagnosis.kinds import RIGHT
from repro.scoring.pckh import BOUND, COUNTED, HEAD_SHARE

SIZES = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, np.inf)}
"""square pixels of a person, at least and less than; COCO's bounds"""
BESIDE = {"alone": (0, 1), "1-2 beside": (1, 3), "3+ beside": (3, 10**9)}
"""other persons whose boxes overlap, at least and less than: Ronchi and Perona, Section 6"""
OVERLAP = 0.1
"""IoU of two boxes that overlap"""


@dataclass(frozen=True, eq=False)
class JudgedPersons:
    """The persons of an annotation file, in its order, in terms of either measure."""

    annotations: Annotations
    points: Floats
    """(P, K, 2)"""
    labelled: Bools
    """(P, K)"""
    expected: Bools
    """(P,) whether they are to be found"""
    reach: Floats
    """(P, K) pixels away from a joint at which its similarity is exp(-1/2)"""
    sizes: Floats
    """(P,) pixels that distances are divided by for PCK"""
    size_of: str
    """what those are, in words"""

    @property
    def image(self) -> Ints:
        """(P,) position of the image in the file."""
        return self.annotations.people.image

    @property
    def mirrored(self) -> Ints:
        """(K,) the joint of the other side."""
        return np.array(self.annotations.entry.skeleton.mirrored, np.int64)

    def beside(self) -> Ints:
        """(P,) how many other persons of the image have boxes with an IoU of at least OVERLAP."""
        order, first, second = pairs_of_images(self.image)
        boxes = self.annotations.people.boxes[order]
        near = _iou(boxes[first], boxes[second]) >= OVERLAP
        counts = np.zeros(len(order), np.int64)
        counts[order] = np.bincount(first[near], minlength=len(order))
        return counts


def by_oks(annotations: Annotations) -> JudgedPersons:
    """Persons that are found by OKS; PCK is then by the longer side of the box, as Yang and
    Ramanan have it (PAMI 2013).
    """
    people = annotations.people
    sigmas = np.array(annotations.entry.skeleton.sigmas)
    return JudgedPersons(
        annotations,
        people.keypoints[..., :2],
        people.keypoints[..., 2] > 0,
        (people.labelled > 0) & ~people.crowd,
        np.sqrt(people.areas)[:, None] * 2 * sigmas,
        people.boxes[:, 2:].max(axis=1),
        "the longer side of the person's box",
    )


def by_pckh(annotations: Annotations, truth: Truth) -> JudgedPersons:
    """MPII's persons, each of whom has one pose.

    MPII has no OKS constants: a joint is right up to where PCKh counts it as right, and the
    similarity falls from there as that of OKS does. Pelvis and thorax, which the mean of PCKh
    leaves out, are not judged.
    """
    judged = np.zeros_like(truth.annotated)
    judged[:, COUNTED] = truth.annotated[:, COUNTED]
    head = HEAD_SHARE * np.linalg.norm(truth.heads[:, 1] - truth.heads[:, 0], axis=1)
    reach = BOUND * head / np.sqrt(-2 * np.log(RIGHT))
    return JudgedPersons(
        annotations,
        truth.points,
        judged,
        np.ones(len(head), np.bool_),
        np.repeat(reach[:, None], truth.points.shape[1], axis=1),
        head,
        "0.6 of the head box's diagonal",
    )


def pairs_of_images(image: Ints) -> tuple[Ints, Ints, Ints]:
    """An order of persons by image, and in it all pairs (first, second) of two on one image."""
    order = np.argsort(image, kind="stable")
    sorted_ = image[order]
    first, last = (np.searchsorted(sorted_, sorted_, side) for side in ("left", "right"))
    count = last - first
    one = np.repeat(np.arange(len(order)), count)
    other = np.arange(len(one)) + np.repeat(first - np.cumsum(count) + count, count)
    apart = one != other
    return order, one[apart], other[apart]


def _iou(boxes: Floats, others: Floats) -> Floats:
    """(M,) of boxes (M, 4): left, top, width, height."""
    low = np.maximum(boxes[:, :2], others[:, :2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], others[:, :2] + others[:, 2:])
    common = np.maximum(high - low, 0).prod(axis=1)
    whole = boxes[:, 2:].prod(axis=1) + others[:, 2:].prod(axis=1) - common
    return np.asarray(common / np.maximum(whole, np.finfo(float).tiny))
