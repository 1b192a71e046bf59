"""The regions that a top-down network looks at: labelled persons or a detector's boxes."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from repro.data import box_remarks
from repro.data.coco_people import box_numbers, image_ids
from repro.data.json_rows import Rows, load
from repro.data.people import Annotations, Bools, Floats, Ints
from repro.errors import ReproError
from repro.pose.transforms import centres_and_extents
from repro.records.remarks import Remark

PADDING = 1.25
"""of a box before it becomes the input"""
PERSON = 1
"""the category of a detector's file, as in COCO"""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many persons or boxes do not become instances, and why."""

    crowd: int = 0
    unlabelled: int = 0
    empty: int = 0
    """of no width and no height, so that no region can be cut out"""
    other: int = 0
    """not of the category `person`"""
    unknown: int = 0
    """on images that the annotations do not have"""
    low: int = 0
    """scored below the least score"""


@dataclass(frozen=True, eq=False)
class Instances:
    """Regions of images, those of one image next to each other, in the order of the images."""

    image: Ints
    """(N,) position in Images"""
    boxes: Floats
    """(N, 4) left, top, width, height in image pixels"""
    scores: Floats
    """(N,) of the detector; 1 for labelled persons"""
    person: Ints
    """(N,) position in People, -1 for a detector's box"""
    square: bool = False
    """whether the boxes are regions that are padded but not grown to the input's proportions, as
    MPII's"""
    padding: float | Floats = PADDING
    """what the boxes' sides are multiplied by; (N, 1) where they differ in that"""
    left_out: LeftOut = LeftOut()
    outside: int = 0
    """how many boxes lie wholly outside their image; they are kept, as the official code does"""
    remarks: tuple[Remark, ...] = ()
    """what a reader must know of the boxes"""
    _regions: dict[tuple[int, int], tuple[Floats, Floats]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __len__(self) -> int:
        return len(self.image)

    def centres(self, size: tuple[int, int]) -> Floats:
        """(N, 2) x, y of the middle of each region that becomes an input of height, width."""
        return self._regions_of(size)[0]

    def extents(self, size: tuple[int, int]) -> Floats:
        """(N, 2) width, height in image pixels of each region, with its padding."""
        return self._regions_of(size)[1]

    def _regions_of(self, size: tuple[int, int]) -> tuple[Floats, Floats]:
        if size not in self._regions:
            if self.square:
                middles = self.boxes[:, :2] + self.boxes[:, 2:] / 2
                self._regions[size] = middles, self.boxes[:, 2:] * self.padding
            else:
                self._regions[size] = centres_and_extents(self.boxes, size, self.padding)
        return self._regions[size]


def ground_truth(annotations: Annotations) -> Instances:
    """The labelled persons that are no crowd, with their boxes cleaned as HRNet's coco.py does.

    The cleaned box begins inside the image and ends at most one pixel before its edge; it is one
    pixel narrower and lower than the annotated one. Persons without area go. MPII's regions are
    taken as they are.
    """
    people, crowd = annotations.people, annotations.people.crowd
    labelled = (people.keypoints[..., 2] > 0).any(axis=1)
    if annotations.entry.square:
        chosen = np.flatnonzero(labelled)  # in the order of the list, which the evaluation needs
        boxes = people.boxes[chosen]
        return Instances(
            people.image[chosen],
            boxes,
            np.ones(len(chosen)),
            chosen,
            square=True,
            left_out=LeftOut(unlabelled=int((~labelled).sum())),
        )
    boxes, whole = _cleaned(annotations)
    kept = np.flatnonzero(~crowd & labelled & whole)
    kept = kept[np.argsort(people.image[kept], kind="stable")]
    left_out = LeftOut(
        crowd=int(crowd.sum()),
        unlabelled=int((~crowd & ~labelled).sum()),
        empty=int((~crowd & labelled & ~whole).sum()),
    )
    return Instances(
        people.image[kept],
        boxes[kept],
        np.ones(len(kept)),
        kept,
        left_out=left_out,
        remarks=box_remarks.of_persons(left_out.empty, len(kept)),
    )


def outside(annotations: Annotations, instances: Instances, size: tuple[int, int]) -> Bools:
    """(N, K) the labelled joints that lie outside their person's region, where no heatmap is.

    Joints of a detector's boxes are nobody's and count as inside.
    """
    persons = annotations.people.keypoints[instances.person]
    away = np.abs(persons[..., :2] - instances.centres(size)[:, None])
    beyond = (away > instances.extents(size)[:, None] / 2).any(axis=2)
    unseen: Bools = beyond & (persons[..., 2] > 0) & (instances.person >= 0)[:, None]
    return unseen


def detected(path: Path, annotations: Annotations, least_score: float = 0.0) -> Instances:
    """The persons of a detector's file of {image_id, category_id, bbox, score}.

    As in the official evaluations a box is used as it is, even where it leaves the image or has
    no width or no height; one with neither cannot be cut out and is counted in `left_out`. Boxes
    on images that the annotations lack are counted there too. All that is strange is in `remarks`;
    a ReproError where most of the boxes are impossible.
    """
    document, _ = load(path, "box file")
    if not isinstance(document, list):
        hint = "It must be a list of {image_id, category_id, bbox, score}."
        raise ReproError(f"The box file `{path}` is not a list.", hint)
    rows = Rows(path, "", document)
    wanted, remark = _wanted(rows, annotations)
    categories = rows.whole("category_id", otherwise=wanted)
    ids, known = image_ids(rows, annotations.images)
    boxes, scores = box_numbers(rows), rows.numbers("score")
    image = _positions(ids, annotations.images.ids)
    person = categories == wanted
    high = scores >= least_score
    solid = (boxes[:, 2:] > 0).any(axis=1)
    kept = np.flatnonzero(person & known & high & solid)
    kept = kept[np.argsort(image[kept], kind="stable")]
    if not len(kept):
        reason = "no persons" if not person.any() else "no persons on these images"
        reason = reason if not (person & known).any() else f"no box scored {least_score} or more"
        hint = "Give the boxes of the images that are evaluated."
        raise ReproError(f"The box file `{path}` has {reason}.", hint)
    left_out = LeftOut(
        empty=int((person & known & high & ~solid).sum()),
        other=int((~person).sum()),
        unknown=int((person & ~known).sum()),
        low=int((person & known & ~high).sum()),
    )
    sizes = annotations.images.sizes
    outside, _ = box_remarks.beside_image(boxes[kept], sizes[image[kept]])
    return Instances(
        image[kept],
        boxes[kept],
        scores[kept],
        np.full(len(kept), -1),
        left_out=left_out,
        outside=int(outside.sum()),
        remarks=(
            *remark,
            *box_remarks.of_detections(
                *(boxes[kept], scores[kept], image[kept], sizes, asdict(left_out), len(rows)),
                least_score,
            ),
        ),
    )


def _wanted(rows: Rows, annotations: Annotations) -> tuple[int, tuple[Remark, ...]]:
    """The category of the boxes that are taken: the annotations', or a detector's of persons."""
    categories = rows.whole("category_id", otherwise=annotations.category)
    if annotations.category in categories or PERSON not in categories:
        return annotations.category, ()
    text = f"Boxes of the category {PERSON} are taken for the annotations' {annotations.category}."
    return PERSON, (Remark("boxes", text, int((categories == PERSON).sum()), len(rows)),)


def _cleaned(annotations: Annotations) -> tuple[Floats, Bools]:
    """All boxes cleaned, and which of them can be cut out."""
    people = annotations.people
    sizes = annotations.images.sizes[people.image][:, ::-1]
    limits = np.where(sizes > 0, sizes - 1, np.inf)  # (P, 2) the last x and y
    first = np.maximum(0, people.boxes[:, :2])
    last = np.minimum(limits, first + np.maximum(0, people.boxes[:, 2:] - 1))
    sides = last - first
    whole = (people.areas > 0) & (sides >= 0).all(axis=1) & (sides > 0).any(axis=1)
    return np.concatenate([first, sides], axis=1), whole


def _positions(ids: Ints, known: Ints) -> Ints:
    """Where each id is among the known ones; anywhere for the others."""
    order = np.argsort(known, kind="stable")
    return np.asarray(order[np.searchsorted(known, ids, sorter=order).clip(max=len(known) - 1)])
