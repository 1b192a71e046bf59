"""The data sets: an entry each, with everything in which they differ."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from math import inf
from typing import Literal, get_args

from repro.errors import unknown
from repro.papers.skeletons import COCO, CROWDPOSE, MPII, Skeleton
from repro.papers.values import Size

FileForm = Literal["COCO", "HRNet"]
"""of annotations: COCO's json, or the lists of MPII's persons that the HRNet repository has"""
Measure = Literal["OKS", "PCKh"]
Tool = Literal["pycocotools", "faster-coco-eval"]
TOOLS: tuple[Tool, ...] = get_args(Tool)
PCKH = "PCKh (HRNet)"
"""at most 0.5 of 0.6 × head box diagonal; mean over 14 joints weighted by their count"""
LARGEST_AREA = 1e5**2
"""square pixels: no person is larger"""
COCO_PAGE = "https://cocodataset.org/#download"
CROWDPOSE_PAGE = "https://github.com/Jeff-sjtu/CrowdPose"
MPII_PAGE = "http://human-pose.mpi-inf.mpg.de"
HRNET_PAGE = "https://github.com/leoxiaobin/deep-high-resolution-net.pytorch#data-preparation"
SYNTH = "synth"
"""the folder of what `repro data synth` makes, and the data set in it with COCO's joints"""
COCO_SIZES = {"medium": (32.0**2, 96.0**2), "large": (96.0**2, LARGEST_AREA)}
MPII_TRUTHS = ("mpii_gt_valid.mat", "gt_valid.mat", "mpii_gt_val.mat")
"""what the file of MPII's joints and head boxes is called, the first that exists is taken"""


@dataclass(frozen=True, slots=True)
class OfficialFacts:
    """Counts of an official annotation file; None where they are not known for sure."""

    images: int | None = None
    people: int | None = None
    labelled: int | None = None
    """with joints, by the file's num_keypoints"""
    boxes: int | None = None
    """persons in the customary detector's file"""
    sha256: str | None = None
    """of the official file, byte for byte"""

    def differing(self, seen: Mapping[str, int | str | None]) -> list[str]:
        """Which of the facts are known, and seen otherwise."""
        known = {name: getattr(self, name) for name, value in seen.items() if value is not None}
        return [name for name, value in known.items() if value not in (None, seen[name])]


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file to fetch by hand; its size as the page gives it, or rounded."""

    what: str
    size: str
    page: str

    def __str__(self) -> str:
        return f"{self.what} ({self.size}) from {self.page}"


@dataclass(frozen=True, slots=True)
class SplitPart:
    """The annotations, images, boxes or head boxes of a split."""

    paths: tuple[str, ...] = ()
    """below the data set's folder; the first that exists is taken"""
    fetch: Fetch | None = None

    @classmethod
    def below(
        cls, folders: tuple[str, ...], *names: str, fetch: Fetch | None = None
    ) -> "SplitPart":
        """Files of these names in any of the folders."""
        paths = (name if at == "." else f"{at}/{name}" for at in folders for name in names)
        return cls(tuple(paths), fetch)


@dataclass(frozen=True, slots=True)
class DatasetSplit:
    """The files of a split, and what the official ones hold."""

    annotations: SplitPart
    images: SplitPart
    boxes: SplitPart = SplitPart()
    """a detector's"""
    truth: SplitPart = SplitPart()
    """joints and head boxes for PCKh"""
    facts: OfficialFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set, or a generated one in the form of a real one."""

    name: str
    title: str
    """in print"""
    folder: str
    skeleton: Skeleton
    splits: Mapping[str, DatasetSplit]
    compared_on: str
    """the split that networks are usually compared on"""
    trained_on: tuple[str, ...]
    """the splits to train on; the first that is there is taken"""
    evaluator: str
    """the official one, as protocols name it"""
    tool: Tool = "faster-coco-eval"
    """the package that scores by OKS as the official evaluator does"""
    measure: Measure = "OKS"
    file_form: FileForm = "COCO"
    segments: bool = False
    """whether persons are outlined; else a share of the box stands for their area"""
    square: bool = False
    """whether a person is given by a square region that becomes the input as it is"""
    size: Size = (256, 192)
    """the usual input of top-down networks"""
    sizes: Mapping[str, tuple[float, float]] = field(default_factory=lambda: COCO_SIZES)
    """area in square pixels of the classes of persons that have figures of their own"""
    crowding: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """the classes of images by crowdIndex that have an AP of their own: least, less than"""
    copied: str = ""
    """of a generated data set: the one whose joints, file form and evaluation it has"""
    own: bool = False
    """whether it is a user's, of which nothing official is known"""

    @property
    def generated(self) -> bool:
        """Whether it is made here."""
        return bool(self.copied)

    @property
    def kind(self) -> str:
        """The real data set whose joints, file form and evaluation it has."""
        return self.copied or self.name

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The packages that score it by OKS: where pycocotools does, each can take its place."""
        every = TOOLS if self.tool == "pycocotools" else (self.tool,)
        return every if self.measure == "OKS" else ()

    @property
    def scale(self) -> float:
        """What its evaluation's figures are multiplied by to be per cent."""
        return 1.0 if self.measure == "PCKh" else 100.0

    def facts(self, split: str) -> OfficialFacts | None:
        """What is officially known of a split, if anything."""
        return self.splits[split].facts if split in self.splits else None


