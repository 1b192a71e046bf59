"""What the official files of each data set hold, and where they are to be had."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.data.people import Annotations

COCO_PAGE = "https://cocodataset.org/#download"
CROWDPOSE_PAGE = "https://github.com/Jeff-sjtu/CrowdPose"
MPII_PAGE = "http://human-pose.mpi-inf.mpg.de"
HRNET_PAGE = "https://github.com/leoxiaobin/deep-high-resolution-net.pytorch#data-preparation"


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts of an official annotation file; None where they are not known for sure."""

    images: int | None = None
    people: int | None = None
    labelled: int | None = None
    """with joints, by the file's num_keypoints"""
    boxes: int | None = None
    """persons in the customary detector's file"""
    sha256: str | None = None
    """of the official file, byte for byte"""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file to fetch by hand."""

    what: str
    size: str
    page: str

    def __str__(self) -> str:
        return f"{self.what} ({self.size}) from {self.page}"


@dataclass(frozen=True, slots=True)
class SplitSupply:
    """Where a split's annotations, images, boxes and truth for PCKh come from."""

    annotations: Fetch
    images: Fetch
    boxes: Fetch | None = None
    truth: Fetch | None = None


FACTS: Mapping[tuple[str, str], Facts] = {
    ("coco", "train2017"): Facts(118287, 262465, 149813),
    ("coco", "val2017"): Facts(5000, 11004, 6352, boxes=104125),
    ("coco", "test-dev2017"): Facts(20288),
    ("crowdpose", "train"): Facts(10000),
    ("crowdpose", "val"): Facts(
        *(2000, 8527, 7074),
        sha256="a1968f7c88b6f5f0d45f1e12ea7c7808977ac5e2e54bddc426cea3b02cddcd2f",
    ),
    ("crowdpose", "trainval"): Facts(12000),
    ("crowdpose", "test"): Facts(8000),
    ("mpii", "train"): Facts(people=22246),
    ("mpii", "val"): Facts(2729, 2958, 2958),
}

_COCO_JSON = Fetch("annotations_trainval2017.zip", "241 MB", COCO_PAGE)
_CROWDPOSE = SplitSupply(
    Fetch("CrowdPose's json files", "3 to 17 MB each", CROWDPOSE_PAGE),
    Fetch("CrowdPose's images", "about 2 GB", CROWDPOSE_PAGE),
)
_MPII_JSON = Fetch("mpii/annot (train.json, valid.json, gt_valid.mat)", "about 10 MB", HRNET_PAGE)
_MPII_IMAGES = Fetch("mpii_human_pose_v1.tar.gz", "12.9 GB", MPII_PAGE)
SUPPLIES: Mapping[tuple[str, str], SplitSupply] = {
    ("coco", "train2017"): SplitSupply(_COCO_JSON, Fetch("train2017.zip", "18 GB", COCO_PAGE)),
    ("coco", "val2017"): SplitSupply(
        _COCO_JSON,
        Fetch("val2017.zip", "1 GB", COCO_PAGE),
        Fetch("COCO_val2017_detections_AP_H_56_person.json", "about 15 MB", HRNET_PAGE),
    ),
    ("coco", "test-dev2017"): SplitSupply(
        Fetch("image_info_test2017.zip", "1 MB", COCO_PAGE),
        Fetch("test2017.zip", "6 GB", COCO_PAGE),
        Fetch("COCO_test-dev2017_detections_AP_H_609_person.json", "tens of MB", HRNET_PAGE),
    ),
    **{("crowdpose", split): _CROWDPOSE for split in ("train", "val", "trainval", "test")},
    ("mpii", "train"): SplitSupply(_MPII_JSON, _MPII_IMAGES),
    ("mpii", "val"): SplitSupply(_MPII_JSON, _MPII_IMAGES, truth=_MPII_JSON),
}
"""sizes as the pages give them, or rounded"""


def is_official(
    dataset: str, split: str, annotations: "Annotations", boxes: int | None = None
) -> bool:
    """Whether images, persons and a detector's boxes are as many as in the official files."""
    facts = FACTS.get((dataset, split))
    if facts is None:
        return False
    seen = {
        "images": len(annotations.images),
        "people": len(annotations.people),
        "labelled": int((annotations.people.labelled > 0).sum()),
        "sha256": annotations.sha256,
    }
    if boxes is not None:
        seen["boxes"] = boxes
    known = {name: getattr(facts, name) for name in seen}
    return all(value in (None, seen[name]) for name, value in known.items())
