"""What annotation and result files hold, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from repro.papers.datasets import Dataset, DatasetChoice, OwnDataset, find_dataset
from repro.records.remarks import Remark

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a data set, in the order of its file."""

    ids: Ints
    """(I,) of the file; where they are words there, their places in alphabetical order"""
    files: tuple[str, ...]
    sizes: Ints
    """(I, 2) height, width; 0 where the file does not say"""
    crowding: Floats | None = None
    """(I,) CrowdPose's crowdIndex"""
    words: tuple[str, ...] = ()
    """the ids as the file has them, where they are words"""

    def given(self, ids: Ints) -> list[int] | list[str]:
        """Ids as the file has them."""
        if not self.words:
            numbers: list[int] = ids.tolist()
            return numbers
        named = dict(zip(self.ids.tolist(), self.words, strict=True))
        return [named[number] for number in ids.tolist()]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class People:
    """Annotated persons, in the order of their file."""

    ids: Ints
    """(P,)"""
    image: Ints
    """(P,) position in Images, not the image's id"""
    boxes: Floats
    """(P, 4) left, top, width, height in pixels"""
    keypoints: Floats
    """(P, K, 3) x, y, visibility: 0 not labelled, 1 labelled but hidden, 2 visible"""
    areas: Floats
    """(P,) what OKS is scaled by: COCO's segment area, CrowdPose's 0.53 of the box"""
    labelled: Ints
    """(P,) num_keypoints as the file has it"""
    crowd: Bools
    """(P,)"""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Annotations:
    """One annotation file."""

    dataset: str
    """the name of the real data set whose joints and form the file has, or of a user's `own`"""
    images: Images
    people: People
    sha256: str
    """of the file's bytes"""
    category: int = 1
    """the id of those who are annotated"""
    categories: tuple[int, ...] = (1,)
    """all ids that the file names"""
    filled: frozenset[str] = frozenset()
    """the fields of persons that are not everywhere as the file has them"""
    own: OwnDataset | None = None
    """the data set, where it is a user's"""
    remarks: tuple[Remark, ...] = ()
    """what was derived of the file, or left out"""

    @property
    def chosen(self) -> DatasetChoice:
        """What names the data set wherever one is asked for."""
        return self.own or self.dataset

    @property
    def entry(self) -> Dataset:
        """The data set."""
        return find_dataset(self.chosen)


@dataclass(frozen=True, eq=False)
class Poses:
    """Predicted persons, in the order of their file."""

    image_ids: Ints
    """(N,)"""
    keypoints: Floats
    """(N, K, 3) x, y in image pixels, score of the joint"""
    scores: Floats
    """(N,) score of the person"""

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, chosen: NDArray[np.generic] | slice) -> "Poses":
        return Poses(self.image_ids[chosen], self.keypoints[chosen], self.scores[chosen])

    @staticmethod
    def joined(parts: Sequence["Poses"]) -> "Poses":
        """All persons of at least one part, in order."""
        return Poses(
            np.concatenate([part.image_ids for part in parts]),
            np.concatenate([part.keypoints for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )
