"""Poses on disk, in the formats that the data sets' own tools read."""

import gzip
import zlib
from pathlib import Path

from repro.data.people import Annotations, Poses
from repro.errors import StoreError
from repro.files import write_whole
from repro.papers.datasets import DatasetChoice, find_dataset

NAME = "predictions.json.gz"
LARGEST = 2**30
"""bytes of poses; those of a million persons are fewer"""


def dumped(poses: Poses, dataset: DatasetChoice, annotations: Annotations | None = None) -> bytes:
    """Poses as JSON: COCO's list of results; for MPII a list of N poses, counted from 1.

    The ids of images and persons' category are those of the annotation file, where it is given.
    """
    import orjson

    if find_dataset(dataset).measure == "PCKh":
        return orjson.dumps((poses.keypoints[..., :2] + 1).tolist())
    category = 1 if annotations is None else annotations.category
    given = poses.image_ids.tolist()
    rows = zip(
        given if annotations is None else annotations.images.given(poses.image_ids),
        poses.keypoints.reshape(len(poses), 3 * poses.keypoints.shape[1]).tolist(),
        poses.scores.tolist(),
        strict=True,
    )
    return orjson.dumps(
        [
            {"image_id": image, "category_id": category, "keypoints": keypoints, "score": score}
            for image, keypoints, score in rows
        ]
    )


def keep(
    folder: Path, poses: Poses, dataset: DatasetChoice, annotations: Annotations | None = None
) -> Path:
    """Write the poses of a run, compressed, the same bytes for the same poses."""
    path = folder / NAME
    content = gzip.compress(dumped(poses, dataset, annotations), compresslevel=6, mtime=0)
    try:
        write_whole(path, content)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def copy(folder: Path, path: Path) -> None:
    """Write the kept poses of a run as plain JSON to a file of the user's."""
    if path.exists() and not path.is_file():
        raise StoreError(f"`{path}` is no file that could be replaced.", "Choose another --output.")
    content = kept(folder)
    try:
        write_whole(path, content)
    except OSError as error:
        raise _unwritable(path, error) from error


def kept(folder: Path) -> bytes:
    """The poses of a run as plain JSON; a StoreError where they are gone or broken."""
    path = folder / NAME
    try:
        with gzip.open(path) as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error):
        content = b""  # as an empty file gives
    if not content or len(content) > LARGEST:
        raise StoreError(
            f"The poses of the record cannot be read from `{path}`.", "Evaluate again with --fresh."
        )
    return content


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"`{path}` cannot be written: {error.strerror}.",
        "What was finished before is kept. Make room, or choose another place.",
    )
