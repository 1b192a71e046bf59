"""COCO's and CrowdPose's evaluation of poses, for all images at once.

It gives the figures of pycocotools (`COCOeval`, keypoints) and crowdposetools to the last bit. Only
pairs that reach the lowest threshold can match; the n-th detections that have such pairs choose
their persons in all images together, on every threshold and in every class of size.
"""

import numpy as np

from repro.data.people import Annotations, Bools, Floats, Ints, Poses
from repro.errors import ReproError
from repro.scoring.matches import Matches
from repro.scoring.oks_rules import MOST, THRESHOLDS, Rules, rules
from repro.scoring.pairs import Detections, Pairs, Persons, ends, similar

REACHED = np.minimum(THRESHOLDS, 1 - 1e-10)
"""(T,) OKS that suffices for a match"""


def evaluate(
    annotations: Annotations,
    poses: Poses,
    boxes: Floats | None = None,
    images: Ints | None = None,
) -> Matches:
    """Match the poses to the persons, on all images of the annotations or on those with the ids.

    `boxes` (N, 4) are those of a result file, whose sizes then decide the class of a pose that
    matches nobody, as in `COCO.loadRes`; else the extent of its joints does. A ReproError if poses
    and persons differ in the number of joints, an image is not in the annotations, or a number of
    the poses is not finite.
    """
    official = rules(annotations.chosen)
    _check(annotations, poses, official)
    ids = np.unique(annotations.images.ids if images is None else images)
    unknown = np.setdiff1d(ids, annotations.images.ids)
    if len(unknown):
        message = f"The annotations have no image {unknown[0]}."
        raise ReproError(message, "Choose images of the annotation file.")
    persons = _persons(annotations, ids, official)
    detections = _detections(poses, boxes, ids, official)
    pairs = similar(detections, persons, np.array(official.sigmas), REACHED[0])
    matched, harmless = _match(pairs, detections, persons)
    wrong = ~(matched | harmless | detections.outside[:, :, None])
    order = np.argsort(-detections.scores, kind="stable")
    return Matches(
        official,
        ids,
        _crowding(annotations, ids),
        np.stack(
            [np.bincount(persons.image[~one], minlength=len(ids)) for one in persons.ignored.T]
        ),
        detections.image[order],
        np.ascontiguousarray((matched & ~harmless)[order].transpose(1, 2, 0)),
        np.ascontiguousarray(wrong[order].transpose(1, 2, 0)),
    )


def _check(annotations: Annotations, poses: Poses, official: Rules) -> None:
    joints = len(official.sigmas)
    if len(poses) and poses.keypoints.shape[1] != joints:
        message = f"The poses have {poses.keypoints.shape[1]} joints, {annotations.dataset} has"
        raise ReproError(f"{message} {joints}.", "Score them against their own data set.")
    finite = _finite(poses)
    if not finite.all():
        place = int(np.flatnonzero(~finite)[0])
        message = f"Pose {place} on image {poses.image_ids[place]} has a number that is not finite."
        raise ReproError(message, "See whether the weights fit the model.")
    unknown = np.setdiff1d(poses.image_ids, annotations.images.ids)
    if len(unknown):
        listed = ", ".join(str(one) for one in unknown[:3])
        more = f", … {len(unknown)} in all" if len(unknown) > 3 else ""
        message = f"The results name images that the annotations lack ({listed}{more})."
        raise ReproError(message, "Score them against the annotations of their own split.")