COCO_JSON = Fetch("annotations_trainval2017.zip", "241 MB", COCO_PAGE)
COCO_BOXES = ("person_detection_results", ".", "annotations")
"""SimpleBaseline's and HRNet's folder first"""
CROWDPOSE_JSON = Fetch("CrowdPose's json files", "3 to 17 MB each", CROWDPOSE_PAGE)
CROWDPOSE_IMAGES = SplitPart(("images",), Fetch("CrowdPose's images", "about 2 GB", CROWDPOSE_PAGE))
MPII_JSON = Fetch("mpii/annot (train.json, valid.json, gt_valid.mat)", "about 10 MB", HRNET_PAGE)
MPII_IMAGES = SplitPart(("images",), Fetch("mpii_human_pose_v1.tar.gz", "12.9 GB", MPII_PAGE))
MPII_FOLDERS = ("annot", "annotations", ".")


def _coco(
    split: str, size: str, facts: OfficialFacts, boxes: SplitPart = SplitPart()
) -> DatasetSplit:
    annotations = f"person_keypoints_{split}.json"
    return DatasetSplit(
        SplitPart.below(("annotations", "."), annotations, fetch=COCO_JSON),
        SplitPart.below((".", "images"), split, fetch=Fetch(f"{split}.zip", size, COCO_PAGE)),
        boxes,
        facts=facts,
    )


def _detected(name: str, size: str) -> SplitPart:
    return SplitPart.below(COCO_BOXES, name, fetch=Fetch(name, size, HRNET_PAGE))


def _crowdpose(split: str, facts: OfficialFacts, boxes: SplitPart = SplitPart()) -> DatasetSplit:
    names = (f"crowdpose_{split}.json", f"mmpose_crowdpose_{split}.json")
    annotations = SplitPart.below(("json", "annotations", "."), *names, fetch=CROWDPOSE_JSON)
    return DatasetSplit(annotations, CROWDPOSE_IMAGES, boxes, facts=facts)


def _synth(form: str) -> Mapping[str, DatasetSplit]:
    return {
        split: DatasetSplit(
            SplitPart((f"annotations/synth_{form}_{split}.json",)),
            SplitPart((split,)),
            SplitPart((f"boxes/{split}.json",)),
        )
        for split in ("train", "val")
    }


