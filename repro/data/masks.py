"""Where people are that nobody labelled: a bottom-up network is not taught anything there.

As `get_mask` of HigherHRNet's and LitePose's COCOKeypoints: crowds, and persons without labelled
joints, by their segments. CrowdPose has no segments and masks nothing (`CrowdPoseKeypoints`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data.excerpt import excerpt, fields
from repro.data.json_rows import content
from repro.data.people import Annotations
from repro.data.pictures import Pixels
from repro.errors import ReproError

Runs = Mapping[str, object]
"""COCO's compressed run lengths of a mask: {size, counts}"""


@dataclass(frozen=True)
class Masks:
    """The people of each image that nobody labelled."""

    runs: Mapping[int, Runs]
    """position in Images -> where they are, for the images that have some"""

    def of(self, position: int, size: tuple[int, int]) -> Pixels:
        """(H, W) of an image of height, width: 0 on the unlabelled, 255 elsewhere."""
        from faster_coco_eval.core import mask

        if position not in self.runs:
            return np.full(size, 255, np.uint8)
        return np.asarray((1 - mask.decode(self.runs[position])) * 255, np.uint8)


def read(path: Path, annotations: Annotations) -> Masks:
    """The masks of an annotation file, of which `annotations` were read.

    Raise ReproError for a person who would be masked but has no segments in COCO's form.
    """
    from faster_coco_eval.core import mask

    if not annotations.entry.segments:
        return Masks({})
    people, images = annotations.people, annotations.images
    masked = people.crowd | (people.labelled == 0)
    position = dict(zip(people.ids[masked].tolist(), people.image[masked].tolist(), strict=True))

    def segments(row: object) -> tuple[int, list[Runs]] | None:
        """Where a row's person is, if masked."""
        if not isinstance(row, dict) or row["id"] not in position:
            return None
        place = position[row["id"]]
        height, width = images.sizes[place].tolist()
        try:
            outlines = mask.frPyObjects(row["segmentation"], height, width)
        except Exception as error:  # of Python or of the library, which has no base of its own
            raise ReproError(
                f"`{path}` has no usable `segmentation` for annotation {row['id']}, a crowd or a "
                "person without labelled joints.",
                "Bottom-up training masks them: give the data set's own annotation file.",
            ) from error
        return place, outlines if isinstance(outlines, list) else [outlines]

    text = content(path, "annotation file")
    document = excerpt(text, path, "annotation file", {"annotations": segments, "images": fields()})
    by_image: dict[int, list[Runs]] = {}
    for row in document["annotations"] if isinstance(document, dict) else []:
        if row is not None:
            by_image.setdefault(row[0], []).extend(row[1])
    return Masks({place: mask.merge(runs) for place, runs in by_image.items()})