def _finite(poses: Poses) -> Bools:
    """(N,) whether all numbers of a pose are finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(poses.scores.sum() + poses.keypoints.sum()):  # many times as fast
            return np.ones(len(poses), np.bool_)
    return np.isfinite(poses.scores) & np.isfinite(poses.keypoints).all(axis=(1, 2))


def _crowding(annotations: Annotations, ids: Ints) -> Floats | None:
    images = annotations.images
    if images.crowding is None:
        return None
    order = np.argsort(images.ids, kind="stable")
    return images.crowding[order[np.searchsorted(images.ids[order], ids)]]


def _places(image_ids: Ints, ids: Ints) -> tuple[Ints, Bools]:
    """For each image id its position among the sorted `ids`, and whether it is one of them."""
    places = np.searchsorted(ids, image_ids)
    inside = places < len(ids)
    inside[inside] = ids[places[inside]] == image_ids[inside]
    return places, inside


def _outside(areas: Floats, official: Rules) -> Bools:
    """(N, A) whether areas are outside the classes of size."""
    low, high = np.array(list(official.sizes.values())).T
    return np.asarray((areas[:, None] < low) | (areas[:, None] > high))


def _persons(annotations: Annotations, ids: Ints, official: Rules) -> Persons:
    people = annotations.people
    places, inside = _places(annotations.images.ids[people.image], ids)
    order = np.argsort(places, kind="stable")
    order = order[inside[order]]
    ignored = (people.labelled[order] == 0) | people.crowd[order]
    return Persons(
        people.ids[order],
        places[order],
        people.boxes[order],
        people.keypoints[order],
        people.areas[order],
        people.crowd[order],
        ignored[:, None] | _outside(people.areas[order], official),
    )


def _detections(poses: Poses, boxes: Floats | None, ids: Ints, official: Rules) -> Detections:
    places, inside = _places(poses.image_ids, ids)
    order = np.argsort(-poses.scores, kind="stable")
    order = order[inside[order]]
    small = places[order].astype(np.min_scalar_type(len(ids)))  # of 16 bits it sorts the digits
    order = order[np.argsort(small, kind="stable")]
    image = places[order]
    best = np.arange(len(order)) - np.searchsorted(image, image) < MOST
    order, image = order[best], image[best]
    low, high = (end[order] for end in ends(poses.keypoints))
    with np.errstate(over="ignore"):
        sizes = high - low if boxes is None else boxes[order, 2:]
        outside = _outside(sizes[:, 0] * sizes[:, 1], official)
    return Detections(image, poses.scores[order], poses.keypoints, order, outside, (low, high))


def _match(pairs: Pairs, detections: Detections, persons: Persons) -> tuple[Bools, Bools]:
    """(D, A, T) whether a detection has matched, and whether with somebody who is ignored.

    Best detections choose first: of the free persons that reach the threshold the most similar,
    the later of equals; one who is ignored only if nobody else is left. A crowd is always free.
    """
    lanes = (persons.ignored.shape[1], len(THRESHOLDS))
    matched, harmless = (np.zeros((len(detections), *lanes), np.bool_) for _ in range(2))
    if not len(pairs.oks):
        return matched, harmless
    reached = np.searchsorted(REACHED, pairs.oks, "right")[:, None, None] > np.arange(lanes[1])
    order = np.lexsort((pairs.person, pairs.oks, pairs.detection))
    wish = np.empty(len(order), np.int32)
    wish[order] = np.arange(len(order))
    expected = len(order) * ~persons.ignored[:, :, None]
    choosing, owner = np.unique(pairs.detection, return_inverse=True)
    image = detections.image[choosing]
    turn = np.arange(len(image)) - np.searchsorted(image, image)
    by_turn = np.argsort(turn[owner], kind="stable")
    taken = np.zeros((len(persons), *lanes), np.bool_)
    for rows in np.split(by_turn, np.cumsum(np.bincount(turn[owner]))[:-1]):
        person = pairs.person[rows]
        first = np.flatnonzero(np.diff(pairs.detection[rows], prepend=-1))
        size = np.diff(first, append=len(rows))
        free = reached[rows] & ~taken[person]
        value = np.where(free, wish[rows, None, None] + expected[person], -1)
        best = np.maximum.reduceat(value, first)
        chosen = free & (value == np.repeat(best, size, axis=0))
        taken[person] |= chosen & ~persons.crowd[person, None, None]
        # a match is known by the person's id, and the official code takes id 0 for none
        named = chosen & (persons.ids[person, None, None] != 0)
        detection = pairs.detection[rows[first]]
        matched[detection] = np.logical_or.reduceat(named, first)
        harmless[detection] = (best >= 0) & (best < len(order))
    return matched, harmless