_COCO = Dataset(
    name="coco",
    title="COCO",
    folder="coco",
    skeleton=COCO,
    splits={
        "train2017": _coco("train2017", "18 GB", OfficialFacts(118287, 262465, 149813)),
        "val2017": _coco(
            *("val2017", "1 GB", OfficialFacts(5000, 11004, 6352, boxes=104125)),
            _detected("COCO_val2017_detections_AP_H_56_person.json", "about 15 MB"),
        ),
        "test-dev2017": DatasetSplit(
            SplitPart.below(
                *(("annotations", "."), "image_info_test-dev2017.json"),
                fetch=Fetch("image_info_test2017.zip", "1 MB", COCO_PAGE),
            ),
            SplitPart.below(
                *((".", "images"), "test2017"), fetch=Fetch("test2017.zip", "6 GB", COCO_PAGE)
            ),
            _detected("COCO_test-dev2017_detections_AP_H_609_person.json", "tens of MB"),
            facts=OfficialFacts(20288),
        ),
    },
    compared_on="val2017",
    trained_on=("train2017",),
    evaluator="pycocotools",
    tool="pycocotools",
    segments=True,
)
_CROWDPOSE = Dataset(
    name="crowdpose",
    title="CrowdPose",
    folder="crowdpose",
    skeleton=CROWDPOSE,
    splits={
        "train": _crowdpose("train", OfficialFacts(10000)),
        "val": _crowdpose(
            "val",
            OfficialFacts(
                *(2000, 8527, 7074),
                sha256="a1968f7c88b6f5f0d45f1e12ea7c7808977ac5e2e54bddc426cea3b02cddcd2f",
            ),
        ),
        "trainval": _crowdpose("trainval", OfficialFacts(12000)),
        "test": _crowdpose(
            *("test", OfficialFacts(8000)),
            SplitPart.below(("annotations", "json", "."), "det_for_crowd_test_0.1_0.5.json"),
        ),
    },
    compared_on="val",
    trained_on=("trainval", "train"),
    evaluator="crowdposetools",
    sizes={},
    crowding={"easy": (-inf, 0.2), "medium": (0.2, 0.8), "hard": (0.8, inf)},
)
_MPII = Dataset(
    name="mpii",
    title="MPII",
    folder="mpii",
    skeleton=MPII,
    splits={
        "train": DatasetSplit(
            SplitPart.below(MPII_FOLDERS, "train.json", "mpii_train.json", fetch=MPII_JSON),
            MPII_IMAGES,
            facts=OfficialFacts(people=22246),
        ),
        "val": DatasetSplit(
            SplitPart.below(
                MPII_FOLDERS, "valid.json", "val.json", "mpii_val.json", fetch=MPII_JSON
            ),
            MPII_IMAGES,
            truth=SplitPart.below(MPII_FOLDERS, *MPII_TRUTHS, fetch=MPII_JSON),
            facts=OfficialFacts(2729, 2958, 2958),
        ),
    },
    compared_on="val",
    trained_on=("train",),
    evaluator=PCKH,
    measure="PCKh",
    file_form="HRNet",
    square=True,
    size=(256, 256),
)
_ALL = (
    _COCO,
    _CROWDPOSE,
    _MPII,
    replace(
        _COCO,
        name=SYNTH,
        title="generated",
        folder=SYNTH,
        splits=_synth("person_keypoints"),
        compared_on="val",
        trained_on=("train",),
        copied="coco",
    ),
    replace(
        _CROWDPOSE,
        name="synth-crowdpose",
        title="generated (CrowdPose's joints)",
        folder=SYNTH,
        splits=_synth("crowdpose"),
        trained_on=("train",),
        copied="crowdpose",
    ),
)
DATASETS: Mapping[str, Dataset] = {entry.name: entry for entry in _ALL}
"""in the order in which they are told of, and looked through for what fits"""
REAL = tuple(name for name, entry in DATASETS.items() if not entry.generated)
GENERATED = tuple(name for name, entry in DATASETS.items() if entry.generated)


@dataclass(frozen=True, slots=True)
class OwnDataset:
    """A data set of a user's own: all that a run must know of it, and its record keeps.

    It stands wherever a data set's name does, and is made by `repro.data.own_dataset`.
    """

    name: str
    """a word without spaces, for the names of weights and files"""
    title: str
    """of its file, in headings"""
    skeleton: Skeleton
    category: str = "person"
    """the name of those whose joints they are"""
    category_id: int = 1
    told: tuple[str, ...] = ()
    """what its file left open and what was taken, a sentence each; a record has them as remarks"""

    def described(self) -> dict[str, object]:
        """As plain values, without the sentences."""
        return {key: value for key, value in asdict(self).items() if key != "told"}


DatasetChoice = str | OwnDataset
"""one of DATASETS by its name, or a user's own"""


def find_dataset(name: DatasetChoice) -> Dataset:
    """The data set of that name, or of a user's own; a ReproError if there is none."""
    if isinstance(name, OwnDataset):
        return _of_own(name)
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return DATASETS[name]


@cache
def _of_own(own: OwnDataset) -> Dataset:
    """Scored by OKS as COCO is, with the constants of its own joints."""
    return Dataset(
        name=own.name,
        title=own.title,
        folder=own.name,
        skeleton=own.skeleton,
        splits={},
        compared_on="",
        trained_on=(),
        evaluator="pycocotools",
        tool="pycocotools",
        segments=True,
        own=True,
    )


def with_joints(joints: int | None, names: tuple[str, ...] = REAL) -> Dataset:
    """The first data set whose persons have so many joints; the very first if none has."""
    fitting = (name for name in names if len(DATASETS[name].skeleton.joints) == joints)
    return DATASETS[next(fitting, names[0])]


def joint_counts(entries: Iterable[Dataset]) -> str:
    """`COCO has 17, CrowdPose 14.`"""
    counts = sorted(((len(entry.skeleton.joints), entry.title) for entry in entries), reverse=True)
    (most, first), *others = counts
    return f"{first} has {most}" + "".join(f", {title} {count}" for count, title in others) + "."
