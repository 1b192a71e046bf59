"""Large annotation files as they were read, kept in files from one run to the next.

The name of such a file tells the bytes that were read, what was asked of them, and the code that
read them; it begins with a digest of its name and of all that follows. One that is damaged, or
that cannot be read or written, is as none.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from repro import env
from repro.data.people import Annotations, Images, People
from repro.files import write_whole
from repro.papers.datasets import DatasetChoice, OwnDataset, find_dataset
from repro.records.fingerprint import digest, fingerprint
from repro.records.remarks import Remark

LEAST = 8 * 2**20
"""bytes of an annotation file; smaller ones are read in a moment"""
CODE = "repro.data.annotations"
"""the module that, with those it imports, decides what is read of a file"""
SUFFIX = ".annotations"
DIGEST = 32
"""bytes of a sha256"""

Scalar = TypeVar("Scalar", bound=np.generic)


def place(
    size: int, sha256: str, dataset: DatasetChoice | None, without_people: bool
) -> Path | None:
    """Where what `annotations.read` makes of a file is kept; None if it is too small for that."""
    if size < LEAST:
        return None
    name = asdict(dataset) if isinstance(dataset, OwnDataset) else dataset
    asked = digest({"file": sha256, "dataset": name, "without_people": without_people})
    folder = env.cache_folder()
    with suppress(LookupError):  # a program without its source
        return folder and folder / f"{asked}-{fingerprint(CODE)[:16]}{SUFFIX}"
    return None


def load(place: Path, sha256: str, own: OwnDataset | None = None) -> Annotations | None:
    """What is kept in a place, read from the file of that digest; None if nothing sound is."""
    try:
        stored = memoryview(place.read_bytes())
        if stored[:DIGEST] != _digest(place, stored[DIGEST:]):
            return None
        with np.load(io.BytesIO(stored[DIGEST:]), allow_pickle=False) as arrays:
            return _unpacked(arrays, sha256, own)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def save(place: Path, annotations: Annotations) -> None:
    """Keep annotations in a place if the disk allows it, instead of what older code kept there."""
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **_packed(annotations))
    content = packed.getbuffer()
    with suppress(OSError):
        write_whole(place, _digest(place, content) + content)
        for other in place.parent.glob(f"{place.name.partition('-')[0]}-*{SUFFIX}"):
            if other != place:
                other.unlink(missing_ok=True)


def _digest(place: Path, content: memoryview) -> bytes:
    checksum = hashlib.sha256(place.name.encode())
    checksum.update(content)
    return checksum.digest()


def _packed(annotations: Annotations) -> dict[str, NDArray[np.generic]]:
    """The arrays of both parts by their fields' names, and one of the words as UTF-8."""
    import orjson

    words = orjson.dumps(
        {
            "dataset": annotations.dataset,
            "files": annotations.images.files,
            "words": annotations.images.words,
            "category": annotations.category,
            "categories": annotations.categories,
            "filled": sorted(annotations.filled),
            "remarks": [asdict(remark) for remark in annotations.remarks],
        }
    )
    arrays: dict[str, NDArray[np.generic]] = {"words": np.frombuffer(words, np.uint8)}
    for name, part in (("images", annotations.images), ("people", annotations.people)):
        for field, value in vars(part).items():
            if isinstance(value, np.ndarray):
                arrays[f"{name}.{field}"] = _narrow(value)
    return arrays


def _narrow(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The same numbers in fewer bytes, if they are small and whole, as most in these files are."""
    for kind in (np.int16, np.int32):
        with np.errstate(invalid="ignore"):
            small = array.astype(kind)
        if small.itemsize < array.itemsize and small.astype(array.dtype).tobytes() == (
            array.tobytes()
        ):
            return small
    return array


def _unpacked(
    arrays: Mapping[str, NDArray[np.generic]], sha256: str, own: OwnDataset | None
) -> Annotations:
    """Annotations from such arrays; ValueError, KeyError or TypeError if they are none."""
    import orjson

    def column(name: str, kind: type[Scalar], *shape: int) -> NDArray[Scalar]:
        array = arrays[name]
        if array.shape != shape or not np.can_cast(array.dtype, kind):
            raise ValueError(name)
        return array.astype(kind)

    words = orjson.loads(arrays["words"].tobytes())
    dataset, files = words["dataset"], words["files"]
    joints, persons = len(find_dataset(own or dataset).skeleton.joints), len(arrays["people.ids"])
    images = Images(
        column("images.ids", np.int64, len(files)),
        tuple(map(str, files)),
        column("images.sizes", np.int64, len(files), 2),
        column("images.crowding", np.float64, len(files)) if "images.crowding" in arrays else None,
        tuple(map(str, words["words"])),
    )
    people = People(
        column("people.ids", np.int64, persons),
        column("people.image", np.int64, persons),
        column("people.boxes", np.float64, persons, 4),
        column("people.keypoints", np.float64, persons, joints, 3),
        column("people.areas", np.float64, persons),
        column("people.labelled", np.int64, persons),
        column("people.crowd", np.bool_, persons),
    )
    if not np.isin(people.image, np.arange(len(files))).all():
        raise ValueError("people.image")
    return Annotations(
        dataset,
        images,
        people,
        sha256,
        words["category"],
        tuple(words["categories"]),
        frozenset(words["filled"]),
        own,
        tuple(Remark(**remark) for remark in words["remarks"]),
    )
