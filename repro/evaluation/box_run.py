"""The boxes that a detector finds on many pictures, as a file that evaluations take."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data import coco_people, image_files, picture_heads
from repro.data.boxes import PERSON
from repro.data.coco_people import Told
from repro.data.json_rows import Rows, load
from repro.data.people import Annotations, Images, People
from repro.data.pictures import decoded
from repro.errors import ReproError, StoreError
from repro.evaluation import inputs
from repro.evaluation.detector import Detector
from repro.files import write_whole
from repro.papers.datasets import DATASETS
from repro.papers.protocol import APPLY
from repro.records.remarks import Remark, counted

CURE = "Give a file in COCO's form: {images: [{id, file_name}, ...]}."


@dataclass(frozen=True, slots=True)
class NumberedPicture:
    """A picture and the id by which results name it."""

    path: Path
    name: str
    id: int | str
    size: tuple[int, int] | None = None
    """height and width that it must have; None where nobody says"""


@dataclass(frozen=True, slots=True)
class NumberedPictures:
    """The pictures to look at, and what must be known of their ids."""

    pictures: tuple[NumberedPicture, ...]
    named: bool
    """whether each box says its picture's name too, since no other file tells the ids"""
    remarks: tuple[Remark, ...] = ()


def in_folder(folder: Path, recursive: bool) -> NumberedPictures:
    """The pictures of a folder; where all are called by numbers, as COCO's are, those are the ids.

    Else they are numbered from 1 in the order of their names. A ReproError where there are none.
    """
    found = inputs.pictures_in(folder, recursive)
    stems = [one.path.stem for one in found]
    numbers = [int(stem) for stem in stems if stem.isascii() and stem.isdecimal()]
    if len(numbers) == len(set(numbers)) == len(stems) and max(numbers) < 2**53:
        ids, text = numbers, "Image ids are the numbers by which the pictures are called."
    else:
        ids = list(range(1, len(stems) + 1))
        text = "Image ids are numbers from 1 in the order of the pictures' names."
    pictures = (
        NumberedPicture(one.path, one.name, number) for one, number in zip(found, ids, strict=True)
    )
    cure = f"{text} Each box has its `file_name`; --annotations takes the ids of a data set."
    return NumberedPictures(tuple(pictures), True, (Remark("pictures", cure),))


def of_file(annotations: Path, folder: Path, exif: str) -> NumberedPictures:
    """The images that a file in COCO's form lists, with its ids; its annotations are not read.

    A ReproError for any other file, and where none of its images lies in the folder.
    """
    document, _ = load(annotations, "annotation file")
    rows = document.get("images") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise ReproError(f"`{annotations}` lists no images.", CURE)
    told = Told()
    images = coco_people.images(Rows(annotations, "images", rows), told)
    whole = image_files.found(_without_people(images), folder, exif)
    there = list(image_files.present(folder, whole.images.files))
    if not any(there):
        first = f"such as `{whole.images.files[0]:.80}`"
        raise ReproError(
            f"None of the {len(there):,} images of `{annotations}`, {first}, is in `{folder}`.",
            "Give the folder of its images: --images DIR.",
        )
    ids: list[int | str] = [*whole.images.given(whole.images.ids)]
    facts = zip(whole.images.files, ids, whole.images.sizes.tolist(), there, strict=True)
    pictures = (
        NumberedPicture(folder / name, name, number, (height, width) if height else None)
        for name, number, (height, width), here in facts
        if here
    )
    lacking = there.count(False)
    if lacking:
        what = f"images are not in `{folder.name}` and get no boxes"
        told.say(lacking, len(there), what)
    return NumberedPictures(tuple(pictures), False, (*told.remarks, *whole.remarks))


class BoxRun:
    """The boxes on one picture after another."""

    def __init__(self, detector: Detector, given: NumberedPictures, exif: str) -> None:
        self.detector = detector
        self.given = given
        self.exif = exif
        self.rows: list[dict[str, object]] = []
        self.failed: dict[str, ReproError] = {}
        """name of each picture that cannot be read -> why"""
        self.empty = 0
        """pictures on which nobody was found"""
        self._read: list[Path] = []

    @property
    def done(self) -> int:
        """Pictures that were looked at."""
        return len(self._read)

    def picture(self, one: NumberedPicture) -> None:
        """Find the persons on a picture; one that cannot be read has failed."""
        try:
            pixels = decoded(one.path, self.exif == APPLY, one.size)
        except ReproError as error:
            self.failed[one.name] = error
            return
        boxes, scores = self.detector.persons(pixels)
        self._read.append(one.path)
        self.empty += not len(boxes)
        name = {"file_name": one.name} if self.given.named else {}
        self.rows += [
            {
                "image_id": one.id,
                **name,
                "category_id": PERSON,
                "bbox": box,
                "score": score,
            }
            for box, score in zip(boxes.round(3).tolist(), scores.tolist(), strict=True)
        ]

    def write(self, path: Path) -> None:
        """Write the boxes so far; a StoreError where that is refused."""
        import orjson

        try:
            write_whole(path, orjson.dumps(self.rows))
        except OSError as error:
            cure = "Choose another file with --output."
            raise StoreError(f"`{path}` cannot be written: {error.strerror}.", cure) from error

    def remarks(self) -> tuple[Remark, ...]:
        """What a reader must know of the ids, the detector and the pictures."""
        heads = picture_heads.remarks(self._read, self.exif)
        said = [self.detector.remark, *self.given.remarks, *heads]
        if self.empty:
            what = "pictures show nobody to the detector"
            said.append(counted("boxes", self.empty, self.done, what))
        return tuple(said)


def _without_people(images: Images) -> Annotations:
    joints = len(DATASETS["coco"].skeleton.joints)
    none = np.zeros(0, np.int64)
    keypoints = np.zeros((0, joints, 3))
    people = People(none, none, np.zeros((0, 4)), keypoints, np.zeros(0), none, none.astype(bool))
    return Annotations("coco", images, people, "")
